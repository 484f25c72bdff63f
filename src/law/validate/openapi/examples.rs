//! Examples and defaults of an API hold.

use serde_json::Value;

use super::super::context::Context;
use super::super::schemas::judge;
use super::super::{Rule, Validation, rules};
use super::references::{NAMES, resolved};
use crate::domain::pointer::join;

/// Examples of one document that are judged.
const MAX: usize = 1_000;

/// An example: the place of its schema, its own place, itself.
type Found<'v> = (String, String, &'v Value, &'static Rule);

pub(super) fn check(context: &Context<'_>, path: &str, document: &Value, all: &mut Validation) {
    let mut found = Vec::new();
    walk(document, document, "", &mut found);
    for (schema, place, value, rule) in found.into_iter().take(MAX) {
        judge(context, (path, &schema), (&place, value), rule, all);
    }
}

fn walk<'v>(document: &'v Value, value: &'v Value, at: &str, found: &mut Vec<Found<'v>>) {
    match value {
        Value::Object(members) => {
            shown(document, value, at, found);
            for (name, inner) in members {
                let here = join(at, name);
                match name.as_str() {
                    "example" | "examples" | "default" | "const" | "enum" => {}
                    // Media types that are no JSON show texts in a form of their own.
                    "content" => {
                        let types = inner.as_object().into_iter().flatten();
                        for (name, media) in types {
                            if name.contains("json") {
                                walk(document, media, &join(&here, name), found);
                            }
                        }
                    }
                    // Names of members are not words of OpenAPI.
                    name if NAMES.contains(&name) && inner.is_object() => {
                        for (name, inner) in inner.as_object().into_iter().flatten() {
                            walk(document, inner, &join(&here, name), found);
                        }
                    }
                    _ => walk(document, inner, &here, found),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(document, item, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// What an object shows of itself, if it is a schema, or has one.
fn shown<'v>(document: &'v Value, value: &'v Value, at: &str, found: &mut Vec<Found<'v>>) {
    let has = value.get("schema").filter(|schema| schema.is_object());
    let schema = match has {
        Some(_) => join(at, "schema"),
        None if is_schema(at) => at.to_owned(),
        None => return,
    };
    if let Some(example) = value.get("example") {
        found.push((schema.clone(), join(at, "example"), example, &rules::EXAMPLE));
    }
    let here = join(at, "examples");
    match value.get("examples") {
        Some(Value::Array(list)) => {
            for (index, example) in list.iter().enumerate() {
                found.push((schema.clone(), format!("{here}/{index}"), example, &rules::EXAMPLE));
            }
        }
        Some(Value::Object(named)) if has.is_some() => {
            for (name, example) in named {
                let Some((example, place)) = resolved(document, example, &join(&here, name)) else {
                    continue;
                };
                if let Some(value) = example.get("value") {
                    let place = join(&place, "value");
                    found.push((schema.clone(), place, value, &rules::EXAMPLE));
                }
            }
        }
        _ => {}
    }
    if let (Some(value), None) = (value.get("default"), has) {
        found.push((schema, join(at, "default"), value, &rules::DEFAULT));
    }
}

/// Whether a place is one of a schema: the last word of OpenAPI on the way there says so.
fn is_schema(at: &str) -> bool {
    let mut names: Vec<&str> = at.split('/').collect();
    let last = names.pop().unwrap_or_default();
    let above = names.pop().unwrap_or_default();
    matches!(last, "schema" | "items" | "additionalProperties" | "not" | "contains")
        || matches!(
            above,
            "schemas" | "properties" | "allOf" | "anyOf" | "oneOf" | "prefixItems" | "$defs"
        )
}
