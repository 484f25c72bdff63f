//! The schemas that take part in one comparison, as the prover reads them: conditionals and
//! dependencies written out, references resolved, fragments ready to judge instances.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::super::schemas::options;
#[cfg(test)]
use super::bundle::Bundle;
use super::effort::{Effort, Weights};
use super::keywords::is_assertion;
use super::pointer;
use super::written_out::{MAX_WRITTEN, written_out};

/// Schemas that judging one instance may look at; whatever is dearer judges nothing.
const MAX_WEIGHT: u64 = 300_000;

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
        let raw = definitions(raw);
        let (plain, size) = written_out(&raw);
        // Making it is work, too.
        effort.spend(size / 4);
        Self {
            plain: definitions(plain),
            raw,
            judges: RefCell::default(),
            texts: RefCell::default(),
            size,
            effort,
            cut_off: size >= MAX_WRITTEN,
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

    /// The written-out schema that a reference leads to.
    pub(super) fn resolve(&self, reference: &str) -> Option<&Value> {
        pointer::lookup(&self.plain, reference)
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
