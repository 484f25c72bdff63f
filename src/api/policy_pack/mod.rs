//! `PolicyPack`: where signed policy comes from, whom it is trusted from, how fresh it must be.

mod source;
mod status;
mod verify;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::Duration;
pub use source::*;
pub use status::*;
pub use verify::*;

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
    /// How long one fetch may take; at most five minutes.
    #[serde(default = "PolicyPackSpec::default_timeout")]
    #[x_kube(validation = Rule::new("duration(self) <= duration('5m')").message("spec.timeout is at most 5m"))]
    pub timeout: Duration,
    /// Past this time without a successful check of the source, the pack denies everything.
    #[serde(default = "PolicyPackSpec::default_max_staleness")]
    pub max_staleness: Duration,
    /// Whether the pack's own `test_*` rules must be there and pass before it is loaded.
    #[serde(default)]
    pub contract_tests: ContractTests,
    /// What happens before a new revision takes the place of the loaded one: both judge the facts
    /// that were judged last, and the verdicts that differ are shown.
    #[serde(default)]
    pub shadow: Shadow,
    /// The one revision (`sha256:<64 hex>` of its tar) that may be loaded although verdicts differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 71))]
    #[x_kube(validation = Rule::new("self.matches('^sha256:[0-9a-f]{64}$')").message("a digest is \"sha256:\" and 64 lower-case hexadecimal digits"))]
    pub approved_revision: Option<String>,
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
    /// Names of the Secrets that the spec refers to, in the pack's own namespace.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let http = self.source.http.iter().map(|http| (&http.secret_ref, &http.connection));
        let oci = self.source.oci.iter().map(|oci| (&oci.secret_ref, &oci.connection));
        let sources = http.chain(oci).flat_map(|(own, connection)| {
            let Connection { ca_secret_ref, cert_secret_ref, proxy_secret_ref } = connection;
            [own, ca_secret_ref, cert_secret_ref, proxy_secret_ref].into_iter().flatten()
        });
        let keys = self.verify.keys.iter().map(|key| key.secret_ref.name.as_str());
        sources.map(|reference| reference.name.as_str()).chain(keys)
    }

    /// Names of the ConfigMaps that the spec refers to, in the pack's own namespace.
    pub fn config_maps(&self) -> impl Iterator<Item = &str> {
        let keyless = self.verify.keyless.iter().flat_map(|keyless| {
            keyless.trust_root_ref.iter().chain(&keyless.additional_trust_root_refs)
        });
        let keys = self.verify.keys.iter().flat_map(|key| &key.trust_root_ref);
        keyless.chain(keys).map(|reference| reference.name.as_str())
    }

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

/// What verdicts that a new revision turns mean for it.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum Shadow {
    /// They are shown in `status.shadow`, and the revision is loaded.
    #[default]
    Report,
    /// The revision waits until `spec.approvedRevision` names it.
    RequireApproval,
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
