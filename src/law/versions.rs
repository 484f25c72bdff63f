//! `versions.yaml` of a module: which version it is, what its releases said, and what is on its way out.

use jiff::civil::Date;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::tree::Tree;
use crate::domain::yaml;

/// A module's versions.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Versions {
    /// The module's name, as in `contracts.yaml`.
    pub module: String,
    /// What the contracts are now ([SemVer 2.0.0](https://semver.org)).
    pub version: Version,
    /// Every release and the one to come, newest first; the first is `version`.
    pub releases: Vec<Release>,
    /// What is on its way out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deprecations: Vec<Deprecation>,
}

/// A release, with what its changes demanded.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Release {
    /// Its version.
    pub version: Version,
    /// When.
    pub date: Date,
    /// What is new, for the changelog.
    pub summary: String,
    /// How to come over from the release before: a text, or a path of the set. Breaking changes need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<String>,
    /// Which consumers were brought along. Breaking changes need every impacted one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consumers: Vec<Updated>,
    /// Tests (paths of the repository) that hold the change. Breaking and risky changes need one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<String>,
    /// What the review said. Risky changes need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
}

/// A consumer that was brought along.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Updated {
    /// Its name, as in `contracts.yaml`.
    pub name: String,
    /// Where that can be seen: a change request, a commit, a sentence.
    pub evidence: String,
}

/// Something that will be removed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deprecation {
    /// The contract, as a path below the module's folder.
    pub contract: String,
    /// Where in it: as [`crate::contracts::Location::pointer`]. Empty: the whole contract.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub at: String,
    /// The release that said so.
    pub since: Version,
    /// When it was said.
    pub on: Date,
    /// What to use instead.
    pub replacement: String,
    /// When it may go.
    pub removal: Removal,
}

/// The window: both must have passed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Removal {
    /// So many releases of the module after `since`.
    pub releases: u32,
    /// Not before this day.
    pub not_before: Date,
}

impl Versions {
    /// Reads a `versions.yaml`.
    ///
    /// # Errors
    /// Why it is none, or that it is not there.
    pub fn of(tree: &Tree, path: &str) -> Result<Self, String> {
        Self::parse(tree.get(path).ok_or_else(|| "is not there".to_owned())?)
    }

    /// Reads the text of a `versions.yaml`.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        yaml::documents(bytes, 200_000)?;
        yaml_serde::from_slice(bytes).map_err(|error| error.to_string())
    }
}
