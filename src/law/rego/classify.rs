//! What a changed rule counts for, given what the replay shows.

use std::collections::{BTreeMap, BTreeSet};

use super::replay::Replay;
use super::side::{IMPORT, Key, Role, Rule, Side, Text, path, role};
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
        let users: BTreeSet<Key> = was.users(key).union(&is.users(key)).cloned().collect();
        let decides =
            |(package, name): &Key| matches!(role(package, name), Role::Deny | Role::Allow);
        // Whatever it is called: what something that decides stands on, decides.
        let role = match role(package, name) {
            Role::Test | Role::Warn if users.iter().any(decides) => Role::Helper,
            Role::Test => continue,
            role => role,
        };
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
        let own = decides(key).then_some(key);
        let reached = own.into_iter().chain(users.iter().filter(|user| decides(user)));
        let reached: BTreeSet<_> = reached.map(|(package, _)| package.clone()).collect();
        let used = match (role, old, new) {
            // Nobody meant it before but by a word that is on both sides.
            (Role::Helper, None, Some(_)) => meant(key, was, is, &decides),
            _ => users.iter().any(decides),
        };
        let note = one((role, name, used), old, new, &Evidence::of(&reached, replays));
        let pointer = format!("data.{}.{name}", package.join("."));
        let place =
            |rule: &Rule| Location { document: rule.path.clone(), pointer: pointer.clone() };
        let change = Change { old: old.map(place), new: new.map(place), ..note };
        found.entry(id).or_default().push(change);
    }
    found.into_iter().collect()
}

/// Whether something that decides had words for a new rule before it was there.
fn meant(key: &Key, was: &Side, is: &Side, decides: &impl Fn(&Key) -> bool) -> bool {
    let path = path(key);
    is.rules.iter().filter(|(user, _)| *user != key).any(|(user, rule)| {
        let before = was.rules.get(user);
        let stays = |text: &&Text| {
            before.is_some_and(|before| before.texts.iter().any(|old| old.words == text.words))
        };
        let mentions = rule.texts.iter().filter(stays).any(|text| text.mentions(&path));
        mentions && (decides(user) || is.users(user).iter().any(decides))
    })
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

/// `used`: something else that decides stands on it.
fn one(
    (role, name, used): (Role, &str, bool),
    old: Option<&Rule>,
    new: Option<&Rule>,
    evidence: &Evidence,
) -> Change {
    let kind = match (role, name) {
        (Role::Deny, _) => "deny",
        (Role::Allow, _) => "allow",
        (Role::Warn, _) => "warn",
        (_, IMPORT) => "import",
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
        // A rule that uses it changes with it, and is told of by itself.
        (_, None, Some(_)) if name == IMPORT => {
            told(Class::Safe, "who uses it is told of by himself".into())
        }
        _ if name == IMPORT => told(Class::Risky, "who uses it is told of by himself".into()),
        // Fewer ways to be denied, and more ways to be allowed, deny nothing that passed.
        (Role::Deny, Some(_), None) if !used => {
            told(Class::Risky, "it no longer denies anything".into())
        }
        (Role::Deny, Some(old), Some(new))
            if !used
                && only_fewer(old, new)
                && [old, new].iter().all(|rule| rule.collects(name)) =>
        {
            told(
                Class::Risky,
                "one of its definitions is gone, and what it alone denied passes".into(),
            )
        }
        (Role::Allow, Some(old), Some(new))
            if !used && only_fewer(new, old) && new.only_says_yes(name) =>
        {
            told(Class::Risky, "it has one more definition, and allows what that allows".into())
        }
        // Nobody had its name on his lips before; who uses it now has changed himself.
        (Role::Helper, None, Some(_)) if !used => {
            told(Class::Safe, "who uses it is told of by himself".into())
        }
        (Role::Helper, Some(_), None) if !used => {
            told(Class::Risky, "who refers to it from elsewhere finds nothing".into())
        }
        _ => told(evidence.class(), evidence.words()),
    }
}

impl Rule {
    /// Whether it is a set, which one definition fewer can only make smaller.
    fn collects(&self, name: &str) -> bool {
        let begins = format!("{name} contains ");
        self.texts.iter().all(|text| text.words.starts_with(&begins))
    }

    /// Whether every definition gives `true`, but the default, which gives `false`.
    fn only_says_yes(&self, name: &str) -> bool {
        self.texts.iter().all(|text| {
            let words: Vec<&str> = text.words.split_whitespace().collect();
            match words.as_slice() {
                ["default", .., head, ":=" | "=", "false"] => *head == name,
                [head, rest @ ..] => {
                    let body = match rest {
                        [":=" | "=", "true", body @ ..] => body,
                        body => body,
                    };
                    *head == name && matches!(body, [] | ["if", ..]) && !body.contains(&"else")
                }
                [] => false,
            }
        })
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
