//! How a contract differs from what it was, in the words that all kinds of contracts share.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who must go on understanding whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// Those who read by the new schema read what was written by the old one: nothing that was accepted is
    /// refused. Registries call it backward compatible.
    Consumer,
    /// Those who read by the old schema read what is written by the new one: nothing that was refused is
    /// accepted. Registries call it forward compatible.
    Producer,
    /// Both: fully compatible.
    #[default]
    Both,
}

/// How much a change asks of others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Class {
    /// Proven to flip no verdict.
    Safe,
    /// Neither proven nor refuted, or a matter of behaviour that no schema tells.
    Risky,
    /// An instance shows it.
    Breaking,
}

/// A place in a contract.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Location {
    /// The document: its identifier, or its path in the set.
    pub document: String,
    /// Within it: RFC 6901 in schemas, OpenAPI and CRDs, a coordinate (`Query.dataset(id:)`) in
    /// GraphQL, a rule or symbol in code.
    pub pointer: String,
}

/// An instance on which the two disagree.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Witness {
    /// The instance.
    pub instance: Value,
    /// Whether it is the old schema that accepts it; the other one refuses it.
    pub accepted_by_old: bool,
    /// Why the other one refuses it, as `pointer: message`.
    pub refused_because: Vec<String>,
}

/// One difference.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// What kind, as `<keyword>-<verb>`.
    pub rule: String,
    /// How much it asks of others.
    pub class: Class,
    /// Where in the old schema, if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Location>,
    /// Where in the new schema, if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Location>,
    /// What changed.
    pub message: String,
    /// How to mend it; empty if nothing needs mending.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// An instance that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
}

impl Location {
    /// A place in a document.
    pub fn new(document: impl Into<String>, pointer: impl Into<String>) -> Self {
        Self { document: document.into(), pointer: pointer.into() }
    }
}

impl Change {
    /// A change of a class, without a place.
    pub fn new(rule: impl Into<String>, class: Class, message: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            class,
            old: None,
            new: None,
            message: message.into(),
            remedy: String::new(),
            witness: None,
        }
    }

    /// Where it is in the old contract and in the new one.
    #[must_use]
    pub fn at(self, old: Option<Location>, new: Option<Location>) -> Self {
        Self { old, new, ..self }
    }

    /// How to mend it, unless nothing needs mending.
    #[must_use]
    pub fn mend(self, remedy: impl Into<String>) -> Self {
        let remedy = if self.class == Class::Safe { String::new() } else { remedy.into() };
        Self { remedy, ..self }
    }
}

impl Class {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safe => "SAFE",
            Self::Risky => "RISKY",
            Self::Breaking => "BREAKING",
        }
    }
}

/// What became of a contract.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Comparison {
    /// The worst of all.
    pub class: Class,
    /// Every difference, in the order of the old one.
    pub changes: Vec<Change>,
}

impl Comparison {
    /// Of changes, as bad as the worst of them.
    pub fn of(changes: Vec<Change>) -> Self {
        let class = changes.iter().map(|change| change.class).max().unwrap_or(Class::Safe);
        Self { class, changes }
    }
}
