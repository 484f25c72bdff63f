//! Whom a pack may be signed by.

use std::fmt;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use sigstore_verify::Verifier;
use sigstore_verify::crypto::KeyAlgorithm;
use sigstore_verify::trust_root::{SigstoreInstance, TrustedRoot};
use sigstore_verify::types::{Bundle, DerPublicKey, LogKeyId};

use crate::domain::Digest;

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

/// Certificate authorities, logs and timestamp authorities that are believed. Cheap to clone.
#[derive(Clone)]
pub struct TrustRoot {
    pub(super) verifier: Arc<Verifier>,
    /// Whether the root names certificate-transparency logs. A private Sigstore without one issues
    /// certificates without timestamps from it, and then none are demanded.
    pub(super) has_ct_log: bool,
    logs: Arc<[LogKeyId]>,
}

impl TrustRoot {
    /// Reads a Sigstore `TrustedRoot` in JSON.
    ///
    /// # Errors
    /// If anything in it cannot be used.
    pub fn parse(json: &str) -> Result<Self, TrustError> {
        let invalid = |e: &dyn fmt::Display| TrustError::TrustRootInvalid(e.to_string());
        let root = TrustedRoot::from_json(json).map_err(|e| invalid(&e))?;
        Self::new(&root)
    }

    /// The root of Sigstore's public-good instance, as built in.
    ///
    /// # Errors
    /// If the built-in root is broken.
    pub fn public_good() -> Result<Self, TrustError> {
        let root = TrustedRoot::from_embedded(SigstoreInstance::PublicGood)
            .map_err(|e| TrustError::TrustRootInvalid(e.to_string()))?;
        Self::new(&root)
    }

    fn new(root: &TrustedRoot) -> Result<Self, TrustError> {
        let verifier =
            Verifier::new(root).map_err(|e| TrustError::TrustRootInvalid(e.to_string()))?;
        Ok(Self {
            verifier: Arc::new(verifier),
            has_ct_log: !root.ctlogs.is_empty(),
            logs: root.tlogs.iter().map(|log| log.log_id.key_id.clone()).collect(),
        })
    }

    /// Whether the root names every log that a bundle cites.
    pub(super) fn knows_logs_of(&self, bundle: &Bundle) -> bool {
        let mut cited = bundle.verification_material.tlog_entries.iter();
        cited.all(|entry| self.logs.contains(&entry.log_id.key_id))
    }
}

impl fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustRoot").finish_non_exhaustive()
    }
}

/// A public key: ECDSA P-256 or P-384, RSA from 2048 bits, or Ed25519.
#[derive(Clone)]
pub struct PublicKey {
    pub(super) der: DerPublicKey,
    pub(super) algorithm: KeyAlgorithm,
    fingerprint: Digest,
}

impl PublicKey {
    /// Reads `BEGIN PUBLIC KEY`.
    ///
    /// # Errors
    /// If it is not one of the supported kinds.
    pub fn parse(pem: &str) -> Result<Self, TrustError> {
        let der = DerPublicKey::from_pem(pem).map_err(|e| TrustError::KeyInvalid(e.to_string()))?;
        let algorithm =
            KeyAlgorithm::from_spki(&der).map_err(|e| TrustError::KeyInvalid(e.to_string()))?;
        let fingerprint = Digest::of(der.as_bytes());
        Ok(Self { der, algorithm, fingerprint })
    }

    /// SHA-256 of the SPKI: what cosign writes as hint.
    pub const fn fingerprint(&self) -> Digest {
        self.fingerprint
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint)
    }
}

/// Someone whose signatures count.
#[derive(Clone, Debug)]
pub enum Authority {
    /// Whoever holds a certificate of the trust root for one of the identities, with a signature
    /// that the root's log has recorded.
    Keyless {
        /// Whom to believe about identities.
        root: TrustRoot,
        /// Which identities may sign; none means nobody.
        identities: Vec<Identity>,
    },
    /// Whoever holds a key.
    Key {
        /// The key's public half.
        key: PublicKey,
        /// Whose log entries to believe, if a bundle has some; without it such bundles are checked
        /// against the public-good root.
        log_root: Option<TrustRoot>,
    },
}

