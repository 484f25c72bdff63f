//! The schemas that take part in one comparison, as the prover reads them: conditionals and
//! dependencies written out, references resolved, fragments ready to judge instances.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::super::schemas::options;
#[cfg(test)]
use super::bundle::Bundle;
use super::keywords::{Holds, holds};
use super::pointer;

/// Schemas that may refer to one another.
pub(super) struct Universe {
    /// Written out, for the prover.
    plain: Value,
    /// As they are, for judging instances.
    raw: Value,
    judges: RefCell<HashMap<usize, Option<Rc<Validator>>>>,
}

impl Universe {
    #[cfg(test)]
    pub(super) fn new<'b>(bundles: impl IntoIterator<Item = &'b Bundle>) -> Self {
        let mut raw = Map::new();
        for bundle in bundles {
            raw.extend(bundle.defs.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        Self::of(raw)
    }

    pub(super) fn of(raw: Map<String, Value>) -> Self {
        let plain: Map<String, Value> =
            raw.iter().map(|(key, value)| (key.clone(), write_out(value))).collect();
        Self { plain: definitions(plain), raw: definitions(raw), judges: RefCell::default() }
    }

    /// The schema of a document, for the prover.
    pub(super) fn schema(&self, key: &str) -> &Value {
        self.plain.pointer(&format!("/$defs/{key}")).unwrap_or(&Value::Bool(false))
    }

    /// The written-out schema that a reference leads to; a bundle has none that lead nowhere.
    pub(super) fn resolve(&self, reference: &str) -> &Value {
        pointer::lookup(&self.plain, reference).unwrap_or(&Value::Bool(true))
    }

    /// Judges instances by a whole document as it was written.
    pub(super) fn judge(&self, key: &str) -> Option<Validator> {
        let mut schema = self.raw.clone();
        schema.as_object_mut()?.insert("$ref".into(), format!("#/$defs/{key}").into());
        options().build(&schema).ok()
    }

    /// Whether a written-out part accepts an instance; `None` if that cannot be told.
    pub(super) fn accepts(&self, part: &Value, instance: &Value) -> Option<bool> {
        let address = std::ptr::from_ref(part) as usize;
        let known = self.judges.borrow().get(&address).cloned();
        let judge = known.unwrap_or_else(|| {
            let built = options().build(&self.with_definitions(part)).ok().map(Rc::new);
            self.judges.borrow_mut().insert(address, built.clone());
            built
        });
        judge.map(|judge| judge.is_valid(instance))
    }

    fn with_definitions(&self, part: &Value) -> Value {
        // Most parts are small and refer to nothing.
        if !refers(part) {
            return part.clone();
        }
        let mut schema = self.plain.clone();
        if let Some(object) = schema.as_object_mut() {
            object.insert("allOf".into(), json!([part]));
        }
        schema
    }
}

fn definitions(all: Map<String, Value>) -> Value {
    Value::Object(Map::from_iter([("$defs".to_owned(), Value::Object(all))]))
}

/// Whether anything in it may be a reference.
pub(super) fn refers(value: &Value) -> bool {
    match value {
        Value::Object(object) => object.contains_key("$ref") || object.values().any(refers),
        Value::Array(list) => list.iter().any(refers),
        _ => false,
    }
}

/// The schema without `const`, `if`, `dependentRequired` and `dependentSchemas`, and with the same
/// instances.
fn write_out(schema: &Value) -> Value {
    let Some(object) = schema.as_object() else { return schema.clone() };
    let mut new = Map::new();
    let mut all = Vec::new();
    let part = |name: &str| object.get(name).map(write_out);
    for (name, child) in object {
        match (name.as_str(), holds(name), child) {
            ("const", ..) => all.push(json!({ "enum": [child] })),
            ("if" | "then" | "else", ..) => {}
            ("dependentRequired", _, Value::Object(map)) => {
                for (key, names) in map {
                    let demanded = json!({ "type": "object", "required": names });
                    all.push(unless_present(key, &demanded));
                }
            }
            ("dependentSchemas", _, Value::Object(map)) => {
                for (key, schema) in map {
                    all.push(unless_present(key, &write_out(schema)));
                }
            }
            ("allOf", _, Value::Array(list)) => all.extend(list.iter().map(write_out)),
            (_, Holds::Schemas, Value::Array(list)) => {
                new.insert(name.clone(), list.iter().map(write_out).collect());
            }
            (_, Holds::Schema, _) => {
                new.insert(name.clone(), write_out(child));
            }
            (_, Holds::Named, Value::Object(map)) => {
                let map: BTreeMap<_, _> =
                    map.iter().map(|(key, value)| (key.clone(), write_out(value))).collect();
                new.insert(name.clone(), json!(map));
            }
            _ => {
                new.insert(name.clone(), child.clone());
            }
        }
    }
    if let Some(condition) = part("if") {
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
    if !all.is_empty() {
        new.insert("allOf".into(), Value::Array(all));
    }
    Value::Object(new)
}

fn unless_present(name: &str, schema: &Value) -> Value {
    let present = json!({ "type": "object", "required": [name] });
    json!({ "anyOf": [{ "not": present }, { "allOf": [present, schema] }] })
}
