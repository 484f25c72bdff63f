//! What was decided, as it is told and recorded.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{Digest, Reason};

/// How it ends for Argo.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Outcome {
    /// The release may go on.
    Pass,
    /// It may not.
    Fail,
    /// Nobody knows, and the profile would rather wait than abort. It may not go on.
    Inconclusive,
}

/// What was measured, in short.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Which service.
    pub service: String,
    /// Of reads, or of writes where there are no reads.
    pub p95_ms: Option<f64>,
    /// Of all.
    pub p99_ms: Option<f64>,
    /// From 0 to 1.
    pub error_rate: Option<f64>,
    /// Over how long.
    pub window: String,
}

/// What it costs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// A million GraphQL calls.
    pub graphql_per_million_usd: Option<f64>,
    /// A thousand ingested records.
    pub ingest_per_thousand_usd: Option<f64>,
}

/// Whether the release may go on, and why not.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Whether there is no reason against it.
    pub ok: bool,
    /// The same for templates that tell *no* from *do not know*.
    pub verdict: Outcome,
    /// Why not, sorted.
    pub reasons: Vec<Reason>,
    /// What was measured.
    pub snapshot: Snapshot,
    /// What it costs, where it is measured.
    pub cost: Option<Cost>,
    /// Digest of the pack that judged, if one did.
    pub policy_digest: Option<Digest>,
    /// When it was measured.
    pub observed_at: Timestamp,
}
