//! The seam for contracts that are code: policies and registries of functions. Whoever can compare a module's
//! says what became of each contract; what nobody says anything about counts as RISKY.

use std::collections::BTreeMap;

use super::super::set::{Contract, Kind, Set, Unit};
use super::super::{registry, rego};
use crate::contracts::{Change, Class, Comparison, Location};

/// Compares the code of one module: what it was, what it is, and the sets that they belong to. Gives what it can
/// tell, by contract id.
pub(super) type Compare = fn(&Unit, &Unit, &Set, &Set) -> Vec<(String, Comparison)>;

/// Those who can.
const COMPARERS: &[Compare] = &[rego::compare, registry::compare];

pub(super) fn compared(old: &Set, new: &Set) -> BTreeMap<String, Comparison> {
    let mut found: BTreeMap<String, Comparison> = BTreeMap::new();
    for after in &new.units {
        let name = &after.module.name;
        let same = old.units.iter().find(|unit| unit.module.name == *name);
        let empty = Unit {
            module: after.module.clone(),
            contracts: Vec::new(),
            fixtures: Vec::new(),
            data: Vec::new(),
            recorded: Vec::new(),
            sources: Vec::new(),
        };
        // What a new module denies passed before.
        let before = same.unwrap_or(&empty);
        if !touched(before, after, old, new) {
            continue;
        }
        for compare in COMPARERS {
            found.extend(compare(before, after, old, new));
        }
    }
    found
}

/// Whether any file that the code of a module is made of, or reads, is another.
fn touched(before: &Unit, after: &Unit, old: &Set, new: &Set) -> bool {
    files(before, old).ne(files(after, new))
}

/// The files that the code of a module is made of, or reads, with their bytes.
fn files<'s>(unit: &'s Unit, set: &'s Set) -> impl Iterator<Item = (&'s String, Option<&'s [u8]>)> {
    let code = unit.contracts.iter().filter(|c| matches!(c.kind, Kind::Policy | Kind::Functions));
    let paths = code.map(|contract| &contract.path).chain(&unit.data).chain(&unit.sources);
    paths.map(|path| (path, set.tree.get(path)))
}

/// Code that changed, and nobody looked into it.
pub(super) fn changed(a: &Contract, b: &Contract) -> Comparison {
    let rule = if a.kind == Kind::Policy { "rego-changed" } else { "functions-changed" };
    let place = |one: &Contract| Some(Location::new(one.path.as_str(), ""));
    Comparison::of(vec![
        Change::new(rule, Class::Risky, "it is another, and what it decides may be, too")
            .at(place(a), place(b))
            .mend("show by tests that nobody depends on what changed, and say so in a review note"),
    ])
}
