//! References of an OpenAPI document: to places in it, and to documents of the set.

use serde_json::Value;

use super::super::context::Context;
use super::super::{join, rules};
use crate::law::Finding;

/// References from one object to the next.
const MAX_STEPS: usize = 32;

/// Those that lead nowhere.
pub(super) fn broken(context: &Context<'_>, path: &str, document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    walk(document, "", false, &mut |at, target| {
        let there = match target.strip_prefix('#') {
            Some(fragment) => lookup(document, fragment).is_some(),
            None => elsewhere(context, path, target),
        };
        if !there {
            let text = format!("{target} leads nowhere");
            found.push(rules::REFERENCE.at(path, at, text));
        }
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

/// Calls `act` for every `$ref` that is one. Members of `properties` and examples are data.
fn walk(value: &Value, at: &str, named: bool, act: &mut impl FnMut(String, &str)) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let data = ["example", "examples", "default", "const", "enum"];
                let here = join(at, name);
                match inner {
                    Value::String(target) if name == "$ref" && !named => act(here, target),
                    // `examples` of a media type are objects with references of their own.
                    Value::Object(all) if name == "examples" && !named => {
                        for (name, example) in all {
                            if let Some(target) = example.get("$ref").and_then(Value::as_str) {
                                act(join(&join(&here, name), "$ref"), target);
                            }
                        }
                    }
                    _ if data.contains(&name.as_str()) && !named => {}
                    _ => walk(inner, &here, !named && name == "properties", act),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{at}/{index}"), false, act);
            }
        }
        _ => {}
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
