//! Schemas that refer to themselves without going into the instance: they mean nothing, and whoever follows
//! them does so for ever (JSON Schema Core 2020-12, section 9.4.1).

use std::collections::HashMap;

use serde_json::Value;

use super::bundle::BundleError;
use super::keywords::each;
use super::pointer;

struct Search<'v> {
    all: &'v Value,
    /// Addresses of schemas: whether they are done, or else still on the way.
    seen: HashMap<usize, bool>,
}

/// Whether every loop of references goes into the instance.
pub(super) fn check(all: &Value) -> Result<(), BundleError> {
    let mut search = Search { all, seen: HashMap::new() };
    let roots = all.get("$defs").and_then(Value::as_object);
    roots.into_iter().flat_map(serde_json::Map::values).try_for_each(|root| search.all(root))
}

impl<'v> Search<'v> {
    /// Looks from every schema in a document.
    fn all(&mut self, schema: &'v Value) -> Result<(), BundleError> {
        self.from(schema, 0)?;
        each(schema, |_, child| self.all(child))
    }

    fn from(&mut self, schema: &'v Value, depth: usize) -> Result<(), BundleError> {
        const MAX_DEPTH: usize = 400;
        let address = std::ptr::from_ref(schema) as usize;
        match self.seen.get(&address) {
            Some(true) => return Ok(()),
            None if depth < MAX_DEPTH => {}
            _ => {
                let reference = schema.get("$ref").and_then(Value::as_str).unwrap_or("#");
                return Err(BundleError::Loop(reference.to_owned()));
            }
        }
        self.seen.insert(address, false);
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str)
            && let Some(target) = pointer::lookup(self.all, reference)
        {
            self.from(target, depth + 1)?;
        }
        each(schema, |keyword, child| match keyword {
            "allOf" | "anyOf" | "oneOf" | "not" | "if" | "then" | "else" | "dependentSchemas" => {
                self.from(child, depth + 1)
            }
            _ => Ok(()),
        })?;
        self.seen.insert(address, true);
        Ok(())
    }
}
