//! `PolicyPack`: where signed policy comes from, whom it is trusted from, how fresh it must be.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector, Time};
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::Duration;

/// A signed policy pack: fetched, verified, tested, then loaded into the policy engine. A revision
/// that fails any of these never displaces the last one that passed them all.
#[derive(CustomResource, Clone, PartialEq, Debug, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "lazaret.dev",
    version = "v1alpha1",
    kind = "PolicyPack",
    namespaced,
    doc = "PolicyPack is a signed policy pack: fetched, verified, tested, then loaded into the policy engine.",
    status = "PolicyPackStatus",
    shortname = "pp",
    category = "lazaret",
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Revision","type":"string","jsonPath":".status.artifact.revision"}"#,
    printcolumn = r#"{"name":"Signer","type":"string","jsonPath":".status.signer.subject","priority":1}"#,
    printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].message"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.maxStaleness) || !has(self.interval) || duration(self.maxStaleness) >= duration(self.interval)").message("spec.maxStaleness must be at least spec.interval, else the pack denies between two polls")
)]
pub struct PolicyPackSpec {
    /// Where the pack comes from.
    pub source: PackSource,
    /// Pins the pack to one digest (`sha256:<64 hex>`); anything else is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 71))]
    #[x_kube(validation = Rule::new("self.matches('^sha256:[0-9a-f]{64}$')").message("a digest is \"sha256:\" and 64 lower-case hexadecimal digits"))]
    pub digest: Option<String>,
    /// Whose signature is trusted. Any one authority suffices; without any, nothing is loaded.
    pub verify: Verify,
    /// How often the source is asked for a new revision.
    #[serde(default = "PolicyPackSpec::default_interval")]
    pub interval: Duration,
    /// How long one fetch may take.
    #[serde(default = "PolicyPackSpec::default_timeout")]
    pub timeout: Duration,
    /// Past this time without a successful check of the source, the pack denies everything.
    #[serde(default = "PolicyPackSpec::default_max_staleness")]
    pub max_staleness: Duration,
    /// Whether the pack's own `test_*` rules must be there and pass before it is loaded.
    #[serde(default)]
    pub contract_tests: ContractTests,
    /// Which namespaces' promotions may use the pack.
    #[serde(default)]
    pub allowed_namespaces: AllowedNamespaces,
    /// Whether and as what the pack is served on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serve: Option<Serve>,
    /// Stops all polling; the loaded revision stays until it is stale.
    #[serde(default)]
    pub suspend: bool,
}

impl PolicyPackSpec {
    fn default_interval() -> Duration {
        Duration::from_secs(300)
    }
    fn default_timeout() -> Duration {
        Duration::from_secs(30)
    }
    fn default_max_staleness() -> Duration {
        Duration::from_secs(24 * 3600)
    }
}

/// Where a pack comes from: exactly one of these.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = Rule::new("has(self.http) != has(self.oci)").message("set exactly one source: either http or oci"))]
pub struct PackSource {
    /// A tar over HTTP or HTTPS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpSource>,
    /// An OCI artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oci: Option<OciSource>,
}

/// A pack over HTTP.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct HttpSource {
    /// URL of the tar.
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new("self.matches('^https?://[^/@\\\\s]+(/[^\\\\s]*)?$')").message("an http source is an http:// or https:// URL without credentials in it; put those in secretRef"))]
    pub url: String,
    /// URL of the Sigstore bundle; by default `<url>.sigstore.json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new("self.matches('^https?://[^/@\\\\s]+(/[^\\\\s]*)?$')").message("bundleUrl is an http:// or https:// URL without credentials in it"))]
    pub bundle_url: Option<String>,
    /// Secret with `token`, or `username` and `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalReference>,
    /// Secret with `ca.crt`, the PEM certificates to trust instead of the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_secret_ref: Option<LocalReference>,
}

/// A pack in an OCI registry.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.tag), has(self.semver), has(self.digest)].filter(x, x).size() == 1").message("set exactly one of tag, semver and digest"))]
pub struct OciSource {
    /// `oci://registry/repository`.
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new("self.startsWith('oci://')").message("an OCI source begins with oci://"))]
    pub url: String,
    /// A tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// A SemVer range; the highest matching tag wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semver: Option<String>,
    /// A manifest digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Secret of type `kubernetes.io/dockerconfigjson`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalReference>,
    /// Secret with `ca.crt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_secret_ref: Option<LocalReference>,
}

/// An object in the same namespace, by name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
pub struct LocalReference {
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// A key of a Secret or ConfigMap in the same namespace.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
pub struct KeyReference {
    /// The object's name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The key in its data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub key: Option<String>,
}

/// Whose signature is trusted.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = Rule::new("has(self.keyless) || (has(self.keys) && size(self.keys) > 0)").message("name at least one authority: keyless with identities, or keys; an unsigned pack is never loaded"))]
pub struct Verify {
    /// Certificates of a Sigstore certificate authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyless: Option<Keyless>,
    /// Public keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub keys: Vec<KeyAuthority>,
}

/// Keyless verification: a certificate, a transparency log, an identity.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Keyless {
    /// ConfigMap with a Sigstore `TrustedRoot` JSON (key `trusted_root.json` unless told
    /// otherwise); the public-good instance's root if unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_root_ref: Option<KeyReference>,
    /// Who may have signed; any one suffices.
    #[schemars(length(min = 1, max = 16))]
    pub identities: Vec<Identity>,
}

/// An identity in a Fulcio certificate: its issuer and its subject, each exact or by an anchored
/// regular expression.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.issuer) != has(self.issuerRegExp)").message("set exactly one of issuer and issuerRegExp"),
    validation = Rule::new("has(self.subject) != has(self.subjectRegExp)").message("set exactly one of subject and subjectRegExp")
)]
pub struct Identity {
    /// The OIDC issuer, exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub issuer: Option<String>,
    /// The OIDC issuer, as a regular expression that the whole text must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub issuer_reg_exp: Option<String>,
    /// The subject alternative name, exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub subject: Option<String>,
    /// The subject alternative name, as a regular expression that the whole text must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub subject_reg_exp: Option<String>,
}

/// A public key that is trusted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyAuthority {
    /// Secret with the PEM public key, under `cosign.pub` unless told otherwise.
    pub secret_ref: KeyReference,
}

/// What is asked of the pack's own tests.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum ContractTests {
    /// The pack has tests and all pass.
    #[default]
    Required,
    /// Tests that are there must pass; a pack without any loads, and gate F denies for it.
    IfPresent,
}

/// Which namespaces' promotions may use a pack.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = Rule::new("self.from != 'Selector' || has(self.selector)").message("from: Selector needs a selector"))]
pub struct AllowedNamespaces {
    /// The pack's own namespace, all, or those that the selector matches.
    #[serde(default)]
    pub from: NamespacesFrom,
    /// Matches labels of namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// How namespaces are chosen.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum NamespacesFrom {
    /// Only the pack's own.
    #[default]
    Same,
    /// Every namespace.
    All,
    /// Those that match the selector.
    Selector,
}

/// Serving a pack on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Serve {
    /// Whether it is served.
    #[serde(default)]
    pub enabled: bool,
    /// Under which id: `/v1/policy/packs/{id}`.
    #[schemars(length(max = 63))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')").message("a pack id is lower-case letters, digits, '-' and '.'"))]
    pub id: String,
    /// Whether the bundle is sent in the `X-Cosign-Bundle` header.
    #[serde(default)]
    pub inline_bundle: bool,
}

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
