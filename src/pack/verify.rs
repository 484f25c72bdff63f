//! The gate before a pack is opened: digest and signature. No network, no file system; the
//! signature's time comes from the log, not from this machine.

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use sha2::Digest as _;
use sigstore_verify::crypto::VerificationKey;
use sigstore_verify::types::bundle::VerificationMaterialContent;
use sigstore_verify::types::{Bundle, SignatureContent};
use sigstore_verify::{
    Error as SigstoreError, PublicKeyVerificationPolicy, TimestampError, TransparencyLogError,
    VerificationPolicy,
};

use super::fetch::FetchedPack;
use super::trust::{Authority, Identity, PublicKey, TrustError, TrustRoot};
use crate::domain::Digest;

/// A bundle larger than this is no bundle.
pub(super) const MAX_BUNDLE: usize = 1 << 20;

/// Why a pack is not believed.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum VerifyError {
    /// The tar is not the pinned one.
    #[error("the pack's digest is {actual}, but {pinned} is pinned")]
    DigestMismatch {
        /// What the specification pins.
        pinned: Digest,
        /// What was fetched.
        actual: Digest,
    },
    /// No authority is configured.
    #[error("nobody is trusted to sign: name a keyless identity or a key")]
    NoAuthority,
    /// There is no signature.
    #[error("the pack has no signature bundle; sign it with cosign or lazaret")]
    BundleMissing,
    /// The bundle cannot be read or lacks a part.
    #[error("the signature bundle is invalid: {0}")]
    BundleInvalid(String),
    /// The bundle is signed with a key where only certificates are trusted, or the other way round.
    #[error("the bundle is signed with a {found}, and no configured authority is one")]
    AuthorityMismatch {
        /// `certificate` or `key`.
        found: &'static str,
    },
    /// The certificate is someone else's.
    #[error("signed by {subject:?}, as {issuer:?} says; allowed: {allowed}")]
    IdentityMismatch {
        /// Who vouches for the subject.
        issuer: String,
        /// Who signed.
        subject: String,
        /// Who may.
        allowed: String,
    },
    /// Wrong key, or bytes that were changed after signing.
    #[error("the signature does not fit: {0}")]
    SignatureInvalid(String),
    /// The bundle speaks of these very bytes, but another key signed it.
    #[error("not signed with the key {0}")]
    KeyMismatch(Digest),
    /// The certificate, the log or the timestamp is not of the configured trust root.
    #[error("not vouched for by the configured trust root: {0}")]
    Untrusted(String),
    /// No proof that a log recorded the signature.
    #[error("the bundle has no inclusion proof from a transparency log")]
    InclusionProofMissing,
    /// The proof from the log does not hold.
    #[error("the transparency log's proof does not hold: {0}")]
    LogProofInvalid(String),
    /// The trust root cannot be used.
    #[error("the trust root is unusable: {0}")]
    TrustRootInvalid(String),
}

impl VerifyError {
    /// A short CamelCase name for conditions.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::DigestMismatch { .. } => "DigestMismatch",
            Self::NoAuthority => "NoAuthority",
            Self::BundleMissing => "BundleMissing",
            Self::BundleInvalid(_) => "BundleInvalid",
            Self::AuthorityMismatch { .. } => "AuthorityMismatch",
            Self::IdentityMismatch { .. } => "IdentityMismatch",
            Self::SignatureInvalid(_) => "SignatureInvalid",
            Self::KeyMismatch(_) => "KeyMismatch",
            Self::Untrusted(_) => "Untrusted",
            Self::InclusionProofMissing => "InclusionProofMissing",
            Self::LogProofInvalid(_) => "LogProofInvalid",
            Self::TrustRootInvalid(_) => "TrustRootInvalid",
        }
    }

    /// How near the bundle came to being accepted: of several refusals the nearest is reported.
    const fn nearness(&self) -> u8 {
        match self {
            Self::IdentityMismatch { .. } => 5,
            Self::SignatureInvalid(_) | Self::KeyMismatch(_) | Self::LogProofInvalid(_) => 4,
            Self::InclusionProofMissing => 3,
            Self::Untrusted(_) => 2,
            Self::AuthorityMismatch { .. } => 0,
            _ => 1,
        }
    }
}

impl VerifyError {
    /// The one of two refusals that came nearer to acceptance; the first, if both came as near.
    pub(super) fn or_nearer(self, other: Self) -> Self {
        match self == Self::NoAuthority || other.nearness() > self.nearness() {
            true => other,
            false => self,
        }
    }
}

