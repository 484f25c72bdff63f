//! How a set differs from what it was: the shape that `check` and `decide` read. Provisional maker beside
//! it until `law::compare` is here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::set::{Contract, Kind, Set};
use crate::contracts::{Change, Class, Comparison, diff};
use crate::domain::Digest;

/// What became of a contract.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Its module.
    pub module: String,
    /// SHA-256 of its file before; none if it is new.
    pub before: Option<Digest>,
    /// SHA-256 of its file after; none if it is removed.
    pub after: Option<Digest>,
    /// What changed, and how much that asks of others.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// Names of the consumers that depend on it.
    pub consumers: Vec<String>,
}

/// What became of a set.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SetReport {
    /// The worst of all.
    pub class: Class,
    /// Every contract that differs, by id.
    pub contracts: Vec<Row>,
}

/// Compares two sets.
pub fn compare(old: &Set, new: &Set) -> SetReport {
    let (was, is) = (old.contracts(), new.contracts());
    let ids: BTreeSet<&str> = was.keys().chain(is.keys()).copied().collect();
    let mut contracts = Vec::new();
    for id in ids {
        let (a, b) = (was.get(id).copied(), is.get(id).copied());
        let Some(one) = b.or(a) else { continue };
        let digest = |set: &Set, c: Option<&Contract>| c.and_then(|c| set.tree.digest(&c.path));
        let (before, after) = (digest(old, a), digest(new, b));
        if before == after {
            continue;
        }
        let comparison = match (before, after) {
            (Some(_), Some(_)) => both(old, new, one),
            (Some(_), None) => whole("contract-removed", Class::Breaking),
            _ => whole("contract-added", Class::Safe),
        };
        let mut consumers: Vec<String> = [old, new]
            .iter()
            .flat_map(|set| set.manifest.consumers_of(id))
            .map(|consumer| consumer.name.clone())
            .collect();
        consumers.sort();
        consumers.dedup();
        let (id, module) = (id.to_owned(), one.module.clone());
        contracts.push(Row { id, kind: one.kind, module, before, after, comparison, consumers });
    }
    let class = contracts.iter().map(|row| row.comparison.class).max().unwrap_or(Class::Safe);
    SetReport { class, contracts }
}

fn both(old: &Set, new: &Set, contract: &Contract) -> Comparison {
    let unit = new.units.iter().find(|unit| unit.module.name == contract.module);
    let direction = unit.map(|unit| unit.module.direction).unwrap_or_default();
    let read = |set: &Set| set.tree.document(&contract.path).ok();
    let (a, b) = (read(old), read(new));
    let none: BTreeMap<String, Value> = BTreeMap::new();
    match (contract.kind, a, b) {
        (Kind::Schema, Some(a), Some(b)) => diff::compare((&a, &none), (&b, &none), direction)
            .unwrap_or_else(|_| whole("not-comparable", Class::Risky)),
        _ => whole("contract-changed", Class::Risky),
    }
}

fn whole(rule: &str, class: Class) -> Comparison {
    Comparison::of(vec![Change {
        rule: rule.into(),
        class,
        old: None,
        new: None,
        message: rule.replace('-', " "),
        remedy: String::new(),
        witness: None,
    }])
}
