//! Against the tools and servers that others run. `make test-all` builds them and runs this.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod azure;
mod chart;
mod gitops;
mod peers;
mod registry;
mod rollouts;
mod scale;
mod serve;
mod shards;
mod sigstore;
mod stores;
