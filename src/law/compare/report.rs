//! What came of a comparison.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::manifest::Consumer;
use super::super::set::Kind;
use crate::contracts::{Change, Class, Comparison};
use crate::domain::Digest;

/// What became of a contract.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It, or what it refers to, is another.
    Changed,
    /// It changed, and nobody can tell how. Counts as RISKY.
    NotComparable,
}

impl Status {
    /// As people read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::NotComparable => "not comparable",
        }
    }
}

/// One contract that differs.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Its id; of two, the newer.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Its module's name.
    pub module: String,
    /// Its path in the set.
    pub path: String,
    /// Its id before, if that was another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// What became of it.
    pub status: Status,
    /// Why it cannot be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// SHA-256 of the file before. The same as after if only what it refers to changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Digest>,
    /// SHA-256 of the file after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Digest>,
    /// The changes, and the worst class of them.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// Who depends on it.
    pub consumers: Vec<Consumer>,
}

/// How one set differs from another.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SetReport {
    /// The worst of all.
    pub class: Class,
    /// Every contract that differs, by id.
    pub contracts: Vec<Row>,
}

impl SetReport {
    /// Of contracts, as bad as the worst of them.
    pub fn of(contracts: Vec<Row>) -> Self {
        let class = contracts.iter().map(|one| one.comparison.class).max().unwrap_or(Class::Safe);
        Self { class, contracts }
    }

    /// The worst class of each module that has a contract that differs.
    pub fn modules(&self) -> BTreeMap<&str, Class> {
        let mut found = BTreeMap::new();
        for one in &self.contracts {
            let class = found.entry(one.module.as_str()).or_insert(Class::Safe);
            *class = one.comparison.class.max(*class);
        }
        found
    }

    /// Every change of one class or worse, with its contract.
    pub fn changes(&self, least: Class) -> impl Iterator<Item = (&Row, &Change)> {
        let all = self.contracts.iter();
        let pairs =
            all.flat_map(|one| one.comparison.changes.iter().map(move |change| (one, change)));
        pairs.filter(move |(_, change)| change.class >= least)
    }

    /// Who depends on a contract that changed in a way of this class or worse, with these contracts' ids.
    pub fn impacted(&self, least: Class) -> BTreeMap<&str, Vec<&str>> {
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for one in self.contracts.iter().filter(|one| one.comparison.class >= least) {
            for consumer in &one.consumers {
                found.entry(consumer.name.as_str()).or_default().push(one.id.as_str());
            }
        }
        found
    }

    /// How many changes are BREAKING, RISKY and SAFE.
    pub fn counts(&self) -> [usize; 3] {
        [Class::Breaking, Class::Risky, Class::Safe].map(|class| {
            self.changes(Class::Safe).filter(|(_, change)| change.class == class).count()
        })
    }
}
