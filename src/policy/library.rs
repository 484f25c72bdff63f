//! Rego without a pack: policies by which nothing is published, as those of a contract set. They pass the
//! load gate of packs and run under its limits, on a thread of their own, but in this process: their
//! memory is not bounded.

use std::collections::{BTreeMap, BTreeSet};

use regorus::{Engine, Value as Rego};
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::error::{EvalError, LoadError};
use super::graph::{self, Graph};
use super::limits::Limits;
use super::testing::{self, Selection, Test, TestReport};
use super::{compile, engine, evaluate, sandbox};

/// Rego files and their data, ready to be asked.
pub struct Library {
    engine: Engine,
    limits: Limits,
    tests: Vec<Test>,
    packages: BTreeMap<String, Vec<String>>,
    rules: BTreeSet<Vec<String>>,
}

impl Library {
    /// Checks and compiles files by their paths, with what they read as `data`. No test is run.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn compile(
        files: &[(&str, &[u8])],
        data: Map<String, Value>,
        limits: &Limits,
    ) -> Result<Self, LoadError> {
        sandbox::run(|| load(files, data, limits)).map_err(LoadError::EngineFailed)?
    }

    /// The package of a file, without `data`.
    pub fn package(&self, file: &str) -> Option<&[String]> {
        self.packages.get(file).map(Vec::as_slice)
    }

    /// The paths of all rules that are no functions, without `data`.
    pub const fn rules(&self) -> &BTreeSet<Vec<String>> {
        &self.rules
    }

    /// Runs the rules `test_*`.
    ///
    /// # Errors
    /// If the engine gave way. Failed tests are no error.
    pub fn test(&self, selection: &Selection) -> Result<TestReport, EvalError> {
        let run = || testing::run(&self.engine, &self.tests, selection, &self.limits);
        sandbox::run(run).map_err(EvalError::EngineFailed)
    }

    /// What rules have as values for an input, in their order; nothing where a rule is undefined.
    ///
    /// # Errors
    /// If one of them gives no answer.
    pub fn ask(
        &self,
        rules: &[Vec<String>],
        input: &Value,
    ) -> Result<Vec<Option<Value>>, EvalError> {
        let limit = self.limits.input;
        evaluate::weight(input, limit).ok_or(EvalError::InputTooLarge(limit))?;
        let answer = || -> Result<Vec<Option<Value>>, EvalError> {
            let invalid = |error: &dyn ToString| EvalError::InputInvalid(error.to_string());
            let mut engine = self.engine.clone();
            engine.set_input(Rego::deserialize(input).map_err(|error| invalid(&error))?);
            let one = |rule: &Vec<String>| {
                let name = testing::rule(&[&["data".to_owned()], rule.as_slice()].concat());
                match evaluate::rule(&self.limits, &mut engine, &name)? {
                    Rego::Undefined => Ok(None),
                    value => serde_json::to_value(&value)
                        .map(Some)
                        .map_err(|e| EvalError::Malformed { rule: name, message: e.to_string() }),
                }
            };
            rules.iter().map(one).collect()
        };
        sandbox::run(answer).map_err(EvalError::EngineFailed)?
    }
}

fn load(
    files: &[(&str, &[u8])],
    data: Map<String, Value>,
    limits: &Limits,
) -> Result<Library, LoadError> {
    let mut engine = engine::new(limits)?;
    for (file, bytes) in files {
        compile::parse(&mut engine, file, bytes, limits)?;
    }
    let modules = engine.get_modules().clone();
    let graph = Graph::new(&modules, limits)?;
    graph.check(limits)?;
    let mut packages = BTreeMap::new();
    for module in modules.iter() {
        let package: Vec<String> = graph::package(module).into_iter().skip(1).collect();
        packages.insert(module.package.span.source.get_path().clone(), package);
    }
    let invalid = |message: String| LoadError::DataInvalid { file: "data".into(), message };
    let taken = |name: &&String| packages.values().any(|package| package.first() == Some(*name));
    if let Some(name) = data.keys().find(taken) {
        let text = format!("it lies at data.{name}, and a package of that name holds rules");
        return Err(invalid(text));
    }
    let data: Rego = Rego::deserialize(Value::Object(data)).map_err(|e| invalid(e.to_string()))?;
    engine.add_data(data).map_err(|e| invalid(e.to_string()))?;
    compile::prepare(&mut engine)?;
    let rules = graph.nodes.iter().filter(|node| !node.is_function());
    let rules = rules.map(|node| node.path.iter().skip(1).cloned().collect()).collect();
    let tests = testing::cases(&graph);
    Ok(Library { engine, limits: *limits, tests, packages, rules })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn files_are_asked_and_tested_without_a_pack() {
        let policy = b"package a.b\ndeny contains msg if {\n\tinput.n > data.most\n\tmsg := sprintf(\"%d\", [input.n])\n}\nallow if not input.n";
        let test = b"package a.b_test\ntest_deny if count(data.a.b.deny) == 1 with input as {\"n\": 9}\ntest_wrong if data.a.b.allow with input as {\"n\": 1}";
        let files = [("p.rego", policy.as_slice()), ("p_test.rego", test.as_slice())];
        let data = json!({"most": 3}).as_object().unwrap().clone();
        let library = Library::compile(&files, data, &Limits::default()).unwrap();
        assert_eq!(library.package("p.rego"), Some(path("a.b").as_slice()));
        let rules = [path("a.b.deny"), path("a.b.allow")];
        assert!(library.rules().contains(&rules[0]));
        let said = |n| library.ask(&rules, &json!({"n": n})).unwrap();
        assert_eq!(said(7), [Some(json!(["7"])), None]);
        assert_eq!(said(1), [Some(json!([])), None]);
        let report = library.test(&Selection::default()).unwrap();
        let failed: Vec<bool> = report.tests.iter().map(|test| test.failure.is_some()).collect();
        assert_eq!(failed, [false, true]);
    }

    #[test]
    fn what_a_pack_may_not_do_a_library_may_not() {
        for (text, data) in [
            ("package a\nf(x) := f(x + 1)", json!({})),
            ("package a\nx := http.send({})", json!({})),
            ("package a\nx := 1", json!({"a": 1})),
            ("package a\nx := ", json!({})),
        ] {
            let files = [("p.rego", text.as_bytes())];
            let data = data.as_object().unwrap().clone();
            assert!(Library::compile(&files, data, &Limits::default()).is_err(), "{text}");
        }
    }
}
