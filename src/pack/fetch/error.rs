//! How a fetch fails, and which act of it failed.

use std::error::Error as StdError;
use std::time::Duration;

use reqwest::{StatusCode, Url};

use super::super::oci::{ChallengeError, ManifestError, ReferenceError};
use super::transport::shown;
use crate::domain::Digest;
use crate::objects::Forbidden;

/// Why there is no pack. One variant for each act that can fail.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not an absolute http(s) URL, or one with credentials in it.
    #[error("{url:?} is no usable URL: {why}")]
    UrlInvalid {
        /// The URL.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The address must not be fetched from.
    #[error("{0} is a loopback, link-local or metadata address; packs are not fetched from there")]
    AddressForbidden(String),
    /// Credentials would travel in the clear.
    #[error("credentials are configured, but {0} is not https")]
    CredentialsInClear(String),
    /// The certificate authorities do not parse.
    #[error("the CA certificates are no PEM: {0}")]
    CaInvalid(#[source] reqwest::Error),
    /// Our own certificate or its key does not parse.
    #[error("the client certificate and its key are no PEM: {0}")]
    ClientCertificateInvalid(#[source] reqwest::Error),
    /// A token or password that no header can hold.
    #[error("the credentials hold a character that no HTTP header can carry")]
    CredentialsInvalid,
    /// No client could be made.
    #[error("cannot set up the HTTP client: {0}")]
    ClientFailed(#[source] reqwest::Error),
    /// No connection.
    #[error("cannot connect to {url}: {cause}")]
    ConnectFailed {
        /// Whereto.
        url: String,
        /// The innermost cause.
        cause: String,
    },
    /// The server's certificate or the handshake.
    #[error("TLS with {url} failed: {cause}")]
    TlsFailed {
        /// Whereto.
        url: String,
        /// The innermost cause.
        cause: String,
    },
    /// Time is up.
    #[error("no complete answer within {0:?}")]
    Timeout(Duration),
    /// The answer broke off or was not HTTP.
    #[error("the answer of {url} broke off: {cause}")]
    Interrupted {
        /// From where.
        url: String,
        /// The innermost cause.
        cause: String,
    },
    /// More bytes than allowed, announced or sent.
    #[error("{url} is larger than the limit of {limit} bytes")]
    TooLarge {
        /// What.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// 404 or 410.
    #[error("{0} does not exist")]
    NotFound(String),
    /// 401 or 403.
    #[error("{0} refuses our credentials")]
    Unauthorized(String),
    /// Any other status that is not an answer.
    #[error("{url} answers {status}")]
    StatusUnexpected {
        /// What.
        url: String,
        /// The status.
        status: StatusCode,
    },
    /// Too many redirects, one from https to http, or one without a usable target.
    #[error("a redirect of {url} is refused: {why}")]
    RedirectRefused {
        /// From where.
        url: String,
        /// Why.
        why: &'static str,
    },
    /// The body is compressed although we did not ask for that.
    #[error("{url} sends an encoded body ({encoding}); a pack is sent as it is")]
    EncodingUnexpected {
        /// What.
        url: String,
        /// The header.
        encoding: String,
    },
    /// An OCI reference that cannot be used.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// No tag is in the range.
    #[error("no tag of {repository} is in the range {range}")]
    NoTagInRange {
        /// Which repository.
        repository: String,
        /// The range.
        range: String,
    },
    /// A manifest or index that is no pack's.
    #[error("{url}: {error}")]
    Manifest {
        /// Which.
        url: String,
        /// What is wrong.
        #[source]
        error: ManifestError,
    },
    /// The registry gives other bytes than the digest names.
    #[error("{url} gives bytes with the digest {actual} where {expected} was asked for")]
    OtherBytes {
        /// What.
        url: String,
        /// What was asked for.
        expected: Digest,
        /// What came.
        actual: Digest,
    },
    /// The registry's way to log in cannot be taken.
    #[error("{url}: {error}")]
    Challenge {
        /// Which registry.
        url: String,
        /// Why not.
        #[source]
        error: ChallengeError,
    },
    /// More of something than a pack has.
    #[error("{url} has more than {limit} {what}")]
    TooMany {
        /// Where.
        url: String,
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// `X-Cosign-Bundle` is neither JSON nor base64 of it.
    #[error("the header X-Cosign-Bundle of {0} holds no bundle")]
    BundleHeaderInvalid(String),
}

impl FetchError {
    /// A short CamelCase name for conditions.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::UrlInvalid { .. } => "UrlInvalid",
            Self::AddressForbidden(_) => "AddressForbidden",
            Self::CredentialsInClear(_) => "CredentialsInClear",
            Self::CaInvalid(_) => "CaInvalid",
            Self::ClientCertificateInvalid(_) => "ClientCertificateInvalid",
            Self::CredentialsInvalid => "CredentialsInvalid",
            Self::ClientFailed(_) => "FetchFailed",
            Self::ConnectFailed { .. } => "ConnectFailed",
            Self::TlsFailed { .. } => "TlsFailed",
            Self::Timeout(_) => "Timeout",
            Self::Interrupted { .. } => "FetchInterrupted",
            Self::TooLarge { .. } => "TooLarge",
            Self::NotFound(_) => "NotFound",
            Self::Unauthorized(_) => "Unauthorized",
            Self::StatusUnexpected { .. } => "FetchFailed",
            Self::RedirectRefused { .. } => "RedirectRefused",
            Self::EncodingUnexpected { .. } => "EncodingUnexpected",
            Self::Reference(error) => error.reason(),
            Self::NoTagInRange { .. } => "NoTagInRange",
            Self::Manifest { error, .. } => error.reason(),
            Self::OtherBytes { .. } => "RegistryDigestMismatch",
            Self::Challenge { error, .. } => error.reason(),
            Self::TooMany { .. } => "TooLarge",
            Self::BundleHeaderInvalid(_) => "BundleHeaderInvalid",
        }
    }

    /// Whether trying again later may help without anyone changing anything.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::ConnectFailed { .. } | Self::Timeout(_) | Self::Interrupted { .. } => true,
            Self::StatusUnexpected { status, .. } => {
                status.as_u16() >= 500 || status.as_u16() == 429
            }
            _ => false,
        }
    }
}

/// Finds out which act failed by walking down the causes.
pub(super) fn explain(error: reqwest::Error, url: &Url) -> FetchError {
    let url = shown(url);
    let error = error.without_url();
    let mut cause = error.to_string();
    let mut tls = false;
    let mut next: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(at) = next {
        if let Some(Forbidden(host)) = at.downcast_ref() {
            return FetchError::AddressForbidden(host.clone());
        }
        tls |= at.is::<rustls::Error>();
        cause = at.to_string();
        // An io::Error hides the error that it carries from source().
        next = match at.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => at.source(),
        };
    }
    if tls {
        FetchError::TlsFailed { url, cause }
    } else if error.is_connect() {
        FetchError::ConnectFailed { url, cause }
    } else {
        FetchError::Interrupted { url, cause }
    }
}
