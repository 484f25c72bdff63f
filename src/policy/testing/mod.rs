//! The tests that a pack ships: every rule `test_*` without arguments must be `true`.

mod probe;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use regex::Regex;
use regorus::{Engine, Value};
use serde::{Deserialize, Serialize};

use super::compile::CompiledPack;
use super::engine::explain;
use super::error::{EvalError, LoadError, Place, TestFailure};
use super::evaluate;
use super::graph::Graph;
use super::limits::Limits;
use super::together;
use super::worker::{Answer, Ask};

/// Lines of `print` that are kept of one test, and characters of a line.
const PRINTS: (usize, usize) = (100, 1000);
/// Failed tests whose expressions are looked for.
const EXPLAINED: usize = 20;

/// Which tests to run, and how.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub struct Selection {
    /// An expression that the rule's name must match somewhere.
    pub run: Option<String>,
    /// Whether to note which lines were evaluated.
    pub coverage: bool,
}

/// What came of one test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestResult {
    /// The rule, for instance `data.lazaret.gates.b_test.test_good`.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// What it gave instead of `true`; nothing if it passed.
    pub failure: Option<String>,
    /// The first expression of its body that did not hold, if that can be told.
    pub failed_at: Option<Place>,
    /// What it printed, each line with its place.
    pub prints: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// Which lines of a file were evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCoverage {
    /// The file in the pack.
    pub file: String,
    /// Lines with an expression that was evaluated.
    pub covered: Vec<u32>,
    /// Lines with expressions of which none was.
    pub uncovered: Vec<u32>,
}

/// What came of a pack's tests.
#[derive(Clone, Default, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestReport {
    /// Each test, by its place.
    pub tests: Vec<TestResult>,
    /// Each file, if coverage was asked for.
    pub coverage: Vec<FileCoverage>,
}

/// A test of a loaded pack.
pub(super) struct Test {
    path: Vec<String>,
    place: Place,
    definitions: usize,
}

/// Runs a pack's tests, where the pack runs.
///
/// # Errors
/// If they could not be run, or `selection.run` is no regular expression. Failed tests are no error.
pub fn pack_tests(pack: &CompiledPack, selection: &Selection) -> Result<TestReport, EvalError> {
    if let Some(run) = &selection.run {
        Regex::new(run).map_err(|error| EvalError::InputInvalid(error.to_string()))?;
    }
    match evaluate::ask(pack, &Ask::Tests(selection.clone()), &serde_json::Value::Null)? {
        Answer::Tests(report) => Ok(report),
        _ => Err(EvalError::WorkerDied("it answered another question".into())),
    }
}

/// The tests of a pack, by their places.
pub(super) fn cases(graph: &Graph) -> Vec<Test> {
    let is_test = |path: &[String]| path.last().is_some_and(|name| name.starts_with("test_"));
    let nodes = graph.nodes.iter().filter(|node| !node.is_function() && is_test(&node.path));
    let mut tests: Vec<_> = nodes
        .map(|node| Test {
            path: node.path.clone(),
            place: node.place.clone(),
            definitions: node.definitions,
        })
        .collect();
    tests.sort_by(|a, b| (&a.place, &a.path).cmp(&(&b.place, &b.path)));
    tests
}

/// Runs all tests before a pack is loaded.
pub(super) fn all_pass(
    engine: &Engine,
    tests: &[Test],
    limits: &Limits,
) -> Result<usize, LoadError> {
    let report = run(engine, tests, &Selection::default(), limits);
    let passed = report.tests.iter().filter(|test| test.failure.is_none()).count();
    let failures: Vec<_> = report
        .tests
        .into_iter()
        .filter_map(|test| {
            let (name, place, outcome) = (test.name, test.place, test.failure?);
            Some(TestFailure { name, place, outcome })
        })
        .collect();
    if failures.is_empty() { Ok(passed) } else { Err(LoadError::TestsFailed(failures)) }
}

/// Runs the selected tests.
pub(super) fn run(
    engine: &Engine,
    tests: &[Test],
    selection: &Selection,
    limits: &Limits,
) -> TestReport {
    let begun = Instant::now();
    let wanted = selection.run.as_deref().and_then(|run| Regex::new(run).ok());
    let mut report = TestReport::default();
    let mut lines: BTreeMap<String, BTreeMap<u32, bool>> = BTreeMap::new();
    let mut explained = 0;
    for test in tests {
        let name = test.path.join(".");
        if wanted.as_ref().is_some_and(|wanted| !wanted.is_match(&name)) {
            continue;
        }
        let mut engine = engine.clone();
        engine.set_enable_coverage(selection.coverage);
        let test_begun = Instant::now();
        let failure = if begun.elapsed() > limits.tests {
            Some("was not run: the time for all tests is up".to_owned())
        } else if test.definitions > 1 {
            // Either would hide the other's failure.
            Some(format!("is defined {} times; give each test its own name", test.definitions))
        } else {
            one(&mut engine, &test.path).err()
        };
        let took = test_begun.elapsed();
        if selection.coverage {
            note(&engine, &mut lines);
        }
        let mut failed_at = None;
        if failure.is_some() && explained < EXPLAINED && begun.elapsed() < limits.tests {
            explained += 1;
            failed_at = probe::failed_at(&mut engine, &test.path);
        }
        let prints = engine.take_prints().unwrap_or_default();
        let prints = prints.into_iter().take(PRINTS.0);
        report.tests.push(TestResult {
            name,
            place: test.place.clone(),
            failure,
            failed_at,
            prints: prints.map(|line| line.chars().take(PRINTS.1).collect()).collect(),
            took,
        });
    }
    report.coverage = lines.into_iter().map(|(file, lines)| file_coverage(file, &lines)).collect();
    report
}

fn note(engine: &Engine, lines: &mut BTreeMap<String, BTreeMap<u32, bool>>) {
    let Ok(seen) = engine.get_coverage_report() else { return };
    for file in seen.files.into_iter().filter(|file| file.path != together::FILE) {
        let lines = lines.entry(file.path).or_default();
        for line in file.not_covered {
            lines.entry(line).or_insert(false);
        }
        for line in file.covered {
            lines.insert(line, true);
        }
    }
}

fn file_coverage(file: String, lines: &BTreeMap<u32, bool>) -> FileCoverage {
    let those = |wanted: bool| {
        lines.iter().filter(|(_, covered)| **covered == wanted).map(|(line, _)| *line).collect()
    };
    FileCoverage { file, covered: those(true), uncovered: those(false) }
}

fn one(engine: &mut Engine, path: &[String]) -> Result<(), String> {
    engine.set_input(Value::new_object());
    match engine.eval_rule(rule(path)) {
        Ok(Value::Bool(true)) => Ok(()),
        Ok(Value::Undefined) => Err("is undefined".into()),
        Ok(other) => {
            let text: String = other.to_string().chars().take(100).collect();
            Err(format!("is {text}"))
        }
        Err(error) => match explain(&error.to_string()) {
            (Some(place), message) => Err(format!("failed at {place}: {message}")),
            (None, message) => Err(format!("failed: {message}")),
        },
    }
}

/// A rule as the engine is asked for it, by its path from `data` on.
pub(super) fn rule(path: &[String]) -> String {
    let mut rule = "data".to_owned();
    for part in path.iter().skip(1) {
        rule.push_str(&format!("[{}]", Value::from(part.as_str())));
    }
    rule
}
