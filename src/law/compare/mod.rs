//! How a set differs from what it was: contract by contract, with whom it concerns.

mod documents;
mod markdown;
mod pairs;
mod policies;
mod references;
mod report;

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::Consumer;
use super::set::{Contract, Kind, Set};
use crate::contracts::{Change, Class, Comparison, Location};

pub use markdown::markdown;
pub use report::{Row, SetReport, Status};

#[cfg(test)]
mod compare_tests;

/// Compares two sets. Contracts are the same if their ids are, or else their schemas' `$id`, or else their bytes.
/// Looked at are those whose bytes differ, and those that refer to such.
pub fn compare(old: &Set, new: &Set) -> SetReport {
    let paired = pairs::pairs(old, new);
    let changed = |side: &Set, other: &Set| -> BTreeSet<String> {
        let same = |path: &&str| side.tree.get(path) == other.tree.get(path);
        side.tree
            .iter()
            .map(|(path, _)| path)
            .filter(|path| !same(path))
            .map(str::to_owned)
            .collect()
    };
    let concerned = (
        references::reaching(old, changed(old, new)),
        references::reaching(new, changed(new, old)),
    );
    let documents = documents::Documents::new(old, new);
    let code = policies::compared(old, new);
    let mut contracts = Vec::new();
    for (before, after) in &paired {
        let (status, comparison, why) = match (before, after) {
            (Some(a), Some(b)) => {
                let own = old.tree.get(&a.path) != new.tree.get(&b.path) || a.id != b.id;
                let through = concerned.0.contains(&a.path) || concerned.1.contains(&b.path);
                let judged = match a.kind {
                    Kind::Policy | Kind::Functions => match (code.get(&b.id), own) {
                        (Some(comparison), _) => Ok(comparison.clone()),
                        (None, true) => Ok(policies::changed(a, b)),
                        (None, false) => continue,
                    },
                    _ if own || through => documents.compare(a, b),
                    _ => continue,
                };
                let (status, comparison, why) = match judged {
                    Ok(comparison) => (Status::Changed, comparison, None),
                    Err(why) => {
                        let unread =
                            |set: &Set, one: &Contract| set.tree.documents(&one.path).is_err();
                        // What nobody can read any more is as good as gone.
                        let lost = unread(new, b) && !unread(old, a);
                        let class = if lost { Class::Breaking } else { Class::Risky };
                        (Status::NotComparable, not_comparable((a, b), class, &why), Some(why))
                    }
                };
                let comparison = moved(comparison, a, b);
                // What it refers to changed, and nothing that it lets through.
                if !own && status == Status::Changed && comparison.changes.is_empty() {
                    continue;
                }
                (status, comparison, why)
            }
            (Some(a), None) => {
                let told = code.get(&a.id).cloned();
                let gone =
                    || gone(a, if documents.was_part(a) { Class::Safe } else { Class::Breaking });
                (Status::Removed, told.unwrap_or_else(gone), None)
            }
            // A policy that is new may deny what passed.
            (None, Some(b)) => {
                let told = code.get(&b.id).cloned();
                (Status::Added, told.unwrap_or_else(|| come(b)), None)
            }
            (None, None) => continue,
        };
        let Some(subject) = after.or(*before) else { continue };
        contracts.push(Row {
            id: subject.id.clone(),
            kind: subject.kind,
            module: subject.module.clone(),
            path: subject.path.clone(),
            was: before.filter(|a| a.id != subject.id).map(|a| a.id.clone()),
            status,
            why,
            before: before.and_then(|a| old.tree.digest(&a.path)),
            after: after.and_then(|b| new.tree.digest(&b.path)),
            comparison,
            consumers: consumers(old, new, [before, after]),
        });
    }
    contracts.sort_by(|a, b| a.id.cmp(&b.id));
    SetReport::of(contracts)
}

/// Everybody who depends on a contract, by what was said or is: nobody is left out by being struck off.
fn consumers(old: &Set, new: &Set, contracts: [&Option<&Contract>; 2]) -> Vec<Consumer> {
    let mut found: BTreeMap<&str, &Consumer> = BTreeMap::new();
    for contract in contracts.into_iter().flatten() {
        for set in [old, new] {
            let all = set.manifest.consumers_of(&contract.id);
            found.extend(all.into_iter().map(|consumer| (consumer.name.as_str(), consumer)));
        }
    }
    found.into_values().cloned().collect()
}

fn place(contract: &Contract) -> Option<Location> {
    Some(Location::new(contract.path.as_str(), ""))
}

fn not_comparable((a, b): (&Contract, &Contract), class: Class, why: &str) -> Comparison {
    let message = format!("what changed cannot be told: {why}");
    Comparison::of(vec![
        Change::new("not-comparable", class, message)
            .at(place(a), place(b))
            .mend("mend what is wrong with it, or show by tests that nobody is broken"),
    ])
}

fn gone(a: &Contract, class: Class) -> Comparison {
    let change = Change::new("contract-removed", class, format!("the contract {} is gone", a.id));
    let remedy = "keep it until nobody refers to it, and mark it as deprecated until then";
    Comparison::of(vec![change.at(place(a), None).mend(remedy)])
}

fn come(b: &Contract) -> Comparison {
    let message = format!("there is a contract {} now", b.id);
    Comparison::of(vec![Change::new("contract-added", Class::Safe, message).at(None, place(b))])
}

/// With the change of its name, if there is one.
fn moved(mut comparison: Comparison, a: &Contract, b: &Contract) -> Comparison {
    if a.id != b.id {
        // Who refers to a schema by its `$id` finds it; who knows its path does not.
        let message = format!("the contract {} is called {} now", a.id, b.id);
        let change = Change::new("contract-moved", Class::Risky, message)
            .at(place(a), place(b))
            .mend("show that whoever refers to it by its path was told");
        comparison.changes.insert(0, change);
    }
    Comparison::of(comparison.changes)
}
