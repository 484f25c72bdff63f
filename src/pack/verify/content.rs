//! What is said to be signed: bytes, or the digest of bytes that are too many to hold.

use sha2::Digest as _;
use sigstore_verify::types::{Artifact, ArtifactDigest, HashAlgorithm, Sha256Hash};

use super::error::VerifyError;
use crate::domain::Digest;

/// What is said to be signed.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// All of it.
    Bytes {
        /// The bytes.
        bytes: &'a [u8],
        /// Their digest.
        digest: Digest,
    },
    /// Its digest only; enough but for Ed25519 and for digests of other lengths.
    Digest(Digest),
    /// What a statement itself names, for whoever asks of it only who signed it.
    Stated {
        /// How the subject is hashed.
        algorithm: HashAlgorithm,
        /// The subject's digest.
        stated: &'a [u8],
        /// The statement's own digest.
        statement: Digest,
    },
}

impl<'a> Content<'a> {
    /// Bytes, hashed here.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self::Bytes { bytes, digest: Digest::of(bytes) }
    }

    /// The SHA-256 digest; of the statement, if that alone is asked about.
    pub const fn digest(&self) -> Digest {
        match self {
            Self::Bytes { digest, .. }
            | Self::Digest(digest)
            | Self::Stated { statement: digest, .. } => *digest,
        }
    }

    pub(super) fn bytes(&self) -> Result<&'a [u8], VerifyError> {
        match self {
            Self::Bytes { bytes, .. } => Ok(bytes),
            Self::Digest(_) | Self::Stated { .. } => Err(VerifyError::ContentNeeded),
        }
    }

    /// The digest by any algorithm that a bundle may name.
    pub(super) fn hash(&self, algorithm: HashAlgorithm) -> Result<Vec<u8>, VerifyError> {
        if let Self::Stated { algorithm: named, stated, .. } = self {
            return match *named == algorithm {
                true => Ok(stated.to_vec()),
                false => Err(VerifyError::ContentNeeded),
            };
        }
        match algorithm {
            HashAlgorithm::Sha2256 => Ok(self.digest().as_bytes().to_vec()),
            other => hash(other, self.bytes()?),
        }
    }

    pub(super) fn artifact(&self) -> Result<Artifact<'a>, VerifyError> {
        Ok(match self {
            Self::Bytes { bytes, .. } => Artifact::from(*bytes),
            Self::Digest(digest) => Artifact::from(Sha256Hash::from(*digest.as_bytes())),
            Self::Stated { algorithm, stated, .. } => {
                let digest = ArtifactDigest::new(*algorithm, stated.to_vec());
                Artifact::from(digest.map_err(|e| VerifyError::BundleInvalid(e.to_string()))?)
            }
        })
    }
}

/// The digest of bytes by any algorithm that a bundle may name.
pub(super) fn hash(algorithm: HashAlgorithm, bytes: &[u8]) -> Result<Vec<u8>, VerifyError> {
    match algorithm {
        HashAlgorithm::Sha2256 => Ok(sha2::Sha256::digest(bytes).to_vec()),
        HashAlgorithm::Sha2384 => Ok(sha2::Sha384::digest(bytes).to_vec()),
        HashAlgorithm::Sha2512 => Ok(sha2::Sha512::digest(bytes).to_vec()),
        other => Err(VerifyError::BundleInvalid(format!("unknown digest algorithm {other}"))),
    }
}
