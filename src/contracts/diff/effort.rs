//! How much a comparison may cost: a schema that is hard to judge must not keep anybody waiting. What is given
//! up is open, never proven.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::pointer;

/// Steps of one comparison; one is about a microsecond.
const ALL: u64 = 6_000_000;
/// Steps of the claim about both schemas as a whole, so that something is left for single differences.
const WHOLE: u64 = 2_000_000;
/// Steps of one difference.
const EACH: u64 = 1_000_000;

/// What is left of a comparison's steps, and of those of its part.
#[derive(Clone, Debug)]
pub(super) struct Effort {
    all: Rc<Cell<u64>>,
    part: Rc<Cell<u64>>,
}

impl Default for Effort {
    fn default() -> Self {
        Self { all: Rc::new(Cell::new(ALL)), part: Rc::new(Cell::new(WHOLE)) }
    }
}

impl Effort {
    /// For one difference of the same comparison.
    pub(super) fn each(&self) -> Self {
        Self { all: self.all.clone(), part: Rc::new(Cell::new(EACH)) }
    }

    /// For another whole comparison on account of the same.
    pub(super) fn again(&self) -> Self {
        Self { all: self.all.clone(), part: Rc::new(Cell::new(WHOLE)) }
    }

    /// Whether so many steps were left; they are gone now.
    pub(super) fn spend(&self, steps: u64) -> bool {
        let spend = |cell: &Cell<u64>| {
            let rest = cell.get().checked_sub(steps);
            cell.set(rest.unwrap_or(0));
            rest.is_some()
        };
        let (all, part) = (spend(&self.all), spend(&self.part));
        all && part
    }
}

/// How many schemas judging one instance may have to look at: the same one counts again on every way to it,
/// of members and items only the dearest.
pub(super) struct Weights<'v> {
    all: &'v Value,
    known: HashMap<usize, u64>,
}

impl<'v> Weights<'v> {
    pub(super) fn new(all: &'v Value) -> Self {
        Self { all, known: HashMap::new() }
    }

    pub(super) fn of(&mut self, schema: &'v Value) -> u64 {
        self.at(schema, 0)
    }

    fn at(&mut self, schema: &'v Value, depth: usize) -> u64 {
        const MAX_DEPTH: usize = 300;
        let Some(object) = schema.as_object() else { return 1 };
        let address = std::ptr::from_ref(schema) as usize;
        if let Some(known) = self.known.get(&address) {
            return *known;
        }
        if depth > MAX_DEPTH {
            return 1;
        }
        // What leads back to itself goes into the instance, which ends.
        self.known.insert(address, 1);
        let weight = self.object(object, depth + 1);
        self.known.insert(address, weight);
        weight
    }

    fn object(&mut self, object: &'v Map<String, Value>, depth: usize) -> u64 {
        let (mut here, mut inside) = (1_u64, 0_u64);
        let length = |list: &Vec<Value>| u64::try_from(list.len()).unwrap_or(u64::MAX);
        for (name, child) in object {
            match (name.as_str(), child) {
                ("$ref", Value::String(reference)) => {
                    let target = pointer::lookup(self.all, reference);
                    here = here.saturating_add(target.map_or(0, |one| self.at(one, depth)));
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(list)) => {
                    for one in list {
                        here = here.saturating_add(self.at(one, depth));
                    }
                }
                ("dependentSchemas", Value::Object(map)) => {
                    for one in map.values() {
                        here = here.saturating_add(self.at(one, depth));
                    }
                }
                ("not" | "if" | "then" | "else", _) => {
                    here = here.saturating_add(self.at(child, depth));
                }
                ("enum" | "required", Value::Array(list)) => {
                    here = here.saturating_add(length(list));
                }
                ("properties" | "patternProperties", Value::Object(map)) => {
                    for one in map.values() {
                        inside = inside.max(self.at(one, depth));
                    }
                }
                ("prefixItems", Value::Array(list)) => {
                    for one in list {
                        inside = inside.max(self.at(one, depth));
                    }
                }
                (
                    "items"
                    | "contains"
                    | "additionalProperties"
                    | "propertyNames"
                    | "unevaluatedItems"
                    | "unevaluatedProperties",
                    _,
                ) => inside = inside.max(self.at(child, depth)),
                _ => {}
            }
        }
        let all = here.saturating_add(inside);
        // What was evaluated is found out once more.
        let again = object.keys().any(|name| name.starts_with("unevaluated"));
        all.saturating_mul(if again { 2 } else { 1 })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_ladder_weighs_what_it_costs() {
        let mut defs = Map::new();
        for n in 0..20 {
            let next = json!({"$ref": format!("#/$defs/n{}", n + 1)});
            defs.insert(format!("n{n}"), json!({"anyOf": [next, next]}));
        }
        defs.insert("n20".into(), json!({"type": "string"}));
        let all = json!({"$defs": defs});
        assert!(Weights::new(&all).of(&all["$defs"]["n0"]) > 1 << 20);
        let round = json!({"$defs": {"a": {"properties": {"a": {"$ref": "#/$defs/a"}}}}});
        assert!(Weights::new(&round).of(&round["$defs"]["a"]) < 10);
    }

    #[test]
    fn what_is_spent_is_gone() {
        let effort = Effort::default();
        assert!(effort.spend(WHOLE) && !effort.spend(1));
        let each = effort.each();
        assert!(each.spend(EACH) && !each.spend(1) && effort.each().spend(1));
    }
}
