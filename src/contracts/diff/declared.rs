//! What those who keep to a schema write: no members but declared ones. An API's client that sends what
//! the contract does not name has no claim on being understood; so a new optional member breaks nobody.
//!
//! Of each document two more forms: `C…`, whose objects are closed, and `I…`, open at its root and
//! closed below, for what is composed. Whatever cannot be closed stays open, and what is written must pass the
//! document as it is, too: that can cost a proof, never make a wrong one.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::keywords::is_assertion;
use super::pointer;

/// Marks a member that this side never writes (`readOnly` in requests).
pub(in super::super) const NEVER: &str = "x-lazaret-never-written";

/// The key of what is written by a document.
pub(super) fn written_key(key: &str) -> String {
    format!("W{key}")
}

/// What is written by a document: what it lets through, and its closed form does.
pub(super) fn written(key: &str) -> Value {
    let part = |key: &str| json!({ "$ref": format!("#/$defs/{key}") });
    json!({ "allOf": [part(key), part(&format!("C{key}"))] })
}

/// The documents' closed forms, with what they refer to.
pub(super) fn closed(raw: &Map<String, Value>) -> Map<String, Value> {
    let all = json!({ "$defs": raw });
    let forms = Forms { all: &all };
    let mut new = Map::new();
    for (key, value) in raw {
        new.insert(format!("C{key}"), forms.closed(value));
        new.insert(format!("I{key}"), forms.inner(value));
    }
    new
}

struct Forms<'a> {
    all: &'a Value,
}

impl Forms<'_> {
    /// An instance's schema, closed if it can be.
    fn closed(&self, schema: &Value) -> Value {
        let Some(object) = schema.as_object() else { return schema.clone() };
        let reference = object.get("$ref").and_then(Value::as_str);
        if let Some(reference) = reference
            && object.keys().filter(|name| is_assertion(name)).count() == 1
        {
            let mut new = object.clone();
            new.insert("$ref".into(), Value::String(led(reference, 'C')));
            self.definitions(&mut new, object, Self::closed);
            return Value::Object(new);
        }
        let Value::Object(mut new) = self.inner(schema) else { return schema.clone() };
        self.definitions(&mut new, object, Self::closed);
        let mut names = BTreeSet::new();
        if !self.declared(schema, &mut names, &mut Vec::new()) || names.is_empty() {
            return Value::Object(new);
        }
        let composed = ["$ref", "allOf", "anyOf", "oneOf", "if", "dependentSchemas"];
        if composed.iter().any(|name| object.contains_key(*name)) {
            let named: Map<String, Value> =
                names.into_iter().map(|name| (name, Value::Bool(true))).collect();
            let only = json!({ "properties": named, "additionalProperties": false });
            match new.get_mut("allOf") {
                Some(Value::Array(list)) => list.push(only),
                _ => drop(new.insert("allOf".into(), json!([only]))),
            }
        } else {
            new.insert("additionalProperties".into(), Value::Bool(false));
        }
        Value::Object(new)
    }

    /// A part of a composition: what it holds is closed, itself it is not.
    fn inner(&self, schema: &Value) -> Value {
        let Some(object) = schema.as_object() else { return schema.clone() };
        let mut new = Map::new();
        for (name, child) in object {
            let made = match (name.as_str(), child) {
                ("$ref", Value::String(reference)) => Value::String(match whole(reference) {
                    true => led(reference, 'I'),
                    false => reference.clone(),
                }),
                ("properties" | "patternProperties", Value::Object(map)) => {
                    let member = |schema: &Value| match schema.get(NEVER) {
                        Some(Value::Bool(true)) => Value::Bool(false),
                        _ => self.closed(schema),
                    };
                    map.iter().map(|(name, schema)| (name.clone(), member(schema))).collect()
                }
                ("items" | "additionalProperties", _) => self.closed(child),
                ("prefixItems", Value::Array(list)) => {
                    list.iter().map(|schema| self.closed(schema)).collect()
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(list)) => {
                    list.iter().map(|schema| self.inner(schema)).collect()
                }
                // Conditions stay what they are: closing one would open what depends on it.
                _ => child.clone(),
            };
            new.insert(name.clone(), made);
        }
        self.definitions(&mut new, object, Self::inner);
        Value::Object(new)
    }

    fn definitions(
        &self,
        new: &mut Map<String, Value>,
        old: &Map<String, Value>,
        form: fn(&Self, &Value) -> Value,
    ) {
        for name in ["$defs", "definitions"] {
            if let Some(Value::Object(map)) = old.get(name) {
                let map: Map<String, Value> =
                    map.iter().map(|(key, schema)| (key.clone(), form(self, schema))).collect();
                new.insert(name.to_owned(), Value::Object(map));
            }
        }
    }

    /// Collects the members that a schema names, also through what it is composed of; `false` if it says of others
    /// as well what they are.
    fn declared(
        &self,
        schema: &Value,
        names: &mut BTreeSet<String>,
        seen: &mut Vec<String>,
    ) -> bool {
        let Some(object) = schema.as_object() else { return true };
        let open = ["additionalProperties", "unevaluatedProperties", "patternProperties"];
        if open.iter().any(|name| object.contains_key(*name)) {
            return false;
        }
        if let Some(Value::Object(map)) = object.get("properties") {
            names.extend(map.keys().cloned());
        }
        if let Some(reference) = object.get("$ref").and_then(Value::as_str)
            && !seen.iter().any(|known| known == reference)
        {
            seen.push(reference.to_owned());
            let target = pointer::lookup(self.all, reference);
            if !target.is_some_and(|target| self.declared(target, names, seen)) {
                return false;
            }
        }
        let mut fine = true;
        for name in ["allOf", "anyOf", "oneOf"] {
            for part in object.get(name).and_then(Value::as_array).into_iter().flatten() {
                fine &= self.declared(part, names, seen);
            }
        }
        for name in ["if", "then", "else"] {
            fine &= object.get(name).is_none_or(|part| self.declared(part, names, seen));
        }
        let depending = object.get("dependentSchemas").and_then(Value::as_object);
        for part in depending.into_iter().flat_map(Map::values) {
            fine &= self.declared(part, names, seen);
        }
        fine
    }
}

