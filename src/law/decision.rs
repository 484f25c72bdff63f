//! The Policy Decision: who decided what about a change of contracts, and about exactly which bytes
//! (`policy_decision.v1`). Its id is a digest of what it says, so that the same decision is the same file.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::compare::{Row, SetReport};
use super::set::Set;
use crate::contracts::{Change, Class, Location};
use crate::domain::{CanonicalError, Digest, canonical_digest, parse_i_json};

/// The version that is written and read.
const VERSION: &str = "v1";
/// Changes that a record lists at most; a change of more is decided in parts.
const MAX_CHANGES: usize = 20_000;
/// Reasons and conditions at most, each.
const MAX_LIST: usize = 100;

/// What was decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// It may go on.
    Approve,
    /// It may not.
    Deny,
    /// It may go on when the required actions are done.
    ApproveWithConditions,
}

/// One side of the change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// [`Set::digest`].
    pub digest: Digest,
    /// Where it was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A contract that changes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    /// Its id.
    pub id: String,
    /// The worst of its changes.
    pub class: Class,
    /// Its digest before; none if it was not there.
    pub before: Option<Digest>,
    /// Its digest after; none if it is removed.
    pub after: Option<Digest>,
}

/// A difference, as it is recorded.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The contract's id.
    pub contract: String,
    /// What kind.
    pub rule: String,
    /// How much it asks of others.
    pub class: Class,
    /// What changed.
    pub message: String,
    /// How to mend it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// Where in the old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Place>,
    /// Where in the new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Place>,
}

/// [`Location`], to be read back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    document: String,
    pointer: String,
}

/// Who feels it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Impacted {
    /// The consumer.
    pub name: String,
    /// Whom to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// By which contracts.
    pub contracts: Vec<String>,
}

/// A condition.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Of what kind.
    pub kind: ActionKind,
    /// What is to be done.
    pub description: String,
    /// That it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Done>,
}

/// What a condition is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ActionKind {
    Tests,
    CallSites,
    Consumers,
    Migration,
    Deprecation,
    SecurityReview,
    Docs,
    Other,
}

/// That a condition is met.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// Where it can be seen.
    pub evidence: String,
    /// Who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// The record.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Decision {
    policy_decision_version: String,
    /// Names the record and its file.
    pub decision_id: String,
    /// The set's name.
    pub set: String,
    /// What was decided.
    pub decision: Verdict,
    /// Why.
    pub reasons: Vec<String>,
    /// Who answers for it.
    pub decided_by: String,
    /// When.
    pub decided_at: Timestamp,
    /// From when on it holds no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What the contracts were.
    pub before: Side,
    /// What they become.
    pub after: Side,
    /// The worst change.
    pub class: Class,
    /// Every contract that changes.
    pub contracts: Vec<Decided>,
    /// Every change.
    pub changes: Vec<Recorded>,
    /// Who feels them.
    pub impacted_consumers: Vec<Impacted>,
    /// The conditions.
    pub required_actions: Vec<Action>,
    /// The deprecation window may be cut short.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub emergency: bool,
}

/// What a person adds to what is known.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub reasons: Vec<String>,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// From when on it holds no longer.
    pub expires: Option<Timestamp>,
    /// The conditions.
    pub actions: Vec<Action>,
    /// The deprecation window may be cut short.
    pub emergency: bool,
}

/// Why there is no decision.
#[derive(Debug, Error)]
pub enum DecisionError {
    /// Nothing to decide.
    #[error("nothing differs: there is nothing to decide")]
    Nothing,
    /// No reason.
    #[error("a decision says why: give at least one reason, and at most {MAX_LIST}")]
    Reasons,
    /// Conditions without an approval that has them, or the other way round.
    #[error(
        "an approval with conditions has conditions, and only it: at least one, at most {MAX_LIST}"
    )]
    Conditions,
    /// Too many changes.
    #[error("the change has more than {MAX_CHANGES} differences; decide it in parts")]
    TooMany,
    /// No such document.
    #[error("it is no policy_decision.v1: {0}")]
    Invalid(String),
    /// It was edited.
    #[error(
        "its decisionId is {found}, but what it says gives {expected}: it was edited by hand; decide anew"
    )]
    Id {
        /// As it stands.
        found: String,
        /// As it should be.
        expected: String,
    },
    /// It has no canonical form.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
}

