//! Structural schemas, as far as an API server insists on them: each field has a type outside of
//! `allOf`, `anyOf`, `oneOf` and `not`, and what those four add only narrows it.

use crate::domain::pointer::join;
use serde_json::{Map, Value};

/// What a schema of a CustomResourceDefinition cannot say.
const FORBIDDEN: &[&str] = &[
    "$ref",
    "definitions",
    "dependencies",
    "deprecated",
    "discriminator",
    "id",
    "patternProperties",
    "readOnly",
    "writeOnly",
    "xml",
];
/// What only the structure itself says.
const STRUCTURE: &[&str] = &[
    "additionalProperties",
    "default",
    "description",
    "nullable",
    "title",
    "type",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-preserve-unknown-fields",
];

pub(super) fn faults(schema: &Value, at: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    each(schema, at, &mut |at, inner| one(inner, at, &mut found));
    found
}

/// The first place with rules in CEL.
pub(super) fn first_cel(schema: &Value, at: &str) -> Option<String> {
    const RULES: &str = "x-kubernetes-validations";
    let mut first = None;
    each(schema, at, &mut |at, inner| {
        if inner.get(RULES).is_some() && first.is_none() {
            first = Some(join(at, RULES));
        }
    });
    first
}

/// Calls `act` for a schema and every schema of its structure, with its pointer.
pub(super) fn each<'v>(
    schema: &'v Value,
    at: &str,
    act: &mut impl FnMut(&str, &'v Map<String, Value>),
) {
    let Some(members) = schema.as_object() else { return };
    act(at, members);
    for (name, inner) in members.get("properties").and_then(Value::as_object).into_iter().flatten()
    {
        each(inner, &join(&join(at, "properties"), name), act);
    }
    for name in ["items", "additionalProperties"] {
        if let Some(inner) = members.get(name).filter(|inner| inner.is_object()) {
            each(inner, &join(at, name), act);
        }
    }
}

fn is(schema: &Map<String, Value>, name: &str) -> bool {
    schema.get(name).and_then(Value::as_bool) == Some(true)
}

fn one(schema: &Map<String, Value>, at: &str, found: &mut Vec<(String, String)>) {
    let mut say = |place: String, text: String| found.push((place, text));
    for name in FORBIDDEN {
        if schema.contains_key(*name) {
            say(join(at, name), format!("{name} is not allowed in a structural schema"));
        }
    }
    let text = |name: &str| schema.get(name).and_then(Value::as_str);
    let open = is(schema, "x-kubernetes-int-or-string")
        || is(schema, "x-kubernetes-preserve-unknown-fields");
    if text("type").is_none() && !open {
        say(at.to_owned(), "it has no type".into());
    }
    if is(schema, "x-kubernetes-int-or-string") && schema.contains_key("type") {
        say(join(at, "type"), "x-kubernetes-int-or-string stands without a type".into());
    }
    if is(schema, "uniqueItems") {
        let text = "uniqueItems takes too long; use x-kubernetes-list-type: set";
        say(join(at, "uniqueItems"), text.into());
    }
    match schema.get("additionalProperties") {
        Some(Value::Bool(false)) => {
            let text = "unknown members are pruned anyway; additionalProperties: false is refused";
            say(join(at, "additionalProperties"), text.into());
        }
        Some(_) if schema.contains_key("properties") => {
            let text = "properties and additionalProperties exclude each other";
            say(join(at, "additionalProperties"), text.into());
        }
        _ => {}
    }
    if text("type") == Some("array") && !schema.get("items").is_some_and(Value::is_object) {
        say(at.to_owned(), "an array has items".into());
    }
    list_map(schema, at, &mut say);
    for name in ["allOf", "anyOf", "oneOf"] {
        let parts = schema.get(name).and_then(Value::as_array).into_iter().flatten();
        for (index, part) in parts.enumerate() {
            narrowing(part, &format!("{at}/{name}/{index}"), &mut say);
        }
    }
    if let Some(part) = schema.get("not") {
        narrowing(part, &join(at, "not"), &mut say);
    }
}

/// The keys of a list that is a map are there, and never absent.
fn list_map(schema: &Map<String, Value>, at: &str, say: &mut impl FnMut(String, String)) {
    if schema.get("x-kubernetes-list-type").and_then(Value::as_str) != Some("map") {
        return;
    }
    let place = join(at, "x-kubernetes-list-map-keys");
    let keys = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
    let Some(keys) = keys.filter(|keys| !keys.is_empty()) else {
        say(place, "a list of type map names its keys".into());
        return;
    };
    let items = schema.get("items");
    let required = items.and_then(|items| items.get("required")).and_then(Value::as_array);
    for key in keys.iter().filter_map(Value::as_str) {
        let property = items.and_then(|items| items.get("properties")?.get(key));
        let always = property.is_some_and(|property| property.get("default").is_some())
            || required.is_some_and(|all| all.iter().any(|name| name == key));
        if property.is_none() || !always {
            say(
                place.clone(),
                format!("{key} must be a property that is required or has a default"),
            );
        }
    }
}

/// Within `allOf` and its kin nothing is said that only the structure says.
fn narrowing(part: &Value, at: &str, say: &mut impl FnMut(String, String)) {
    let Some(members) = part.as_object() else { return };
    // `anyOf: [{type: integer}, {type: string}]` is how int-or-string is spelt out.
    let spelt = members.len() == 1
        && matches!(members.get("type").and_then(Value::as_str), Some("integer" | "string"));
    for name in STRUCTURE.iter().filter(|name| members.contains_key(**name) && !spelt) {
        say(join(at, name), format!("{name} is not allowed within allOf, anyOf, oneOf and not"));
    }
    let named = members.get("properties").and_then(Value::as_object).into_iter().flatten();
    for (name, inner) in named {
        narrowing(inner, &join(&join(at, "properties"), name), say);
    }
    for name in ["items", "not"] {
        if let Some(inner) = members.get(name) {
            narrowing(inner, &join(at, name), say);
        }
    }
    for name in ["allOf", "anyOf", "oneOf"] {
        let parts = members.get(name).and_then(Value::as_array).into_iter().flatten();
        for (index, inner) in parts.enumerate() {
            narrowing(inner, &format!("{at}/{name}/{index}"), say);
        }
    }
}
