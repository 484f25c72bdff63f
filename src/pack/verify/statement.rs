//! What a bundle holds: a signature over the content, or an in-toto statement about it. A statement
//! that says something about a pack, even something good, is not a signature that publishes it.

use serde::Deserialize;
use sigstore_verify::types::{DsseEnvelope, SignatureContent};

use super::super::bundle::strict;
use super::content::Content;
use super::error::VerifyError;

const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT_TYPES: [&str; 2] =
    ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];

/// What a bundle must hold to count.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Payload {
    /// A signature over the content.
    #[default]
    Signature,
    /// An attestation about the content, with this predicate type.
    Attestation(String),
    /// Either, with any predicate type: who asks so looks at the answer.
    Any,
}

impl Payload {
    pub(super) fn accepts(&self, found: &Option<Statement>) -> Result<(), VerifyError> {
        let fits = match (self, found) {
            (Self::Any, _) | (Self::Signature, None) => true,
            (Self::Attestation(wanted), Some(found)) => *wanted == found.predicate_type,
            _ => false,
        };
        if fits {
            return Ok(());
        }
        Err(VerifyError::PayloadMismatch {
            found: match found {
                Some(statement) => format!("an attestation of type {}", statement.predicate_type),
                None => "a signature".into(),
            },
            wanted: match self {
                Self::Attestation(wanted) => format!("an attestation of type {wanted}"),
                _ => "a signature over the content".into(),
            },
        })
    }
}

/// What of an in-toto statement decides.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Statement {
    #[serde(rename = "_type")]
    type_: String,
    subject: Vec<Subject>,
    pub predicate_type: String,
}

#[derive(Deserialize)]
struct Subject {
    digest: std::collections::BTreeMap<String, String>,
}

/// The statement in a bundle; none if it holds a plain signature.
///
/// # Errors
/// If it is neither.
pub(super) fn payload(content: &SignatureContent) -> Result<Option<Statement>, VerifyError> {
    match content {
        SignatureContent::MessageSignature(_) => Ok(None),
        SignatureContent::DsseEnvelope(envelope) => statement(envelope).map(Some),
        _ => Err(VerifyError::BundleInvalid("it holds neither signature nor attestation".into())),
    }
}

fn statement(envelope: &DsseEnvelope) -> Result<Statement, VerifyError> {
    let wrong = |text: String| Err(VerifyError::SubjectMismatch(text));
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(VerifyError::PayloadMismatch {
            found: format!("a payload of type {:?}", envelope.payload_type),
            wanted: "a signature or an in-toto statement".into(),
        });
    }
    let text = match std::str::from_utf8(envelope.payload.as_bytes()) {
        Ok(text) => text,
        Err(error) => return wrong(error.to_string()),
    };
    // Twice the same name would be two statements under one signature.
    let value = match strict::value(text) {
        Ok(value) => value,
        Err(error) => return wrong(format!("it is no in-toto statement: {error}")),
    };
    let statement: Statement = match serde_json::from_value(value) {
        Ok(statement) => statement,
        Err(error) => return wrong(format!("it is no in-toto statement: {error}")),
    };
    if !STATEMENT_TYPES.contains(&statement.type_.as_str()) {
        return wrong(format!("its _type {:?} is no in-toto statement's", statement.type_));
    }
    if statement.predicate_type.is_empty() {
        return wrong("it has no predicateType".into());
    }
    Ok(statement)
}

impl Statement {
    /// Whether one of the subjects is the content.
    pub(super) fn binds(&self, content: &Content<'_>) -> Result<(), VerifyError> {
        use sigstore_verify::types::HashAlgorithm::{Sha2256, Sha2384, Sha2512};
        let mut unread = false;
        for subject in &self.subject {
            for (name, algorithm) in [("sha256", Sha2256), ("sha384", Sha2384), ("sha512", Sha2512)]
            {
                let Some(stated) = subject.digest.get(name) else { continue };
                match content.hash(algorithm) {
                    Ok(actual) if hex::encode(&actual) == stated.to_ascii_lowercase() => {
                        return Ok(());
                    }
                    Ok(_) => {}
                    Err(_) => unread = true,
                }
            }
        }
        match unread {
            true => Err(VerifyError::ContentNeeded),
            false => Err(VerifyError::SubjectMismatch("no subject has their digest".into())),
        }
    }
}
