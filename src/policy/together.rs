//! All that a pack is asked about a dataset version as one rule of ours: what its rules share is
//! worked out once. And the engines that a pack keeps between questions: making one anew costs more
//! than a small policy does.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use regorus::{Engine, Value};

use super::engine;
use super::error::{LoadError, OBLIGATIONS_RULE, gate_rule};
use crate::domain::GateId;

/// No file of a pack can say it.
pub(super) const PACKAGE: &str = "lazaret_part_questions";
/// What our rule's file is called in errors and in coverage.
pub(super) const FILE: &str = "lazaret_part_questions.rego";
/// Engines that wait for a question.
const KEPT: usize = 8;

/// The rules that are asked for, in order.
pub(super) fn questions(gates: &BTreeSet<GateId>, rules: &[String]) -> Vec<String> {
    let mut all: Vec<_> = gates.iter().map(|gate| gate_rule(*gate)).collect();
    if rules.iter().any(|rule| rule == OBLIGATIONS_RULE) {
        all.push(OBLIGATIONS_RULE.to_owned());
    }
    all
}

/// Our rule's path.
pub(super) fn rule() -> String {
    format!("data.{PACKAGE}.all")
}

/// Adds our rule to a pack's. It has no value if one of them has none.
pub(super) fn add(
    to: &mut Engine,
    gates: &BTreeSet<GateId>,
    rules: &[String],
) -> Result<(), LoadError> {
    let list = questions(gates, rules).join(", ");
    let text = format!("package {PACKAGE}\n\nall := [{list}]\n");
    let added = to.add_policy(FILE.to_owned(), text);
    added.map(drop).map_err(|e| engine::invalid(&e.to_string(), FILE))
}

/// A pack's engine, and copies of it that have answered before.
pub(super) struct Engines {
    first: Engine,
    idle: Mutex<Vec<Engine>>,
}

impl Engines {
    pub(super) const fn new(first: Engine) -> Self {
        Self { first, idle: Mutex::new(Vec::new()) }
    }

    /// As it was loaded.
    pub(super) const fn first(&self) -> &Engine {
        &self.first
    }

    pub(super) fn take(&self) -> Engine {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.unwrap_or_else(|| self.first.clone())
    }

    /// Keeps an engine that has answered. One that failed is not given back: who knows where it
    /// stopped.
    pub(super) fn give(&self, mut engine: Engine) {
        engine.set_input(Value::new_object());
        let _ = engine.take_prints();
        // There is no such rule, but before it looks for it the engine forgets all it worked out.
        let _ = engine.eval_rule(String::new());
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(engine);
        }
    }
}
