//! Why a signature is not believed.

use sigstore_verify::bundle::Error as ShapeError;
use sigstore_verify::crypto::parse_certificate_info;
use sigstore_verify::types::Bundle;
use sigstore_verify::{
    CertificateError, Error as SigstoreError, TimestampError, TransparencyLogError,
};

use super::super::bundle::BundleError;
use super::super::trust::{TrustError, TrustRoot};
use crate::domain::Digest;

/// Why a signature is not believed.
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
    /// The bundle cannot be read.
    #[error("the signature bundle is unusable: {0}")]
    Bundle(#[from] BundleError),
    /// The bundle can be read but lacks a part or contradicts itself.
    #[error("the signature bundle is invalid: {0}")]
    BundleInvalid(String),
    /// An attestation where a signature is demanded, or the other way round.
    #[error("the bundle holds {found}, but {wanted} is demanded")]
    PayloadMismatch {
        /// What it is.
        found: String,
        /// What counts.
        wanted: String,
    },
    /// The attestation is no in-toto statement about these bytes.
    #[error("the attestation does not speak of these bytes: {0}")]
    SubjectMismatch(String),
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
    /// The bundle was made for other bytes.
    #[error("the bundle was made for other bytes than these: {0}")]
    ArtifactMismatch(String),
    /// Wrong key, or bytes that were changed after signing.
    #[error("the signature does not fit: {0}")]
    SignatureInvalid(String),
    /// The bundle speaks of these very bytes, but another key signed it.
    #[error("not signed with the key {0}")]
    KeyMismatch(Digest),
    /// The certificate, the log or the timestamp is not of the configured trust root.
    #[error("not vouched for by the configured trust root: {0}")]
    Untrusted(String),
    /// The certificate cannot be read or is not one to sign with.
    #[error("the certificate is unusable: {0}")]
    CertificateInvalid(String),
    /// The certificate was not valid when the signature was made.
    #[error("the certificate was not valid at signing time: {0}")]
    CertificateExpired(String),
    /// The certificate's transparency timestamp is missing or does not hold.
    #[error("the certificate's transparency timestamp does not hold: {0}")]
    CertificateTimestampInvalid(String),
    /// No proof that a log recorded the signature.
    #[error("the bundle has a log entry without inclusion proof, or no log entry at all")]
    InclusionProofMissing,
    /// The proof from the log does not hold.
    #[error("the transparency log's proof does not hold: {0}")]
    LogProofInvalid(String),
    /// The log's signature over the entry does not hold.
    #[error("the transparency log's promise does not hold: {0}")]
    LogPromiseInvalid(String),
    /// The log entry is about something else.
    #[error("the transparency log's entry is not about this signature: {0}")]
    LogEntryMismatch(String),
    /// The time that the log states cannot be.
    #[error("the transparency log's time cannot be: {0}")]
    LogTimeInvalid(String),
    /// A timestamp of an authority is demanded, and there is none.
    #[error("the bundle has no timestamp of a timestamp authority")]
    SignedTimestampMissing,
    /// The timestamp does not hold.
    #[error("the timestamp does not hold: {0}")]
    TimestampInvalid(String),
    /// Nobody says when the signature was made.
    #[error("neither log nor timestamp authority says when the signature was made")]
    SigningTimeUnknown,
    /// The trust root cannot be used.
    #[error("the trust root is unusable: {0}")]
    TrustRootInvalid(String),
    /// Only a digest was given, and this kind of signature is checked over the bytes.
    #[error("this signature can only be checked with the content, not with its sha256 digest")]
    ContentNeeded,
}

impl VerifyError {
    /// A short CamelCase name for conditions.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::DigestMismatch { .. } => "DigestMismatch",
            Self::NoAuthority => "NoAuthority",
            Self::BundleMissing => "BundleMissing",
            Self::Bundle(error) => error.reason(),
            Self::BundleInvalid(_) => "BundleInvalid",
            Self::PayloadMismatch { .. } => "PayloadMismatch",
            Self::SubjectMismatch(_) => "SubjectMismatch",
            Self::AuthorityMismatch { .. } => "AuthorityMismatch",
            Self::IdentityMismatch { .. } => "IdentityMismatch",
            Self::ArtifactMismatch(_) => "ArtifactMismatch",
            Self::SignatureInvalid(_) => "SignatureInvalid",
            Self::KeyMismatch(_) => "KeyMismatch",
            Self::Untrusted(_) => "Untrusted",
            Self::CertificateInvalid(_) => "CertificateInvalid",
            Self::CertificateExpired(_) => "CertificateExpired",
            Self::CertificateTimestampInvalid(_) => "CertificateTimestampInvalid",
            Self::InclusionProofMissing => "InclusionProofMissing",
            Self::LogProofInvalid(_) => "LogProofInvalid",
            Self::LogPromiseInvalid(_) => "LogPromiseInvalid",
            Self::LogEntryMismatch(_) => "LogEntryMismatch",
            Self::LogTimeInvalid(_) => "LogTimeInvalid",
            Self::SignedTimestampMissing => "SignedTimestampMissing",
            Self::TimestampInvalid(_) => "TimestampInvalid",
            Self::SigningTimeUnknown => "SigningTimeUnknown",
            Self::TrustRootInvalid(_) => "TrustRootInvalid",
            Self::ContentNeeded => "ContentNeeded",
        }
    }

    /// Of two refusals the one that came nearer to acceptance; the earlier if both came as near.
    pub(super) fn or_nearer(self, before: Option<Self>) -> Self {
        match before {
            Some(before) if before.nearness() >= self.nearness() => before,
            _ => self,
        }
    }

    /// How near the bundle came to being accepted: of several refusals the nearest is reported.
    const fn nearness(&self) -> u8 {
        match self {
            Self::ContentNeeded => 6,
            Self::IdentityMismatch { .. } => 5,
            Self::ArtifactMismatch(_)
            | Self::SignatureInvalid(_)
            | Self::KeyMismatch(_)
            | Self::LogEntryMismatch(_)
            | Self::LogProofInvalid(_)
            | Self::LogPromiseInvalid(_)
            | Self::LogTimeInvalid(_)
            | Self::TimestampInvalid(_) => 4,
            Self::InclusionProofMissing | Self::SignedTimestampMissing => 3,
            Self::Untrusted(_) => 2,
            Self::AuthorityMismatch { .. } => 0,
            _ => 1,
        }
    }
}

