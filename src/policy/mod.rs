//! Verified pack → compiled pack; input → verdict under limits. Synchronous, no I/O.
//!
//! A pack is code from outside: signed, but not therefore right. What Rego's engine cannot bound by
//! itself is refused before it is loaded (`shape`, `graph`, `vocabulary`), and what is loaded runs
//! on a thread of its own with a big stack, a timer and a net under it (`sandbox`). Memory is not
//! bounded within the process.

mod arithmetic;
mod builtins;
mod compile;
mod data;
mod denial;
mod differs;
mod engine;
mod error;
mod evaluate;
mod graph;
mod heads;
mod library;
mod limits;
mod outline;
mod rewrite;
mod sandbox;
mod shadow;
mod shape;
mod store;
mod testing;
mod together;
mod verdict;
mod visit;
mod vocabulary;
mod worker;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod idioms_tests;
#[cfg(test)]
mod opa_cases_tests;
#[cfg(test)]
mod opa_programs_tests;
#[cfg(test)]
mod pack_tests;

pub use compile::{CompiledPack, compile, compile_on, compile_untested};
pub use error::{EvalError, LoadError, Place, TestFailure};
pub use evaluate::{evaluate, evaluate_evidence};
pub use library::Library;
pub use limits::Limits;
pub use outline::{Outline, Stated, outline};
pub use shadow::{Change, Said, compare};
pub use store::{PackStore, Unavailable};
pub use testing::{FileCoverage, Selection, TestReport, TestResult, pack_tests as run_tests};
pub use verdict::{Obligation, ObligationKind, PackIdentity, Verdict};
pub use worker::{Host, Room, host, run_aside, serve};
