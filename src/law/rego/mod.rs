//! How the policies of a module differ from what they were: which rules were added, changed or removed, and
//! what both versions decide about every recorded input. A policy that may deny more than it did is breaking,
//! unless enough recorded inputs show that it does not.

mod classify;
mod reach;
mod replay;
mod side;

use std::collections::{BTreeMap, BTreeSet};

use self::replay::{Replay, replay};
use self::side::Side;
use super::set::{Contract, Kind, Set, Unit};
use crate::contracts::{Change, Class, Comparison, Location};

#[cfg(test)]
mod rego_tests;

/// How many recorded inputs must reach a package before they count as proof.
pub const PROOF: usize = 10;

/// Compares the policies of a module, by contract id. Told of are the contracts that are in both sets and
/// differ by themselves or in what they decide, those that are new, and tests that are gone.
pub fn compare(before: &Unit, after: &Unit, old: &Set, new: &Set) -> Vec<(String, Comparison)> {
    let policies = |unit: &Unit| -> Vec<Contract> {
        unit.contracts.iter().filter(|one| one.kind == Kind::Policy).cloned().collect()
    };
    let (had, has) = (policies(before), policies(after));
    let touched: Vec<&Contract> = has
        .iter()
        .filter(|contract| {
            let same = had.iter().find(|other| other.id == contract.id);
            same.is_none_or(|same| old.tree.get(&same.path) != new.tree.get(&contract.path))
        })
        .collect();
    let data = |unit: &Unit, set: &Set| -> BTreeMap<String, Option<Vec<u8>>> {
        let bytes = |path: &String| (path.clone(), set.tree.get(path).map(<[u8]>::to_vec));
        unit.data.iter().map(bytes).collect()
    };
    let data = data(before, old) != data(after, new);
    if has.is_empty() || (touched.is_empty() && had.len() == has.len() && !data) {
        return Vec::new();
    }
    let (was, is) = match (Side::of(old, before), Side::of(new, after)) {
        (Ok(was), Ok(is)) => (was, is),
        (was, is) => {
            let (class, why, which) = match (was, is) {
                (_, Err(why)) => (Class::Breaking, why, "does not load and denies everything"),
                (Err(why), _) => {
                    (Class::Risky, why, "did not load before: what it decided is not known")
                }
                _ => return Vec::new(),
            };
            let note = |contract: &Contract| {
                let change = change("policy-unknown", class, format!("the policy {which}: {why}"));
                let remedy = "mend it; `lazaret contracts validate` shows where it is wrong";
                let change = mend(change, remedy, None, place(contract, ""));
                (contract.id.clone(), Comparison::of(vec![change]))
            };
            let all = if touched.is_empty() { has.iter().collect() } else { touched };
            return all.into_iter().map(note).collect();
        }
    };
    let mut found: BTreeMap<String, Vec<Change>> =
        touched.iter().map(|contract| (contract.id.clone(), Vec::new())).collect();
    let replays: BTreeMap<Vec<String>, Replay> = was
        .deciding()
        .union(&is.deciding())
        .map(|package| (package.clone(), replay(package, (&was, before, old), (&is, after, new))))
        .collect();
    for (package, replay) in &replays {
        if let Some(at) =
            home(package, &is, &has, &touched).or_else(|| home(package, &was, &had, &[]))
        {
            let place = place(at, &format!("data.{}", package.join(".")));
            let changes = replay.changes(place.as_ref());
            if !changes.is_empty() {
                found.entry(at.id.clone()).or_default().extend(changes);
            }
        }
    }
    for (id, changes) in classify::rules(&was, &is, &replays) {
        found.entry(id).or_default().extend(changes);
    }
    for contract in &has {
        let Some(before) = had.iter().find(|other| other.id == contract.id) else { continue };
        let (a, b) = (was.packages.get(&before.path), is.packages.get(&contract.path));
        if let (Some(a), Some(b)) = (a, b)
            && a != b
        {
            let (a, b) = (format!("data.{}", a.join(".")), format!("data.{}", b.join(".")));
            let message =
                format!("its package was {a} and is {b}: who asks {a} hears nothing denied");
            let change = change("package-changed", Class::Breaking, message);
            let remedy = "leave a package of the old name that passes on what the new one says";
            let change = mend(change, remedy, place(before, &a), place(contract, &b));
            found.entry(contract.id.clone()).or_default().insert(0, change);
        }
    }
    if data && let Some(first) = has.first() {
        let change = classify::data(&replays);
        let path = after.data.first().or(before.data.first()).cloned().unwrap_or_default();
        let at = Some(Location { document: path, pointer: String::new() });
        found.entry(first.id.clone()).or_default().push(Change {
            old: at.clone(),
            new: at,
            ..change
        });
    }
    for (id, changes) in &mut found {
        if changes.is_empty() {
            let (rule, text) = match had.iter().any(|contract| contract.id == *id) {
                true => {
                    ("policy-reworded", "its words are the same: layout, comments or tests changed")
                }
                false => ("policy-added", "it is new, and denies nothing that was not denied"),
            };
            let at = has.iter().find(|contract| contract.id == *id).and_then(|c| place(c, ""));
            let change = change(rule, Class::Safe, text.to_owned());
            changes.push(mend(change, "", at.clone(), at));
        }
    }
    let known: BTreeSet<&String> = has.iter().map(|contract| &contract.id).collect();
    found.retain(|id, _| known.contains(id));
    // Without its tests a policy decides as before.
    for gone in
        had.iter().filter(|contract| !known.contains(&contract.id) && was.tests(&contract.path))
    {
        let change = change("policy-tests-removed", Class::Risky, "its tests are gone".to_owned());
        let remedy = "say what holds the policy now";
        let change = mend(change, remedy, place(gone, ""), None);
        found.insert(gone.id.clone(), vec![change]);
    }
    found.into_iter().map(|(id, changes)| (id, Comparison::of(changes))).collect()
}

/// The contract that a change of a package's verdicts is told of: one that changed, or the first.
fn home<'a>(
    package: &[String],
    side: &Side,
    all: &'a [Contract],
    touched: &[&'a Contract],
) -> Option<&'a Contract> {
    let of = |contract: &&Contract| side.packages.get(&contract.path).is_some_and(|p| p == package);
    touched.iter().copied().find(|contract| of(contract)).or_else(|| all.iter().find(of))
}

fn place(contract: &Contract, pointer: &str) -> Option<Location> {
    Some(Location { document: contract.path.clone(), pointer: pointer.to_owned() })
}

fn change(rule: &str, class: Class, message: String) -> Change {
    let (rule, remedy) = (rule.to_owned(), String::new());
    Change { rule, class, old: None, new: None, message, remedy, witness: None }
}

fn mend(change: Change, remedy: &str, old: Option<Location>, new: Option<Location>) -> Change {
    let remedy = if change.class == Class::Safe { "" } else { remedy };
    Change { remedy: remedy.to_owned(), old, new, ..change }
}
