//! Signed policy packs: `fetch` and `oci` bring bytes, `verify` makes the only [`VerifiedPack`], `archive`
//! reads it without touching the file system, `build` and `sign` make one. I/O lives in `fetch`,
//! `oci` and, for reading a directory, in `build`.

mod archive;
mod archive_error;
mod attest;
mod build;
mod bundle;
mod documents;
mod fetch;
mod kept;
pub mod oci;
mod opa_bundle;
mod plain_tar;
mod served;
mod shelf;
mod sign;
mod tar;
mod trust;
mod verify;

#[cfg(test)]
mod archive_tests;
#[cfg(test)]
mod hostile_bundle_tests;
#[cfg(test)]
mod requirement_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod verify_tests;

pub use archive::{ArchiveLimits, Files, read_archive};
pub use archive_error::{ArchiveError, Oddity, PathFlaw};
pub use attest::{IN_TOTO, pre_authentication, sign_statement};
pub use build::{BuildError, BuiltPack, build};
pub use bundle::BundleError;
pub use documents::{merge, mounted};
pub use fetch::{
    Auth, DEFAULT_MAX_BYTES, FetchError, FetchSettings, Fetched, FetchedPack, Previous, Proxy,
    Retry, fetch,
};
pub use kept::{KeptError, MAX_KEPT, keep, read_kept};
pub use opa_bundle::{OPA_BUNDLE_MEDIA_TYPE, OpaBundleError};
pub use plain_tar::{read_tar, write_tar};
pub use served::{PackId, PackIdError, ServedPack};
pub use shelf::{DIRECTORY_OWNER, MAX_PER_NAMESPACE, OnShelf, Shelf, ShelfError};
pub use sign::{KeyPairPem, SignError, generate_key_pair, sign_blob};
pub use trust::{
    Authority, CertificateTimestamp, Identity, KeyLog, PublicKey, Requirements, TrustError,
    TrustRoot,
};
pub use verify::{
    Content, Payload, Signer, Verification, VerifiedPack, VerifiedStatement, VerifyError, verify,
    verify_blob, verify_statement,
};

/// Media type of a pack's tar on the wire.
pub const PACK_MEDIA_TYPE: &str = "application/vnd.intelgraph.policy+tar";
/// Media type of a contract set's tar in a registry.
pub const CONTRACTS_MEDIA_TYPE: &str = "application/vnd.lazaret.contracts.v1+tar";
/// Media type of a Sigstore bundle on the wire.
pub const BUNDLE_MEDIA_TYPE: &str = "application/vnd.sigstore.bundle+json";
