//! What the end-to-end tests and the demo stand on: a real Kubernetes control plane on loopback,
//! workspaces to promote, packs to sign, a controller process to start and kill.
#![allow(clippy::print_stdout, reason = "this crate is a tool for people at a terminal")]

pub mod cluster;
pub mod controlplane;
