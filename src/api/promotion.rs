//! `DatasetPromotion`: one dataset version's way through the gates to publication.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::{LocalReference, WrittenTime};

/// Asks for one dataset version to be published, if the gates let it.
#[derive(CustomResource, Clone, PartialEq, Debug, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "lazaret.dev",
    version = "v1alpha1",
    kind = "DatasetPromotion",
    namespaced,
    doc = "DatasetPromotion asks for one dataset version to be published, if the gates let it.",
    status = "DatasetPromotionStatus",
    shortname = "dsp",
    category = "lazaret",
    selectable = ".spec.dataset.slug",
    selectable = ".spec.dataset.versionId",
    printcolumn = r#"{"name":"Dataset","type":"string","jsonPath":".spec.dataset.slug"}"#,
    printcolumn = r#"{"name":"Version","type":"string","jsonPath":".spec.dataset.versionId"}"#,
    printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Plan","type":"string","jsonPath":".status.plan.digest","priority":1}"#,
    printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].message"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    validation = Rule::new("!has(oldSelf.status) || !has(oldSelf.status.phase) || !(oldSelf.status.phase in ['Publishing', 'Published', 'Withdrawn']) || (self.spec.dataset == oldSelf.spec.dataset && self.spec.source == oldSelf.spec.source && self.spec.destination == oldSelf.spec.destination)").message("dataset, source and destination cannot change once the version is being published; promote a new version with a new DatasetPromotion")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.source.url != self.destination.url").message("source and destination must differ")
)]
pub struct DatasetPromotionSpec {
    /// Which dataset version.
    pub dataset: DatasetSelector,
    /// The workspace: the object-store prefix that holds the version's files.
    pub source: ObjectStoreRef,
    /// The object-store prefix that it is published to.
    pub destination: ObjectStoreRef,
    /// Where the record of the decision is kept whole. Without it, the record lies in the destination
    /// and lacks the content of documents that are not published, which a replay then needs again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decisions: Option<ObjectStoreRef>,
    /// Which policy pack judges.
    pub policy_pack_ref: PackReference,
    /// What the data is to be used for; a key of the pack's licence table.
    #[serde(default = "default_intended_use")]
    #[schemars(length(min = 1, max = 63))]
    pub intended_use: String,
    /// Approvals; each holds for exactly the plan whose digest it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub approvals: Vec<ApprovalSpec>,
    /// Gates that must pass beside A to F, which always must.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 7))]
    pub required_gates: Vec<RequiredGate>,
    /// Where the data is hashed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionSpec>,
    /// Runs the gates and plans, but writes nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Stops all work on it.
    #[serde(default)]
    pub suspend: bool,
}

fn default_intended_use() -> String {
    "publication".to_owned()
}

/// A dataset version by name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatasetSelector {
    /// The dataset's stable name.
    #[schemars(length(max = 63))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$')").message("a dataset slug is 1 to 63 lower-case letters, digits, '-' or '_', beginning and ending with a letter or digit"))]
    pub slug: String,
    /// The version's id.
    #[schemars(length(max = 19))]
    #[x_kube(validation = Rule::new("self.matches('^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?\\\\.[0-9a-f]{8}$')").message("a dataset version id is a period (YYYY, YYYY-MM or YYYY-MM-DD), a dot, and the first 8 hex digits of the spec hash, for instance 2026-02.abcd1234"))]
    pub version_id: String,
}

/// A prefix in an object store.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectStoreRef {
    /// `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix` or `file:///path`.
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new("self.matches('^(file|s3|gs|az)://')").message("an object-store URL begins with file://, s3://, gs:// or az://"))]
    pub url: String,
    /// Secret with the store's credentials and endpoint, under the names of the cloud's own
    /// environment variables: `AWS_ACCESS_KEY_ID`, `GOOGLE_SERVICE_ACCOUNT_KEY`,
    /// `AZURE_STORAGE_ACCOUNT_NAME` and their kin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalReference>,
}

/// A policy pack, perhaps of another namespace that grants its use.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
pub struct PackReference {
    /// The pack's name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The pack's namespace; the promotion's own if unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

/// A gate that may be demanded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub enum RequiredGate {
    /// Supply-chain provenance.
    G,
}

