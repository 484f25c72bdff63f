//! References of an OpenAPI document: to places in it, and to documents of the set.

use serde_json::Value;

use super::super::context::Context;
use super::super::rules;
use crate::domain::pointer::join;
use crate::law::Finding;

/// References from one object to the next.
const MAX_STEPS: usize = 32;

/// Words of OpenAPI and JSON Schema whose members have names of their own: there, `default` is no word.
pub(super) const NAMES: &[&str] = &[
    "$defs",
    "callbacks",
    "content",
    "definitions",
    "dependentSchemas",
    "encoding",
    "headers",
    "links",
    "mapping",
    "parameters",
    "pathItems",
    "paths",
    "patternProperties",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "scopes",
    "securitySchemes",
    "variables",
    "webhooks",
];

/// Those that lead nowhere, or to something of another kind.
pub(super) fn broken(context: &Context<'_>, path: &str, document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    walk(document, "", "", &mut |at, kind, object| {
        let Some(target) = object.get("$ref").and_then(Value::as_str) else { return };
        let there = match target.strip_prefix('#') {
            Some(fragment) => lookup(document, fragment).is_some(),
            None => elsewhere(context, path, target),
        };
        let text = match target.strip_prefix("#/components/").and_then(|rest| rest.split_once('/'))
        {
            _ if !there => format!("{target} leads nowhere"),
            Some((of, name)) if !kind.is_empty() && of != kind && !name.contains('/') => {
                format!("{target} is none of the {kind}")
            }
            _ => return,
        };
        found.push(rules::REFERENCE.at(path, join(at, "$ref"), text));
    });
    found
}

/// Whether a reference to another document leads to one of the set: by path, or by `$id`.
fn elsewhere(context: &Context<'_>, path: &str, target: &str) -> bool {
    let (document, fragment) = target.split_once('#').unwrap_or((target, ""));
    let mut names: Vec<&str> = path.split('/').collect();
    names.pop();
    for name in document.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    let by_id = context.ids.get(document).and_then(|all| all.first());
    let path = by_id.map_or_else(|| names.join("/"), |path| (*path).to_owned());
    context.document(&path).is_some_and(|document| lookup(document, fragment).is_some())
}

fn lookup<'v>(document: &'v Value, fragment: &str) -> Option<&'v Value> {
    if !fragment.is_empty() && !fragment.starts_with('/') {
        // An anchor of a schema: whoever uses the schema finds out.
        return Some(document);
    }
    let decoded = percent(fragment)?;
    document.pointer(&decoded)
}

/// A fragment without its percent escapes.
fn percent(fragment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let [byte, after @ ..] = rest {
        match byte {
            b'%' => {
                let two = std::str::from_utf8(after.get(..2)?).ok()?;
                bytes.push(u8::from_str_radix(two, 16).ok()?);
                rest = after.get(2..)?;
            }
            byte => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// Calls `act` for every object that is no map of names and no data, with its place and what it must be, if that is
/// plain.
pub(super) fn walk<'v>(
    value: &'v Value,
    at: &str,
    kind: &'static str,
    act: &mut impl FnMut(&str, &'static str, &'v serde_json::Map<String, Value>),
) {
    let Value::Object(members) = value else { return };
    act(at, kind, members);
    let data = ["example", "default", "const", "enum"];
    for (name, inner) in members {
        let here = join(at, name);
        let names = NAMES.iter().find(|known| *known == name);
        match inner {
            // `examples` of a media type are objects with references of their own.
            Value::Object(all) if name == "examples" => {
                for (name, example) in all {
                    if let Some(example) = example.as_object() {
                        act(&join(&here, name), "", example);
                    }
                }
            }
            _ if data.contains(&name.as_str()) || name == "examples" => {}
            Value::Object(all) if names.is_some() => {
                let kind = plain(names.copied().unwrap_or_default());
                for (name, inner) in all {
                    walk(inner, &join(&here, name), kind, act);
                }
            }
            Value::Array(items) => {
                let kind = if name == "parameters" { "parameters" } else { "" };
                for (index, item) in items.iter().enumerate() {
                    walk(item, &format!("{here}/{index}"), kind, act);
                }
            }
            _ => walk(inner, &here, plain(name), act),
        }
    }
}

/// Under which name of `components` lies what stands under a word.
fn plain(word: &str) -> &'static str {
    match word {
        "schema" | "schemas" | "properties" => "schemas",
        "responses" => "responses",
        "parameters" => "parameters",
        "headers" => "headers",
        "requestBody" | "requestBodies" => "requestBodies",
        "links" => "links",
        _ => "",
    }
}

/// An object, or what its reference within the document leads to; with its pointer.
pub(super) fn resolved<'v>(
    document: &'v Value,
    value: &'v Value,
    at: &str,
) -> Option<(&'v Value, String)> {
    let (mut value, mut at) = (value, at.to_owned());
    for _ in 0..MAX_STEPS {
        let Some(target) = value.get("$ref").and_then(Value::as_str) else {
            return Some((value, at));
        };
        at = percent(target.strip_prefix('#')?)?;
        value = document.pointer(&at)?;
    }
    None
}
