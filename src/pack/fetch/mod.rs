//! Fetches a pack and its signatures, over HTTP(S) or from an OCI registry. Nothing here believes
//! a byte of it: size, time, retries, redirects and addresses are bounded, and `verify` decides
//! about the rest.

mod error;
mod http;
mod retry;
mod transport;

#[cfg(test)]
pub(super) mod http_tests;

use std::time::Duration;

use bytes::Bytes;

use super::{PACK_MEDIA_TYPE, oci};
pub use error::FetchError;
pub(super) use http::secret_header;
pub use retry::Retry;
pub(super) use transport::{
    Answer, Ask, Transport, expect_ok, is_loopback, parse_url, shown, text,
};

/// The default limit on a pack's size: 32 MiB.
pub const DEFAULT_MAX_BYTES: u64 = 32 << 20;
/// No bundle is larger.
pub(super) const MAX_BUNDLE: u64 = 1 << 20;

/// How the server knows us.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// It does not.
    #[default]
    None,
    /// By a bearer token.
    Bearer(String),
    /// By name and password.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: String,
    },
    /// By a refresh token that a registry's token service exchanges (`identitytoken`).
    Identity(String),
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Bearer(_) => "Bearer(…)",
            Self::Basic { .. } => "Basic(…)",
            Self::Identity(_) => "Identity(…)",
        })
    }
}

/// A proxy that was named on purpose; the environment's is never used.
#[derive(Clone)]
pub struct Proxy {
    /// Its `http` or `https` URL.
    pub address: String,
    /// Name and password for it.
    pub credentials: Option<(String, String)>,
}

/// What to fetch and within which bounds.
#[derive(Clone)]
pub struct FetchSettings {
    /// Where the pack is: `http` or `https` without credentials, or `oci://registry/repository`.
    pub url: String,
    /// Which artifact of an OCI repository.
    pub version: Option<oci::Version>,
    /// Where its bundle is; if `None`, in the header `X-Cosign-Bundle`, else where a `Link` with
    /// `rel="attestation"` leads, else at `<url>.sigstore.json`.
    pub bundle_url: Option<String>,
    /// The media type of an OCI artifact and of its one layer: a pack's, unless something else is meant.
    pub media_type: &'static str,
    /// Whether the signatures that a registry holds are fetched as well.
    pub signatures: bool,
    /// Largest pack to accept.
    pub max_bytes: u64,
    /// For everything, pack, signatures and retries together.
    pub timeout: Duration,
    /// For each connection.
    pub connect_timeout: Duration,
    /// What is tried again and when.
    pub retry: Retry,
    /// Certificate authorities in PEM that replace the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// The certificate that we show to the origin of `url` and to no other, and its key, both in
    /// PEM, one after the other.
    pub client_pem: Option<Vec<u8>>,
    /// The proxy that everything goes through.
    pub proxy: Option<Proxy>,
    /// Credentials; they never go to another origin nor, except to loopback, over plain HTTP.
    pub auth: Auth,
    /// Whether loopback addresses may be fetched from: for tests and development.
    pub allow_loopback: bool,
    /// Whether a registry on loopback is spoken to without TLS.
    pub plain_http: bool,
}

impl FetchSettings {
    /// Settings with the defaults.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            version: None,
            bundle_url: None,
            media_type: PACK_MEDIA_TYPE,
            signatures: true,
            max_bytes: DEFAULT_MAX_BYTES,
            timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            retry: Retry::default(),
            ca_pem: None,
            client_pem: None,
            proxy: None,
            auth: Auth::None,
            allow_loopback: false,
            plain_http: false,
        }
    }
}

/// What the last accepted fetch gave, for a conditional request. Leave it out if that fetch did not
/// end in a loaded pack: an unchanged pack may have got its bundle meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Previous {
    /// The entity tag; of an OCI artifact, its manifest's digest.
    pub etag: Option<String>,
    /// The date.
    pub last_modified: Option<String>,
}

/// Bytes from somewhere, not believed.
#[derive(Clone, Debug, Default)]
pub struct FetchedPack {
    /// The tar.
    pub tar: Bytes,
    /// The Sigstore bundle that came with the tar, if one did.
    pub bundle: Option<Bytes>,
    /// The OCI manifest that the tar was found by. Signatures may be over it instead of the tar.
    pub manifest: Option<Bytes>,
    /// Signatures that a registry holds for the manifest. Any one of them suffices.
    pub candidates: Vec<oci::Signature>,
    /// For the next request.
    pub previous: Previous,
    /// Where the tar came from in the end.
    pub url: String,
}

/// The outcome of a fetch.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// Something new.
    Pack(FetchedPack),
    /// What [`Previous`] names is still current.
    NotModified,
}

/// Fetches a pack and its signatures.
///
/// # Errors
/// The first act that fails for good. A signature that merely is not there is no error here:
/// `verify` says so.
pub async fn fetch(
    settings: &FetchSettings,
    previous: Option<&Previous>,
) -> Result<Fetched, FetchError> {
    let transport = Transport::new(settings)?;
    transport
        .in_time(async {
            match settings.url.starts_with(oci::SCHEME) {
                true => oci::pull(&transport, settings, previous).await,
                false => http::fetch(&transport, settings, previous).await,
            }
        })
        .await
}
