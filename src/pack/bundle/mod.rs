//! From hostile text to a Sigstore bundle whose shape is known: bounded, without a name twice, and of
//! a known version. Nothing here believes a signature.

mod legacy;
pub(super) mod strict;

use serde_json::Value;
use sigstore_verify::types::bundle::{VerificationMaterial, VerificationMaterialContent};
use sigstore_verify::types::{Bundle, MediaType, SignatureContent};

/// A bundle larger than this is none.
const MAX_BYTES: usize = 4 << 20;
/// More log entries, timestamps or certificates than anybody's bundle has.
const MAX_ITEMS: usize = 32;

/// Why a text is no bundle that can be verified.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum BundleError {
    /// Larger than any bundle.
    #[error("it is larger than {} MiB", MAX_BYTES >> 20)]
    TooLarge,
    /// Not JSON, or nested deeper than any bundle, or with a name twice in one object.
    #[error("it is not the JSON of a bundle: {0}")]
    Json(String),
    /// JSON of something else, or of a later version.
    #[error("its media type {0:?} is no Sigstore bundle v0.1, v0.2 or v0.3")]
    MediaType(String),
    /// A part is missing, malformed, or there too often.
    #[error("it is malformed: {0}")]
    Malformed(String),
    /// Cosign's older file without a usable part.
    #[error("it looks like cosign's legacy bundle, but {0}")]
    Legacy(String),
}

impl BundleError {
    /// A short CamelCase name for conditions.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge => "BundleTooLarge",
            Self::MediaType(_) => "BundleUnsupported",
            Self::Json(_) | Self::Malformed(_) | Self::Legacy(_) => "BundleInvalid",
        }
    }
}

/// A bundle that parsed.
#[derive(Clone, Debug)]
pub(super) struct Parsed {
    pub bundle: Bundle,
    /// Whether it was cosign's older file, which is not a bundle of any version.
    pub legacy: bool,
}

impl Parsed {
    /// What the text called itself.
    pub(super) const fn media_type(&self) -> &'static str {
        if self.legacy {
            return "cosign legacy bundle";
        }
        match self.bundle.media_type {
            MediaType::Bundle0_1 => "application/vnd.dev.sigstore.bundle+json;version=0.1",
            MediaType::Bundle0_2 => "application/vnd.dev.sigstore.bundle+json;version=0.2",
            _ => "application/vnd.dev.sigstore.bundle.v0.3+json",
        }
    }
}

/// Reads a bundle, or cosign's older file as the bundle v0.1 that says the same.
///
/// # Errors
/// If it is neither, or anything in it is malformed.
pub(super) fn parse(raw: &[u8]) -> Result<Parsed, BundleError> {
    if raw.len() > MAX_BYTES {
        return Err(BundleError::TooLarge);
    }
    let text = std::str::from_utf8(raw).map_err(|e| BundleError::Json(e.to_string()))?;
    let value = strict::value(text).map_err(|e| BundleError::Json(e.to_string()))?;
    let legacy = value.get("mediaType").is_none() && value.get("base64Signature").is_some();
    let mut value = if legacy { legacy::convert(&value)? } else { value };
    // Cosign writes an empty digest beside a signature of plain Ed25519.
    if value.pointer("/messageSignature/messageDigest") == Some(&serde_json::json!({}))
        && let Some(message) = value["messageSignature"].as_object_mut()
    {
        message.remove("messageDigest");
    }
    match value.get("mediaType") {
        Some(Value::String(name)) => {
            let _: MediaType = name
                .parse()
                .map_err(|_| BundleError::MediaType(name.chars().take(200).collect()))?;
        }
        Some(_) => return Err(BundleError::Malformed("mediaType is not a string".into())),
        None => return Err(BundleError::Malformed("it has no mediaType".into())),
    }
    one_of(&value, "", &["messageSignature", "dsseEnvelope"])?;
    let material = value.get("verificationMaterial").unwrap_or(&Value::Null);
    one_of(
        material,
        "verificationMaterial.",
        &["publicKey", "x509CertificateChain", "certificate"],
    )?;
    let bundle =
        Bundle::from_json(&value.to_string()).map_err(|e| BundleError::Malformed(e.to_string()))?;
    count(&bundle.verification_material)?;
    if let SignatureContent::MessageSignature(message) = &bundle.content
        && let Some(stated) = &message.message_digest
        && stated.digest.len() != stated.algorithm.digest_size()
    {
        return Err(BundleError::Malformed("messageDigest has the wrong length".into()));
    }
    Ok(Parsed { bundle, legacy })
}

/// Exactly one of the names of a protobuf `oneof`: a reader that takes the first and one that takes
/// the last would not see the same bundle.
fn one_of(value: &Value, place: &str, names: &[&str]) -> Result<(), BundleError> {
    let there = names.iter().filter(|name| value.get(**name).is_some_and(|v| !v.is_null()));
    match there.count() {
        1 => Ok(()),
        _ => Err(BundleError::Malformed(format!(
            "exactly one of {place}{{{}}} must be there",
            names.join(", ")
        ))),
    }
}

fn count(material: &VerificationMaterial) -> Result<(), BundleError> {
    let certificates = match &material.content {
        VerificationMaterialContent::X509CertificateChain { certificates } => certificates.len(),
        _ => 0,
    };
    let most = certificates
        .max(material.tlog_entries.len())
        .max(material.timestamp_verification_data.rfc3161_timestamps.len());
    if most > MAX_ITEMS {
        return Err(BundleError::Malformed(format!(
            "more than {MAX_ITEMS} log entries, timestamps or certificates"
        )));
    }
    Ok(())
}
