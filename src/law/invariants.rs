//! What can never be removed: members of a contract that everybody downstream relies on. No bump and no
//! decision lets one go, and neither does an edit of the list.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::finding::{Finding, Severity};
use super::manifest::MANIFEST;
use super::set::{Contract, Kind, Set};
use crate::contracts::diff::compare;
use crate::contracts::{Class, Direction};

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
/// References and `allOf`s that are followed on the way to a property.
const MAX_HOPS: usize = 64;

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
        for name in names {
            let pointer = pointer_of(name);
            if let Some(why) = lost(name, (&before, &others_before), (&after, &others_after)) {
                let text = format!("the invariant {name} of {id} {why}");
                let remedy = "put it back: neither a new version nor a decision lets it go";
                say(&now.path, pointer, text, remedy);
            }
        }
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

/// A document and all that it may refer to.
type Known<'a> = (&'a Value, &'a BTreeMap<String, Value>);

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
        false => format!("/properties/{}", name.replace('~', "~0").replace('/', "~1")),
    }
}

/// How a member was lost, if it was.
fn lost(name: &str, old: Known<'_>, new: Known<'_>) -> Option<&'static str> {
    if name.starts_with('/') {
        return lost_at(name, old.0, new.0);
    }
    let before = properties(old, name);
    if before.is_empty() {
        // It never was there; whether it should be is a question of soundness.
        return None;
    }
    let after = properties(new, name);
    if after.is_empty() {
        return Some("is removed");
    }
    if after.iter().any(|schema| is_never(schema)) {
        return Some("can no longer be given: its schema accepts nothing");
    }
    if could_have(name, old) && !could_have(name, new) {
        return Some("can no longer be given: no accepted document has it");
    }
    if is_required(old, name) && !is_required(new, name) {
        return Some("is no longer required");
    }
    None
}

fn lost_at(pointer: &str, old: &Value, new: &Value) -> Option<&'static str> {
    old.pointer(pointer)?;
    let Some(after) = new.pointer(pointer) else { return Some("is removed") };
    if is_never(after) {
        return Some("can no longer be given: its schema accepts nothing");
    }
    let (parent, name) = pointer.rsplit_once("/properties/")?;
    let name = name.replace("~1", "/").replace("~0", "~");
    let alone = BTreeMap::new();
    let requires =
        |schema: &Value| schema.pointer(parent).is_some_and(|s| is_required((s, &alone), &name));
    (requires(old) && !requires(new)).then_some("is no longer required")
}

/// The schemas of a property at the root and in all that is joined to it.
fn properties<'a>(root: Known<'a>, name: &str) -> Vec<&'a Value> {
    let joined = joined(root);
    joined.into_iter().filter_map(|schema| schema.get("properties")?.get(name)).collect()
}

fn is_required(root: Known<'_>, name: &str) -> bool {
    let named = |list: &Value| list.as_array().is_some_and(|l| l.iter().any(|n| n == name));
    joined(root).into_iter().filter_map(|schema| schema.get("required")).any(named)
}

/// All schemas that an instance of the root must fulfil, through references and `allOf`.
fn joined<'a>((root, others): Known<'a>) -> Vec<&'a Value> {
    let (mut all, mut next) = (Vec::new(), vec![(root, root)]);
    while let Some((document, schema)) = next.pop() {
        if all.len() > MAX_HOPS {
            break;
        }
        all.push(schema);
        let parts = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
        next.extend(parts.map(|part| (document, part)));
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { continue };
        let (base, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let file = base.rsplit('/').next().unwrap_or(base);
        let document = match base {
            "" => Some(document),
            base => others.get(base).or_else(|| others.get(file)),
        };
        next.extend(document.and_then(|document| Some((document, document.pointer(pointer)?))));
    }
    all
}

/// A schema that plainly accepts nothing.
fn is_never(schema: &Value) -> bool {
    let refuses_all = |inner: &Value| *inner == json!({}) || *inner == json!(true);
    *schema == json!(false)
        || schema.get("not").is_some_and(refuses_all)
        || schema.get("enum").and_then(Value::as_array).is_some_and(Vec::is_empty)
}

/// Whether a document with the member may be accepted: no only if that is proven.
fn could_have(name: &str, (schema, others): Known<'_>) -> bool {
    let Some(mut with) = schema.as_object().cloned() else { return true };
    let required = with.entry("required").or_insert_with(|| json!([]));
    let Some(required) = required.as_array_mut() else { return true };
    if !required.iter().any(|other| other == name) {
        required.push(json!(name));
    }
    let (with, nothing) = (Value::Object(with), json!(false));
    let others = others.iter().map(|(name, schema)| (name.clone(), schema)).collect();
    // An instance of it is one that `false` refuses.
    compare((&with, &others), (&nothing, &others), Direction::Consumer)
        .map_or(true, |found| found.class != Class::Safe)
}
