//! What a transparency log and a timestamp authority vouch for: proof of inclusion, promise, time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde_json::json;
use sigstore_verify::crypto::{Checkpoint, VerificationKey};
use sigstore_verify::tsa::{Error as TsaError, verify_timestamp_for_authority};
use sigstore_verify::types::bundle::{InclusionProof, TransparencyLogEntry};
use sigstore_verify::types::{Bundle, KindVersion, Sha256Hash, SignatureBytes, TimestampToken};

use super::super::trust::TrustRoot;
use super::error::VerifyError;

/// Whether a bundle carries what is demanded. *Every* entry needs its proof: one good entry must not
/// lend its standing to another, and the bundle's version does not soften the demand.
pub(super) fn demanded(
    bundle: &Bundle,
    inclusion_proof: bool,
    signed_timestamp: bool,
) -> Result<(), VerifyError> {
    let material = &bundle.verification_material;
    let entries = &material.tlog_entries;
    if inclusion_proof
        && (entries.is_empty() || entries.iter().any(|entry| entry.inclusion_proof.is_none()))
    {
        return Err(VerifyError::InclusionProofMissing);
    }
    if signed_timestamp && material.timestamp_verification_data.rfc3161_timestamps.is_empty() {
        return Err(VerifyError::SignedTimestampMissing);
    }
    Ok(())
}

/// Checks all that an entry claims, and gives the time that its log vouches for. An entry that no
/// log vouches for is refused.
pub(super) fn entry(
    entry: &TransparencyLogEntry,
    root: &TrustRoot,
    at: Timestamp,
) -> Result<Option<Timestamp>, VerifyError> {
    if !root.knows(&entry.log_id.key_id) {
        let text = format!("the log {} is not in it", entry.log_id.key_id.to_base64());
        return Err(VerifyError::Untrusted(text));
    }
    if entry.inclusion_proof.is_none() && entry.inclusion_promise.is_none() {
        return Err(VerifyError::InclusionProofMissing);
    }
    let mut time = None;
    if entry.inclusion_promise.is_some() {
        promise(entry, root)?;
        time = entry.integrated_time.filter(|_| !is_v2(entry));
    }
    if let Some(proof) = &entry.inclusion_proof {
        included(entry, proof, root, time.unwrap_or(at))?;
    }
    Ok(time)
}

fn is_v2(entry: &TransparencyLogEntry) -> bool {
    entry.kind_version == KindVersion::HashedRekordV002
}

/// The entry is a leaf of a tree whose head the log signed. The newer log's bundles repeat index,
/// size and root without a signature; there the signed head alone counts.
fn included(
    entry: &TransparencyLogEntry,
    proof: &InclusionProof,
    root: &TrustRoot,
    at: Timestamp,
) -> Result<(), VerifyError> {
    let wrong = |text: String| VerifyError::LogProofInvalid(text);
    let head = Checkpoint::from_text(proof.checkpoint.envelope())
        .map_err(|e| wrong(format!("the signed tree head: {e}")))?;
    let (index, size) = match is_v2(entry) {
        true => (entry.log_index.get(), head.tree_size()),
        false => (proof.log_index.get(), proof.tree_size),
    };
    if !is_v2(entry) && (proof.root_hash != *head.root_hash()) {
        return Err(wrong("its root is not the signed tree head's".into()));
    }
    let leaf = sigstore_merkle::hash_leaf(entry.canonicalized_body.as_bytes());
    sigstore_merkle::verify_inclusion_proof(&leaf, index, size, &proof.hashes, head.root_hash())
        .map_err(|e| wrong(e.to_string()))?;
    let signed = head.signatures().iter().any(|signature| {
        let mut keys = root.log_keys.keys_by_hint(&signature.key_id, at);
        keys.any(|key| key.verify(head.signed_data(), &signature.signature).is_ok())
    });
    match signed {
        true => Ok(()),
        false => Err(wrong("no trusted log signed the tree head".into())),
    }
}

/// The log's signature over body, time, index and its own id.
fn promise(entry: &TransparencyLogEntry, root: &TrustRoot) -> Result<(), VerifyError> {
    let wrong = |text: &str| VerifyError::LogPromiseInvalid(text.to_owned());
    let Some(promise) = &entry.inclusion_promise else { return Err(wrong("there is none")) };
    let key = log_key(entry, root)
        .ok_or_else(|| wrong("the log's key was not valid at the integrated time"))?;
    let payload = json!({
        "body": BASE64.encode(entry.canonicalized_body.as_bytes()),
        "integratedTime": entry.integrated_time.map_or(0, Timestamp::as_second),
        "logIndex": entry.log_index.get(),
        "logID": hex::encode(entry.log_id.key_id.as_bytes()),
    });
    let payload = serde_json_canonicalizer::to_vec(&payload).map_err(|e| wrong(&e.to_string()))?;
    let signature = SignatureBytes::from_bytes(promise.signed_entry_timestamp.as_bytes());
    key.verify(payload, &signature).map_err(|_| wrong("the signed entry timestamp does not fit"))
}

fn log_key<'a>(entry: &TransparencyLogEntry, root: &'a TrustRoot) -> Option<&'a VerificationKey> {
    let id = Sha256Hash::try_from(entry.log_id.key_id.as_bytes()).ok()?;
    match entry.integrated_time {
        Some(time) => root.log_keys.key_at(&id, time),
        None => root.log_keys.key(&id),
    }
}

/// The time that a timestamp authority signed over a signature.
pub(super) fn timestamp(
    token: &TimestampToken,
    signature: &SignatureBytes,
    root: &TrustRoot,
) -> Result<Timestamp, VerifyError> {
    let mut last = "the trust root names no timestamp authority".to_owned();
    for authority in root.timestamp_authorities.iter() {
        match verify_timestamp_for_authority(token, signature, authority) {
            Ok(time) => return Ok(time),
            Err(error @ TsaError::TimestampOutsideValidity { .. }) => {
                return Err(VerifyError::TimestampInvalid(error.to_string()));
            }
            Err(error) => last = error.to_string(),
        }
    }
    Err(VerifyError::TimestampInvalid(last))
}
