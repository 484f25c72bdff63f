//! What can never be removed: members of a contract that everybody downstream relies on. No bump and no
//! decision lets one go, and neither does an edit of the list.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::finding::{Finding, Severity};
use super::manifest::MANIFEST;
use super::set::{Contract, Kind, Set};
use crate::contracts::diff::{Joined, Named, Step};

/// What every event envelope has.
pub const ENVELOPE: [&str; 12] = [
    "band",
    "obligations",
    "policy_version",
    "id",
    "ts",
    "topic",
    "actor",
    "device",
    "space_id",
    "qos",
    "hashes",
    "signature",
];

/// What of the old set's invariants the new one breaks.
pub fn broken(old: &Set, new: &Set) -> Vec<Finding> {
    let (before, after) = (fields(old), fields(new));
    let was = old.contracts();
    let is = new.contracts();
    let mut found = Vec::new();
    let mut say = |file: &str, pointer: String, message: String, remedy: &str| {
        found.push(Finding {
            file: file.to_owned(),
            pointer,
            line: None,
            rule: "invariant-broken",
            severity: Severity::Error,
            message,
            remedy: remedy.to_owned(),
        });
    };
    for (id, names) in &before {
        // Envelopes need no entry: they are told by their name.
        let listed = listed(new, id);
        for name in names.iter().filter(|name| listed_in(old, id, name) && !listed.contains(*name))
        {
            let text = format!("the invariant {name} of {id} is no longer listed");
            say(MANIFEST, "/invariants".into(), text, "put it back: what is frozen stays frozen");
        }
    }
    let (others_before, others_after) = (documents(old), documents(new));
    let alike = others_before == others_after;
    let mut all = before;
    for (id, names) in after {
        all.entry(id).or_default().extend(names);
    }
    for (id, names) in &all {
        let Some(contract) = was.get(id.as_str()) else { continue };
        let Some(now) = is.get(id.as_str()).filter(|now| now.kind == contract.kind) else {
            let text = format!("{id} has invariants and is gone");
            say(&contract.path, String::new(), text, "put the contract back under the same path");
            continue;
        };
        let (Ok(before), Ok(after)) =
            (old.tree.document(&contract.path), new.tree.document(&now.path))
        else {
            let text = format!("{id} cannot be read, so that its invariants cannot be seen");
            say(&now.path, String::new(), text, "mend the document");
            continue;
        };
        // Most sets change elsewhere, and proofs take their time.
        if alike && before == after {
            continue;
        }
        let was_joined = Joined::new(&before, &refs(&others_before));
        let is_joined = Joined::new(&after, &refs(&others_after));
        for name in names {
            let pointer = pointer_of(name);
            if let Some(why) = lost(name, &was_joined, &is_joined) {
                let text = format!("the invariant {name} of {id} {why}");
                let remedy = "put it back: neither a new version nor a decision lets it go";
                say(&now.path, pointer, text, remedy);
            }
        }
    }
    found
}

/// Fields that `contracts.yaml` lists and that their contracts do not have, neither themselves nor through what
/// they refer to.
pub(super) fn absent(set: &Set) -> Vec<(&Contract, &str)> {
    let (others, contracts) = (documents(set), set.contracts());
    let mut found = Vec::new();
    for invariant in &set.manifest.invariants {
        let Some(contract) = contracts.get(invariant.contract.as_str()).copied() else { continue };
        // One that does not parse is told already.
        let Ok(document) = set.tree.document(&contract.path) else { continue };
        let joined = Joined::new(&document, &refs(&others));
        let there = |field: &&String| {
            let (start, steps) = place(&pointer_of(field));
            document.pointer(field).is_some() || !joined.at(&start, &steps).is_empty()
        };
        let gone = invariant.fields.iter().filter(|field| !there(field));
        found.extend(gone.map(|field| (contract, field.as_str())));
    }
    found
}

/// What stays, by contract: as `contracts.yaml` lists it, and every envelope's members.
fn fields(set: &Set) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for invariant in &set.manifest.invariants {
        all.entry(invariant.contract.clone()).or_default().extend(invariant.fields.iter().cloned());
    }
    for (id, contract) in set.contracts() {
        if is_envelope(contract) {
            all.entry(id.to_owned()).or_default().extend(ENVELOPE.map(str::to_owned));
        }
    }
    all
}

fn is_envelope(contract: &Contract) -> bool {
    let name = contract.path.rsplit('/').next().unwrap_or_default();
    contract.kind == Kind::Schema && name.starts_with("event_envelope")
}

fn listed(set: &Set, id: &str) -> BTreeSet<String> {
    let of = set.manifest.invariants.iter().filter(|invariant| invariant.contract == id);
    of.flat_map(|invariant| invariant.fields.iter().cloned()).collect()
}