impl From<TrustError> for VerifyError {
    fn from(error: TrustError) -> Self {
        Self::TrustRootInvalid(error.to_string())
    }
}

/// Who signed a pack, for the record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Signer {
    /// The OIDC issuer, for a certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The certificate's subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Digest of the key's SPKI, for a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_fingerprint: Option<Digest>,
    /// The signature's place in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_index: Option<u64>,
    /// When the log recorded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrated_time: Option<Timestamp>,
}

/// A pack whose digest and signature hold. Only [`verify`] makes one.
#[derive(Clone, Debug)]
pub struct VerifiedPack {
    tar: Bytes,
    bundle: Bytes,
    digest: Digest,
    signer: Signer,
}

impl VerifiedPack {
    /// The tar.
    pub const fn tar(&self) -> &Bytes {
        &self.tar
    }

    /// The bundle that vouches for it, as fetched.
    pub const fn bundle(&self) -> &Bytes {
        &self.bundle
    }

    /// The tar's digest.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Who signed.
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }
}

/// Checks a pack against the pinned digest, if any, and against the authorities. One of them that
/// accepts is enough.
///
/// # Errors
/// Of the authorities' refusals the one that came nearest to acceptance.
pub fn verify(
    fetched: FetchedPack,
    pinned: Option<Digest>,
    authorities: &[Authority],
) -> Result<VerifiedPack, VerifyError> {
    let digest = Digest::of(&fetched.tar);
    if let Some(pinned) = pinned.filter(|pinned| *pinned != digest) {
        return Err(VerifyError::DigestMismatch { pinned, actual: digest });
    }
    let raw = fetched.bundle.ok_or(VerifyError::BundleMissing)?;
    let bundle = parse(&raw)?;
    let mut nearest = VerifyError::NoAuthority;
    for authority in authorities {
        let outcome = match authority {
            Authority::Keyless { root, identities } => {
                keyless(&fetched.tar, &bundle, root, identities)
            }
            Authority::Key { key, log_root } => {
                with_key(&fetched.tar, &bundle, key, log_root.as_ref())
            }
        };
        match outcome {
            Ok(signer) => {
                return Ok(VerifiedPack { tar: fetched.tar, bundle: raw, digest, signer });
            }
            Err(error) => nearest = nearest.or_nearer(error),
        }
    }
    Err(nearest)
}

fn parse(raw: &[u8]) -> Result<Bundle, VerifyError> {
    let invalid = |e: &dyn std::fmt::Display| VerifyError::BundleInvalid(e.to_string());
    if raw.len() > MAX_BUNDLE {
        return Err(invalid(&"it is larger than 1 MiB"));
    }
    let text = std::str::from_utf8(raw).map_err(|e| invalid(&e))?;
    let bundle = Bundle::from_json(text).map_err(|e| invalid(&e))?;
    if !matches!(bundle.content, SignatureContent::MessageSignature(_)) {
        return Err(invalid(&"it is an attestation, not a signature over the pack's bytes"));
    }
    Ok(bundle)
}

fn keyless(
    tar: &Bytes,
    bundle: &Bundle,
    root: &TrustRoot,
    identities: &[Identity],
) -> Result<Signer, VerifyError> {
    if matches!(bundle.verification_material.content, VerificationMaterialContent::PublicKey(_)) {
        return Err(VerifyError::AuthorityMismatch { found: "key" });
    }
    // Every entry, so that a relabelled older bundle does not pass on the log's promise alone.
    let entries = &bundle.verification_material.tlog_entries;
    if entries.is_empty() || entries.iter().any(|entry| entry.inclusion_proof.is_none()) {
        return Err(VerifyError::InclusionProofMissing);
    }
    let mut policy = VerificationPolicy::any_identity();
    if !root.has_ct_log {
        policy = policy.skip_sct();
    }
    let seen = root
        .verifier
        .verify(tar.as_ref(), bundle, &policy)
        .map_err(|e| explain(&e, root, bundle))?;
    if !(seen.certificate_verified() && seen.tlog_verified()) {
        return Err(VerifyError::Untrusted("the certificate was not checked".into()));
    }
    let issuer = seen.issuer().unwrap_or_default().to_owned();
    let subject = seen.identity().map(|name| name.as_str().to_owned()).unwrap_or_default();
    if !identities.iter().any(|identity| identity.matches(&issuer, &subject)) {
        let allowed: Vec<_> = identities.iter().map(ToString::to_string).collect();
        let allowed = if allowed.is_empty() { "nobody".into() } else { allowed.join(", or ") };
        return Err(VerifyError::IdentityMismatch { issuer, subject, allowed });
    }
    Ok(Signer {
        issuer: Some(issuer),
        subject: Some(subject),
        key_fingerprint: None,
        log_index: entries.first().map(|entry| entry.log_index.get()),
        integrated_time: seen.integrated_time(),
    })
}

