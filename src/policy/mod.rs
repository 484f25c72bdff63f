//! Verified pack → compiled pack; input → verdict under limits. Synchronous, no I/O.
//!
//! A pack is code from outside: signed, but not therefore right. What Rego's engine cannot bound by
//! itself is refused before it is loaded (`shape`, `graph`, `vocabulary`), and what is loaded runs
//! on a thread of its own with a big stack, a timer and a net under it (`sandbox`). Memory is not
//! bounded within the process.

mod compile;
mod data;
mod denial;
mod engine;
mod error;
mod evaluate;
mod graph;
mod limits;
mod sandbox;
mod selftest;
mod shadow;
mod shape;
mod store;
mod verdict;
mod visit;
mod vocabulary;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod pack_tests;

pub use compile::{CompiledPack, compile};
pub use error::{EvalError, LoadError, Place, TestFailure};
pub use evaluate::{evaluate, evaluate_evidence};
pub use limits::Limits;
pub use shadow::{Change, Said, compare};
pub use store::{PackStore, Unavailable};
pub use verdict::{Obligation, ObligationKind, PackIdentity, Verdict};
