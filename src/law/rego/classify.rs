//! What a changed rule counts for, given what the replay shows.

use std::collections::{BTreeMap, BTreeSet};

use super::replay::Replay;
use super::side::{Role, Rule, Side, role};
use super::{PROOF, change, mend};
use crate::contracts::{Change, Class, Location};

const RECORD: &str =
    "record inputs of every kind under `recorded`, so that both versions can be asked about them";
const SHOW: &str = "show by tests what it decides, and say in a review note why";

type Replays = BTreeMap<Vec<String>, Replay>;

/// The rules that were added, changed or removed, by contract id.
pub(super) fn rules(was: &Side, is: &Side, replays: &Replays) -> Vec<(String, Vec<Change>)> {
    let mut found: BTreeMap<String, Vec<Change>> = BTreeMap::new();
    let names: BTreeSet<_> = was.rules.keys().chain(is.rules.keys()).collect();
    for key in names {
        let (old, new) = (was.rules.get(key), is.rules.get(key));
        let texts = |rule: Option<&Rule>| rule.map(|rule| rule.texts.clone());
        if texts(old) == texts(new) {
            continue;
        }
        let (package, name) = key;
        let role = role(package, name);
        if role == Role::Test {
            continue;
        }
        let Some(home) = new.or(old) else { continue };
        // What is told of a rule that is gone is told where its package still is.
        let id = match new {
            Some(rule) => rule.id.clone(),
            None => is
                .rules
                .iter()
                .find(|((of, _), _)| of == package)
                .map_or_else(|| home.id.clone(), |(_, rule)| rule.id.clone()),
        };
        let reached: BTreeSet<_> =
            was.reaching(package).union(&is.reaching(package)).cloned().collect();
        let note = one(role, name, old, new, &Evidence::of(&reached, replays));
        let pointer = format!("data.{}.{name}", package.join("."));
        let place =
            |rule: &Rule| Location { document: rule.path.clone(), pointer: pointer.clone() };
        let change = Change { old: old.map(place), new: new.map(place), ..note };
        found.entry(id).or_default().push(change);
    }
    found.into_iter().collect()
}

/// What the replays of all packages that a rule has a part in show together.
struct Evidence {
    /// How many recorded inputs the least provided package has.
    recorded: usize,
    proves: bool,
    /// Some input is denied that was not: that is told of by itself.
    refutes: bool,
    /// Nothing is decided by it.
    idle: bool,
}

impl Evidence {
    fn of(packages: &BTreeSet<Vec<String>>, replays: &Replays) -> Self {
        let all: Vec<&Replay> =
            packages.iter().filter_map(|package| replays.get(package)).collect();
        Self {
            recorded: all.iter().map(|replay| replay.recorded).min().unwrap_or(0),
            proves: !all.is_empty() && all.iter().all(|replay| replay.proves()),
            refutes: all.iter().any(|replay| replay.refutes()),
            idle: all.is_empty(),
        }
    }

    /// Of a change that may deny more.
    fn class(&self) -> Class {
        if self.proves || self.refutes || self.idle { Class::Risky } else { Class::Breaking }
    }

    fn words(&self) -> String {
        match self {
            Self { idle: true, .. } => "nothing here is decided by it".to_owned(),
            Self { refutes: true, .. } => "some input is denied by it that passed".to_owned(),
            Self { proves: true, recorded, .. } => {
                format!("none of {recorded} recorded inputs is denied that passed")
            }
            Self { recorded, .. } => format!(
                "it may deny what passed, and {recorded} recorded inputs are no proof: {PROOF} are"
            ),
        }
    }
}

fn one(
    role: Role,
    name: &str,
    old: Option<&Rule>,
    new: Option<&Rule>,
    evidence: &Evidence,
) -> Change {
    let kind = match (role, name) {
        (Role::Deny, _) => "deny",
        (Role::Allow, _) => "allow",
        (Role::Warn, _) => "warn",
        (_, "import") => "import",
        _ => "rule",
    };
    let verb = match (old, new) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    };
    let rule = format!("{kind}-{verb}");
    let told = |class: Class, words: String| {
        let remedy = if class == Class::Breaking { RECORD } else { SHOW };
        mend(change(&rule, class, format!("`{name}` was {verb}: {words}")), remedy, None, None)
    };
    let only_fewer = |old: &Rule, new: &Rule| new.texts.iter().all(|text| old.texts.contains(text));
    match (role, old, new) {
        (Role::Warn, ..) => told(Class::Safe, "warnings deny nothing".into()),
        // Fewer ways to be denied, and more ways to be allowed, deny nothing that passed.
        (Role::Deny, Some(_), None) => told(Class::Risky, "it no longer denies anything".into()),
        (Role::Deny, Some(old), Some(new)) if only_fewer(old, new) => told(
            Class::Risky,
            "one of its definitions is gone, and what it alone denied passes".into(),
        ),
        (Role::Allow, Some(old), Some(new)) if only_fewer(new, old) => {
            told(Class::Risky, "it has one more definition, and allows what that allows".into())
        }
        // Nobody had its name on his lips before; who uses it now has changed himself.
        (Role::Helper, None, Some(_)) => {
            told(Class::Safe, "who uses it is told of by himself".into())
        }
        (Role::Helper, Some(_), None) => {
            told(Class::Risky, "who refers to it from elsewhere finds nothing".into())
        }
        _ => told(evidence.class(), evidence.words()),
    }
}

/// Of changed data.
pub(super) fn data(replays: &Replays) -> Change {
    let evidence = Evidence::of(&replays.keys().cloned().collect(), replays);
    let class = evidence.class();
    let remedy = if class == Class::Breaking { RECORD } else { SHOW };
    let message = format!("the data that policies read changed: {}", evidence.words());
    mend(change("data-changed", class, message), remedy, None, None)
}
