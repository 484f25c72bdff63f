//! Public keys.

use std::fmt;

use sigstore_verify::crypto::{KeyAlgorithm, VerificationKey, validate_raw_public_key};
use sigstore_verify::types::DerPublicKey;

use super::TrustError;
use crate::domain::Digest;

/// A public key: ECDSA P-256 or P-384, RSA from 2048 bits, or Ed25519.
#[derive(Clone)]
pub struct PublicKey {
    pub(in super::super) der: DerPublicKey,
    pub(in super::super) algorithm: KeyAlgorithm,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_checked_when_read() {
        assert_eq!(PublicKey::parse("nothing").unwrap_err().reason(), "KeyInvalid");
    }
}
