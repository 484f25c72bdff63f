//! A module's registry of functions: what its sources give, whether its file says so, and how it differs from
//! what it was.

use super::finding::Finding;
use super::set::{Set, Unit};
use super::validate::rules;
use crate::contracts::functions::{Registry, Trouble, diff, extract};
use crate::contracts::{Change, Class, Comparison, Location};

/// What the sources of a module give now, with what people keep in its registry's file.
pub struct Fresh {
    /// The registry.
    pub registry: Registry,
    /// Sources that could not be read: the registry may lack something.
    pub troubles: Vec<Trouble>,
    /// The file as it is, if it is there.
    pub written: Option<Result<Registry, String>>,
}

/// Extracts a module's registry. None if it has none.
pub fn fresh(set: &Set, unit: &Unit) -> Option<Fresh> {
    let functions = unit.module.functions.as_ref()?;
    let sources = unit.sources.iter();
    let sources = sources.map(|path| (path.as_str(), set.tree.get(path).unwrap_or_default()));
    let got = extract(sources);
    let mut registry = Registry::new(&unit.module.name, got.functions);
    let written = set.tree.get(&functions.registry).map(Registry::parse);
    if let Some(Ok(written)) = &written {
        registry.keep(written);
    }
    Some(Fresh { registry, troubles: got.troubles, written })
}

/// Whether a module's registry says what its sources give.
pub fn findings(set: &Set, unit: &Unit) -> Vec<Finding> {
    let (Some(functions), Some(fresh)) = (&unit.module.functions, fresh(set, unit)) else {
        return Vec::new();
    };
    let path = functions.registry.as_str();
    let trouble = |trouble: &Trouble| {
        rules::SOURCE.on(&trouble.file, Some(trouble.line), format!("it {}", trouble.message))
    };
    let mut found: Vec<Finding> = fresh.troubles.iter().map(trouble).collect();
    let written = match fresh.written {
        None => {
            found.push(rules::REGISTRY.at(path, "", "it is not there"));
            return found;
        }
        Some(Err(why)) => {
            found.push(rules::REGISTRY.at(path, "", format!("it {why}")));
            return found;
        }
        Some(Ok(written)) => written,
    };
    let drift = written.drift(&fresh.registry);
    let tell = |symbol: &String, words: &str| {
        rules::REGISTRY_DRIFT.at(path, "", format!("{symbol} {words}"))
    };
    found.extend(drift.missing.iter().map(|symbol| tell(symbol, "is in the sources and not here")));
    found.extend(drift.gone.iter().map(|symbol| tell(symbol, "is here and not in the sources")));
    for (symbol, members) in &drift.changed {
        found.push(tell(symbol, &format!("differs from the sources: {}", members.join(", "))));
    }
    found
}

/// Compares the registries of a module, as they are written, by contract id.
pub fn compare(before: &Unit, after: &Unit, old: &Set, new: &Set) -> Vec<(String, Comparison)> {
    let path = |unit: &Unit| unit.module.functions.as_ref().map(|f| f.registry.clone());
    let (Some(was), Some(is)) = (path(before), path(after)) else { return Vec::new() };
    let (Some(a), Some(b)) = (old.tree.get(&was), new.tree.get(&is)) else { return Vec::new() };
    let Some(contract) = after.contracts.iter().find(|contract| contract.path == is) else {
        return Vec::new();
    };
    if a == b {
        return Vec::new();
    }
    let comparison = match (Registry::parse(a), Registry::parse(b)) {
        (Ok(a), Ok(b)) => diff(&a, &b),
        (a, b) => {
            let why = a.err().or(b.err()).unwrap_or_default();
            let at = |document: String| Some(Location { document, pointer: String::new() });
            Comparison::of(vec![Change {
                rule: "registry-unknown".into(),
                class: Class::Risky,
                old: at(was),
                new: at(is),
                message: format!("what its functions are cannot be told: one side {why}"),
                remedy: "mend it; `lazaret contracts registry extract` writes it anew".into(),
                witness: None,
            }])
        }
    };
    vec![(contract.id.clone(), comparison)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::Tree;

    const SET: &str = "apiVersion: lazaret.dev/contracts/v1\nname: x\nmodules:\n- name: sdk\n  path: .\n  functions: {registry: registry.json, sources: ['src/*.rs']}\n";

    fn set(files: &[(&str, &str)]) -> Set {
        let mut tree = Tree::default();
        tree.insert("contracts.yaml", SET.into()).unwrap();
        for (path, text) in files {
            tree.insert(path, text.as_bytes().to_vec()).unwrap();
        }
        Set::open(tree).unwrap()
    }

    #[test]
    fn a_registry_is_held_against_its_sources() {
        let source = "pub fn a() {}\npub fn b(x: u8) {}";
        let rules = |set: &Set| -> Vec<(&'static str, String)> {
            let found = findings(set, &set.units[0]);
            found.into_iter().map(|finding| (finding.rule, finding.message)).collect()
        };
        let bare = set(&[("src/lib.rs", source)]);
        assert_eq!(rules(&bare)[0].0, "registry-invalid");
        let text = fresh(&bare, &bare.units[0]).unwrap().registry.text();
        assert_eq!(rules(&set(&[("src/lib.rs", source), ("registry.json", &text)])), []);
        let other = "pub fn b(x: u16) {}\npub fn c() {}";
        let drifted = set(&[("src/lib.rs", other), ("registry.json", &text)]);
        assert_eq!(
            rules(&drifted).into_iter().map(|(_, message)| message).collect::<Vec<_>>(),
            [
                "crate::c is in the sources and not here",
                "crate::a is here and not in the sources",
                "crate::b differs from the sources: params",
            ]
        );
        assert_eq!(
            rules(&set(&[("src/lib.rs", source), ("registry.json", "{}")]))[0].0,
            "registry-invalid"
        );
        assert_eq!(
            rules(&set(&[("src/lib.rs", "pub fn ("), ("registry.json", &text)]))[0].0,
            "source-unreadable"
        );
    }

    #[test]
    fn what_was_written_is_compared() {
        let side = |source: &str| {
            let bare = set(&[("src/lib.rs", source)]);
            let text = fresh(&bare, &bare.units[0]).unwrap().registry.text();
            set(&[("src/lib.rs", source), ("registry.json", &text)])
        };
        let (old, new) = (side("pub fn a(x: u8) {}"), side("pub fn a() {}"));
        let compare = |old: &Set, new: &Set| compare(&old.units[0], &new.units[0], old, new);
        let found = compare(&old, &new);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].0.as_str(), found[0].1.class), ("sdk/registry.json", Class::Breaking));
        assert_eq!(compare(&old, &old), []);
        let broken = set(&[("src/lib.rs", ""), ("registry.json", "{}")]);
        assert_eq!(compare(&old, &broken)[0].1.changes[0].rule, "registry-unknown");
    }
}
