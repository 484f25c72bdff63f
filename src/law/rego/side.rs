//! The policies of one side: compiled, and rule by rule.

use std::collections::{BTreeMap, BTreeSet};

use crate::law::bundle::Bundle;
use crate::law::set::{Kind, Set, Unit};
use crate::policy::{Limits, outline};

/// What a rule's name says of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// It denies.
    Deny,
    /// It allows.
    Allow,
    /// It warns.
    Warn,
    /// It tests the others.
    Test,
    /// The others stand on it.
    Helper,
}

/// A rule of a package, with all its definitions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Rule {
    /// Their words, sorted.
    pub texts: Vec<String>,
    /// The first one's contract and file.
    pub id: String,
    pub path: String,
}

pub(super) struct Side {
    pub bundle: Option<Bundle>,
    /// The packages of files.
    pub packages: BTreeMap<String, Vec<String>>,
    /// The names of the rules of files.
    names: BTreeMap<String, BTreeSet<String>>,
    /// Rules by package and name.
    pub rules: BTreeMap<(Vec<String>, String), Rule>,
}

impl Side {
    pub(super) fn of(set: &Set, unit: &Unit) -> Result<Self, String> {
        let bundle = Bundle::of(&set.tree, unit).map_err(|error| error.to_string())?;
        let (packages, names, rules) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut side = Self { bundle, packages, names, rules };
        for contract in unit.contracts.iter().filter(|one| one.kind == Kind::Policy) {
            let bytes = set.tree.get(&contract.path).unwrap_or_default();
            let outline = outline(&contract.path, bytes, &Limits::default())
                .map_err(|error| error.to_string())?;
            let names = outline.rules.iter().map(|stated| stated.name.clone());
            side.names.insert(contract.path.clone(), names.collect());
            for stated in outline.rules {
                let rule = side.rules.entry((outline.package.clone(), stated.name)).or_default();
                rule.texts.push(stated.text);
                if rule.id.is_empty() {
                    rule.id.clone_from(&contract.id);
                    rule.path.clone_from(&contract.path);
                }
            }
            side.packages.insert(contract.path.clone(), outline.package);
        }
        side.rules.values_mut().for_each(|rule| rule.texts.sort());
        Ok(side)
    }

    /// Packages that deny or allow.
    pub(super) fn deciding(&self) -> BTreeSet<Vec<String>> {
        let decides = |(package, name): &&(Vec<String>, String)| {
            matches!(role(package, name), Role::Deny | Role::Allow)
        };
        self.rules.keys().filter(decides).map(|(package, _)| package.clone()).collect()
    }

    /// Whether a file holds nothing but tests.
    pub(super) fn tests(&self, path: &str) -> bool {
        let mut names = self.names.get(path).into_iter().flatten();
        let package = self.packages.get(path).map(Vec::as_slice).unwrap_or_default();
        names.all(|name| name == "import" || role(package, name) == Role::Test)
    }

    /// A file of a package.
    pub(super) fn file(&self, package: &[String]) -> Option<&str> {
        self.packages.iter().find(|(_, of)| *of == package).map(|(path, _)| path.as_str())
    }

    /// The packages whose verdicts a package has a part in: itself, and those that name it.
    pub(super) fn reaching(&self, package: &[String]) -> BTreeSet<Vec<String>> {
        let named = format!("data . {}", package.join(" . "));
        let mut reached = BTreeSet::from([package.to_vec()]);
        let mut names = vec![named];
        while let Some(named) = names.pop() {
            for ((of, _), rule) in &self.rules {
                if rule.texts.iter().any(|text| text.contains(&named)) && reached.insert(of.clone())
                {
                    names.push(format!("data . {}", of.join(" . ")));
                }
            }
        }
        let deciding = self.deciding();
        reached.into_iter().filter(|package| deciding.contains(package)).collect()
    }
}

pub(super) fn role(package: &[String], name: &str) -> Role {
    let word = name.split(['_', '.']).next().unwrap_or_default();
    let tests = package.last().is_some_and(|last| last.ends_with("_test"));
    match word {
        "test" => Role::Test,
        _ if tests => Role::Test,
        "deny" | "violation" => Role::Deny,
        "allow" => Role::Allow,
        "warn" => Role::Warn,
        _ => Role::Helper,
    }
}
