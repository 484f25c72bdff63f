//! Examples and defaults of an API hold.

use serde_json::Value;

use super::super::context::Context;
use super::super::schemas::judge;
use super::super::{Rule, Validation, rules};
use super::references::{NAMES, Spot};
use crate::domain::pointer::join;

/// Examples of one document that are judged.
const MAX: usize = 1_000;

/// An example: the place of its schema, its own place, itself.
type Found<'v> = (String, String, &'v Value, &'static Rule);

pub(super) fn check<'v>(
    context: &'v Context<'v>,
    path: &'v str,
    document: &'v Value,
    all: &mut Validation,
) {
    let mut found = Vec::new();
    walk((context, &Spot::of(path, document)), document, "", &mut found);
    for (schema, place, value, rule) in found.into_iter().take(MAX) {
        judge(context, (path, &schema), (&place, value), rule, all);
    }
}

/// A document, and those that it may refer to.
type Whole<'w, 'v> = (&'v Context<'v>, &'w Spot<'v>);

fn walk<'v>(whole: Whole<'_, 'v>, value: &'v Value, at: &str, found: &mut Vec<Found<'v>>) {
    match value {
        Value::Object(members) => {
            shown(whole, value, at, found);
            for (name, inner) in members {
                let here = join(at, name);
                match name.as_str() {
                    "example" | "examples" | "default" | "const" | "enum" => {}
                    // Media types that are no JSON show texts in a form of their own.
                    "content" => {
                        let types = inner.as_object().into_iter().flatten();
                        for (name, media) in types {
                            if name.contains("json") {
                                walk(whole, media, &join(&here, name), found);
                            }
                        }
                    }
                    // Names of members are not words of OpenAPI.
                    name if NAMES.contains(&name) && inner.is_object() => {
                        for (name, inner) in inner.as_object().into_iter().flatten() {
                            walk(whole, inner, &join(&here, name), found);
                        }
                    }
                    _ => walk(whole, inner, &here, found),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(whole, item, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// What an object shows of itself, if it is a schema, or has one.
fn shown<'v>(
    (context, whole): Whole<'_, 'v>,
    value: &'v Value,
    at: &str,
    found: &mut Vec<Found<'v>>,
) {
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
            for name in named.keys() {
                let Some(named) = whole.at(&join(&here, name)) else { continue };
                let Some(value) = named.followed(context).and_then(|one| one.member("value"))
                else {
                    continue;
                };
                // One in another file is told of where it is referred to.
                let place = if value.file == whole.file { value.pointer } else { named.pointer };
                found.push((schema.clone(), place, value.value, &rules::EXAMPLE));
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