fn with_key(
    tar: &Bytes,
    bundle: &Bundle,
    key: &PublicKey,
    log_root: Option<&TrustRoot>,
) -> Result<Signer, VerifyError> {
    if !matches!(bundle.verification_material.content, VerificationMaterialContent::PublicKey(_)) {
        return Err(VerifyError::AuthorityMismatch { found: "certificate" });
    }
    let mut signer = Signer {
        issuer: None,
        subject: None,
        key_fingerprint: Some(key.fingerprint()),
        log_index: None,
        integrated_time: None,
    };
    let Some(entry) = bundle.verification_material.tlog_entries.first() else {
        return plain_key(tar, bundle, key).map(|()| signer);
    };
    let public_good;
    let root = match log_root {
        Some(root) => root,
        None => {
            public_good = TrustRoot::public_good()?;
            &public_good
        }
    };
    let policy = PublicKeyVerificationPolicy::new(key.der.clone());
    let seen = root
        .verifier
        .verify(tar.as_ref(), bundle, &policy)
        .map_err(|e| explain(&e, root, bundle))?;
    signer.log_index = Some(entry.log_index.get());
    signer.integrated_time = seen.integrated_time();
    Ok(signer)
}

/// A signature with a key and nothing else, which the Sigstore library leaves to its callers.
fn plain_key(tar: &[u8], bundle: &Bundle, key: &PublicKey) -> Result<(), VerifyError> {
    use sigstore_verify::types::HashAlgorithm;
    let SignatureContent::MessageSignature(message) = &bundle.content else {
        return Err(VerifyError::BundleInvalid("it holds no message signature".into()));
    };
    let mut scheme = key.algorithm.default_signing_scheme();
    if let Some(stated) = &message.message_digest {
        let actual = match stated.algorithm {
            HashAlgorithm::Sha2256 => sha2::Sha256::digest(tar).to_vec(),
            HashAlgorithm::Sha2384 => sha2::Sha384::digest(tar).to_vec(),
            HashAlgorithm::Sha2512 => sha2::Sha512::digest(tar).to_vec(),
            _ => return Err(VerifyError::BundleInvalid("unknown digest algorithm".into())),
        };
        if stated.digest.as_bytes() != actual {
            return Err(VerifyError::SignatureInvalid(
                "the bundle was made for other bytes than this pack's".into(),
            ));
        }
        scheme = key
            .algorithm
            .resolve_signing_scheme(stated.algorithm)
            .map_err(|e| VerifyError::BundleInvalid(e.to_string()))?;
    }
    VerificationKey::from_spki_with_scheme(&key.der, scheme)
        .and_then(|key| key.verify(tar, &message.signature))
        .map_err(|_| match message.message_digest {
            // The digest was compared above: the bytes are the signed ones, so it is the key.
            Some(_) => VerifyError::KeyMismatch(key.fingerprint()),
            None => VerifyError::SignatureInvalid(format!("by the key {}", key.fingerprint())),
        })
}

pub(super) fn explain(error: &SigstoreError, root: &TrustRoot, bundle: &Bundle) -> VerifyError {
    let text = error.to_string();
    match error {
        SigstoreError::SignatureInvalid(_) | SigstoreError::ArtifactMismatch(_) => {
            VerifyError::SignatureInvalid(text)
        }
        SigstoreError::Certificate(_)
        | SigstoreError::Timestamp(TimestampError::NoVerifiedTimestamp(_))
        | SigstoreError::TransparencyLog(TransparencyLogError::UnknownLog { .. }) => {
            VerifyError::Untrusted(text)
        }
        SigstoreError::TransparencyLog(_) if !root.knows_logs_of(bundle) => {
            VerifyError::Untrusted(text)
        }
        SigstoreError::TransparencyLog(_) | SigstoreError::Timestamp(_) => {
            VerifyError::LogProofInvalid(text)
        }
        SigstoreError::InvalidTrustRoot(_)
        | SigstoreError::TrustRoot(_)
        | SigstoreError::TrustedCertificate(_) => VerifyError::TrustRootInvalid(text),
        SigstoreError::Crypto(_) => VerifyError::SignatureInvalid(text),
        _ => VerifyError::BundleInvalid(text),
    }
}
