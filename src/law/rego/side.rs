//! The policies of one side: compiled, and rule by rule.

use std::collections::{BTreeMap, BTreeSet};

use super::reach::{self, Aliases, Path};
use crate::law::bundle::Bundle;
use crate::law::set::{Kind, Set, Unit};
use crate::policy::{Limits, outline};

/// The name under which an outline tells of imports. A keyword, so no rule has it.
pub(super) const IMPORT: &str = "import";

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

/// A definition: its words, and what they may refer to, which an import can change.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Text {
    pub words: String,
    pub refs: BTreeSet<Path>,
}

/// A rule of a package, with all its definitions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Rule {
    /// Sorted.
    pub texts: Vec<Text>,
    /// The first one's contract and file.
    pub id: String,
    pub path: String,
}

/// A rule's package and name.
pub(super) type Key = (Vec<String>, String);

pub(super) struct Side {
    pub bundle: Option<Bundle>,
    /// The packages of files.
    pub packages: BTreeMap<String, Vec<String>>,
    /// The names of the rules of files.
    names: BTreeMap<String, BTreeSet<String>>,
    /// Rules by package and name.
    pub rules: BTreeMap<Key, Rule>,
}

impl Side {
    pub(super) fn of(set: &Set, unit: &Unit) -> Result<Self, String> {
        let bundle = Bundle::of(&set.tree, unit).map_err(|error| error.to_string())?;
        let (packages, names, rules) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut side = Self { bundle, packages, names, rules };
        let mut outlines = Vec::new();
        let mut own: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
        for contract in unit.contracts.iter().filter(|one| one.kind == Kind::Policy) {
            let bytes = set.tree.get(&contract.path).unwrap_or_default();
            let outline = outline(&contract.path, bytes, &Limits::default())
                .map_err(|error| error.to_string())?;
            let names = outline.rules.iter().filter(|stated| stated.name != IMPORT);
            let firsts = names.filter_map(|stated| stated.name.split('.').next());
            own.entry(outline.package.clone()).or_default().extend(firsts.map(str::to_owned));
            outlines.push((contract, outline));
        }
        for (contract, outline) in outlines {
            let names = outline.rules.iter().map(|stated| stated.name.clone());
            side.names.insert(contract.path.clone(), names.collect());
            let mut aliases = Aliases::new();
            for stated in outline.rules.iter().filter(|stated| stated.name == IMPORT) {
                reach::import(&stated.text, &mut aliases);
            }
            let none = BTreeSet::new();
            let own = own.get(&outline.package).unwrap_or(&none);
            for stated in outline.rules {
                let refs = match stated.name.as_str() {
                    // By itself it decides nothing; who uses it has its path.
                    IMPORT => BTreeSet::new(),
                    _ => reach::refs(&stated.text, &outline.package, own, &aliases),
                };
                let rule = side.rules.entry((outline.package.clone(), stated.name)).or_default();
                rule.texts.push(Text { words: stated.text, refs });
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
        let decides =
            |(package, name): &&Key| matches!(role(package, name), Role::Deny | Role::Allow);
        self.rules.keys().filter(decides).map(|(package, _)| package.clone()).collect()
    }

    /// Whether a file holds nothing but tests.
    pub(super) fn tests(&self, path: &str) -> bool {
        let mut names = self.names.get(path).into_iter().flatten();
        let package = self.packages.get(path).map(Vec::as_slice).unwrap_or_default();
        names.all(|name| name == IMPORT || role(package, name) == Role::Test)
    }

    /// A file of a package.
    pub(super) fn file(&self, package: &[String]) -> Option<&str> {
        self.packages.iter().find(|(_, of)| *of == package).map(|(path, _)| path.as_str())
    }

    /// The rules that may mention a rule, and those that may mention these.
    pub(super) fn users(&self, key: &Key) -> BTreeSet<Key> {
        let mut found = BTreeSet::new();
        let mut open = vec![key.clone()];
        while let Some(one) = open.pop() {
            let path = path(&one);
            for (user, rule) in self.rules.iter().filter(|(user, _)| **user != one) {
                let mentions = rule.texts.iter().any(|text| text.mentions(&path));
                if mentions && found.insert(user.clone()) {
                    open.push(user.clone());
                }
            }
        }
        found
    }
}

impl Text {
    /// Whether it may mean a rule, or what it is part of.
    pub(super) fn mentions(&self, path: &[String]) -> bool {
        self.refs.iter().any(|named| reach::meet(named, path))
    }
}

/// Where a rule lies.
pub(super) fn path((package, name): &Key) -> Path {
    [reach::of(package), name.split('.').map(str::to_owned).collect()].concat()
}

pub(super) fn role(package: &[String], name: &str) -> Role {
    let word = name.split(['_', '.']).next().unwrap_or_default();
    let tests = package.last().is_some_and(|last| last.ends_with("_test"));
    match word {
        "test" => Role::Test,
        // A package is asked whatever it is called.
        "deny" | "violation" => Role::Deny,
        "allow" => Role::Allow,
        _ if tests => Role::Test,
        "warn" => Role::Warn,
        _ => Role::Helper,
    }
}
