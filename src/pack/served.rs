//! A pack as it is served, and under which id.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::oci::Covered;
use super::opa_bundle::{OpaBundleError, opa_bundle};
use super::shelf::ShelfError;
use super::verify::VerifiedPack;
use crate::domain::Digest;

/// Under which name a pack is served: lower-case letters, digits, `-` and `.`, at most 63, beginning
/// and ending with a letter or digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PackId(Arc<str>);

/// A text is no [`PackId`].
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error(
    "a pack id has 1 to 63 lower-case letters, digits, '-' and '.', and begins and ends with a letter or digit"
)]
pub struct PackIdError;

impl PackId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path under which the pack is served.
    pub fn path(&self) -> String {
        format!("/v1/policy/packs/{self}")
    }
}

impl FromStr for PackId {
    type Err = PackIdError;

    fn from_str(text: &str) -> Result<Self, PackIdError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = text.as_bytes();
        let ends = bytes.first().zip(bytes.last());
        let fits = bytes.len() <= 63
            && ends.is_some_and(|(first, last)| plain(*first) && plain(*last))
            && bytes.iter().all(|b| plain(*b) || matches!(b, b'-' | b'.'));
        if fits { Ok(Self(text.into())) } else { Err(PackIdError) }
    }
}

impl fmt::Display for PackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for PackId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A verified pack, ready to be sent.
#[derive(Clone, Debug)]
pub struct ServedPack {
    id: PackId,
    tar: Bytes,
    bundle: Bytes,
    digest: Digest,
    bundle_digest: Digest,
    opa: Result<(Bytes, Digest), OpaBundleError>,
    loaded_at: Timestamp,
    inline_bundle: bool,
}

impl ServedPack {
    /// Prepares a pack, OPA's form of it included. This compresses: keep it off async threads.
    ///
    /// # Errors
    /// If its signature is over something else than the tar: a client could not check what it gets.
    pub fn new(
        id: PackId,
        pack: &VerifiedPack,
        loaded_at: Timestamp,
        inline_bundle: bool,
    ) -> Result<Self, ShelfError> {
        if pack.covered() != Covered::Tar {
            return Err(ShelfError::NotOverTheTar { id });
        }
        let opa = opa_bundle(pack.tar(), pack.digest()).map(|bundle| {
            let digest = Digest::of(&bundle);
            (bundle, digest)
        });
        Ok(Self {
            id,
            tar: pack.tar().clone(),
            bundle: pack.bundle().clone(),
            digest: pack.digest(),
            bundle_digest: Digest::of(pack.bundle()),
            opa,
            loaded_at: whole_second(loaded_at),
            inline_bundle,
        })
    }

    /// Its name on the wire.
    pub const fn id(&self) -> &PackId {
        &self.id
    }

    /// The tar.
    pub const fn tar(&self) -> &Bytes {
        &self.tar
    }

    /// The Sigstore bundle, exactly as it was fetched.
    pub const fn bundle(&self) -> &Bytes {
        &self.bundle
    }

    /// Digest of the tar.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Digest of the bundle. A pack may be signed anew without a change of its bytes.
    pub const fn bundle_digest(&self) -> Digest {
        self.bundle_digest
    }

    /// OPA's form of the pack and that form's own digest.
    ///
    /// # Errors
    /// Why it has none.
    pub const fn opa(&self) -> Result<&(Bytes, Digest), &OpaBundleError> {
        self.opa.as_ref()
    }

    /// When it came onto the shelf, in whole seconds; no two revisions of one id share one.
    pub const fn loaded_at(&self) -> Timestamp {
        self.loaded_at
    }

    /// Whether the bundle goes along in a header.
    pub const fn inline_bundle(&self) -> bool {
        self.inline_bundle
    }

    /// Whether a client would get the same.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.digest == other.digest
            && self.bundle_digest == other.bundle_digest
            && self.inline_bundle == other.inline_bundle
    }

    /// The same with another date.
    pub(super) fn dated(&self, loaded_at: Timestamp) -> Self {
        Self { loaded_at, ..self.clone() }
    }
}

/// HTTP dates have no fractions.
fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
