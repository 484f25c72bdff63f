//! OPA's own test cases through our engine and our load gate: each must come out as OPA's, be
//! refused when it is loaded, or end in an error. None may be silently different. The cases lie in
//! OPA's Go module; `e2e/heavy/run` says where in `LAZARET_OPA_CASES`.
#![allow(clippy::print_stdout, reason = "a table for whoever runs it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use regorus::{Engine, Value as Rego};
use serde::Deserialize;
use serde_json::{Value, json};

use super::graph::Graph;
use super::{Limits, compile, engine, sandbox};

#[derive(Deserialize)]
struct Cases {
    #[serde(default)]
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    note: String,
    query: String,
    #[serde(default)]
    modules: Option<Vec<String>>,
    data: Option<Value>,
    input: Option<Value>,
    input_term: Option<String>,
    want_result: Option<Value>,
    want_defined: Option<bool>,
    want_error: Option<String>,
    want_error_code: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Outcome {
    Equal,
    Refused,
    Error,
    Different,
}

/// What differs and cannot matter, with the reason.
const KNOWN: &[(&str, &str)] = &[];

#[test]
#[ignore = "needs OPA's cases; run by make test-all"]
fn no_case_of_opa_is_silently_different() {
    let root = std::env::var_os("LAZARET_OPA_CASES").expect("LAZARET_OPA_CASES is not set");
    let mut table: BTreeMap<String, BTreeMap<Outcome, usize>> = BTreeMap::new();
    let mut total: BTreeMap<Outcome, usize> = BTreeMap::new();
    let mut different = Vec::new();
    let mut why: BTreeMap<String, usize> = BTreeMap::new();
    for file in files(Path::new(&root)) {
        let text = std::fs::read_to_string(&file).unwrap();
        let Ok(cases) = yaml_serde::from_str::<Cases>(&text) else {
            panic!("{}: no cases", file.display());
        };
        let group = file.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        for case in cases.cases {
            let (outcome, text) = run(&case);
            *table.entry(group.clone()).or_default().entry(outcome).or_default() += 1;
            *total.entry(outcome).or_default() += 1;
            if outcome == Outcome::Different {
                different.push(format!("{}: {text}", case.note));
            } else if std::env::var_os("LAZARET_OPA_WHY").is_some() && outcome != Outcome::Equal {
                *why.entry(format!("{outcome:?} {text}")).or_default() += 1;
            }
        }
    }
    for (group, outcomes) in &table {
        println!("{group:40} {outcomes:?}");
    }
    for (text, count) in why {
        println!("{count:4} {text}");
    }
    println!("{total:?}");
    different.iter().for_each(|line| println!("DIFFERENT {line}"));
    assert!(total.values().sum::<usize>() > 2000, "too few cases");
    assert!(total[&Outcome::Equal] > 1150, "too few are equal");
    let known = |line: &String| KNOWN.iter().any(|(note, _)| line.starts_with(note));
    different.retain(|line| !known(line));
    assert!(different.is_empty(), "{} are different:\n{}", different.len(), different.join("\n"));
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => dirs.push(path),
                false if path.extension().is_some_and(|e| e == "yaml" || e == "yml") => {
                    found.push(path)
                }
                false => {}
            }
        }
    }
    found.sort();
    found
}

fn run(case: &Case) -> (Outcome, String) {
    let limits = Limits { evaluation: Duration::from_secs(5), ..Limits::default() };
    let ours = sandbox::run(|| answer(case, &limits));
    let ours = match ours {
        Ok(Ok(value)) => value,
        Ok(Err((outcome, text))) => return (outcome, text),
        Err(panic) => return (Outcome::Error, panic),
    };
    let wants_error = case.want_error.is_some() || case.want_error_code.is_some();
    if wants_error {
        return (Outcome::Different, format!("{ours}, and OPA has an error"));
    }
    if case.want_result.is_none()
        && let Some(defined) = case.want_defined
    {
        let same = ours.as_array().is_some_and(|list| list.is_empty()) != defined;
        return (if same { Outcome::Equal } else { Outcome::Different }, ours.to_string());
    }
    let wanted = case.want_result.clone().unwrap_or_else(|| json!([]));
    if same(&ours, &wanted) {
        return (Outcome::Equal, String::new());
    }
    (Outcome::Different, format!("{ours}, and OPA has {wanted}"))
}

/// Equal, where a set's members may stand in any order: as JSON they have none.
fn same(a: &Value, b: &Value) -> bool {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Array(items) => {
                let mut items: Vec<_> = items.iter().map(sorted).collect();
                items.sort_by_key(ToString::to_string);
                Value::Array(items)
            }
            Value::Object(members) => {
                members.iter().map(|(name, member)| (name.clone(), sorted(member))).collect()
            }
            Value::Number(number) => match number.as_f64() {
                Some(n) if n.fract() == 0.0 && n.abs() < 1e15 => json!(n as i64),
                _ => value.clone(),
            },
            other => other.clone(),
        }
    }
    sorted(a) == sorted(b)
}

fn answer(case: &Case, limits: &Limits) -> Result<Value, (Outcome, String)> {
    let refused = |e: super::LoadError| (Outcome::Refused, kind(&e.to_string()));
    let error = |e: &dyn std::fmt::Display| (Outcome::Error, engine::explain(&e.to_string()).1);
    let mut engine: Engine = engine::new(limits).map_err(refused)?;
    for (number, text) in case.modules.iter().flatten().enumerate() {
        let name = format!("m{number}.rego");
        compile::parse(&mut engine, &name, text.as_bytes(), limits).map_err(refused)?;
    }
    let modules = engine.get_modules().clone();
    let graph = Graph::new(&modules, limits).map_err(refused)?;
    graph.check(limits).map_err(refused)?;
    if let Some(data) = &case.data {
        engine.add_data(Rego::deserialize(data).map_err(|e| error(&e))?).map_err(|e| error(&e))?;
    }
    let mut input =
        case.input.as_ref().map(Rego::deserialize).transpose().map_err(|e| error(&e))?;
    if let Some(term) = &case.input_term {
        let results = Engine::new().eval_query(term.clone(), false).map_err(|e| error(&e))?;
        input = results.result.last().and_then(|r| r.expressions.last()).map(|e| e.value.clone());
    }
    if let Some(input) = input {
        engine.set_input(input);
    }
    // As packs are asked, where a case asks so.
    let rule = case.query.strip_suffix(" = x").filter(|rule| {
        rule.starts_with("data.")
            && rule.chars().all(|c| c.is_ascii_alphanumeric() || "._".contains(c))
    });
    let known = rule.is_some_and(|rule| graph.get(&rule.split('.').collect::<Vec<_>>()).is_some());
    if let Some(rule) = rule.filter(|_| known) {
        let value = engine.eval_rule(rule.to_owned()).map_err(|e| error(&e))?;
        return match value {
            Rego::Undefined => Ok(json!([])),
            value => Ok(json!([{"x": serde_json::to_value(value).map_err(|e| error(&e))?}])),
        };
    }
    let results = engine.eval_query(case.query.clone(), false).map_err(|e| error(&e))?;
    let mut list = Vec::new();
    for result in results.result {
        if result.expressions.iter().any(|e| e.value == Rego::Undefined) {
            continue;
        }
        list.push(serde_json::to_value(result.bindings).map_err(|e| error(&e))?);
    }
    Ok(Value::Array(list))
}

/// A refusal without its place.
fn kind(text: &str) -> String {
    text.split_once(": ").map_or(text, |(_, rest)| rest).to_owned()
}