impl From<TrustError> for VerifyError {
    fn from(error: TrustError) -> Self {
        Self::TrustRootInvalid(error.to_string())
    }
}

/// What the Sigstore library says, in our words.
pub(super) fn explain(error: &SigstoreError, root: &TrustRoot, bundle: &Bundle) -> VerifyError {
    let text = error.to_string();
    match error {
        SigstoreError::SignatureInvalid(_) => VerifyError::SignatureInvalid(text),
        SigstoreError::ArtifactMismatch(_) => VerifyError::ArtifactMismatch(text),
        SigstoreError::UnsupportedArtifact(_) => VerifyError::ContentNeeded,
        SigstoreError::Certificate(error) => match error {
            CertificateError::Expired { .. } | CertificateError::NotYetValid { .. } => {
                VerifyError::CertificateExpired(text)
            }
            CertificateError::Malformed(_) => VerifyError::CertificateInvalid(text),
            CertificateError::Sct(_) => VerifyError::CertificateTimestampInvalid(text),
            _ if outlived(bundle) => VerifyError::CertificateExpired(text),
            _ => VerifyError::Untrusted(text),
        },
        SigstoreError::Timestamp(TimestampError::NoVerifiedTimestamp(_)) => {
            VerifyError::SigningTimeUnknown
        }
        SigstoreError::Timestamp(_) => VerifyError::TimestampInvalid(text),
        SigstoreError::TransparencyLog(TransparencyLogError::EntryMismatch(_)) => {
            VerifyError::LogEntryMismatch(text)
        }
        SigstoreError::TransparencyLog(TransparencyLogError::UnknownLog { .. }) => {
            VerifyError::Untrusted(text)
        }
        SigstoreError::TransparencyLog(_) if !root.knows_logs_of(bundle) => {
            VerifyError::Untrusted(text)
        }
        SigstoreError::TransparencyLog(TransparencyLogError::InclusionPromise(_)) => {
            VerifyError::LogPromiseInvalid(text)
        }
        SigstoreError::TransparencyLog(TransparencyLogError::IntegratedTime(_)) => {
            VerifyError::LogTimeInvalid(text)
        }
        SigstoreError::TransparencyLog(_) => VerifyError::LogProofInvalid(text),
        SigstoreError::InvalidTrustRoot(_)
        | SigstoreError::TrustRoot(_)
        | SigstoreError::TrustedCertificate(_) => VerifyError::TrustRootInvalid(text),
        SigstoreError::Bundle(
            ShapeError::MissingCheckpoint
            | ShapeError::LogIndexOutOfRange { .. }
            | ShapeError::CheckpointRootMismatch,
        ) => VerifyError::LogProofInvalid(text),
        SigstoreError::Bundle(ShapeError::MissingInclusionProof(_)) => {
            VerifyError::InclusionProofMissing
        }
        SigstoreError::Bundle(ShapeError::MissingSigningTimeEvidence) => {
            VerifyError::SigningTimeUnknown
        }
        SigstoreError::Crypto(_) => VerifyError::SignatureInvalid(text),
        _ => VerifyError::BundleInvalid(text),
    }
}

/// Whether the log's time lies outside the certificate's: the library tells such a certificate from
/// a stranger's in words only.
fn outlived(bundle: &Bundle) -> bool {
    let Some(Ok(certificate)) = bundle.signing_certificate().map(parse_certificate_info) else {
        return false;
    };
    let mut entries = bundle.verification_material.tlog_entries.iter();
    entries.any(|entry| {
        entry
            .integrated_time
            .is_some_and(|time| !(certificate.not_before..=certificate.not_after).contains(&time))
    })
}