/// Whether a reference leads to a document or one of its definitions: other places may be closed already.
fn whole(reference: &str) -> bool {
    let Some(rest) = reference.strip_prefix("#/$defs/") else { return false };
    let tokens: Vec<&str> = rest.split('/').collect();
    matches!(tokens.as_slice(), [_] | [_, "$defs" | "definitions", _])
}

/// A reference led to another form.
fn led(reference: &str, form: char) -> String {
    match reference.strip_prefix("#/$defs/") {
        Some(rest) => format!("#/$defs/{form}{rest}"),
        None => reference.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_closed_where_that_says_no_more_than_they_do() {
        let raw = json!({"o0": {
            "properties": {
                "a": {"properties": {"x": {}}},
                "base": {"$ref": "#/$defs/o0/$defs/base"},
                "more": {"allOf": [{"$ref": "#/$defs/o0/$defs/base"}, {"properties": {"z": {}}}]},
                "map": {"properties": {"x": {}}, "additionalProperties": {"type": "string"}},
                "free": {"type": "object"},
                "never": {NEVER: true},
            },
            "$defs": {"base": {"properties": {"y": {"properties": {"deep": true}}}}},
        }});
        let new = closed(raw.as_object().unwrap());
        let root = &new["Co0"];
        assert_eq!(root["additionalProperties"], false);
        let of = |name: &str| &root["properties"][name];
        assert_eq!(of("a")["additionalProperties"], false);
        assert_eq!(of("base")["$ref"], "#/$defs/Co0/$defs/base");
        assert_eq!(of("more")["allOf"][0]["$ref"], "#/$defs/Io0/$defs/base");
        assert_eq!(
            of("more")["allOf"][2],
            json!({"properties": {"y": true, "z": true}, "additionalProperties": false})
        );
        assert_eq!(of("map")["additionalProperties"]["type"], "string");
        assert_eq!(of("free"), &json!({"type": "object"}));
        assert_eq!(of("never"), &json!(false));
        assert_eq!(root["$defs"]["base"]["additionalProperties"], false);
        let inner = &new["Io0"];
        assert_eq!(inner.get("additionalProperties"), None);
        assert_eq!(inner["$defs"]["base"].get("additionalProperties"), None);
        let deep = &inner["$defs"]["base"]["properties"]["y"];
        assert_eq!(deep["additionalProperties"], false);
    }
}
