//! `Quarantine`: why a dataset version is held back, and who mends it by when.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::{DatasetSelector, WrittenTime};

/// Holds a dataset version back until it is released and the gates pass.
#[derive(CustomResource, Clone, PartialEq, Debug, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "lazaret.dev",
    version = "v1alpha1",
    kind = "Quarantine",
    namespaced,
    doc = "Quarantine holds a dataset version back until it is released and the gates pass.",
    status = "QuarantineStatus",
    shortname = "qn",
    category = "lazaret",
    selectable = ".spec.dataset.slug",
    selectable = ".spec.dataset.versionId",
    printcolumn = r#"{"name":"Dataset","type":"string","jsonPath":".spec.dataset.slug"}"#,
    printcolumn = r#"{"name":"Version","type":"string","jsonPath":".spec.dataset.versionId"}"#,
    printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Reason","type":"string","jsonPath":".spec.reasons[0].code"}"#,
    printcolumn = r#"{"name":"Owner","type":"string","jsonPath":".spec.remediation.owner"}"#,
    printcolumn = r#"{"name":"Due","type":"string","jsonPath":".spec.remediation.dueBy"}"#,
    printcolumn = r#"{"name":"Releasable","type":"string","jsonPath":".status.conditions[?(@.type==\"Releasable\")].status"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.dataset == oldSelf.dataset").message("a Quarantine's dataset cannot change; create another one")
)]
pub struct QuarantineSpec {
    /// Which dataset version is held back.
    pub dataset: DatasetSelector,
    /// Why.
    #[schemars(length(min = 1, max = 256))]
    pub reasons: Vec<QuarantineReason>,
    /// Who does what by when.
    pub remediation: Remediation,
    /// Who made it.
    #[serde(default)]
    pub origin: Origin,
    /// Releases the version; takes effect only while the gates pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
    /// Stops the controller from asking the gates: nothing is released meanwhile, and what was released
    /// stays so.
    #[serde(default)]
    pub suspend: bool,
}

/// One reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
pub struct QuarantineReason {
    /// Which gate, A to G; unset for a person's own reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1))]
    pub gate: Option<String>,
    /// Stable code.
    #[schemars(length(max = 64))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Z][A-Za-z0-9]{2,63}$')").message("a reason code is CamelCase, for instance LicenseUnclear"))]
    pub code: String,
    /// One sentence.
    #[schemars(length(min = 1, max = 2048))]
    pub message: String,
}

/// Who does what by when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Remediation {
    /// Who.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = Rule::new("self.trim() != ''").message("a quarantine has an owner"))]
    pub owner: String,
    /// By when.
    pub due_by: WrittenTime,
    /// What.
    #[schemars(length(min = 1, max = 8192))]
    #[x_kube(validation = Rule::new("self.trim() != ''").message("a quarantine has a remediation plan"))]
    pub plan: String,
}

/// Who made a Quarantine.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum Origin {
    /// The controller, on a denial.
    Controller,
    /// A person.
    #[default]
    Manual,
}

/// A person's word that the version may go on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
pub struct Release {
    /// Who releases.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = Rule::new("self.trim() != ''").message("a release names its principal"))]
    pub principal: String,
    /// Why.
    #[schemars(length(min = 1, max = 2048))]
    #[x_kube(validation = Rule::new("self.trim() != ''").message("a release needs a justification"))]
    pub justification: String,
}

/// Where a Quarantine stands.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum QuarantinePhase {
    /// The version is held back.
    #[default]
    Active,
    /// Still, and the due date is past.
    Overdue,
    /// The version may go on.
    Released,
}

/// What the controller knows of a Quarantine.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuarantineStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The last value of the `lazaret.dev/requestedAt` annotation that was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// Where it stands.
    #[serde(default)]
    pub phase: QuarantinePhase,
    /// Ready, Releasable, Overdue.
    #[serde(default)]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// What happened, oldest first, at most 50 entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<TimelineEntry>,
}

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
pub struct TimelineEntry {
    /// When.
    pub at: Time,
    /// What: Opened, Releasable, NotReleasable, Overdue, Released, Reopened.
    pub event: String,
    /// In words.
    pub message: String,
}
