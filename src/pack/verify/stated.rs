//! Who signed an in-toto statement, whatever it speaks of: what its subjects are is for the caller to
//! judge, who knows which of them count.

use serde_json::Value;
use sigstore_verify::types::{HashAlgorithm, SignatureContent};

use super::super::bundle;
use super::super::trust::Authority;
use super::content::Content;
use super::error::VerifyError;
use super::{Payload, Signer, statement, verify_blob};
use crate::domain::{Digest, parse_i_json};

/// A statement whose signature holds, and who signed it.
#[derive(Clone, Debug)]
pub struct VerifiedStatement {
    /// The statement.
    pub statement: Value,
    /// Who signed.
    pub signer: Signer,
}

/// Checks a Sigstore bundle with an in-toto statement against the authorities. One of them that
/// accepts is enough.
///
/// # Errors
/// Of the authorities' refusals the one that came nearest to acceptance.
pub fn verify_statement(
    raw: &str,
    authorities: &[Authority],
) -> Result<VerifiedStatement, VerifyError> {
    let parsed = bundle::parse(raw.as_bytes())?;
    if statement::payload(&parsed.bundle.content)?.is_none() {
        return Err(VerifyError::PayloadMismatch {
            found: "a signature".into(),
            wanted: "an attestation".into(),
        });
    }
    let SignatureContent::DsseEnvelope(envelope) = &parsed.bundle.content else {
        return Err(VerifyError::BundleInvalid("it holds no DSSE envelope".into()));
    };
    let payload = envelope.payload.as_bytes();
    let statement =
        parse_i_json(payload).map_err(|e| VerifyError::SubjectMismatch(e.to_string()))?;
    let (algorithm, stated) = subject(&statement).ok_or_else(|| {
        VerifyError::SubjectMismatch("no subject has a sha256, sha384 or sha512 digest".into())
    })?;
    let content = Content::Stated { algorithm, stated: &stated, statement: Digest::of(payload) };
    let found = verify_blob(&content, raw.as_bytes(), authorities, &Payload::Any)?;
    Ok(VerifiedStatement { statement, signer: found.signer })
}

/// The checks want to know of which content a statement is, and any of its subjects will do.
fn subject(statement: &Value) -> Option<(HashAlgorithm, Vec<u8>)> {
    let subjects = statement["subject"].as_array()?;
    let digest = |subject: &Value| {
        let of = |name: &str, algorithm: HashAlgorithm, length: usize| {
            let bytes = hex::decode(subject["digest"][name].as_str()?).ok()?;
            (bytes.len() == length).then_some((algorithm, bytes))
        };
        of("sha256", HashAlgorithm::Sha2256, 32)
            .or_else(|| of("sha384", HashAlgorithm::Sha2384, 48))
            .or_else(|| of("sha512", HashAlgorithm::Sha2512, 64))
    };
    subjects.iter().find_map(digest)
}
