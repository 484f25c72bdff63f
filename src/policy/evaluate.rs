//! Input → verdict. Any number of threads may ask one pack at once; they share nothing but what
//! never changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use regorus::{Engine, LimitError, Value as Rego};
use serde::Deserialize as _;
use serde_json::Value;

use super::compile::{Backend, CompiledPack, Loaded};
use super::engine::explain;
use super::error::{EVIDENCE_RULE, EvalError, OBLIGATIONS_RULE, gate_rule};
use super::limits::Limits;
use super::worker::{Answer, Ask};
use super::{Obligation, PackIdentity, Verdict, denial, sandbox, testing, together};
use crate::domain::Reason;

/// Asks the pack about a dataset version: `data.lazaret.gates.<letter>.deny` of every gate that it
/// defines. A gate that it does not define adds nothing.
///
/// # Errors
/// If any gate gives no answer. That means deny.
pub fn evaluate(pack: &CompiledPack, name: &str, input: &Value) -> Result<Verdict, EvalError> {
    let Answer::Gates { denials, obligations } = ask(pack, &Ask::Gates, input)? else {
        return Err(other());
    };
    if !denials.keys().eq(pack.gates()) {
        return Err(other());
    }
    let pack_identity = PackIdentity { name: name.to_owned(), digest: pack.digest() };
    let (tests_passed, data) = (pack.tests_passed(), Arc::clone(&pack.data));
    Ok(Verdict { pack: pack_identity, tests_passed, denials, data, obligations })
}

/// Asks the pack about a release: `data.lazaret.evidence.deny`. A pack without that package adds
/// nothing.
///
/// # Errors
/// If it gives no answer. That means deny.
pub fn evaluate_evidence(pack: &CompiledPack, input: &Value) -> Result<Vec<Reason>, EvalError> {
    if !pack.meta.evidence {
        return Ok(Vec::new());
    }
    match ask(pack, &Ask::Evidence, input)? {
        Answer::Evidence(reasons) => Ok(reasons),
        _ => Err(other()),
    }
}

fn other() -> EvalError {
    EvalError::WorkerDied("it answered another question".into())
}

pub(super) fn ask(pack: &CompiledPack, ask: &Ask, input: &Value) -> Result<Answer, EvalError> {
    if weight(input, pack.limits.input).is_none() {
        return Err(EvalError::InputTooLarge(pack.limits.input));
    }
    match &pack.backend {
        Backend::Aside(worker) => worker.ask(ask, input),
        Backend::Here(loaded) => {
            let input =
                Rego::deserialize(input).map_err(|e| EvalError::InputInvalid(e.to_string()))?;
            let (loaded, limits, ask) = (Arc::clone(loaded), pack.limits, ask.clone());
            let answer = sandbox::ask(move || here(&loaded, &limits, &ask, input));
            answer.map_err(EvalError::EngineFailed)?
        }
    }
}

/// Answers in this process, on a big stack.
pub(super) fn here(
    pack: &Loaded,
    limits: &Limits,
    ask: &Ask,
    input: Rego,
) -> Result<Answer, EvalError> {
    if let Ask::Tests(selection) = ask {
        return Ok(Answer::Tests(testing::run(
            pack.engines.first(),
            &pack.tests,
            selection,
            limits,
        )));
    }
    let mut engine = pack.engines.take();
    engine.set_input(input.clone());
    if matches!(ask, Ask::Evidence) {
        let answer = deny(limits, EVIDENCE_RULE, &rule(limits, &mut engine, EVIDENCE_RULE)?)?;
        pack.engines.give(engine);
        return Ok(Answer::Evidence(answer));
    }
    let questions = together::questions(&pack.meta.gates, &pack.meta.rules);
    // Together they have the time of one. If that fails, each is asked by itself, with its own time and
    // an error of its own.
    let alone = questions.len() == 1;
    let path = if alone { questions[0].clone() } else { together::rule() };
    let said = match rule(limits, &mut engine, &path) {
        Ok(said) if alone => {
            pack.engines.give(engine);
            vec![said]
        }
        Ok(Rego::Array(said)) if said.len() == questions.len() => {
            pack.engines.give(engine);
            said.to_vec()
        }
        Err(error) if alone => return Err(error),
        _ => {
            let mut engine = pack.engines.first().clone();
            engine.set_input(input);
            let ask = |question: &String| rule(limits, &mut engine, question);
            questions.iter().map(ask).collect::<Result<_, _>>()?
        }
    };
    let mut said = said.iter();
    let mut denials = BTreeMap::new();
    for (gate, said) in pack.meta.gates.iter().zip(&mut said) {
        denials.insert(*gate, deny(limits, &gate_rule(*gate), said)?);
    }
    let obligations = said.next().map(|said| obligations(limits, said)).transpose()?;
    Ok(Answer::Gates { denials, obligations: obligations.unwrap_or_default() })
}

/// What comes with the licence. A rule that gives anything but a set of obligations is an error,
/// and so denies: a manifest without them would promise too much.
fn obligations(limits: &Limits, value: &Rego) -> Result<BTreeSet<Obligation>, EvalError> {
    let malformed =
        |message: String| EvalError::Malformed { rule: OBLIGATIONS_RULE.to_owned(), message };
    let value = serde_json::to_value(value).map_err(|e| malformed(e.to_string()))?;
    let found: BTreeSet<Obligation> =
        serde_json::from_value(value).map_err(|e| malformed(e.to_string()))?;
    let too_long = found.iter().any(|obligation| obligation.license.len() > 256);
    if found.len() > limits.reasons || too_long {
        return Err(malformed("it gives too much".to_owned()));
    }
    Ok(found)
}

fn deny(limits: &Limits, name: &str, value: &Rego) -> Result<Vec<Reason>, EvalError> {
    denial::read(name, value, limits)
}

pub(super) fn rule(limits: &Limits, engine: &mut Engine, rule: &str) -> Result<Rego, EvalError> {
    let begun = Instant::now();
    let limit = limits.evaluation;
    let value = engine.eval_rule(rule.to_owned());
    let timeout = EvalError::Timeout { rule: rule.to_owned(), limit };
    match value {
        // The timer only looks between steps: one long step may have passed it unseen.
        _ if begun.elapsed() > limit => Err(timeout),
        Ok(value) => Ok(value),
        Err(error) if error.is::<LimitError>() => Err(timeout),
        Err(error) => {
            let message = match explain(&error.to_string()) {
                (Some(place), message) => format!("{place}: {message}"),
                (None, message) => message,
            };
            Err(EvalError::Failed { rule: rule.to_owned(), message })
        }
    }
}

/// What is left of `budget` bytes after a value; `None` if it is not enough.
pub(super) fn weight(value: &Value, budget: usize) -> Option<usize> {
    let mut left = budget.checked_sub(8)?;
    match value {
        Value::String(text) => left = left.checked_sub(text.len())?,
        Value::Array(items) => {
            for item in items {
                left = weight(item, left)?;
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                left = weight(member, left.checked_sub(name.len())?)?;
            }
        }
        _ => {}
    }
    Some(left)
}
