//! Who refers to whom, as far as it takes to know whom a change concerns.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::set::{Kind, Set};

/// The documents of a set that hold schemas, with what they are called by.
pub(super) fn documents(set: &Set) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (_, contract) in set.contracts() {
        if matches!(contract.kind, Kind::Schema | Kind::OpenApi)
            && let Ok(value) = set.tree.document(&contract.path)
        {
            found.insert(contract.path.clone(), value);
        }
    }
    found
}

/// Documents by what others call them: path, file name, `$id`.
pub(super) fn named(documents: &BTreeMap<String, Value>) -> BTreeMap<String, &Value> {
    let mut found = BTreeMap::new();
    for (path, value) in documents {
        found.insert(path.clone(), value);
        if let Some(id) = value.get("$id").and_then(Value::as_str) {
            found.entry(id.trim_end_matches('#').to_owned()).or_insert(value);
        }
    }
    for (path, value) in documents {
        let file = path.rsplit('/').next().unwrap_or(path);
        found.entry(file.to_owned()).or_insert(value);
    }
    found
}

/// The paths of what changed and of all documents that refer to such, through others as well. References
/// are matched by file name: that can take in one too many, and never one too few.
pub(super) fn reaching(set: &Set, mut changed: BTreeSet<String>) -> BTreeSet<String> {
    let documents = documents(set);
    let mut called: BTreeMap<String, BTreeSet<&String>> = BTreeMap::new();
    for (path, value) in &documents {
        let id = value.get("$id").and_then(Value::as_str).unwrap_or(path);
        for name in [last(path), last(id)] {
            called.entry(name).or_default().insert(path);
        }
    }
    // Who is referred to by whom.
    let mut by: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for (path, value) in &documents {
        let mut names = BTreeSet::new();
        references(value, &mut names);
        for name in names {
            let file = last(name.split('#').next().unwrap_or(name));
            for target in called.get(&file).into_iter().flatten() {
                by.entry(target).or_default().insert(path);
            }
        }
    }
    let mut queue: Vec<String> = changed.iter().cloned().collect();
    while let Some(path) = queue.pop() {
        for one in by.get(&path).into_iter().flatten() {
            if changed.insert((*one).clone()) {
                queue.push((*one).clone());
            }
        }
    }
    changed
}

/// The paths of documents that say no version of OpenAPI, and that an API leads to, through others as well.
pub(super) fn parts(documents: &BTreeMap<String, Value>) -> BTreeSet<String> {
    let is_part = |value: &Value| value.is_object() && value.get("openapi").is_none();
    let mut called: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for (path, _) in documents.iter().filter(|(_, value)| is_part(value)) {
        called.entry(last(path)).or_default().push(path);
    }
    let mut open: Vec<&Value> = documents.values().filter(|value| !is_part(value)).collect();
    let mut found = BTreeSet::new();
    while let Some(value) = open.pop() {
        let mut names = BTreeSet::new();
        references(value, &mut names);
        let files = names.into_iter().map(|name| last(name.split('#').next().unwrap_or(name)));
        for path in files.filter_map(|file| called.get(&file)).flatten() {
            if found.insert((*path).clone()) {
                open.extend(documents.get(*path));
            }
        }
    }
    found
}

/// A file's name without its folders.
fn last(name: &str) -> String {
    name.trim_end_matches('#').rsplit('/').next().unwrap_or(name).to_owned()
}

fn references<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::Object(map) => {
            for (name, child) in map {
                match child {
                    Value::String(text) if name == "$ref" && !text.starts_with('#') => {
                        found.insert(text);
                    }
                    _ => references(child, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|child| references(child, found)),
        _ => {}
    }
}
