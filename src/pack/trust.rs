//! Whom a pack may be signed by.

use std::fmt;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use serde_json::{Value, json};
use sigstore_verify::Verifier;
use sigstore_verify::crypto::{KeyAlgorithm, Keyring, VerificationKey, validate_raw_public_key};
use sigstore_verify::trust_root::{SigstoreInstance, TrustedRoot};
use sigstore_verify::types::{Bundle, DerPublicKey, LogKeyId, TsaAuthority};

use super::bundle::strict;
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

/// A trust root larger than this is none.
const MAX_ROOT: usize = 4 << 20;

/// Certificate authorities, logs and timestamp authorities that are believed. Cheap to clone.
#[derive(Clone)]
pub struct TrustRoot {
    pub(super) verifier: Arc<Verifier>,
    /// The logs' keys, for what the library leaves to its callers.
    pub(super) log_keys: Arc<Keyring>,
    pub(super) timestamp_authorities: Arc<[TsaAuthority]>,
    /// Whether the root names certificate-transparency logs, usable or not. A private Sigstore
    /// without one issues certificates without timestamps from it, and then none are demanded.
    pub(super) has_ct_log: bool,
    logs: Arc<[LogKeyId]>,
    skipped: Arc<[String]>,
}

impl TrustRoot {
    /// Reads a Sigstore `TrustedRoot` in JSON. An entry that cannot be used (a key of a later
    /// algorithm, a broken certificate) is left out and told by [`Self::skipped`]: a root with one
    /// log fewer accepts less, never more.
    ///
    /// # Errors
    /// If it is no trust root, names a log twice, or nothing in it can be used.
    pub fn parse(json: &str) -> Result<Self, TrustError> {
        let invalid = |e: &dyn fmt::Display| TrustError::TrustRootInvalid(e.to_string());
        if json.len() > MAX_ROOT {
            return Err(invalid(&"it is larger than 4 MiB"));
        }
        let mut value = strict::value(json).map_err(|e| invalid(&e))?;
        let media_type = value.get("mediaType").and_then(Value::as_str).unwrap_or_default();
        if !media_type.starts_with("application/vnd.dev.sigstore.trustedroot") {
            return Err(invalid(&"it is no Sigstore TrustedRoot (mediaType)"));
        }
        let has_ct_log = value["ctlogs"].as_array().is_some_and(|logs| !logs.is_empty());
        let skipped = drop_unusable(&mut value)?;
        let root = TrustedRoot::from_json(&value.to_string()).map_err(|e| invalid(&e))?;
        let usable = root.tlogs.len()
            + root.certificate_authorities.len()
            + root.timestamp_authorities.len();
        if usable == 0 && !skipped.is_empty() {
            return Err(invalid(&skipped.join("; ")));
        }
        Self::new(&root, has_ct_log, skipped)
    }

    /// The root of Sigstore's public-good instance, as built in.
    ///
    /// # Errors
    /// If the built-in root is broken.
    pub fn public_good() -> Result<Self, TrustError> {
        static ROOT: std::sync::OnceLock<Option<TrustRoot>> = std::sync::OnceLock::new();
        let root = ROOT.get_or_init(|| {
            Self::parse(SigstoreInstance::PublicGood.embedded_trusted_root_json()).ok()
        });
        let broken = || TrustError::TrustRootInvalid("the built-in root is broken".into());
        root.clone().ok_or_else(broken)
    }

    fn new(root: &TrustedRoot, has_ct_log: bool, skipped: Vec<String>) -> Result<Self, TrustError> {
        let invalid = |e: &dyn fmt::Display| TrustError::TrustRootInvalid(e.to_string());
        Ok(Self {
            verifier: Arc::new(Verifier::new(root).map_err(|e| invalid(&e))?),
            log_keys: Arc::new(root.rekor_keys().map_err(|e| invalid(&e))?),
            timestamp_authorities: root.tsa_authorities().into(),
            has_ct_log,
            logs: root.tlogs.iter().map(|log| log.log_id.key_id.clone()).collect(),
            skipped: skipped.into(),
        })
    }

