//! An API in several files: which documents are parts of which, and what version they are read by.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::context::Context;
use super::super::{EACH, rules};
use super::references::outward;
use super::{format, version};
use crate::contracts::official_violations;
use crate::domain::pointer::join;
use crate::law::Finding;

/// The documents of APIs by path, each with the version that its root says.
pub(in super::super) type Apis<'a> = BTreeMap<&'a str, String>;

/// Every document that is an API, and those without a version of their own that such lead to, through others
/// as well. `listed` are the documents that patterns of `openapi` match.
pub(in super::super) fn apis<'a>(listed: &BTreeMap<&'a str, &Value>) -> Apis<'a> {
    let mut found = Apis::new();
    let roots = listed.iter().filter(|(_, document)| format(document).is_some());
    let mut open: Vec<(&str, &str)> =
        roots.map(|(path, document)| (*path, version(document))).collect();
    while let Some((path, version)) = open.pop() {
        let Some(document) = listed.get(path).filter(|_| !found.contains_key(path)) else {
            continue;
        };
        found.insert(path, version.to_owned());
        for target in outward(path, document) {
            if let Some((part, document)) = listed.get_key_value(target.file.as_str())
                && document.get("openapi").is_none()
            {
                open.push((part, version));
            }
        }
    }
    found
}

/// What a document leads to in parts of its API is of the form that is asked for there.
pub(super) fn forms(context: &Context<'_>, path: &str, document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    let targets: BTreeSet<_> = outward(path, document).into_iter().collect();
    for target in targets.into_iter().filter(|target| !target.kind.is_empty()) {
        let Some((file, version)) = context.apis.get_key_value(target.file.as_str()) else {
            continue;
        };
        let Some(part) = context.document(file) else { continue };
        // A whole API is judged as that.
        let Some(value) = part.pointer(&target.pointer).filter(|_| part.get("openapi").is_none())
        else {
            continue;
        };
        let (whole, within) = alone(version, target.kind, value);
        let Some(format) = format(&whole) else { continue };
        for violation in official_violations(format, &whole).iter().take(EACH) {
            let Some(below) = violation.pointer.strip_prefix(&within) else { continue };
            let pointer = format!("{}{below}", target.pointer);
            let place = if pointer.is_empty() { "it" } else { &pointer };
            let text = format!("{place} {}", violation.message);
            found.push(rules::OPENAPI.at(file, &pointer, text));
        }
    }
    found
}

/// A document that holds nothing but this, and where.
fn alone(version: &str, kind: &str, value: &Value) -> (Value, String) {
    let named: Map<String, Value> = [("/x".to_owned(), value.clone())].into_iter().collect();
    let mut whole =
        json!({"openapi": version, "info": {"title": "x", "version": "1"}, "paths": {}});
    if kind == "pathItems" {
        whole["paths"] = named.into();
        return (whole, join("/paths", "/x"));
    }
    whole["components"] = json!({ kind: { "x": value } });
    (whole, format!("/components/{kind}/x"))
}
