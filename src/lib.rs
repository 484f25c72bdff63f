//! Lazaret: a quarantine station for data and releases on Kubernetes.
//!
//! The rooms, from the ground up; each may use only those above it in this list. See
//! `docs/architecture.md`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod api;
pub mod domain;

pub mod contracts;
pub mod objects;
pub mod pack;

pub mod policy;

pub mod law;

pub mod dataset;

pub mod gates;

pub mod ledger;

pub mod promotion;

pub mod evidence;

pub mod controller;

pub mod server;

pub mod cli;
