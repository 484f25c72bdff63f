//! Signatures against real peers: a private Sigstore whose bundles cosign makes, and real bundles of
//! the public instances. Run by `make test-all`, which builds the tools.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod conformance;
mod local;
mod registry;
