//! Whom a pack may be signed by, and what a signature must carry.

mod identity;
mod key;
mod root;

pub use identity::Identity;
pub use key::PublicKey;
pub use root::TrustRoot;

/// Why an authority is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TrustError {
    /// The trust root does not parse or holds unusable material.
    #[error("the trust root is unusable: {0}")]
    TrustRootInvalid(String),
    /// The key does not parse or is of an unsupported kind.
    #[error("the public key is unusable: {0}")]
    KeyInvalid(String),
    /// Neither or both of a literal and a regular expression.
    #[error("an identity names exactly one of {0} and {0}RegExp")]
    IdentityIncomplete(&'static str),
    /// The regular expression does not parse or is too large.
    #[error("the regular expression for {field} is unusable: {message}")]
    RegExpInvalid {
        /// `issuer` or `subject`.
        field: &'static str,
        /// What the parser says.
        message: String,
    },
}

impl TrustError {
    /// A short CamelCase name for conditions.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::TrustRootInvalid(_) => "TrustRootInvalid",
            Self::KeyInvalid(_) => "KeyInvalid",
            Self::IdentityIncomplete(_) | Self::RegExpInvalid { .. } => "IdentityInvalid",
        }
    }
}

/// Whether a certificate must carry a timestamp of a certificate-transparency log (SCT).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CertificateTimestamp {
    /// If the trust root names such logs.
    #[default]
    FromTrustRoot,
    /// Always.
    Required,
    /// Never.
    Ignored,
}

/// What a keyless signature must carry beside the certificate; the default is strict. Nothing that
/// a bundle says of itself, its version least of all, changes what is demanded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Requirements {
    /// A log entry, and an inclusion proof with every log entry. Without this demand, log or
    /// timestamp authority must still say when the signature was made.
    pub inclusion_proof: bool,
    /// A timestamp of an authority of the trust root.
    pub signed_timestamp: bool,
    /// A timestamp of a certificate-transparency log in the certificate.
    pub certificate_timestamp: CertificateTimestamp,
}

impl Default for Requirements {
    fn default() -> Self {
        Self {
            inclusion_proof: true,
            signed_timestamp: false,
            certificate_timestamp: CertificateTimestamp::FromTrustRoot,
        }
    }
}

/// What a signature with a key must carry beside itself, and who vouches for it.
#[derive(Clone, Debug)]
pub struct KeyLog {
    /// Whose logs and timestamp authorities count.
    pub root: TrustRoot,
    /// A log entry, and an inclusion proof with every log entry.
    pub inclusion_proof: bool,
    /// A timestamp of an authority of the trust root.
    pub signed_timestamp: bool,
}

impl KeyLog {
    /// Demands a log entry with an inclusion proof.
    pub const fn strict(root: TrustRoot) -> Self {
        Self { root, inclusion_proof: true, signed_timestamp: false }
    }
}

/// Someone whose signatures count.
#[derive(Clone, Debug)]
pub enum Authority {
    /// Whoever holds a certificate of the trust root for one of the identities.
    Keyless {
        /// Whom to believe about identities.
        root: TrustRoot,
        /// Which identities may sign; none means nobody.
        identities: Vec<Identity>,
        /// What a signature must carry.
        require: Requirements,
    },
    /// Whoever holds a key.
    Key {
        /// The key's public half.
        key: PublicKey,
        /// What a signature must carry beside itself; if unset the key alone suffices, and no claim
        /// of a log is believed.
        log_root: Option<KeyLog>,
    },
}