fn listed_in(set: &Set, id: &str, name: &str) -> bool {
    listed(set, id).contains(name)
}

fn refs(documents: &BTreeMap<String, Value>) -> Named<'_> {
    documents.iter().map(|(name, value)| (name.clone(), value)).collect()
}

/// Every schema by its identifier and by its file's name.
fn documents(set: &Set) -> BTreeMap<String, Value> {
    let mut known = BTreeMap::new();
    for contract in set.contracts().into_values().filter(|contract| contract.kind == Kind::Schema) {
        let Ok(document) = set.tree.document(&contract.path) else { continue };
        if let Some(id) = document.get("$id").and_then(Value::as_str) {
            known.insert(id.trim_end_matches('#').to_owned(), document.clone());
        }
        let file = contract.path.rsplit('/').next().unwrap_or(&contract.path);
        known.entry(file.to_owned()).or_insert(document);
    }
    known
}

fn pointer_of(name: &str) -> String {
    match name.starts_with('/') {
        true => name.to_owned(),
        false => format!("/properties/{}", crate::domain::pointer::escaped(name)),
    }
}

/// How a member was lost, if it was.
fn lost(name: &str, old: &Joined, new: &Joined) -> Option<&'static str> {
    let pointer = pointer_of(name);
    let (start, steps) = place(&pointer);
    let before = old.at(&start, &steps);
    if before.is_empty() {
        // It never was there; whether it should be is a question of soundness.
        return None;
    }
    let after = new.at(&start, &steps);
    if after.is_empty() {
        return Some("is removed");
    }
    let mute = new.no_text(&start, &steps) && !old.no_text(&start, &steps);
    if mute || after.iter().any(|schema| is_never(schema)) {
        return Some("can no longer be given: its schema accepts nothing");
    }
    let given = present(&steps, json!({}));
    if old.refuses(&start, &given) != Some(true) && new.refuses(&start, &given) == Some(true) {
        return Some("can no longer be given: no accepted document has it");
    }
    let Some((Step::Member(member), above)) = steps.split_last() else { return None };
    let named = |list: &Value| list.as_array().is_some_and(|l| l.iter().any(|n| n == member));
    let says = |side: &Joined| {
        side.at(&start, above).into_iter().filter_map(|schema| schema.get("required")).any(named)
    };
    if says(new) {
        return None;
    }
    let without = json!({"type": "object", "not": {"required": [member]}});
    let without = present(above, without);
    // What said so must be proven to hold on; what only followed must be shown not to.
    let lost = match says(old) {
        true => new.refuses(&start, &without) != Some(true),
        false => {
            old.refuses(&start, &without) == Some(true)
                && new.refuses(&start, &without) == Some(false)
        }
    };
    lost.then_some("is no longer required")
}

/// A schema's pointer as the place in its document from where on it follows the instance, and the way from
/// there.
fn place(pointer: &str) -> (String, Vec<Step>) {
    let (mut start, mut gone, mut steps) = (String::new(), String::new(), Vec::new());
    let mut tokens = pointer.split('/').skip(1);
    while let Some(keyword) = tokens.next() {
        gone = format!("{gone}/{keyword}");
        let takes_name = matches!(
            keyword,
            "properties"
                | "patternProperties"
                | "dependentSchemas"
                | "$defs"
                | "definitions"
                | "allOf"
                | "anyOf"
                | "oneOf"
                | "prefixItems"
        );
        let name = if takes_name { tokens.next() } else { None };
        if let Some(name) = name {
            gone = format!("{gone}/{name}");
        }
        match (keyword, name) {
            ("properties", Some(name)) => {
                steps.push(Step::Member(crate::domain::pointer::unescaped(name)));
            }
            ("items", _) => steps.push(Step::Item),
            _ => {
                start.clone_from(&gone);
                steps.clear();
            }
        }
    }
    (start, steps)
}

/// What has a value at the end of the way, and `leaf` there.
fn present(steps: &[Step], leaf: Value) -> Value {
    steps.iter().rev().fold(leaf, |inner, step| match step {
        Step::Member(name) => {
            json!({"type": "object", "required": [name], "properties": {(name.as_str()): inner}})
        }
        Step::Item => json!({"type": "array", "minItems": 1, "contains": inner}),
    })
}

/// A schema that plainly accepts nothing.
fn is_never(schema: &Value) -> bool {
    let refuses_all = |inner: &Value| *inner == json!({}) || *inner == json!(true);
    *schema == json!(false)
        || schema.get("not").is_some_and(refuses_all)
        || schema.get("enum").and_then(Value::as_array).is_some_and(Vec::is_empty)
}
