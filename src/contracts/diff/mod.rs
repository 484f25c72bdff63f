//! Semantic comparison of JSON Schemas (2020-12, and older drafts read as such): not how two texts differ,
//! but which instances one accepts and the other refuses.
//!
//! A change is `SAFE` only if a proof was found that no verdict flips, `BREAKING` only with an
//! instance whose verdict does, and `RISKY` where neither was found.

mod bundle;
mod compare;
mod declared;
mod definitions;
mod draft;
mod edit;
mod effort;
mod flat;
mod joined;
mod keywords;
mod language;
mod loops;
mod number;
mod pointer;
mod prove;
mod references;
mod samples;
mod slice;
mod spelling;
mod unevaluated;
mod universe;
mod verdict;
mod walk;
mod written_out;

pub use bundle::BundleError;
pub use compare::{Judged, Named, compare, compare_written};
pub(super) use declared::NEVER;
pub use joined::{Joined, Step};
pub(super) use keywords::{Holds, holds, is_assertion};
pub(super) use pointer::{fragment, join, unescape_fragment};
pub(super) use walk::short;

#[cfg(test)]
mod pairs_tests;
#[cfg(test)]
mod places_tests;
#[cfg(test)]
mod soundness_tests;
