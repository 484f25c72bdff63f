//! Verified pack → compiled pack; input → verdict under limits. Synchronous, no I/O.

mod verdict;

pub use verdict::{PackIdentity, Verdict};
