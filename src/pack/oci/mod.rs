//! Packs in OCI registries (distribution-spec 1.1), over the same bounded transport as any other
//! fetch. `reference`, `config`, `challenge`, `manifest` and `signature` only read and write
//! documents; `registry`, `pull` and `push` speak with a registry.
//!
//! A pack is an image manifest of the artifact type `application/vnd.intelgraph.policy+tar` with
//! one layer of that media type: the tar itself, so that the layer's digest is the pack's.

mod challenge;
mod config;
mod manifest;
mod pull;
mod push;
mod reference;
mod registry;
mod signature;

#[cfg(test)]
mod registry_tests;

pub use challenge::{Challenge, ChallengeError, challenges};
pub use config::{DockerConfig, DockerConfigError};
pub use manifest::{Document, ManifestError, pack_layer, read_document};
pub use push::{Pushed, push};
pub use reference::{ReferenceError, Repository, Version, highest};
pub use signature::{Attempt, Covered, Signature, attempts};

pub(super) use pull::pull;

/// How a reference to a registry begins.
pub const SCHEME: &str = "oci://";
