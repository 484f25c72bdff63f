//! Small random programs by OPA and by us: each pair of a program and an input must come out the
//! same, be refused when it is loaded, or end in an error. `LAZARET_OPA` names the binary,
//! `LAZARET_SEED` the first seed, `LAZARET_SECONDS` the time.
#![allow(clippy::print_stdout, reason = "what differs, for whoever runs it")]

mod calls;
mod generate;
mod inputs;
mod opa;
mod shrink;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use regorus::{Engine, Value as Rego};
use serde::Deserialize as _;
use serde_json::{Value, json};

use self::generate::Program;
use self::opa::Opa;
use super::graph::Graph;
use super::{Limits, compile, engine, sandbox};

const INPUTS: usize = 6;

const LIB: &str = "package lib

set contains x if some x in input.list

map[k] := v if some k, v in input.obj

pick(x) := x.a

both(x, y) := [x, y] if x != y
";

fn documents() -> Value {
    json!({"list": [1, "a", null, false, [1], {"a": 1}], "obj": {"a": {"k": 1}, "7": 2, "b": false}})
}

/// What one side says to a rule: a value or none, or an error.
type Said<T> = Result<Option<T>, String>;

/// Loads as packs are loaded.
fn load(text: &str) -> Result<Engine, String> {
    let limits = Limits { evaluation: Duration::from_secs(5), ..Limits::default() };
    let mut engine = engine::new(&limits).map_err(|e| e.to_string())?;
    for (name, text) in [("lib.rego", LIB), ("gen.rego", text)] {
        compile::parse(&mut engine, name, text.as_bytes(), &limits).map_err(|e| e.to_string())?;
    }
    let graph = Graph::new(&engine.get_modules().clone(), &limits).map_err(|e| e.to_string())?;
    graph.check(&limits).map_err(|e| e.to_string())?;
    let data = Rego::deserialize(json!({ "docs": documents() })).map_err(|e| e.to_string())?;
    engine.add_data(data).map_err(|e| e.to_string())?;
    engine.set_input(Rego::new_object());
    engine.eval_query("true".to_owned(), false).map_err(|e| engine::explain(&e.to_string()).1)?;
    Ok(engine)
}

fn ours(program: &Program, inputs: &[Value]) -> Result<Vec<Vec<Said<Rego>>>, String> {
    sandbox::run(|| {
        let engine = load(&program.text)?;
        let mut all = Vec::new();
        for input in inputs {
            let input = Rego::deserialize(input).map_err(|e| e.to_string())?;
            let ask = |rule: &String| {
                let mut engine = engine.clone();
                engine.set_input(input.clone());
                match engine.eval_rule(format!("data.gen.{rule}")) {
                    Ok(Rego::Undefined) => Ok(None),
                    Ok(value) => Ok(Some(value)),
                    Err(error) => Err(engine::explain(&error.to_string()).1),
                }
            };
            all.push(program.rules.iter().map(ask).collect());
        }
        Ok(all)
    })
    .unwrap_or_else(|panic| Err(format!("panic {panic}")))
}

/// Equal, where OPA's JSON has a list for a set, and text for other keys.
fn same(ours: &Rego, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Rego::Set(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().all(|ours| theirs.iter().any(|theirs| same(ours, theirs)))
        }
        (Rego::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(o, t)| same(o, t))
        }
        (Rego::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().all(|(key, ours)| {
                    let of = |key: &str| theirs.get(key).is_some_and(|theirs| same(ours, theirs));
                    match key {
                        Rego::String(key) => of(key),
                        key => {
                            let text = serde_json::to_string(key).unwrap();
                            of(&text)
                                // Numbers and sets within keys have more than one spelling.
                                || theirs.iter().any(|(name, theirs)| {
                                    serde_json::from_str(name).is_ok_and(|name| same(key, &name))
                                        && same(ours, theirs)
                                })
                        }
                    }
                })
        }
        (Rego::Number(_), Value::Number(theirs)) => {
            let ours = serde_json::to_value(ours).unwrap();
            ours == Value::Number(theirs.clone())
                || ours.as_f64().zip(theirs.as_f64()).is_some_and(|(ours, theirs)| ours == theirs)
        }
        (Rego::String(ours), Value::String(theirs)) => **ours == **theirs,
        (Rego::Bool(ours), Value::Bool(theirs)) => ours == theirs,
        (Rego::Null, Value::Null) => true,
        _ => false,
    }
}

