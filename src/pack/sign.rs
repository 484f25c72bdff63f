//! Signs a pack with a local ECDSA P-256 key, as `cosign sign-blob --key` would without a log: the
//! result is a Sigstore bundle v0.3 that `cosign verify-blob --key --bundle
//! --insecure-ignore-tlog` accepts.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;

use crate::domain::Digest;

/// A new key pair in PEM.
#[derive(Clone)]
pub struct KeyPairPem {
    /// PKCS#8, `PRIVATE KEY`, not encrypted. A secret.
    pub private: String,
    /// SPKI, `PUBLIC KEY`.
    pub public: String,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SignError {
    /// The key is encrypted, as those that `cosign generate-key-pair` writes.
    #[error("the key is encrypted; sign with cosign, or give an unencrypted PKCS#8 key")]
    Encrypted,
    /// No PKCS#8 PEM of an ECDSA P-256 key.
    #[error("the key is no ECDSA P-256 private key in PKCS#8 PEM (\"BEGIN PRIVATE KEY\")")]
    Key,
    /// The random number generator failed.
    #[error("signing failed")]
    Failed,
}

/// Makes a key pair.
///
/// # Errors
/// If the random number generator fails.
pub fn generate_key_pair() -> Result<KeyPairPem, SignError> {
    let pair =
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| SignError::Failed)?;
    let private = pair.to_pkcs8v1().map_err(|_| SignError::Failed)?;
    Ok(KeyPairPem {
        private: pem("PRIVATE KEY", private.as_ref()),
        public: pem("PUBLIC KEY", &spki(&pair)?),
    })
}

/// Signs `blob` and gives the bundle as JSON.
///
/// # Errors
/// If the key cannot be used.
pub fn sign_blob(blob: &[u8], private_pem: &str) -> Result<String, SignError> {
    let pair = key_pair(private_pem)?;
    let signature = sign(&pair, blob)?;
    let bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": key_hint(&spki(&pair)?)}},
        "messageSignature": {
            "messageDigest": {
                "algorithm": "SHA2_256",
                "digest": BASE64.encode(Digest::of(blob).as_bytes()),
            },
            "signature": BASE64.encode(signature),
        },
    });
    Ok(bundle.to_string())
}

/// Reads a private key.
pub(super) fn key_pair(private_pem: &str) -> Result<EcdsaKeyPair, SignError> {
    if private_pem.contains("ENCRYPTED") {
        return Err(SignError::Encrypted);
    }
    let der =
        PrivatePkcs8KeyDer::from_pem_slice(private_pem.as_bytes()).map_err(|_| SignError::Key)?;
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der.secret_pkcs8_der())
        .map_err(|_| SignError::Key)
}

pub(super) fn sign(
    pair: &EcdsaKeyPair,
    bytes: &[u8],
) -> Result<aws_lc_rs::signature::Signature, SignError> {
    pair.sign(&SystemRandom::new(), bytes).map_err(|_| SignError::Failed)
}

/// How cosign names a key in a bundle: the base64 of the SHA-256 of its SPKI.
pub(super) fn key_hint(spki: &[u8]) -> String {
    BASE64.encode(Digest::of(spki).as_bytes())
}

pub(super) fn spki(pair: &EcdsaKeyPair) -> Result<Vec<u8>, SignError> {
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| SignError::Failed)?;
    Ok(der.as_ref().to_vec())
}

fn pem(label: &str, der: &[u8]) -> String {
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in BASE64.encode(der).as_bytes().chunks(64) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    out + &format!("-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_p256_key_signs() {
        let pair = generate_key_pair().unwrap();
        assert!(pair.private.starts_with("-----BEGIN PRIVATE KEY-----\n"));
        assert!(sign_blob(b"x", &pair.private).is_ok());
        assert_eq!(sign_blob(b"x", &pair.public), Err(SignError::Key));
        assert_eq!(sign_blob(b"x", ""), Err(SignError::Key));
        let encrypted = pair.private.replace("PRIVATE", "ENCRYPTED SIGSTORE PRIVATE");
        assert_eq!(sign_blob(b"x", &encrypted), Err(SignError::Encrypted));
    }

    #[test]
    fn the_bundle_has_cosigns_shape() {
        let pair = generate_key_pair().unwrap();
        let bundle = sign_blob(b"pack", &pair.private).unwrap();
        let bundle: serde_json::Value = serde_json::from_str(&bundle).unwrap();
        assert_eq!(bundle["mediaType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
        assert_eq!(bundle["messageSignature"]["messageDigest"]["algorithm"], "SHA2_256");
        let hint = bundle["verificationMaterial"]["publicKey"]["hint"].as_str().unwrap();
        assert_eq!(BASE64.decode(hint).unwrap().len(), 32);
    }
}
