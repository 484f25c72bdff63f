//! Schemas as text, one for all that differ only in the order of members, alternatives and values: what has the
//! same text means the same, if what it refers to does.

use std::collections::BTreeMap;

use serde_json::Value;

use super::bundle::Bundle;
use super::edit::target;
use super::keywords::{Holds, holds};

/// Whether two bundles have the same documents, by name.
pub(super) fn same(old: &Bundle, new: &Bundle) -> bool {
    let all = |bundle: &Bundle| -> BTreeMap<String, String> {
        let text =
            |(key, schema): (&String, &Value)| (named(bundle, key, ""), spelled(bundle, schema));
        bundle.defs.iter().map(text).collect()
    };
    all(old) == all(new)
}

/// The text of a schema, with references by what they lead to.
pub(super) fn spelled(bundle: &Bundle, schema: &Value) -> String {
    let Some(object) = schema.as_object() else { return plain(schema) };
    let all =
        |list: &[Value]| -> Vec<String> { list.iter().map(|one| spelled(bundle, one)).collect() };
    let member = |(name, child): (&String, &Value)| {
        let text = match (holds(name), child) {
            (_, Value::String(reference)) if name == "$ref" => match target(reference) {
                // No value begins like this.
                Some(place) => format!("@{}", quoted(&named(bundle, &place.key, &place.pointer))),
                None => quoted(reference),
            },
            (Holds::Schemas, Value::Array(list)) if name == "prefixItems" => row(&all(list)),
            (Holds::Schemas, Value::Array(list)) => set(all(list)),
            (Holds::Schema, _) => spelled(bundle, child),
            (Holds::Named, Value::Object(map)) => {
                members(map.iter().map(|(name, one)| (quoted(name), spelled(bundle, one))))
            }
            (_, Value::Array(list)) if matches!(name.as_str(), "enum" | "required" | "type") => {
                set(list.iter().map(plain).collect())
            }
            _ => plain(child),
        };
        (quoted(name), text)
    };
    members(object.iter().map(member))
}

/// A value, whatever the order of its members.
fn plain(value: &Value) -> String {
    match value {
        Value::Object(map) => members(map.iter().map(|(name, one)| (quoted(name), plain(one)))),
        Value::Array(list) => row(&list.iter().map(plain).collect::<Vec<_>>()),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn row(texts: &[String]) -> String {
    format!("[{}]", texts.join(","))
}

fn set(mut texts: Vec<String>) -> String {
    texts.sort_unstable();
    row(&texts)
}

fn members(all: impl Iterator<Item = (String, String)>) -> String {
    let all: BTreeMap<String, String> = all.collect();
    let texts: Vec<String> = all.into_iter().map(|(name, text)| format!("{name}:{text}")).collect();
    format!("{{{}}}", texts.join(","))
}

/// What a place is called, whichever bundle it is in.
fn named(bundle: &Bundle, key: &str, pointer: &str) -> String {
    let (document, part) = bundle.names.get(key).cloned().unwrap_or_default();
    // The schema itself may be called otherwise on the other side.
    let document = if key == bundle.root { String::new() } else { document };
    format!("{document}#{part}{pointer}")
}
