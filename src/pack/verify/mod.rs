//! The gate before a pack is opened: digest and signature. No network, no file system; the
//! signature's time comes from log or timestamp authority, not from this machine.

mod content;
mod error;
mod key;
mod keyless;
mod log;
mod record;
mod stated;
mod statement;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use sigstore_verify::types::bundle::VerificationMaterialContent;

pub use content::Content;
pub use error::VerifyError;
pub use stated::{VerifiedStatement, verify_statement};
pub use statement::Payload;

use super::bundle;
use super::fetch::FetchedPack;
use super::oci::{Attempt, Covered, attempts};
use super::trust::Authority;
use crate::domain::Digest;

/// The predicate type of `cosign sign`'s statements about a manifest.
const COSIGN_SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

/// Who signed, for the record. Only what was checked stands here.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Signer {
    /// The OIDC issuer, for a certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The certificate's subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Digest of the key's SPKI, for a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_fingerprint: Option<Digest>,
    /// The signature's place in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_index: Option<u64>,
    /// When the log recorded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrated_time: Option<Timestamp>,
    /// All times that log and timestamp authorities vouch for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub timestamps: Vec<Timestamp>,
}

/// What was found about some content.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Who signed.
    pub signer: Signer,
    /// What the bundle calls itself.
    pub bundle_media_type: &'static str,
    /// The attestation's predicate type; unset for a signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicate_type: Option<String>,
    /// The content's digest.
    pub digest: Digest,
}

/// A pack whose digest and signature hold. Only [`verify`] makes one.
#[derive(Clone, Debug)]
pub struct VerifiedPack {
    fetched: FetchedPack,
    bundle: Bytes,
    covered: Covered,
    digest: Digest,
    signer: Signer,
}

impl VerifiedPack {
    /// The tar.
    pub const fn tar(&self) -> &Bytes {
        &self.fetched.tar
    }

    /// What was fetched, to be verified once more when other authorities count.
    pub const fn fetched(&self) -> &FetchedPack {
        &self.fetched
    }

    /// What the bundle is a signature over.
    pub const fn covered(&self) -> Covered {
        self.covered
    }

    /// The bundle that vouches for it, as fetched.
    pub const fn bundle(&self) -> &Bytes {
        &self.bundle
    }

    /// The tar's digest.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Who signed.
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }
}

/// Checks a pack against the pinned digest, if any, and against the authorities. One of them that
/// accepts is enough. An attestation about a pack is not its signature.
///
/// # Errors
/// Of the authorities' refusals the one that came nearest to acceptance.
pub fn verify(
    fetched: FetchedPack,
    pinned: Option<Digest>,
    authorities: &[Authority],
) -> Result<VerifiedPack, VerifyError> {
    let digest = Digest::of(&fetched.tar);
    if let Some(pinned) = pinned.filter(|pinned| *pinned != digest) {
        return Err(VerifyError::DigestMismatch { pinned, actual: digest });
    }
    let mut nearest = None;
    for Attempt { covered, signed, bundle } in attempts(&fetched) {
        let content = match covered {
            Covered::Tar => Content::Bytes { bytes: &signed, digest },
            Covered::Manifest | Covered::Payload => Content::of(&signed),
        };
        let mut outcome = verify_blob(&content, &bundle, authorities, &Payload::Signature);
        if covered == Covered::Manifest
            && matches!(outcome, Err(VerifyError::PayloadMismatch { .. }))
        {
            // What `cosign sign` says of a manifest, it says in a statement of this type.
            let signed = Payload::Attestation(COSIGN_SIGN.to_owned());
            outcome = verify_blob(&content, &bundle, authorities, &signed);
        }
        match outcome {
            Ok(Verification { signer, .. }) => {
                return Ok(VerifiedPack { fetched, bundle, covered, digest, signer });
            }
            Err(error) => nearest = Some(error.or_nearer(nearest)),
        }
    }
    Err(nearest.unwrap_or(VerifyError::BundleMissing))
}

/// Checks a bundle about any content. One authority that accepts is enough.
///
/// # Errors
/// Of the authorities' refusals the one that came nearest to acceptance.
pub fn verify_blob(
    content: &Content<'_>,
    raw: &[u8],
    authorities: &[Authority],
    wanted: &Payload,
) -> Result<Verification, VerifyError> {
    let parsed = bundle::parse(raw)?;
    let bundle = &parsed.bundle;
    let found = statement::payload(&bundle.content)?;
    wanted.accepts(&found)?;
    let with_key =
        matches!(bundle.verification_material.content, VerificationMaterialContent::PublicKey(_));
    let mut nearest = None;
    for authority in authorities {
        let outcome = match authority {
            Authority::Keyless { root, identities, require } if !with_key => {
                keyless::check(content, bundle, root, identities, *require)
            }
            Authority::Key { key, log_root } if with_key => {
                key::check(content, bundle, key, log_root.as_ref())
            }
            Authority::Keyless { .. } => Err(VerifyError::AuthorityMismatch { found: "key" }),
            Authority::Key { .. } => Err(VerifyError::AuthorityMismatch { found: "certificate" }),
        };
        match outcome {
            Ok(signer) => {
                return Ok(Verification {
                    signer,
                    bundle_media_type: parsed.media_type(),
                    predicate_type: found.map(|statement| statement.predicate_type),
                    digest: content.digest(),
                });
            }
            Err(error) => nearest = Some(error.or_nearer(nearest)),
        }
    }
    Err(nearest.unwrap_or(VerifyError::NoAuthority))
}