/// Where the data is hashed.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionSpec {
    /// InProcess: in the controller's pod. Job: by pods of an Indexed Job in this namespace, each
    /// with a share of the data; for more than one pod should hash. Both stores need a secretRef
    /// then.
    #[serde(default)]
    pub mode: ExecutionMode,
    /// Job: pods that run at once; 4 if unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 256), extend("format" = "int32"))]
    pub parallelism: Option<u16>,
    /// Job: what each pod asks for; a core and 128Mi, at most 512Mi, if unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ExecutionResources>,
}

/// Pods that run at once if nothing is said.
pub const EXECUTION_PARALLELISM: u16 = 4;

/// Who hashes.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum ExecutionMode {
    /// The controller's pod.
    #[default]
    InProcess,
    /// Pods of an Indexed Job.
    Job,
}

/// What a pod asks for, as in a container's `resources`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, KubeSchema)]
pub struct ExecutionResources {
    /// At least.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 8))]
    pub requests: BTreeMap<String, String>,
    /// At most.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 8))]
    pub limits: BTreeMap<String, String>,
}

/// An approval of one plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalSpec {
    /// Who approves.
    #[schemars(length(min = 1, max = 253))]
    pub principal: String,
    /// In which role.
    #[schemars(length(min = 1, max = 63))]
    pub role: String,
    /// Digest of the plan that is approved: `status.plan.digest`.
    #[schemars(length(max = 71))]
    #[x_kube(validation = Rule::new("self.matches('^sha256:[0-9a-f]{64}$')").message("planDigest is \"sha256:\" and 64 lower-case hexadecimal digits: copy status.plan.digest"))]
    pub plan_digest: String,
    /// When.
    pub approved_at: WrittenTime,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub reason: Option<String>,
}

/// Where a promotion stands.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum Phase {
    /// Not looked at yet, or waiting for its policy pack.
    #[default]
    Pending,
    /// The workspace is being read and judged.
    Validating,
    /// The gates pass; the plan waits for an approval.
    AwaitingApproval,
    /// Objects are being written; readers still see what was there before.
    Publishing,
    /// Readers see this version.
    Published,
    /// Denied; a Quarantine says why.
    Quarantined,
    /// Was published; the pointer no longer leads to it.
    Withdrawn,
}

/// What the controller knows of a promotion.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatasetPromotionStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The last value of the `lazaret.dev/requestedAt` annotation that was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// Where it stands.
    #[serde(default)]
    pub phase: Phase,
    /// Ready, Reconciling, Stalled, GatesPassed, Approved.
    #[serde(default)]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// Each gate's outcome.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateStatus>,
    /// SHA-256 of the spec's canonical JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec_hash: Option<String>,
    /// What would be, or was, published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanStatus>,
    /// The promotion manifest, once written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<ManifestStatus>,
    /// The ledger entry, once appended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerStatus>,
    /// The Quarantine that holds it back, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine_ref: Option<LocalReference>,
    /// How far the workspace has been read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<ProgressStatus>,
}

/// One gate's outcome.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct GateStatus {
    /// A to G.
    pub id: String,
    /// Its short name.
    pub name: String,
    /// Passed, Failed or NotRequired.
    pub state: String,
    /// Why it failed; at most 20, the rest is counted in the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ReasonStatus>,
    /// When it was last checked.
    pub checked_at: Time,
}

/// One finding.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
pub struct ReasonStatus {
    /// Stable code.
    pub code: String,
    /// What was found.
    pub message: String,
    /// Where: the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Where in the file (RFC 6901).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What to do.
    pub remedy: String,
}

/// The plan in short.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanStatus {
    /// What an approval names.
    pub digest: String,
    /// How many objects.
    pub artifacts: i64,
    /// How many bytes.
    pub bytes: i64,
    /// Digest of the policy pack that judged.
    pub policy_digest: String,
}

/// The promotion manifest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
pub struct ManifestStatus {
    /// Its digest.
    pub digest: String,
    /// Where it lies.
    pub url: String,
}

/// The ledger entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
pub struct LedgerStatus {
    /// Its place in the chain, from 1.
    pub sequence: i64,
    /// Its digest, which the next entry names.
    pub digest: String,
}

/// How far the workspace has been read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProgressStatus {
    /// Bytes hashed so far.
    pub bytes_done: i64,
    /// Bytes in all.
    pub bytes_total: i64,
}