/// What comes of a program.
#[derive(Default)]
struct Outcome {
    counts: BTreeMap<&'static str, usize>,
    /// Rule, input, and what both say.
    difference: Option<(String, usize, String)>,
}

fn run(opa: &Opa, program: &Program, inputs: &[Value]) -> Outcome {
    let mut outcome = Outcome::default();
    let mut count = |what| *outcome.counts.entry(what).or_default() += 1;
    let ours = match ours(program, inputs) {
        Ok(ours) => ours,
        Err(why) => {
            if std::env::var_os("LAZARET_OPA_WHY").is_some() {
                println!("refused: {why}");
            }
            count("refused");
            return outcome;
        }
    };
    let refused = opa.load("gen", &program.text).err();
    if let Some(why) = refused {
        // OPA's compiler sees what here is an error, or no value, when it happens.
        if std::env::var_os("LAZARET_OPA_WHY").is_some() {
            println!("OPA refuses: {}", why.join("; "));
        }
        count("refused by OPA");
        return outcome;
    }
    for (number, (input, ours)) in inputs.iter().zip(ours).enumerate() {
        for (rule, ours) in program.rules.iter().zip(ours) {
            if ours.is_err() {
                count("error");
                continue;
            }
            let theirs = opa.value(&format!("gen.{rule}"), input);
            let equal = match (&ours, &theirs) {
                (Ok(None), Ok(None)) => true,
                (Ok(Some(ours)), Ok(Some(theirs))) => same(ours, theirs),
                _ => false,
            };
            if equal {
                count(if matches!(ours, Ok(None)) { "equal, undefined" } else { "equal" });
                continue;
            }
            let text = match theirs {
                Ok(None) => "OPA undefined".to_owned(),
                Ok(Some(value)) => format!("OPA {value}"),
                Err(error) => format!("OPA fails {error}"),
            };
            count("different");
            let ours = ours.unwrap().map_or("undefined".to_owned(), |value| value.to_string());
            outcome.difference.get_or_insert((
                rule.clone(),
                number,
                format!("ours {ours}\n{text}"),
            ));
        }
    }
    outcome
}

#[test]
#[ignore = "needs opa; run by make test-all"]
fn no_random_program_is_silently_different() {
    let number = |name: &str, usual: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let (first, seconds) = (number("LAZARET_SEED", 20_261_121), number("LAZARET_SECONDS", 60));
    let wanted = number("LAZARET_FINDINGS", 5) as usize;
    let opa = Opa::start();
    opa.data("docs", &documents());
    opa.load("lib", LIB).unwrap();
    let begun = Instant::now();
    let (mut seed, mut total, mut found) = (first, BTreeMap::<_, usize>::new(), Vec::new());
    while begun.elapsed() < Duration::from_secs(seconds) && found.len() < wanted {
        let (program, inputs) = (generate::program(seed), inputs::inputs(seed, INPUTS));
        let outcome = run(&opa, &program, &inputs);
        for (what, count) in outcome.counts {
            *total.entry(what).or_default() += count;
        }
        if let Some((rule, at, _)) = outcome.difference {
            found.push(seed);
            println!("\n--- seed {seed}\n{}", shrink::shrink(&opa, program, &rule, &inputs[at]));
        }
        seed += 1;
    }
    println!("seeds {first} to {seed}: {total:?}, found {found:?}");
    assert!(found.is_empty(), "{} programs are different", found.len());
}
