//! The tests that a pack ships: every rule `test_*` without arguments must be `true`.

use std::time::Instant;

use regorus::{Engine, Value};

use super::engine::explain;
use super::error::{LoadError, TestFailure};
use super::graph::Graph;
use super::limits::Limits;

/// Runs all tests.
///
/// # Errors
/// Those that are not `true`.
pub(super) fn run(engine: &Engine, graph: &Graph, limits: &Limits) -> Result<usize, LoadError> {
    let begun = Instant::now();
    let mut failures = Vec::new();
    let mut passed = 0;
    for node in &graph.nodes {
        let is_test = node.path.last().is_some_and(|name| name.starts_with("test_"));
        if !is_test || node.function {
            continue;
        }
        let outcome = if begun.elapsed() > limits.tests {
            Err("was not run: the time for all tests is up".to_owned())
        } else if node.definitions > 1 {
            // Either would hide the other's failure.
            Err(format!("is defined {} times; give each test its own name", node.definitions))
        } else {
            one(engine, &node.path)
        };
        match outcome {
            Ok(()) => passed += 1,
            Err(outcome) => failures.push(TestFailure {
                name: node.path.join("."),
                place: node.place.clone(),
                outcome,
            }),
        }
    }
    failures.sort_by(|a, b| (&a.place, &a.name).cmp(&(&b.place, &b.name)));
    if failures.is_empty() { Ok(passed) } else { Err(LoadError::TestsFailed(failures)) }
}

fn one(engine: &Engine, path: &[String]) -> Result<(), String> {
    let mut engine = engine.clone();
    engine.set_input(Value::new_object());
    let mut rule = "data".to_owned();
    for part in path.iter().skip(1) {
        rule.push_str(&format!("[{}]", Value::from(part.as_str())));
    }
    match engine.eval_rule(rule) {
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
