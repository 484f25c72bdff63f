//! Both versions of a package asked about the same inputs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::side::{Role, Side, role};
use super::{PROOF, change};
use crate::contracts::{Change, Class, Location, Witness};
use crate::law::set::{Kind, Set, Unit};
use crate::policy::EvalError;

/// Inputs that are replayed for a package.
const MAX_INPUTS: usize = 1_000;
/// Bytes of an input that is shown.
const MAX_WITNESS: usize = 16 << 10;
/// After so many that give no answer the rest is not asked: each may take the whole time limit.
const MAX_FAILURES: usize = 3;

/// An input on which the two sides differ.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Flip {
    path: String,
    input: Value,
    reasons: Vec<String>,
}

/// What came of it.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Replay {
    /// Inputs of the old side's records that it answered: what a change brings along proves nothing for it.
    pub recorded: usize,
    /// Inputs that are denied now and were not.
    tightened: Vec<Flip>,
    /// Inputs that are no longer denied.
    loosened: Vec<Flip>,
    /// Inputs that are denied for other reasons.
    reasons: Vec<String>,
    /// Inputs of which something else is warned.
    warnings: Vec<String>,
    /// Inputs that could not be read.
    unreadable: Vec<String>,
}

struct Said {
    denials: BTreeSet<String>,
    warnings: BTreeSet<String>,
    failed: bool,
}

type Of<'a> = (&'a Side, &'a Unit, &'a Set);

pub(super) fn replay(package: &[String], old: Of<'_>, new: Of<'_>) -> Replay {
    let mut out = Replay::default();
    let mut failures = 0;
    for (path, input) in inputs(package, old, new) {
        let (input, recorded) = match input {
            Ok(input) => input,
            Err(why) => {
                out.unreadable.push(format!("{path}: {why}"));
                continue;
            }
        };
        let (was, is) = (ask(package, old.0, &input), ask(package, new.0, &input));
        failures += usize::from(was.failed) + usize::from(is.failed);
        out.recorded += usize::from(recorded && !was.failed);
        let flip = |reasons: &BTreeSet<String>| {
            let reasons = reasons.iter().take(20).cloned().collect();
            Flip { path: path.clone(), input: input.clone(), reasons }
        };
        match (was.denials.is_empty(), is.denials.is_empty()) {
            (true, false) => out.tightened.push(flip(&is.denials)),
            (false, true) => out.loosened.push(flip(&was.denials)),
            _ if was.denials != is.denials => out.reasons.push(path.clone()),
            _ => {}
        }
        if was.warnings != is.warnings {
            out.warnings.push(path);
        }
        if failures >= MAX_FAILURES {
            out.recorded = 0;
            break;
        }
    }
    out
}

/// The inputs of a package, by path, and whether they may prove something. Recorded ones of both sides, and the
/// fixtures of the old side with the valid ones of the new: what a change brings along to show what it denies was
/// never promised to pass.
/// An input whose name begins like a policy's file is that policy's; others are everybody's.
fn inputs(
    package: &[String],
    old: Of<'_>,
    new: Of<'_>,
) -> BTreeMap<String, Result<(Value, bool), String>> {
    let mut found = BTreeMap::new();
    for (side, unit, set, is_new) in [(old.0, old.1, old.2, false), (new.0, new.1, new.2, true)] {
        let policies = || unit.contracts.iter().filter(|one| one.kind == Kind::Policy);
        let ours = |path: &str| side.packages.get(path).is_some_and(|of| of == package);
        let begins = |name: &str, stem: &str| {
            name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.'))
        };
        let mut paths: Vec<(&str, bool)> = Vec::new();
        for path in &unit.recorded {
            let name = path.rsplit('/').next().unwrap_or(path);
            let mut owners = policies().filter(|contract| begins(name, contract.stem())).peekable();
            if owners.peek().is_none() || owners.any(|contract| ours(&contract.path)) {
                paths.push((path, !is_new));
            }
        }
        for contract in policies().filter(|contract| ours(&contract.path)) {
            let fixtures = unit.fixtures_of(contract).into_iter();
            let fixtures = fixtures.filter(|fixture| fixture.valid || !is_new);
            paths.extend(fixtures.map(|fixture| (fixture.path, false)));
        }
        for (path, recorded) in paths {
            let read = set.tree.document(path).map(|value| (value, recorded));
            // One path with two contents is two inputs.
            let content =
                |read: &Result<(Value, bool), String>| read.clone().map(|(value, _)| value);
            let name = match found.get(path) {
                Some(earlier) if content(earlier) != content(&read) => format!("{path} (new)"),
                _ => path.to_owned(),
            };
            if found.len() < MAX_INPUTS {
                found.entry(name).or_insert(read);
            }
        }
    }
    found
}

