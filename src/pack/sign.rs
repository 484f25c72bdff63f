//! Signs a pack with a local key, as `cosign sign-blob --key` would without a log: the result is a
//! Sigstore bundle v0.3 that `cosign verify-blob --key --bundle --insecure-ignore-tlog` accepts.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;
use sha2::Digest as _;

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
    #[error(
        "the key is encrypted. A key of cosign's own signs with cosign: \
         `cosign sign-blob --key KEY --bundle FILE.sigstore.json FILE`; \
         another is made plain by `openssl pkcs8 -in KEY -out PLAIN -nocrypt` or `openssl pkey`"
    )]
    Encrypted,
    /// `EC PRIVATE KEY` or `RSA PRIVATE KEY`, which are not PKCS#8.
    #[error(
        "the key is in the older form {0:?}; make it PKCS#8: \
         `openssl pkcs8 -topk8 -nocrypt -in KEY -out PLAIN`"
    )]
    Form(&'static str),
    /// No private key, or of another kind.
    #[error(
        "the key is no private key in PKCS#8 PEM (\"BEGIN PRIVATE KEY\") of a supported kind: \
         ECDSA P-256 or P-384, Ed25519, RSA from 2048 bits"
    )]
    Key,
    /// The random number generator failed.
    #[error("signing failed")]
    Failed,
}

/// Makes a key pair (ECDSA P-256).
///
/// # Errors
/// If the random number generator fails.
pub fn generate_key_pair() -> Result<KeyPairPem, SignError> {
    let pair =
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| SignError::Failed)?;
    let private = pair.to_pkcs8v1().map_err(|_| SignError::Failed)?;
    Ok(KeyPairPem {
        private: pem("PRIVATE KEY", private.as_ref()),
        public: pem("PUBLIC KEY", &spki(pair.public_key())?),
    })
}

/// A private key of a kind that signs.
pub(super) enum Key {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Key {
    pub(super) fn read(text: &str) -> Result<Self, SignError> {
        if text.contains("ENCRYPTED") {
            return Err(SignError::Encrypted);
        }
        for form in ["EC PRIVATE KEY", "RSA PRIVATE KEY"] {
            if text.contains(&format!("BEGIN {form}")) {
                return Err(SignError::Form(form));
            }
        }
        let der =
            PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).map_err(|_| SignError::Key)?;
        let der = der.secret_pkcs8_der();
        // A document holds one kind of key, so that no more than one reader takes it.
        if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der) {
            return Ok(Self::P256(pair));
        }
        if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, der) {
            return Ok(Self::P384(pair));
        }
        // OpenSSL leaves the public half out, as RFC 8410 allows.
        let ed25519 = Ed25519KeyPair::from_pkcs8(der)
            .or_else(|_| Ed25519KeyPair::from_pkcs8_maybe_unchecked(der));
        if let Ok(pair) = ed25519 {
            return Ok(Self::Ed25519(pair));
        }
        let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| SignError::Key)?;
        if pair.public_modulus_len() < 2048 / 8 {
            return Err(SignError::Key);
        }
        Ok(Self::Rsa(Box::new(pair)))
    }

    pub(super) fn spki(&self) -> Result<Vec<u8>, SignError> {
        match self {
            Self::P256(pair) | Self::P384(pair) => spki(pair.public_key()),
            Self::Ed25519(pair) => spki(pair.public_key()),
            Self::Rsa(pair) => spki(pair.public_key()),
        }
    }

    pub(super) fn sign(&self, blob: &[u8]) -> Result<Vec<u8>, SignError> {
        let random = SystemRandom::new();
        match self {
            Self::P256(pair) | Self::P384(pair) => {
                pair.sign(&random, blob).map(|s| s.as_ref().to_vec()).map_err(|_| SignError::Failed)
            }
            Self::Ed25519(pair) => Ok(pair.sign(blob).as_ref().to_vec()),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, blob, &mut signature)
                    .map_err(|_| SignError::Failed)?;
                Ok(signature)
            }
        }
    }

    /// The digest that the bundle states, by the algorithm that the key's kind goes with.
    fn digest(&self, blob: &[u8]) -> (&'static str, Vec<u8>) {
        match self {
            Self::P384(_) => ("SHA2_384", sha2::Sha384::digest(blob).to_vec()),
            Self::Ed25519(_) => ("SHA2_512", sha2::Sha512::digest(blob).to_vec()),
            _ => ("SHA2_256", Digest::of(blob).as_bytes().to_vec()),
        }
    }
}

