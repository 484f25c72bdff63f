//! Contracts are law: the contracts of one repository as a set, said by its `contracts.yaml`.
//! What the set holds, whether it is sound, how it differs from what it was, and what such a difference
//! asks for. Pure: whoever calls brings the files ([`Tree`]) and the date.

mod bundle;
pub mod compare;
mod finding;
mod fixtures;
mod manifest;
pub mod registry;
pub mod rego;
mod set;
mod tree;
mod versions;

pub use bundle::{Bundle, BundleError, Judgement};
pub use compare::{Row, SetReport, Status, compare};
pub use finding::{Finding, Severity};
pub use fixtures::Fixture;
pub use manifest::{Consumer, Functions, Invariant, MANIFEST, Manifest, ManifestError, Module};
pub use set::{Contract, Kind, Set, Unit};
pub use tree::{Tree, TreeError};
pub use versions::{Deprecation, Release, Removal, Updated, Versions};

#[cfg(test)]
mod set_tests;
