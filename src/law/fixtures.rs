//! Which fixtures belong to which contract: their names say so.

use std::collections::HashMap;

use super::set::{Contract, Kind, Unit};

/// A fixture of a contract.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Fixture<'a> {
    /// Its path in the set.
    pub path: &'a str,
    /// Whether the contract must accept it; it must refuse it otherwise.
    pub valid: bool,
}

impl Contract {
    /// Its file name without what tells its kind: `run_receipt.v1` of `run_receipt.v1.schema.json`.
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        let end = |name: &'_ str, ends: &[&str]| {
            let cut = ends.iter().find_map(|end| name.strip_suffix(end).map(str::len));
            cut.unwrap_or(name.len())
        };
        let name = &name
            [..end(name, &[".json", ".yaml", ".yml", ".rego", ".graphqls", ".graphql", ".gql"])];
        match self.kind {
            Kind::Schema => &name[..end(name, &[".schema"])],
            Kind::OpenApi => &name[..end(name, &[".openapi"])],
            Kind::Crd => &name[..end(name, &[".crd"])],
            Kind::GraphQl | Kind::Policy | Kind::Functions => name,
        }
    }

    /// Whether a file's name says that it is a fixture of this contract, and then whether it must be
    /// accepted. Operations are fixtures of GraphQL, documents of everything else.
    fn claims(&self, path: &str) -> Option<bool> {
        if matches!(self.kind, Kind::OpenApi | Kind::Functions) {
            return None;
        }
        let operation = [".graphql", ".gql"].iter().any(|end| path.ends_with(end));
        if operation != (self.kind == Kind::GraphQl) {
            return None;
        }
        let name = path.rsplit('/').next()?.strip_prefix(self.stem())?;
        let valid = match (name.strip_prefix(".valid"), name.strip_prefix(".invalid")) {
            (Some(_), _) => true,
            (_, Some(_)) => false,
            _ => return None,
        };
        Some(valid)
    }
}

/// The stems of contracts that a file's name may mean.
fn stems(path: &str) -> impl Iterator<Item = &str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let marks = name.match_indices(".valid").chain(name.match_indices(".invalid"));
    marks.filter_map(|(at, _)| name.get(..at))
}

/// The fixtures of a module, to be asked for many contracts.
pub struct Fixtures<'a>(HashMap<&'a str, Vec<&'a str>>);

impl<'a> Fixtures<'a> {
    /// Of all contracts of a module.
    pub fn of(unit: &'a Unit) -> Self {
        let mut all: HashMap<&str, Vec<&str>> = HashMap::new();
        for path in &unit.fixtures {
            for stem in stems(path) {
                all.entry(stem).or_default().push(path);
            }
        }
        Self(all)
    }

    /// Of one contract, by path.
    pub fn of_contract(&self, contract: &Contract) -> Vec<Fixture<'a>> {
        let all = self.0.get(contract.stem()).into_iter().flatten();
        all.filter_map(|path| contract.claims(path).map(|valid| Fixture { path, valid })).collect()
    }
}

impl Unit {
    /// A contract's fixtures, by path.
    pub fn fixtures_of(&self, contract: &Contract) -> Vec<Fixture<'_>> {
        Fixtures::of(self).of_contract(contract)
    }

    /// Fixtures that no contract of the module claims.
    pub fn orphans(&self) -> Vec<&str> {
        let mut known: HashMap<&str, Vec<&Contract>> = HashMap::new();
        for contract in &self.contracts {
            known.entry(contract.stem()).or_default().push(contract);
        }
        let claimed = |path: &str| {
            let named = stems(path).filter_map(|stem| known.get(stem)).flatten();
            named.into_iter().any(|contract| contract.claims(path).is_some())
        };
        self.fixtures.iter().map(String::as_str).filter(|path| !claimed(path)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_belongs_to_what() {
        let contract = |kind, path: &str| Contract {
            id: String::new(),
            kind,
            module: String::new(),
            path: path.to_owned(),
        };
        for (kind, path, stem) in [
            (Kind::Schema, "s/run_receipt.v1.schema.json", "run_receipt.v1"),
            (Kind::Schema, "plain.json", "plain"),
            (Kind::Crd, "crds/example.org_things.yaml", "example.org_things"),
            (Kind::Policy, "p/receipt.rego", "receipt"),
            (Kind::GraphQl, "a/evidence.graphql", "evidence"),
            (Kind::OpenApi, "a/evidence.openapi.yaml", "evidence"),
        ] {
            assert_eq!(contract(kind, path).stem(), stem);
        }
        let schema = contract(Kind::Schema, "a.v1.schema.json");
        for (path, claims) in [
            ("f/a.v1.valid.json", Some(true)),
            ("f/a.v1.valid-small.yaml", Some(true)),
            ("f/a.v1.invalid-no-id.json", Some(false)),
            ("f/a.v10.valid.json", None),
            ("f/a.valid.json", None),
            ("f/a.v1.valid.graphql", None),
            ("f/a.v1.json", None),
        ] {
            assert_eq!(schema.claims(path), claims, "{path}");
        }
        let sdl = contract(Kind::GraphQl, "a.graphql");
        assert_eq!(sdl.claims("a.invalid-field.graphql"), Some(false));
        assert_eq!(sdl.claims("a.valid.json"), None);
    }
}