impl Decision {
    /// Records a decision about the change from `old` to `new`.
    ///
    /// # Errors
    /// If there is nothing to decide, or the ruling is incomplete.
    pub fn record(
        (old, old_source): (&Set, &str),
        (new, new_source): (&Set, &str),
        report: &SetReport,
        ruling: Ruling,
    ) -> Result<Self, DecisionError> {
        let (before, after) = (old.digest()?, new.digest()?);
        if before == after {
            return Err(DecisionError::Nothing);
        }
        let filled = |text: &String| !text.trim().is_empty();
        let reasons = &ruling.reasons;
        if reasons.is_empty() || reasons.len() > MAX_LIST || !reasons.iter().all(filled) {
            return Err(DecisionError::Reasons);
        }
        let conditional = ruling.verdict == Verdict::ApproveWithConditions;
        if conditional == ruling.actions.is_empty() || ruling.actions.len() > MAX_LIST {
            return Err(DecisionError::Conditions);
        }
        let side = |digest, source: &str| Side { digest, source: Some(source.to_owned()) };
        let changes: Vec<Recorded> = report.contracts.iter().flat_map(recorded).collect();
        if changes.len() > MAX_CHANGES {
            return Err(DecisionError::TooMany);
        }
        let mut decision = Self {
            policy_decision_version: VERSION.into(),
            decision_id: String::new(),
            set: new.manifest.name.clone(),
            decision: ruling.verdict,
            reasons: ruling.reasons,
            decided_by: ruling.by,
            decided_at: ruling.at,
            expires_at: ruling.expires,
            before: side(before, old_source),
            after: side(after, new_source),
            class: report.class,
            contracts: report.contracts.iter().map(decided).collect(),
            changes,
            impacted_consumers: impacted(report),
            required_actions: ruling.actions,
            emergency: ruling.emergency,
        };
        decision.decision_id = decision.id()?;
        Ok(decision)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// If it is none, or was edited.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecisionError> {
        let invalid = |error: String| DecisionError::Invalid(error);
        let value = parse_i_json(bytes).map_err(|error| invalid(error.to_string()))?;
        let decision: Self =
            serde_json::from_value(value).map_err(|error| invalid(error.to_string()))?;
        if decision.policy_decision_version != VERSION {
            return Err(invalid(format!("only version {VERSION} is read")));
        }
        let conditional = decision.decision == Verdict::ApproveWithConditions;
        if conditional && decision.required_actions.is_empty() {
            return Err(DecisionError::Conditions);
        }
        let expected = decision.id()?;
        match decision.decision_id == expected {
            true => Ok(decision),
            false => Err(DecisionError::Id { found: decision.decision_id, expected }),
        }
    }

    /// What it says, less its name and what was done about its conditions since: 40 digits of a SHA-256.
    fn id(&self) -> Result<String, DecisionError> {
        let mut said = self.clone();
        said.decision_id = String::new();
        for action in &mut said.required_actions {
            action.done = None;
        }
        Ok(canonical_digest(&said)?.hex()[..40].to_owned())
    }

    /// The record's bytes: indented, so that a review can read it, and the same each time.
    ///
    /// # Errors
    /// If it has no JSON form, which does not happen.
    pub fn bytes(&self) -> Result<Vec<u8>, DecisionError> {
        let invalid = |error: serde_json::Error| DecisionError::Invalid(error.to_string());
        let value = serde_json::to_value(self).map_err(invalid)?;
        Ok(format!("{value:#}\n").into_bytes())
    }

    /// Notes that a condition is met.
    ///
    /// # Errors
    /// If there is no such condition.
    pub fn fulfil(&mut self, condition: usize, done: Done) -> Result<(), DecisionError> {
        let action = condition.checked_sub(1).and_then(|n| self.required_actions.get_mut(n));
        action.ok_or(DecisionError::Conditions)?.done = Some(done);
        Ok(())
    }
}

fn decided(row: &Row) -> Decided {
    Decided {
        id: row.id.clone(),
        class: row.comparison.class,
        before: row.before,
        after: row.after,
    }
}

fn recorded(row: &Row) -> Vec<Recorded> {
    let place = |at: &Option<Location>| {
        at.as_ref().map(|at| Place { document: at.document.clone(), pointer: at.pointer.clone() })
    };
    let one = |change: &Change| Recorded {
        contract: row.id.clone(),
        rule: change.rule.clone(),
        class: change.class,
        message: change.message.clone(),
        remedy: change.remedy.clone(),
        old: place(&change.old),
        new: place(&change.new),
    };
    row.comparison.changes.iter().map(one).collect()
}

/// Everyone who depends on what changes in a way that is not proven to be safe.
fn impacted(report: &SetReport) -> Vec<Impacted> {
    let mut all: BTreeMap<&str, Impacted> = BTreeMap::new();
    for row in report.contracts.iter().filter(|row| row.comparison.class > Class::Safe) {
        for consumer in &row.consumers {
            let named = || Impacted {
                name: consumer.name.clone(),
                contact: consumer.contact.clone(),
                contracts: Vec::new(),
            };
            all.entry(&consumer.name).or_insert_with(named).contracts.push(row.id.clone());
        }
    }
    all.into_values().collect()
}
