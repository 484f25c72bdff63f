//! What the library and the program promise to those who use them, without a cluster. One program: each more
//! would link everything anew, some 200 MB of disk. `hostile` and `memory` measure their own process.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod agreement;
mod architecture;
mod cli;
mod contracts;
mod dashboard;
mod evidence_contract;
mod generated;
mod jcs;
mod opa_differential;
mod plan;
mod proof;
mod quickstart;
mod serving_contract;
mod serving_process;
mod signed;
mod tree;
