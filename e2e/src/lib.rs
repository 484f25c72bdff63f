//! What the end-to-end tests and the demo stand on: a real Kubernetes control plane on loopback,
//! workspaces to promote, packs to sign and serve, a controller process to start and kill.
#![allow(clippy::print_stdout, reason = "this crate is a tool for people at a terminal")]

pub mod azure;
pub mod cluster;
pub mod controller;
pub mod controlplane;
pub mod example;
pub mod memory;
pub mod packs;
pub mod peer;
pub mod registry;
pub mod s3;
pub mod shop;
pub mod sigstore;
pub mod stage;

use std::path::PathBuf;

/// The root of the checkout.
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
