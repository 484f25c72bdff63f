//! What the controller tells of a pack.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// What the controller knows of a pack.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyPackStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The last value of the `lazaret.dev/requestedAt` annotation that was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// Ready, Reconciling, Stalled, Fetched, Verified, TestsPassed.
    #[serde(default)]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// The revision that is loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// Who signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<SignerStatus>,
    /// When the source last gave, or confirmed, a revision that verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_checked_at: Option<Time>,
    /// The last revision or fetch that failed; gone once one succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Failure>,
    /// Failures since the last success.
    #[serde(default)]
    pub failures: i64,
    /// What the next revision would change: how it judged what the loaded one judged last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowStatus>,
    /// Where the pack is served on, as a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_at: Option<String>,
    /// Revisions that were loaded, newest first, at most ten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistoryEntry>,
}

/// A loaded revision.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Digest of the tar.
    pub digest: String,
    /// Bytes of the tar.
    pub size: i64,
    /// Media type.
    pub media_type: String,
    /// Short form of the digest, for people.
    pub revision: String,
    /// Files in the pack.
    pub files: i64,
    /// `test_*` rules that passed.
    pub tests: i64,
}

/// Who signed a revision.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignerStatus {
    /// OIDC issuer, for keyless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Certificate subject, or the key's fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Index in the transparency log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_index: Option<i64>,
    /// When the log took it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrated_time: Option<Time>,
}

/// A revision or fetch that failed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Which kind of failure.
    pub reason: String,
    /// What happened.
    pub message: String,
    /// The refused revision's digest, if bytes were had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// When.
    pub at: Time,
}

/// A revision that was loaded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// Its digest.
    pub digest: String,
    /// When it was loaded.
    pub loaded_at: Time,
}

/// How a new revision judges the recorded facts that the loaded one judged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShadowStatus {
    /// The loaded revision's digest.
    pub from: String,
    /// The new revision's digest.
    pub to: String,
    /// How many facts there were.
    #[serde(default)]
    pub recorded: i64,
    /// How many of them both were asked about; fewer if time ran out.
    pub compared: i64,
    /// On how many neither gave an answer.
    #[serde(default)]
    pub undecided: i64,
    /// How many verdicts differ.
    pub flipped: i64,
    /// Whether the new revision waits for `spec.approvedRevision`.
    pub waiting: bool,
    /// The verdicts that differ, at most twenty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flips: Vec<Flip>,
    /// When they were compared.
    pub at: Time,
}

/// One verdict that a new revision turns.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Flip {
    /// Whose facts: `namespace/name` of the DatasetPromotion.
    pub promotion: String,
    /// The gate, A to G.
    pub gate: String,
    /// The loaded revision's verdict.
    pub from: Side,
    /// The new revision's.
    pub to: Side,
    /// Reason codes that only one of both gives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
}

/// A verdict on one gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub enum Side {
    /// Nothing was denied.
    Pass,
    /// Something was.
    Deny,
    /// No answer was had, which means deny.
    Failed,
}