/// What a side says of an input. A package that is not there says nothing; no answer means no.
fn ask(package: &[String], side: &Side, input: &Value) -> Said {
    let mut said = Said { denials: BTreeSet::new(), warnings: BTreeSet::new(), failed: false };
    let (Some(bundle), Some(file)) = (&side.bundle, side.file(package)) else { return said };
    let mut fail = |error: &EvalError| {
        said.failed = true;
        said.denials.insert(format!("it gives no answer, which means no: {error}"));
    };
    let judged = bundle.judge(file, input);
    let allowing: Vec<Vec<String>> = side
        .rules
        .keys()
        .filter(|(of, name)| of == package && role(of, name) == Role::Allow)
        .map(|(of, name)| [of.as_slice(), std::slice::from_ref(name)].concat())
        .filter(|path| bundle.library().rules().contains(path))
        .collect();
    let allowed = match bundle.library().ask(&allowing, input) {
        Ok(allowed) => allowed,
        Err(error) => {
            fail(&error);
            Vec::new()
        }
    };
    match judged {
        Ok(judged) => {
            said.denials.extend(judged.denials);
            said.warnings = judged.warnings;
        }
        Err(error) => fail(&error),
    }
    for (rule, value) in allowing.iter().zip(allowed) {
        if value != Some(Value::Bool(true)) {
            said.denials.insert(format!("{} is not true", rule.join(".")));
        }
    }
    said
}

fn some(paths: &[String]) -> String {
    let shown = paths.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    let more = paths.len().saturating_sub(3);
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

impl Replay {
    /// Whether it shows that nothing is denied that was not.
    pub(super) const fn proves(&self) -> bool {
        self.recorded >= PROOF && self.tightened.is_empty() && self.unreadable.is_empty()
    }

    /// Whether it shows that something is.
    pub(super) const fn refutes(&self) -> bool {
        !self.tightened.is_empty()
    }

    /// What the verdicts themselves tell.
    pub(super) fn changes(&self, at: Option<&Location>) -> Vec<Change> {
        let paths =
            |flips: &[Flip]| some(&flips.iter().map(|flip| flip.path.clone()).collect::<Vec<_>>());
        // A report is to be read: a large input is told of by its path.
        let witness = |flip: Option<&Flip>, accepted_by_old| {
            let flip = flip.filter(|flip| flip.input.to_string().len() <= MAX_WITNESS)?;
            let (instance, refused_because) = (flip.input.clone(), flip.reasons.clone());
            Some(Witness { instance, accepted_by_old, refused_because })
        };
        let mut changes = Vec::new();
        let mut add = |rule, class, message: String, remedy: &str, witness| {
            let remedy = if class == Class::Safe { String::new() } else { remedy.to_owned() };
            let change = change(rule, class, message);
            changes.push(Change { old: at.cloned(), new: at.cloned(), remedy, witness, ..change });
        };
        let first = self.tightened.first();
        if first.is_some() {
            let message = format!(
                "{} of the inputs that passed are denied: {}",
                self.tightened.len(),
                paths(&self.tightened)
            );
            let remedy = "warn first (`warn`), and deny when nobody is warned any more";
            add("policy-tightened", Class::Breaking, message, remedy, witness(first, true));
        }
        let first = self.loosened.first();
        if first.is_some() {
            let message = format!(
                "{} of the inputs that were denied pass: {}",
                self.loosened.len(),
                paths(&self.loosened)
            );
            let remedy = "ask those who count on the denial";
            add("policy-loosened", Class::Risky, message, remedy, witness(first, false));
        }
        if !self.reasons.is_empty() {
            let message =
                format!("the same inputs are denied in other words: {}", some(&self.reasons));
            let remedy = "ask those who read the words";
            add("policy-reasons-changed", Class::Risky, message, remedy, None);
        }
        if !self.warnings.is_empty() {
            let message = format!("something else is warned of: {}", some(&self.warnings));
            add("policy-warnings-changed", Class::Safe, message, "", None);
        }
        if !self.unreadable.is_empty() {
            let message = format!("inputs could not be replayed: {}", some(&self.unreadable));
            add("input-unreadable", Class::Risky, message, "mend or remove them", None);
        }
        changes
    }
}
