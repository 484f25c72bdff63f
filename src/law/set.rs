//! A contract set: the files of a tree, told apart by what `contracts.yaml` says of them.

use std::collections::BTreeMap;

use globset::GlobSet;
use serde::Serialize;

use super::manifest::{Manifest, ManifestError, Module, patterns};
use super::tree::Tree;

/// What kind of contract a file is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// JSON Schema.
    Schema,
    /// OpenAPI 3.0 or 3.1.
    #[serde(rename = "openapi")]
    OpenApi,
    /// GraphQL SDL.
    #[serde(rename = "graphql")]
    GraphQl,
    /// CustomResourceDefinition.
    Crd,
    /// One file of Rego.
    Policy,
    /// A registry of functions.
    Functions,
}

/// One contract.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Contract {
    /// `<module>/<path below the module's folder>`.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Its module's name.
    pub module: String,
    /// Its path in the set.
    pub path: String,
}

/// A module with its files.
#[derive(Clone, Debug)]
pub struct Unit {
    /// What `contracts.yaml` says of it.
    pub module: Module,
    /// Its contracts, by path.
    pub contracts: Vec<Contract>,
    /// Paths of its fixtures.
    pub fixtures: Vec<String>,
    /// Paths of its policies' data.
    pub data: Vec<String>,
    /// Paths of its recorded inputs.
    pub recorded: Vec<String>,
    /// Paths of the sources of its functions.
    pub sources: Vec<String>,
}

/// A set.
#[derive(Clone, Debug)]
pub struct Set {
    /// Its files.
    pub tree: Tree,
    /// What `contracts.yaml` says.
    pub manifest: Manifest,
    /// Its modules, in the order of `contracts.yaml`.
    pub units: Vec<Unit>,
}

impl Set {
    /// Tells a tree's files apart.
    ///
    /// # Errors
    /// If `contracts.yaml` is missing or wrong.
    pub fn open(tree: Tree) -> Result<Self, ManifestError> {
        let manifest = Manifest::of(&tree)?;
        let apart = |module: &Module| unit(&tree, module).map_err(ManifestError::Invalid);
        let units = manifest.modules.iter().map(apart).collect::<Result<_, _>>()?;
        Ok(Self { tree, manifest, units })
    }

    /// Every contract of every module, by id.
    pub fn contracts(&self) -> BTreeMap<&str, &Contract> {
        let all = self.units.iter().flat_map(|unit| &unit.contracts);
        all.map(|contract| (contract.id.as_str(), contract)).collect()
    }
}

fn unit(tree: &Tree, module: &Module) -> Result<Unit, String> {
    let within = |globs: &GlobSet| -> Vec<String> {
        tree.iter()
            .map(|(path, _)| path)
            .filter(|path| globs.is_match(path))
            .map(str::to_owned)
            .collect()
    };
    let files = |list: &[String]| patterns(list).map(|globs| within(&globs));
    let lists = [
        (Kind::Schema, &module.schemas),
        (Kind::OpenApi, &module.openapi),
        (Kind::GraphQl, &module.graphql),
        (Kind::Crd, &module.crds),
        (Kind::Policy, &module.policies),
    ];
    let mut contracts = Vec::new();
    let mut add = |kind, path: String| {
        let below = path.strip_prefix(&format!("{}/", module.path)).unwrap_or(&path);
        let id = format!("{}/{below}", module.name);
        contracts.push(Contract { id, kind, module: module.name.clone(), path });
    };
    for (kind, list) in lists {
        for path in files(list)? {
            add(kind, path);
        }
    }
    let mut sources = Vec::new();
    if let Some(functions) = &module.functions {
        add(Kind::Functions, functions.registry.clone());
        sources = files(&functions.sources)?;
    }
    contracts.sort_by(|a, b| a.path.cmp(&b.path));
    let (fixtures, data) = (files(&module.fixtures)?, files(&module.data)?);
    let recorded = files(&module.recorded)?;
    Ok(Unit { module: module.clone(), contracts, fixtures, data, recorded, sources })
}