    /// What in the root could not be used, and why.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// Whether the root names every log that a bundle cites.
    pub(super) fn knows_logs_of(&self, bundle: &Bundle) -> bool {
        let mut cited = bundle.verification_material.tlog_entries.iter();
        cited.all(|entry| self.knows(&entry.log_id.key_id))
    }

    /// Whether the root names a log.
    pub(super) fn knows(&self, log: &LogKeyId) -> bool {
        self.logs.contains(log)
    }
}

/// Tries each authority of a root alone.
fn drop_unusable(root: &mut Value) -> Result<Vec<String>, TrustError> {
    const LISTS: [&str; 4] = ["tlogs", "certificateAuthorities", "ctlogs", "timestampAuthorities"];
    let media_type = root["mediaType"].clone();
    let mut skipped = Vec::new();
    for list in LISTS {
        let items = match root.get_mut(list).map(Value::take) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(TrustError::TrustRootInvalid(format!("{list} is no list"))),
        };
        let mut usable = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let alone = json!({"mediaType": media_type, list: [&item]}).to_string();
            let outcome = match TrustedRoot::from_json(&alone) {
                Ok(root) => Verifier::new(&root).map(drop).map_err(|e| e.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match outcome {
                Ok(()) => usable.push(item),
                Err(why) => skipped.push(format!("{list}[{index}]: {why}")),
            }
        }
        root[list] = Value::Array(usable);
    }
    Ok(skipped)
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
        let invalid = |e: &dyn fmt::Display| TrustError::KeyInvalid(e.to_string());
        let algorithm = KeyAlgorithm::from_spki(&der).map_err(|e| invalid(&e))?;
        let key = VerificationKey::from_spki(&der).map_err(|e| invalid(&e))?;
        // A short RSA modulus is refused here, not at the first signature.
        validate_raw_public_key(key.scheme(), key.as_bytes()).map_err(|e| invalid(&e))?;
        match algorithm {
            KeyAlgorithm::EcdsaP256
            | KeyAlgorithm::EcdsaP384
            | KeyAlgorithm::Rsa
            | KeyAlgorithm::Ed25519 => {}
            _ => return Err(invalid(&"only ECDSA P-256 and P-384, RSA and Ed25519 are supported")),
        }
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

    fn root() -> Value {
        let text = include_str!("../../e2e/fixtures/keyless/trusted_root.json");
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn one_unusable_entry_does_not_spoil_a_root_and_is_told() {
        assert_eq!(TrustRoot::parse(&root().to_string()).unwrap().skipped().len(), 0);
        for list in ["tlogs", "ctlogs", "certificateAuthorities"] {
            let mut with = root();
            let mut broken = with[list][0].clone();
            match list {
                "certificateAuthorities" => {
                    broken["certChain"]["certificates"][0]["rawBytes"] = "AAAA".into();
                }
                _ => broken["publicKey"]["rawBytes"] = "AAAA".into(),
            }
            with[list].as_array_mut().unwrap().insert(0, broken);
            let parsed = TrustRoot::parse(&with.to_string()).unwrap();
            assert!(parsed.skipped()[0].starts_with(&format!("{list}[0]: ")), "{list}");
            assert_eq!(parsed.skipped().len(), 1);
        }
        // A root whose only CT log is unusable still demands what such a log would say.
        let mut lone = root();
        lone["ctlogs"][0]["publicKey"]["rawBytes"] = "AAAA".into();
        assert!(TrustRoot::parse(&lone.to_string()).unwrap().has_ct_log);
        // A log named twice is ambiguous, and with nothing left there is no root.
        let mut twice = root();
        let log = twice["tlogs"][0].clone();
        twice["tlogs"].as_array_mut().unwrap().push(log);
        assert!(TrustRoot::parse(&twice.to_string()).is_err());
        let mut nothing = root();
        nothing["certificateAuthorities"] = json!([{"uri": "x"}]);
        nothing["tlogs"] = json!([1]);
        assert_eq!(
            TrustRoot::parse(&nothing.to_string()).unwrap_err().reason(),
            "TrustRootInvalid"
        );
    }
}
