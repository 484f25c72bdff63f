//! Whose signature on a pack counts, and what it must carry.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::source::KeyReference;

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
    /// More ConfigMaps like that, each trusted for the same identities: while authorities rotate, the
    /// old root and the new one overlap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4))]
    pub additional_trust_root_refs: Vec<KeyReference>,
    /// What a signature must carry beside the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require: Option<KeylessRequirements>,
    /// Who may have signed; any one suffices.
    #[schemars(length(min = 1, max = 16))]
    pub identities: Vec<Identity>,
}

/// What a keyless signature must carry. What is not said here is strict: an inclusion proof, and a
/// signed certificate timestamp if the trust root names certificate-transparency logs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeylessRequirements {
    /// Whether a transparency log must have recorded the signature, with a proof of inclusion. If
    /// not, a signed timestamp must say when it was made.
    #[serde(default = "yes")]
    pub inclusion_proof: bool,
    /// Whether a timestamp authority (RFC 3161) of the trust root must have signed the time.
    #[serde(default)]
    pub signed_timestamp: bool,
    /// Whether the certificate must carry a timestamp of a certificate-transparency log.
    #[serde(default)]
    pub certificate_timestamp: CertificateTimestamp,
}

fn yes() -> bool {
    true
}

/// Whether a certificate must carry a signed certificate timestamp (SCT, RFC 6962).
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum CertificateTimestamp {
    /// If the trust root names certificate-transparency logs.
    #[default]
    FromTrustRoot,
    /// Always.
    Required,
    /// Never.
    Ignored,
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
#[x_kube(validation = Rule::new("!has(self.require) || has(self.trustRootRef)").message("require needs trustRootRef: only a trust root says which logs and timestamp authorities count"))]
pub struct KeyAuthority {
    /// Secret with the PEM public key (ECDSA P-256 or P-384, RSA, Ed25519), under `cosign.pub` unless
    /// told otherwise.
    pub secret_ref: KeyReference,
    /// ConfigMap with the Sigstore `TrustedRoot` JSON whose logs and timestamp authorities count for
    /// this key. With one, a transparency log must have recorded each signature unless `require` says
    /// otherwise; without one, the key alone suffices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_root_ref: Option<KeyReference>,
    /// What a signature must carry beside itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require: Option<KeyRequirements>,
}

/// What a signature with a key must carry beside itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyRequirements {
    /// Whether a transparency log must have recorded it, with a proof of inclusion.
    #[serde(default = "yes")]
    pub inclusion_proof: bool,
    /// Whether a timestamp authority (RFC 3161) of the trust root must have signed the time.
    #[serde(default)]
    pub signed_timestamp: bool,
}
