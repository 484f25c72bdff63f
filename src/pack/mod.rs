//! Signed policy packs: `fetch` brings bytes, `verify` makes the only [`VerifiedPack`], `archive`
//! reads it without touching the file system, `build` and `sign` make one. I/O lives in `fetch`
//! and, for reading a directory, in `build`.

mod address;
mod archive;
mod attest;
mod build;
mod fetch;
mod fetch_error;
mod sign;
mod tar;
mod trust;
mod verify;

#[cfg(test)]
mod archive_tests;
#[cfg(test)]
mod fetch_tests;
#[cfg(test)]
mod verify_tests;

pub use archive::{ArchiveError, ArchiveLimits, Files, read_archive};
pub use attest::{
    IN_TOTO, VerifiedStatement, pre_authentication, sign_statement, verify_statement,
};
pub use build::{BuildError, BuiltPack, build};
pub use fetch::{Auth, DEFAULT_MAX_BYTES, FetchSettings, Fetched, FetchedPack, Previous, fetch};
pub use fetch_error::FetchError;
pub use sign::{KeyPairPem, SignError, generate_key_pair, sign_blob};
pub use trust::{Authority, Identity, PublicKey, TrustError, TrustRoot};
pub use verify::{Signer, VerifiedPack, VerifyError, verify};

/// Media type of a pack's tar on the wire.
pub const PACK_MEDIA_TYPE: &str = "application/vnd.intelgraph.policy+tar";
/// Media type of a Sigstore bundle on the wire.
pub const BUNDLE_MEDIA_TYPE: &str = "application/vnd.sigstore.bundle+json";
