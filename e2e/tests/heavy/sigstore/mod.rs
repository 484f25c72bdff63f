//! Signatures against real peers: a private Sigstore whose bundles cosign makes, and real bundles of
//! the public instances.

mod conformance;
mod local;
mod registry;
