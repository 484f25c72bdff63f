//! Everything that one decision stands on. It is recorded as it is: from the record alone the same
//! decision can be made again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::bundle::Bundle;
use super::names::{ReleaseId, Service};
use crate::domain::{Digest, Reason};

/// What a query came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Measure {
    /// A finite number.
    Number(f64),
    /// NaN or an infinity, as Prometheus wrote it.
    NotFinite(String),
    /// Nothing.
    Nothing,
    /// So many values, where one was asked for.
    Several(u64),
    /// No answer, or one that cannot be used.
    Failed(String),
}

/// The profile, as it was when the decision was made.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProfileFact {
    /// Its text.
    Found(String),
    /// None is about the service.
    Missing,
    /// Several are; these.
    Several(Vec<String>),
}

/// How a dataset version stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DatasetState {
    /// Published, and nothing holds it back.
    Published,
    /// Not, but in this phase.
    Not(String),
    /// These Quarantines hold it back.
    Quarantined(Vec<String>),
    /// It could not be learned.
    Unknown(String),
}

/// What the pack said.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Policy {
    /// The profile names none.
    None,
    /// It judged.
    Judged {
        /// `<namespace>/<name>`.
        name: String,
        /// Its digest.
        digest: Digest,
        /// What it denies.
        denials: Vec<Reason>,
    },
    /// It could not.
    Unavailable(String),
}

/// What was recorded for the release.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Recorded {
    /// Nothing.
    Nothing,
    /// A bundle.
    Bundle {
        /// Digest of its bytes.
        digest: Digest,
        /// What it says.
        bundle: Bundle,
    },
    /// It could not be read.
    Unreadable(String),
}

/// Everything that one decision stands on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Facts {
    /// Which service.
    pub service: Service,
    /// Which release.
    pub release_id: ReleaseId,
    /// When it was measured; the decision's clock.
    pub observed_at: Timestamp,
    /// By which profile.
    pub profile: ProfileFact,
    /// What was measured.
    pub measures: BTreeMap<String, Measure>,
    /// What pipelines recorded.
    pub recorded: Recorded,
    /// How the datasets stand, by `<slug>/<versionId>`.
    pub datasets: BTreeMap<String, DatasetState>,
    /// What the pack said.
    pub policy: Policy,
}

impl Facts {
    /// What the pack is asked: `input` of `data.lazaret.evidence.deny`.
    pub fn policy_input(&self) -> serde_json::Value {
        let signals: BTreeMap<_, _> = self
            .measures
            .iter()
            .map(|(name, measure)| match measure {
                Measure::Number(number) => (name, Some(*number)),
                _ => (name, None),
            })
            .collect();
        let checks = match &self.recorded {
            Recorded::Bundle { bundle, .. } => serde_json::json!(bundle),
            _ => serde_json::Value::Null,
        };
        serde_json::json!({
            "service": self.service.name(),
            "namespace": self.service.namespace(),
            "releaseId": self.release_id,
            "observedAt": self.observed_at,
            "signals": signals,
            "datasets": self.datasets,
            "bundle": checks,
        })
    }
}
