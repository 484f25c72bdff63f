//! Contracts are law: the contracts of one repository as a set, said by its `contracts.yaml`.
//! What the set holds, whether it is sound, how it differs from what it was, and what such a difference
//! asks for. Pure: whoever calls brings the files ([`Tree`]) and the date.

mod bump;
mod bundle;
mod changelog;
pub mod check;
pub mod compare;
mod decision;
mod draft;
mod finding;
mod fixtures;
pub mod freeze;
pub mod health;
mod invariants;
mod manifest;
mod patterns;
pub mod registry;
pub mod rego;
mod release;
mod set;
mod tree;
pub mod validate;
mod versions;
mod window;

pub use bump::Level;
pub use bundle::{Bundle, BundleError, Judgement};
pub use changelog::changelog;
pub use compare::{Row, SetReport, Status, compare};
pub use decision::{Action, ActionKind, Decision, DecisionError, Done, Ruling, Verdict};
pub use draft::{Draft, DraftError, New, Wanted, draft, first};
pub use finding::{Finding, Severity};
pub use fixtures::{Fixture, Fixtures};
pub use manifest::{Consumer, Functions, Invariant, MANIFEST, Manifest, ManifestError, Module};
pub use release::{NewRelease, ReleaseError, release};
pub use set::{Contract, Kind, Set, Unit};
pub use tree::{Tree, TreeError};
pub use versions::{Deprecation, Release, Removal, Updated, Versions};

#[cfg(test)]
mod set_tests;
