//! `contracts.yaml`: where a repository keeps its contracts. Read strictly, because a contract that a
//! misspelt member leaves out is guarded by nobody.

use std::collections::BTreeSet;

use globset::GlobSet;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::patterns::{joined, leads_below, patterns};
use super::tree::Tree;
use crate::contracts::Direction;
use crate::domain::yaml;

/// The file's name.
pub const MANIFEST: &str = "contracts.yaml";
/// The one version that is read.
const API_VERSION: &str = "lazaret.dev/contracts/v1";
/// Modules, patterns of a module, consumers and invariants, each.
const MAX_LIST: usize = 1_000;

/// What `contracts.yaml` says. Every path is relative to its folder.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    api_version: String,
    /// The set's name.
    pub name: String,
    /// The modules, each with a version of its own.
    pub modules: Vec<Module>,
    /// Where freezes lie.
    #[serde(default = "frozen")]
    pub frozen: String,
    /// Where policy decisions lie.
    #[serde(default = "decisions")]
    pub decisions: String,
    /// Where `lazaret contracts changelog` writes.
    #[serde(default = "changelog")]
    pub changelog: String,
    /// What can never be removed, whatever the bump.
    #[serde(default)]
    pub invariants: Vec<Invariant>,
    /// Who reads or writes by these contracts.
    #[serde(default)]
    pub consumers: Vec<Consumer>,
    /// Public keys (PEM files of the set) of those who decide. If there are any, a decision counts only
    /// with a signature by one of them.
    #[serde(default)]
    pub keys: Vec<String>,
}

/// Contracts that are versioned together. Patterns are globs below the module's folder; `..` leads
/// out of it, but never out of the set.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Module {
    /// Its name, as in the contracts' ids.
    pub name: String,
    /// Its folder; default: its name.
    #[serde(default)]
    pub path: String,
    /// Its versions file, below its folder.
    #[serde(default = "versions")]
    pub versions: String,
    /// Who answers for it.
    #[serde(default)]
    pub owners: Vec<String>,
    /// Who must not be broken by a change of its schemas.
    #[serde(default)]
    pub direction: Direction,
    /// JSON Schemas.
    #[serde(default)]
    pub schemas: Vec<String>,
    /// OpenAPI 3.0 and 3.1 documents.
    #[serde(default)]
    pub openapi: Vec<String>,
    /// GraphQL SDL.
    #[serde(default)]
    pub graphql: Vec<String>,
    /// CustomResourceDefinitions.
    #[serde(default)]
    pub crds: Vec<String>,
    /// Rego files, tests included; all of a module are one bundle.
    #[serde(default)]
    pub policies: Vec<String>,
    /// JSON and YAML that the policies read as `data`.
    #[serde(default)]
    pub data: Vec<String>,
    /// Recorded inputs over which a change of the policies is replayed.
    #[serde(default)]
    pub recorded: Vec<String>,
    /// `<stem>.valid*.json` and `<stem>.invalid*.json`, where the stem is a contract's file name without its
    /// extensions. A policy allows what is valid and denies what is not.
    #[serde(default)]
    pub fixtures: Vec<String>,
    /// A registry of functions and the sources that it is extracted from.
    #[serde(default)]
    pub functions: Option<Functions>,
}

/// A registry of functions.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Functions {
    /// The registry's file (`contract_registry.v1`).
    pub registry: String,
    /// The sources: `*.rs`, `*.py`, `*.ts`, `*.tsx`, `*.go`.
    pub sources: Vec<String>,
}

/// Members of a schema that stay.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Invariant {
    /// The contract's id, as `<module>/<path below the module's folder>`.
    pub contract: String,
    /// Names of its root's properties, or JSON pointers into the schema.
    pub fields: BTreeSet<String>,
}

/// Who depends on contracts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Consumer {
    /// Its name.
    pub name: String,
    /// Whom to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Globs over contract ids.
    pub contracts: Vec<String>,
}

/// Why `contracts.yaml` says nothing.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ManifestError {
    /// It is not there.
    #[error("there is no {MANIFEST}; `lazaret contracts new set` writes one")]
    Missing,
    /// It is not the YAML that is expected.
    #[error("{MANIFEST}: {0}")]
    Invalid(String),
}

fn frozen() -> String {
    "_frozen".into()
}

fn decisions() -> String {
    "decisions".into()
}

fn changelog() -> String {
    "CHANGELOG.md".into()
}

fn versions() -> String {
    "versions.yaml".into()
}

impl Manifest {
    /// Reads what the set's `contracts.yaml` says.
    ///
    /// # Errors
    /// If it is missing, is no such document, or names what cannot be.
    pub fn of(tree: &Tree) -> Result<Self, ManifestError> {
        Self::parse(tree.get(MANIFEST).ok_or(ManifestError::Missing)?)
    }

