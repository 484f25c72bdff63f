//! One entry of the ledger.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{DatasetRef, Digest};

/// The form in which entries are written.
pub(super) const VERSION: &str = "v1";

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The version was published.
    Publish,
    /// The version was withdrawn.
    Withdraw,
}

/// What is to be recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// What happened.
    pub action: Action,
    /// To which dataset version.
    pub dataset: DatasetRef,
    /// Its spec.
    pub spec_hash: Digest,
    /// The plan that was carried out.
    pub plan_digest: Digest,
    /// Its manifest.
    pub manifest_digest: Digest,
    /// The policy pack that judged.
    pub policy_digest: Digest,
    /// Who did it.
    pub actor: String,
    /// Who approved, as `role:principal`.
    pub approvals: Vec<String>,
    /// Why.
    pub reason: String,
}

/// One entry: what, when, who, why, under which policy (schema `ledger_entry.v1`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// `v1`.
    pub lazaret_ledger_version: String,
    /// Place in the chain, from 1.
    pub sequence: u64,
    /// Digest of the entry before; null in the first.
    pub previous: Option<Digest>,
    /// When it was appended.
    pub recorded_at: Timestamp,
    /// What happened.
    pub action: Action,
    /// To which dataset.
    pub dataset_slug: String,
    /// To which version of it.
    pub dataset_version_id: String,
    /// Its spec.
    pub spec_hash: Digest,
    /// The plan that was carried out.
    pub plan_digest: Digest,
    /// Its manifest.
    pub manifest_digest: Digest,
    /// The policy pack that judged.
    pub policy_digest: Digest,
    /// Who did it.
    pub actor: String,
    /// Who approved, as `role:principal`.
    pub approvals: Vec<String>,
    /// Why.
    pub reason: String,
}

impl Draft {
    pub(super) fn into_entry(
        self,
        sequence: u64,
        previous: Option<Digest>,
        now: Timestamp,
    ) -> Entry {
        Entry {
            lazaret_ledger_version: VERSION.into(),
            sequence,
            previous,
            recorded_at: now,
            action: self.action,
            dataset_slug: self.dataset.slug.to_string(),
            dataset_version_id: self.dataset.version.to_string(),
            spec_hash: self.spec_hash,
            plan_digest: self.plan_digest,
            manifest_digest: self.manifest_digest,
            policy_digest: self.policy_digest,
            actor: self.actor,
            approvals: self.approvals,
            reason: self.reason,
        }
    }
}

impl Entry {
    pub(super) fn is_about(&self, dataset: &DatasetRef) -> bool {
        self.dataset_slug == dataset.slug.as_str()
            && self.dataset_version_id == dataset.version.as_str()
    }

    pub(super) fn says(&self, draft: &Draft) -> bool {
        self.action == draft.action && self.manifest_digest == draft.manifest_digest
    }
}
