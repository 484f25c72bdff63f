//! Where a pack comes from.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

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
    /// URL of the Sigstore bundle. By default it is in the answer's header `X-Cosign-Bundle`, else
    /// where its `Link` with `rel="attestation"` leads, else at `<url>.sigstore.json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new("self.matches('^https?://[^/@\\\\s]+(/[^\\\\s]*)?$')").message("bundleUrl is an http:// or https:// URL without credentials in it"))]
    pub bundle_url: Option<String>,
    /// Secret with `token`, or `username` and `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalReference>,
    /// Certificates and proxy.
    #[serde(flatten)]
    pub connection: Connection,
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
    #[schemars(length(max = 128))]
    #[x_kube(validation = Rule::new("self.matches('^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$')").message("a tag is letters, digits, '_', '.' and '-'"))]
    pub tag: Option<String>,
    /// A SemVer range, for instance `^1.2`; the highest matching tag wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub semver: Option<String>,
    /// Digest of the artifact's manifest: `sha256:<64 hex>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 71))]
    #[x_kube(validation = Rule::new("self.matches('^sha256:[0-9a-f]{64}$')").message("a digest is \"sha256:\" and 64 lower-case hexadecimal digits"))]
    pub digest: Option<String>,
    /// Secret of type `kubernetes.io/dockerconfigjson`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalReference>,
    /// Certificates and proxy.
    #[serde(flatten)]
    pub connection: Connection,
}

/// How a source is connected to, whatever its kind.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// Secret with `ca.crt`, the PEM certificates to trust instead of the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_secret_ref: Option<LocalReference>,
    /// Secret of type `kubernetes.io/tls` with `tls.crt` and `tls.key`: the certificate that we show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<LocalReference>,
    /// Secret with `address`, the URL of an HTTP proxy, and optionally `username` and `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_secret_ref: Option<LocalReference>,
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