/// Signs `blob` and gives the bundle as JSON.
///
/// # Errors
/// If the key cannot be used.
pub fn sign_blob(blob: &[u8], private_pem: &str) -> Result<String, SignError> {
    let key = Key::read(private_pem)?;
    let (algorithm, digest) = key.digest(blob);
    let bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": key_hint(&key.spki()?)}},
        "messageSignature": {
            "messageDigest": {"algorithm": algorithm, "digest": BASE64.encode(digest)},
            "signature": BASE64.encode(key.sign(blob)?),
        },
    });
    Ok(bundle.to_string())
}

/// How cosign names a key in a bundle: the base64 of the SHA-256 of its SPKI.
pub(super) fn key_hint(spki: &[u8]) -> String {
    BASE64.encode(Digest::of(spki).as_bytes())
}

/// The public half, in PEM.
#[cfg(test)]
pub(super) fn public_of(private_pem: &str) -> Result<String, SignError> {
    Ok(pem("PUBLIC KEY", &Key::read(private_pem)?.spki()?))
}

/// A private key of each kind, in PEM.
#[cfg(test)]
pub(super) fn one_of_each_kind() -> [(&'static str, String); 4] {
    use aws_lc_rs::encoding::Pkcs8V1Der;
    let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
    let ed25519 = Ed25519KeyPair::generate().unwrap();
    let rsa = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let rsa: Pkcs8V1Der<'_> = rsa.as_der().unwrap();
    let pem = |der: &[u8]| pem("PRIVATE KEY", der);
    [
        ("PKIX_ECDSA_P256_SHA_256", generate_key_pair().unwrap().private),
        ("PKIX_ECDSA_P384_SHA_384", pem(p384.to_pkcs8v1().unwrap().as_ref())),
        ("PKIX_ED25519", pem(ed25519.to_pkcs8v1().unwrap().as_ref())),
        ("PKIX_RSA_PKCS1V15_2048_SHA256", pem(rsa.as_ref())),
    ]
}

fn spki<'a>(key: &impl AsDer<PublicKeyX509Der<'a>>) -> Result<Vec<u8>, SignError> {
    Ok(key.as_der().map_err(|_| SignError::Failed)?.as_ref().to_vec())
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
    use crate::pack::{Authority, Content, Payload, PublicKey, verify_blob};

    #[test]
    fn only_a_plain_private_key_signs() {
        let pair = generate_key_pair().unwrap();
        assert!(pair.private.starts_with("-----BEGIN PRIVATE KEY-----\n"));
        assert!(sign_blob(b"x", &pair.private).is_ok());
        assert_eq!(sign_blob(b"x", &pair.public), Err(SignError::Key));
        assert_eq!(sign_blob(b"x", ""), Err(SignError::Key));
        let encrypted = pair.private.replace("PRIVATE", "ENCRYPTED SIGSTORE PRIVATE");
        assert_eq!(sign_blob(b"x", &encrypted), Err(SignError::Encrypted));
        let older = pair.private.replace("PRIVATE", "EC PRIVATE");
        assert_eq!(sign_blob(b"x", &older), Err(SignError::Form("EC PRIVATE KEY")));
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

    #[test]
    fn every_kind_of_key_signs_what_it_then_verifies() {
        for (_, private) in one_of_each_kind() {
            let bundle = sign_blob(b"pack", &private).unwrap();
            let key = PublicKey::parse(&public_of(&private).unwrap()).unwrap();
            let authority = [Authority::Key { key, log_root: None }];
            let check = |bytes: &[u8]| {
                verify_blob(&Content::of(bytes), bundle.as_bytes(), &authority, &Payload::Signature)
            };
            assert_eq!(check(b"pack").unwrap().digest, Digest::of(b"pack"));
            assert_eq!(check(b"park").unwrap_err().reason(), "ArtifactMismatch");
        }
    }
}
