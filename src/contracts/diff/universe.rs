//! The schemas that take part in one comparison, as the prover reads them: conditionals and
//! dependencies written out, references resolved, fragments ready to judge instances.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::super::schemas::options;
#[cfg(test)]
use super::bundle::Bundle;
use super::effort::{Effort, Weights};
use super::keywords::{Holds, holds, is_assertion};
use super::pointer;

/// Schemas that judging one instance may look at; whatever is dearer judges nothing.
const MAX_WEIGHT: u64 = 300_000;
/// Schemas when written out; conditions in conditions grow.
const MAX_WRITTEN: u64 = 2_000_000;

/// What judges an instance, and what that costs.
type Judge = Option<(Rc<Validator>, u64)>;

/// Schemas that may refer to one another.
pub(super) struct Universe {
    /// Written out, for the prover.
    plain: Value,
    /// As they are, for judging instances.
    raw: Value,
    judges: RefCell<HashMap<usize, Judge>>,
    /// The texts in long `enum`s.
    texts: RefCell<HashMap<usize, Rc<HashSet<String>>>>,
    size: u64,
    effort: Effort,
    /// Whether it could not be written out, so that nothing can be said.
    pub cut_off: bool,
}

impl Universe {
    #[cfg(test)]
    pub(super) fn new<'b>(bundles: impl IntoIterator<Item = &'b Bundle>) -> Self {
        let mut raw = Map::new();
        for bundle in bundles {
            raw.extend(bundle.defs.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        Self::of(raw, Effort::default())
    }

    pub(super) fn of(raw: Map<String, Value>, effort: Effort) -> Self {
        let left = Cell::new(MAX_WRITTEN);
        let plain: Map<String, Value> =
            raw.iter().map(|(key, value)| (key.clone(), write_out(value, &left))).collect();
        // Making it is work, too.
        effort.spend((MAX_WRITTEN - left.get()) / 4);
        Self {
            plain: definitions(plain),
            raw: definitions(raw),
            judges: RefCell::default(),
            texts: RefCell::default(),
            size: MAX_WRITTEN - left.get(),
            effort,
            cut_off: left.get() == 0,
        }
    }

    /// Whether so many steps may still be taken.
    pub(super) fn spend(&self, steps: usize) -> bool {
        !self.cut_off && self.effort.spend(u64::try_from(steps).unwrap_or(u64::MAX))
    }

    /// The schema of a document, for the prover.
    pub(super) fn schema(&self, key: &str) -> &Value {
        self.plain.pointer(&format!("/$defs/{key}")).unwrap_or(&Value::Bool(false))
    }

    /// The written-out schema that a reference leads to; a bundle has none that lead nowhere.
    pub(super) fn resolve(&self, reference: &str) -> &Value {
        pointer::lookup(&self.plain, reference).unwrap_or(&Value::Bool(true))
    }

    /// Judges instances by a whole document as it was written; `None` if that would take too long.
    pub(super) fn judge(&self, key: &str) -> Option<Validator> {
        let root = self.raw.pointer(&format!("/$defs/{key}"))?;
        if Weights::new(&self.raw).of(root) > MAX_WEIGHT {
            return None;
        }
        let mut schema = self.raw.clone();
        schema.as_object_mut()?.insert("$ref".into(), format!("#/$defs/{key}").into());
        options().build(&schema).ok()
    }

    /// Whether a written-out part accepts an instance; `None` if that cannot be told.
    pub(super) fn accepts(&self, part: &Value, instance: &Value) -> Option<bool> {
        if let (Some(text), Some(texts)) = (instance.as_str(), self.texts(part)) {
            return self.spend(1).then(|| texts.contains(text));
        }
        let address = std::ptr::from_ref(part) as usize;
        let known = self.judges.borrow().get(&address).cloned();
        let judge = known.unwrap_or_else(|| {
            let built = self.build(part);
            self.judges.borrow_mut().insert(address, built.clone());
            built
        });
        let (judge, weight) = judge?;
        self.effort.spend(1 + weight / 20).then(|| judge.is_valid(instance))
    }

    fn build(&self, part: &Value) -> Judge {
        let weight = Weights::new(&self.plain).of(part);
        let cost = if refers(part) { self.size / 4 } else { weight };
        if weight > MAX_WEIGHT || !self.effort.spend(cost) {
            return None;
        }
        let judge = options().build(&self.with_definitions(part)).ok()?;
        Some((Rc::new(judge), weight))
    }

    /// The texts that a schema lists, if that is all it says and they are many.
    fn texts(&self, part: &Value) -> Option<Rc<HashSet<String>>> {
        const MANY: usize = 100;
        let object = part.as_object()?;
        let list = object.get("enum")?.as_array().filter(|list| list.len() > MANY)?;
        let text = |(name, value): (&String, &Value)| {
            name == "enum" || !is_assertion(name) || name == "type" && value == "string"
        };
        if !object.iter().all(text) {
            return None;
        }
        let address = std::ptr::from_ref(part) as usize;
        let new = || Rc::new(list.iter().filter_map(Value::as_str).map(str::to_owned).collect());
        Some(self.texts.borrow_mut().entry(address).or_insert_with(new).clone())
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
fn write_out(schema: &Value, left: &Cell<u64>) -> Value {
    if !take(left, 1) {
        return Value::Bool(true);
    }
    let Some(object) = schema.as_object() else { return schema.clone() };
    let mut new = Map::new();
    let mut all = Vec::new();
    let part = |name: &str| object.get(name).map(|one| write_out(one, left));
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
                    all.push(unless_present(key, &write_out(schema, left)));
                }
            }
            ("allOf", _, Value::Array(list)) => {
                all.extend(list.iter().map(|one| write_out(one, left)))
            }
            (_, Holds::Schemas, Value::Array(list)) => {
                new.insert(name.clone(), list.iter().map(|one| write_out(one, left)).collect());
            }
            (_, Holds::Schema, _) => {
                new.insert(name.clone(), write_out(child, left));
            }
            (_, Holds::Named, Value::Object(map)) => {
                let map: BTreeMap<_, _> =
                    map.iter().map(|(key, value)| (key.clone(), write_out(value, left))).collect();
                new.insert(name.clone(), json!(map));
            }
            _ => {
                new.insert(name.clone(), child.clone());
            }
        }
    }
    if let Some(condition) = part("if") {
        // It is copied up to four times.
        if !take(left, 4 * nodes(&condition)) {
            return Value::Bool(true);
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
    if !all.is_empty() {
        new.insert("allOf".into(), Value::Array(all));
    }
    Value::Object(new)
}

fn take(left: &Cell<u64>, count: u64) -> bool {
    let rest = left.get().saturating_sub(count);
    left.set(rest);
    rest > 0
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