    /// Reads a `contracts.yaml`.
    ///
    /// # Errors
    /// As [`Manifest::of`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let invalid = |why: String| ManifestError::Invalid(why);
        let documents = yaml::documents(bytes, 100_000).map_err(invalid)?;
        let [_] = documents.as_slice() else {
            return Err(ManifestError::Invalid("it must be one document".into()));
        };
        // From the text, so that errors say line and column.
        let mut manifest: Self =
            yaml_serde::from_slice(bytes).map_err(|error| invalid(error.to_string()))?;
        manifest.check().map_err(invalid)?;
        Ok(manifest)
    }

    fn check(&mut self) -> Result<(), String> {
        if self.api_version != API_VERSION {
            return Err(format!(
                "apiVersion: only {API_VERSION} is read, not {}",
                self.api_version
            ));
        }
        if self.modules.is_empty() {
            return Err("modules: a set has at least one module".into());
        }
        let lists = [self.modules.len(), self.invariants.len(), self.consumers.len()];
        if lists.iter().any(|length| *length > MAX_LIST) {
            return Err(format!("a list has more than {MAX_LIST} entries"));
        }
        for place in [&mut self.frozen, &mut self.decisions, &mut self.changelog] {
            *place = joined("", place)?;
            if place.is_empty() {
                return Err(
                    "frozen, decisions and changelog are places below the set's folder".into()
                );
            }
        }
        if self.keys.len() > MAX_LIST {
            return Err(format!("keys: more than {MAX_LIST}"));
        }
        for key in &mut self.keys {
            *key = joined("", key)?;
        }
        let mut names = BTreeSet::new();
        for module in &mut self.modules {
            let wrong = |why: String| format!("module {}: {why}", module.name);
            let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
            if module.name.is_empty() || !module.name.chars().all(letter) {
                return Err(wrong("a name is of a-z, 0-9, - and _".into()));
            }
            if !names.insert(module.name.clone()) {
                return Err(wrong("two modules have this name".into()));
            }
            if module.path.is_empty() {
                module.path.clone_from(&module.name);
            }
            module.resolve().map_err(|why| format!("module {}: {why}", module.name))?;
        }
        for consumer in &self.consumers {
            patterns(&consumer.contracts)
                .map_err(|why| format!("consumer {}: {why}", consumer.name))?;
        }
        Ok(())
    }

    /// Whether a file of the repository is any of the set's business.
    pub fn wants(&self) -> Result<GlobSet, String> {
        let mut all = vec![
            MANIFEST.to_owned(),
            self.changelog.clone(),
            // What a freeze says of itself, not all that it holds.
            format!("{}/*.json", self.frozen),
            format!("{}/*.json", self.decisions),
        ];
        all.extend(self.keys.iter().cloned());
        for module in &self.modules {
            all.push(module.versions.clone());
            all.extend(module.globs().into_iter().flatten().cloned());
            all.extend(module.functions.as_ref().map(|functions| functions.registry.clone()));
        }
        patterns(&all)
    }

    /// Whether a contract may lie below a folder, whose files are not at hand.
    pub fn reaches(&self, folder: &str) -> bool {
        let sourceless = |module: &Module| {
            let functions = module.functions.as_ref();
            let sources = functions.map(|functions| &functions.sources);
            let globs = module.globs().into_iter().filter(|list| sources != Some(*list));
            globs.flatten().cloned().collect::<Vec<_>>()
        };
        let named = self.modules.iter().flat_map(|module| {
            let registry = module.functions.as_ref().map(|functions| functions.registry.clone());
            std::iter::once(module.versions.clone()).chain(registry).chain(sourceless(module))
        });
        let records = [&self.frozen, &self.decisions].map(|records| format!("{records}/*"));
        let mut all = named.chain(records);
        all.any(|pattern| leads_below(&pattern, folder))
    }

    /// Whether a path lies where freezes and decisions do: those are about the set, not of it.
    pub fn is_record(&self, path: &str) -> bool {
        let below = |folder: &str| path.strip_prefix(folder).is_some_and(|p| p.starts_with('/'));
        below(&self.frozen) || below(&self.decisions)
    }

    /// The consumers of a contract, by its id.
    pub fn consumers_of(&self, id: &str) -> Vec<&Consumer> {
        let named = |consumer: &&Consumer| {
            patterns(&consumer.contracts).is_ok_and(|globs| globs.is_match(id))
        };
        self.consumers.iter().filter(named).collect()
    }
}

impl Module {
    /// All lists of patterns that it has.
    fn globs(&self) -> Vec<&Vec<String>> {
        let mut all = vec![
            &self.schemas,
            &self.openapi,
            &self.graphql,
            &self.crds,
            &self.policies,
            &self.data,
            &self.recorded,
            &self.fixtures,
        ];
        all.extend(self.functions.as_ref().map(|functions| &functions.sources));
        all
    }

    /// Makes every path one below the set's folder.
    fn resolve(&mut self) -> Result<(), String> {
        self.path = joined("", &self.path)?;
        self.versions = joined(&self.path, &self.versions)?;
        if let Some(functions) = &mut self.functions {
            functions.registry = joined(&self.path, &functions.registry)?;
        }
        let base = self.path.clone();
        let mut lists = vec![
            &mut self.schemas,
            &mut self.openapi,
            &mut self.graphql,
            &mut self.crds,
            &mut self.policies,
            &mut self.data,
            &mut self.recorded,
            &mut self.fixtures,
        ];
        lists.extend(self.functions.as_mut().map(|functions| &mut functions.sources));
        for list in lists {
            if list.len() > MAX_LIST {
                return Err(format!("more than {MAX_LIST} patterns"));
            }
            for pattern in list.iter_mut() {
                *pattern = joined(&base, pattern)?;
            }
            patterns(list)?;
        }
        Ok(())
    }
}
