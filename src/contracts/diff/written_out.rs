//! Schemas as the prover reads them: without `const`, conditions and dependencies, and without `unevaluated…`
//! where it does not depend on the instance what that is. They have the same instances.

use std::cell::Cell;

use serde_json::{Map, Value, json};

use super::keywords::{Holds, holds};
use super::unevaluated;

/// Schemas when written out; conditions in conditions grow.
pub(super) const MAX_WRITTEN: u64 = 2_000_000;

/// All documents of `raw`, which holds them under `$defs`, and their size; at the most they are cut off.
pub(super) fn written_out(raw: &Value) -> (Map<String, Value>, u64) {
    let writer = Writer { raw, left: Cell::new(MAX_WRITTEN) };
    let all = raw.get("$defs").and_then(Value::as_object).into_iter().flatten();
    let all = all.map(|(key, value)| (key.clone(), writer.schema(value))).collect();
    (all, MAX_WRITTEN - writer.left.get())
}

struct Writer<'r> {
    raw: &'r Value,
    left: Cell<u64>,
}

impl Writer<'_> {
    fn schema(&self, schema: &Value) -> Value {
        if !self.take(1) {
            return Value::Bool(true);
        }
        let Some(object) = schema.as_object() else { return schema.clone() };
        let mut new = Map::new();
        // First, so that references into it lead where they led.
        let mut all = object.get("allOf").map(|list| self.list(list)).unwrap_or_default();
        for (name, child) in object {
            match (name.as_str(), holds(name), child) {
                ("const", ..) => all.push(json!({ "enum": [child] })),
                ("if" | "then" | "else" | "allOf", ..) => {}
                ("unevaluatedProperties" | "unevaluatedItems", ..) => {
                    match unevaluated::plain(self.raw, object, name, || self.schema(child)) {
                        Some(plain) => all.push(plain),
                        None => drop(new.insert(name.clone(), self.schema(child))),
                    }
                }
                ("dependentRequired", _, Value::Object(map)) => {
                    for (key, names) in map {
                        let demanded = json!({ "type": "object", "required": names });
                        all.push(unless_present(key, &demanded));
                    }
                }
                ("dependentSchemas", _, Value::Object(map)) => {
                    for (key, schema) in map {
                        all.push(unless_present(key, &self.schema(schema)));
                    }
                }
                (_, Holds::Schemas, _) => {
                    new.insert(name.clone(), Value::Array(self.list(child)));
                }
                (_, Holds::Schema, _) => {
                    new.insert(name.clone(), self.schema(child));
                }
                (_, Holds::Named, Value::Object(map)) => {
                    let map = map.iter().map(|(key, value)| (key.clone(), self.schema(value)));
                    new.insert(name.clone(), map.collect());
                }
                _ => {
                    new.insert(name.clone(), child.clone());
                }
            }
        }
        self.condition(object, &mut all);
        if !all.is_empty() {
            new.insert("allOf".into(), Value::Array(all));
        }
        Value::Object(new)
    }

    fn list(&self, list: &Value) -> Vec<Value> {
        list.as_array().into_iter().flatten().map(|one| self.schema(one)).collect()
    }

    fn condition(&self, object: &Map<String, Value>, all: &mut Vec<Value>) {
        let part = |name: &str| object.get(name).map(|one| self.schema(one));
        let Some(condition) = part("if") else { return };
        // It is copied up to four times.
        if !self.take(4 * nodes(&condition)) {
            return;
        }
        if let Some(then) = part("then") {
            all.push(json!({ "anyOf": [{ "not": condition }, { "allOf": [condition, then] }] }));
        }
        if let Some(otherwise) = part("else") {
            all.push(json!({
                "anyOf": [condition, { "allOf": [{ "not": condition }, otherwise] }]
            }));
        }
        if !object.contains_key("then") && !object.contains_key("else") {
            // A condition alone refuses nothing, but what it looked at counts as evaluated.
            all.push(json!({ "anyOf": [condition, { "not": condition }] }));
        }
    }

    fn take(&self, count: u64) -> bool {
        let rest = self.left.get().saturating_sub(count);
        self.left.set(rest);
        rest > 0
    }
}

fn nodes(value: &Value) -> u64 {
    1 + match value {
        Value::Object(map) => map.values().map(nodes).sum(),
        Value::Array(list) => list.iter().map(nodes).sum(),
        _ => 0,
    }
}

fn unless_present(name: &str, schema: &Value) -> Value {
    let present = json!({ "type": "object", "required": [name] });
    json!({ "anyOf": [{ "not": present }, { "allOf": [present, schema] }] })
}