/// An OIDC issuer and a subject that it vouches for.
#[derive(Clone, Debug)]
pub struct Identity {
    issuer: Matcher,
    subject: Matcher,
}

impl Identity {
    /// An identity of literals or regular expressions, exactly one for issuer and one for subject.
    /// An expression must match the whole text.
    ///
    /// # Errors
    /// If one is missing, given twice, or no regular expression.
    pub fn new(
        issuer: Option<&str>,
        issuer_regexp: Option<&str>,
        subject: Option<&str>,
        subject_regexp: Option<&str>,
    ) -> Result<Self, TrustError> {
        Ok(Self {
            issuer: Matcher::new("issuer", issuer, issuer_regexp)?,
            subject: Matcher::new("subject", subject, subject_regexp)?,
        })
    }

    /// Whether a certificate's claims are this identity.
    pub fn matches(&self, issuer: &str, subject: &str) -> bool {
        self.issuer.matches(issuer) && self.subject.matches(subject)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.subject, self.issuer)
    }
}

#[derive(Clone, Debug)]
enum Matcher {
    Exact(String),
    Whole { regex: Regex, source: String },
}

impl Matcher {
    fn new(
        field: &'static str,
        exact: Option<&str>,
        regexp: Option<&str>,
    ) -> Result<Self, TrustError> {
        match (exact.filter(|s| !s.is_empty()), regexp.filter(|s| !s.is_empty())) {
            (Some(text), None) => Ok(Self::Exact(text.to_owned())),
            (None, Some(source)) => {
                let invalid =
                    |e: regex::Error| TrustError::RegExpInvalid { field, message: e.to_string() };
                let compile =
                    |text: &str| RegexBuilder::new(text).size_limit(1 << 18).nest_limit(50).build();
                // Alone first: `a)|(b` parses only once it is wrapped.
                compile(source).map_err(invalid)?;
                let regex = compile(&format!("^(?:{source})$")).map_err(invalid)?;
                Ok(Self::Whole { regex, source: source.to_owned() })
            }
            _ => Err(TrustError::IdentityIncomplete(field)),
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Whole { regex, .. } => regex.is_match(text),
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) => f.write_str(text),
            Self::Whole { source, .. } => write!(f, "/{source}/"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_match_the_whole_text() {
        let whole =
            |source, text| Matcher::new("subject", None, Some(source)).unwrap().matches(text);
        assert!(whole("https://github.com/lazaret/.*", "https://github.com/lazaret/packs"));
        assert!(!whole("github.com/lazaret", "https://github.com/lazaret/packs"));
        assert!(!whole("a|b", "ab"));
        assert!(!whole("a", "a\n"));
        assert!(!whole("a", "x\na\ny"));
        assert!(!whole("(?m)a", "x\na\ny"));
    }

    #[test]
    fn an_identity_is_complete_or_refused() {
        let identity = |a, b, c, d| Identity::new(a, b, c, d).map(|_| ()).unwrap_err().reason();
        assert_eq!(identity(None, None, Some("s"), None), "IdentityInvalid");
        assert_eq!(identity(Some("i"), Some("i"), Some("s"), None), "IdentityInvalid");
        assert_eq!(identity(Some(""), None, Some("s"), None), "IdentityInvalid");
        for bad in ["(", "a)|(.*", "(?x)a#", "(?:a{1000}){1000}"] {
            assert_eq!(identity(Some("i"), None, None, Some(bad)), "IdentityInvalid", "{bad}");
        }
    }

    #[test]
    fn roots_and_keys_are_checked_when_read() {
        assert!(TrustRoot::public_good().is_ok());
        assert_eq!(TrustRoot::parse("{}").unwrap_err().reason(), "TrustRootInvalid");
        assert_eq!(PublicKey::parse("nothing").unwrap_err().reason(), "KeyInvalid");
    }
}
