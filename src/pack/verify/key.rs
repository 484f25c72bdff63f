//! A signature with a key. The Sigstore library leaves a signature without log to its callers, and
//! knows P-256 alone in the newer log; so this path is all our own, on the library's primitives.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::Digest as _;
use sigstore_verify::crypto::VerificationKey;
use sigstore_verify::types::bundle::{
    MessageDigest, MessageSignature, VerificationMaterialContent,
};
use sigstore_verify::types::{Bundle, HashAlgorithm, SignatureContent};

use super::super::trust::{KeyLog, PublicKey};
use super::content::Content;
use super::error::VerifyError;
use super::record::Signed;
use super::{Signer, log, record, statement};

pub(super) fn check(
    content: &Content<'_>,
    bundle: &Bundle,
    key: &PublicKey,
    log_root: Option<&KeyLog>,
) -> Result<Signer, VerifyError> {
    let material = &bundle.verification_material;
    if let VerificationMaterialContent::PublicKey(named) = &material.content {
        hinted(&named.hint, key)?;
    }
    if let Some(demand) = log_root {
        log::demanded(bundle, demand.inclusion_proof, demand.signed_timestamp)?;
    }
    let signature = match &bundle.content {
        SignatureContent::MessageSignature(message) => {
            signed(content, message, key)?;
            &message.signature
        }
        SignatureContent::DsseEnvelope(envelope) => {
            let scheme = key.algorithm.default_signing_scheme();
            VerificationKey::from_spki_with_scheme(&key.der, scheme)
                .and_then(|verifier| verifier.verify(envelope.pae(), &envelope.signature.sig))
                .map_err(|_| {
                    VerifyError::SignatureInvalid(format!("by the key {}", key.fingerprint()))
                })?;
            if let Some(statement) = statement::payload(&bundle.content)? {
                statement.binds(content)?;
            }
            &envelope.signature.sig
        }
        _ => return Err(VerifyError::BundleInvalid("it holds no signature".into())),
    };
    let mut signer = Signer { key_fingerprint: Some(key.fingerprint()), ..Signer::default() };
    for entry in &material.tlog_entries {
        record::consistent(entry, &bundle.content, content, &Signed::Key(&key.der))?;
    }
    let Some(demand) = log_root else {
        // The key alone counts. Nobody vouches for the log's and the timestamp's claims, so that
        // none of them is believed or recorded; but what says something else is refused above.
        return Ok(signer);
    };
    for token in &material.timestamp_verification_data.rfc3161_timestamps {
        signer.timestamps.push(log::timestamp(&token.signed_timestamp, signature, &demand.root)?);
    }
    let by_authority = signer.timestamps.iter().min().copied();
    for entry in &material.tlog_entries {
        let at = by_authority.unwrap_or(jiff::Timestamp::MAX);
        if let Some(time) = log::entry(entry, &demand.root, at)? {
            signer.timestamps.push(time);
            signer.integrated_time = Some(signer.integrated_time.map_or(time, |t| t.min(time)));
        }
    }
    signer.log_index = material.tlog_entries.first().map(|entry| entry.log_index.get());
    Ok(signer)
}

/// A hint is free text and proves nothing. But one that is another key's fingerprint, as cosign
/// writes it, says that another key signed.
fn hinted(hint: &str, key: &PublicKey) -> Result<(), VerifyError> {
    match BASE64.decode(hint) {
        Ok(bytes) if bytes.len() == 32 && bytes != key.fingerprint().as_bytes() => {
            Err(VerifyError::KeyMismatch(key.fingerprint()))
        }
        _ => Ok(()),
    }
}

fn signed(
    content: &Content<'_>,
    message: &MessageSignature,
    key: &PublicKey,
) -> Result<(), VerifyError> {
    let mut scheme = key.algorithm.default_signing_scheme();
    if let Some(stated) = &message.message_digest {
        if stated.digest.as_bytes() != content.hash(stated.algorithm)? {
            return Err(VerifyError::ArtifactMismatch("its messageDigest says so".into()));
        }
        scheme = key
            .algorithm
            .resolve_signing_scheme(stated.algorithm)
            .map_err(|e| VerifyError::BundleInvalid(e.to_string()))?;
    }
    let verifier = VerificationKey::from_spki_with_scheme(&key.der, scheme)
        .map_err(|e| VerifyError::SignatureInvalid(e.to_string()))?;
    let holds = match scheme.hash_algorithm() {
        Some(algorithm) => {
            verifier.verify_prehashed(&content.hash(algorithm)?, &message.signature).is_ok()
        }
        None => {
            let bytes = content.bytes()?;
            verifier.verify(bytes, &message.signature).is_ok() || prehashed(bytes, message, key)
        }
    };
    if holds {
        return Ok(());
    }
    Err(match message.message_digest {
        // The digest was compared above: the bytes are the signed ones, so it is the key.
        Some(_) => VerifyError::KeyMismatch(key.fingerprint()),
        None => VerifyError::SignatureInvalid(format!("by the key {}", key.fingerprint())),
    })
}

/// Ed25519ph (RFC 8032), which cosign makes of an Ed25519 key for a log. It cannot be taken for plain
/// Ed25519 or the other way round: what is hashed begins otherwise.
fn prehashed(bytes: &[u8], message: &MessageSignature, key: &PublicKey) -> bool {
    use ed25519_dalek::{Signature, VerifyingKey};
    let states = |digest: &MessageDigest| digest.algorithm == HashAlgorithm::Sha2512;
    if !message.message_digest.as_ref().is_some_and(states) {
        return false;
    }
    let Some(raw) = key.der.as_bytes().last_chunk() else { return false };
    let Ok(verifier) = VerifyingKey::from_bytes(raw) else { return false };
    let Ok(signature) = Signature::from_slice(message.signature.as_bytes()) else { return false };
    let hash = sha2::Sha512::new().chain_update(bytes);
    verifier.verify_prehashed_strict(hash, None, &signature).is_ok()
}
