//! The end-to-end tests: one program, so that all share one control plane.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod admission;
mod controlplane;
mod crash;
mod crds;
mod docs;
mod evidence;
mod gates;
mod lost;
mod many;
mod packs;
mod publish;
mod quarantine;
mod restart;
mod rotation;
mod serving;
mod shadow;
mod swap;
