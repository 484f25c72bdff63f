//! A contract set: the files of a tree, told apart by what `contracts.yaml` says of them.

use std::collections::{BTreeMap, BTreeSet};

use globset::GlobSet;
use serde::Serialize;

use super::manifest::{MANIFEST, Manifest, ManifestError, Module};
use super::patterns::patterns;
use super::tree::Tree;
use crate::domain::{CanonicalError, Digest, canonical_digest};

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
    /// If `contracts.yaml` is missing or wrong, or gives two contracts one id.
    pub fn open(tree: Tree) -> Result<Self, ManifestError> {
        let manifest = Manifest::of(&tree)?;
        let apart =
            |module: &Module| unit(&tree, &manifest, module).map_err(ManifestError::Invalid);
        let units = manifest.modules.iter().map(apart).collect::<Result<_, _>>()?;
        Ok(Self { tree, manifest, units })
    }

    /// Every contract of every module, by id.
    pub fn contracts(&self) -> BTreeMap<&str, &Contract> {
        let all = self.units.iter().flat_map(|unit| &unit.contracts);
        all.map(|contract| (contract.id.as_str(), contract)).collect()
    }

    /// What a decision names a side by: the digest of `contracts.yaml`, of every contract, of the
    /// policies' data and of the keys. Versions, fixtures and what was decided may go on being written meanwhile.
    ///
    /// # Errors
    /// If no canonical form can be made, which does not happen.
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        let of = |path: &str| self.tree.digest(path).map(|digest| (path.to_owned(), digest));
        let contracts = self.units.iter().flat_map(|unit| &unit.contracts).map(|c| c.path.as_str());
        let data = self.units.iter().flat_map(|unit| &unit.data).map(String::as_str);
        let keys = self.manifest.keys.iter().map(String::as_str);
        let all = contracts.chain(data).chain(keys).chain([MANIFEST]).filter_map(of);
        canonical_digest(&all.collect::<BTreeMap<String, Digest>>())
    }

    /// The files that a freeze holds: all but records, and sources whose registry suffices.
    pub fn lasting(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let sources: BTreeSet<&str> =
            self.units.iter().flat_map(|unit| &unit.sources).map(String::as_str).collect();
        let contracts: BTreeSet<&str> =
            self.contracts().into_values().map(|contract| contract.path.as_str()).collect();
        self.tree.iter().filter(move |(path, _)| {
            !self.manifest.is_record(path) && (!sources.contains(path) || contracts.contains(path))
        })
    }
}

fn unit(tree: &Tree, manifest: &Manifest, module: &Module) -> Result<Unit, String> {
    let within = |globs: &GlobSet| -> Vec<String> {
        tree.iter()
            .map(|(path, _)| path)
            .filter(|path| globs.is_match(path) && !manifest.is_record(path))
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
    distinct(&contracts)?;
    let (fixtures, data) = (files(&module.fixtures)?, files(&module.data)?);
    let recorded = files(&module.recorded)?;
    Ok(Unit { module: module.clone(), contracts, fixtures, data, recorded, sources })
}

/// Of two contracts with one id only one would be compared with what was. One file that is two kinds of
/// contract is for `validate` to tell.
fn distinct(contracts: &[Contract]) -> Result<(), String> {
    let mut seen: BTreeMap<&str, &Contract> = BTreeMap::new();
    for contract in contracts {
        if let Some(other) = seen.insert(&contract.id, contract)
            && other.path != contract.path
        {
            return Err(format!(
                "module {}: {} and {} would both be the contract {}; list one of them in another module",
                contract.module, other.path, contract.path, contract.id
            ));
        }
    }
    Ok(())
}
