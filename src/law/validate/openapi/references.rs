//! References of an OpenAPI document: to places in it, and to documents of the set.

use serde_json::Value;

use super::super::context::Context;
use super::super::rules;
use crate::contracts::openapi::joined;
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

/// A value of a document, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Spot<'v> {
    pub file: &'v str,
    pub document: &'v Value,
    pub value: &'v Value,
    pub pointer: String,
}

impl<'v> Spot<'v> {
    /// A whole document.
    pub(super) const fn of(file: &'v str, document: &'v Value) -> Self {
        Self { file, document, value: document, pointer: String::new() }
    }

    /// A place of the same document.
    pub(super) fn at(&self, pointer: &str) -> Option<Self> {
        let value = self.document.pointer(pointer)?;
        Some(Self { value, pointer: pointer.to_owned(), ..self.clone() })
    }

    /// A member of it.
    pub(super) fn member(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name)?;
        Some(Self { value, pointer: join(&self.pointer, name), ..self.clone() })
    }

    /// The items of a member that is a list.
    pub(super) fn items(&self, name: &str) -> Vec<Self> {
        let Some(list) = self.member(name) else { return Vec::new() };
        let all = list.value.as_array().into_iter().flatten().enumerate();
        let item = |(index, value)| Self {
            value,
            pointer: format!("{}/{index}", list.pointer),
            ..list.clone()
        };
        all.map(item).collect()
    }

    /// A member's text.
    pub(super) fn word(&self, name: &str) -> Option<&'v str> {
        self.value.get(name).and_then(Value::as_str)
    }

    /// It, or what its reference leads to, in this document or another of the set.
    pub(super) fn followed(&self, context: &'v Context<'_>) -> Option<Self> {
        let mut spot = self.clone();
        for _ in 0..MAX_STEPS {
            let Some(target) = spot.word("$ref") else { return Some(spot) };
            spot = lead(context, &spot, target)?;
        }
        None
    }
}

/// Where a reference leads: to a place in its document, or in one of the set that it names by path or by `$id`.
fn lead<'v>(context: &'v Context<'_>, from: &Spot<'v>, target: &str) -> Option<Spot<'v>> {
    let (name, fragment) = target.split_once('#').unwrap_or((target, ""));
    let whole = match name {
        "" => from.clone(),
        name => {
            let by_id = context.ids.get(name).and_then(|all| all.first());
            let path = by_id.map_or_else(|| joined(from.file, name), |path| (*path).to_owned());
            let (file, document) = context.found(&path)?;
            Spot::of(file, document)
        }
    };
    match fragment {
        // An anchor of a schema: whoever uses the schema finds out.
        fragment if !fragment.is_empty() && !fragment.starts_with('/') => whole.at(""),
        fragment => whole.at(&percent(fragment)?),
    }
}

/// What a document refers to in others.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Outward {
    pub file: String,
    pub pointer: String,
    /// Under which name of `components` it would lie, if that is plain.
    pub kind: &'static str,
}

/// All that a document refers to in other files.
pub(super) fn outward(path: &str, document: &Value) -> Vec<Outward> {
    let mut found = Vec::new();
    walk(document, "", "", &mut |_, kind, object| {
        let target = object.get("$ref").and_then(Value::as_str).unwrap_or_default();
        let (name, fragment) = target.split_once('#').unwrap_or((target, ""));
        if let Some(pointer) = percent(fragment).filter(|_| !name.is_empty()) {
            found.push(Outward { file: joined(path, name), pointer, kind });
        }
    });
    found
}

/// Those that lead nowhere, or to something of another kind.
pub(super) fn broken(context: &Context<'_>, path: &str, document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    let whole = Spot::of(path, document);
    walk(document, "", "", &mut |at, kind, object| {
        let Some(target) = object.get("$ref").and_then(Value::as_str) else { return };
        let there = lead(context, &whole, target).is_some();
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
        "paths" | "pathItems" | "webhooks" => "pathItems",
        _ => "",
    }
}
