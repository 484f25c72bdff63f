//! `unevaluatedProperties` and `unevaluatedItems` as `additionalProperties` and `items`, where every instance has
//! the same members and items evaluated: by the schema itself, what it refers to, and `allOf`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::pointer;

/// References and `allOf`s that are followed.
const MAX_HOPS: usize = 64;
/// Items of a row.
const MAX_ROW: usize = 1_000;

/// What is evaluated.
#[derive(Default)]
struct Evaluated<'r> {
    names: BTreeSet<&'r str>,
    patterns: BTreeSet<&'r str>,
    items: usize,
    hops: usize,
}

/// The keyword of a schema in other words; `rest` is what it says of all else. None if that depends on the
/// instance.
pub(super) fn plain(
    raw: &Value,
    object: &Map<String, Value>,
    keyword: &str,
    rest: impl FnOnce() -> Value,
) -> Option<Value> {
    let members = keyword == "unevaluatedProperties";
    let mut found = Evaluated::default();
    found.add(raw, object, members, true)?;
    if !members {
        let row = vec![true; found.items];
        return Some(match row.is_empty() {
            true => json!({ "items": rest() }),
            false => json!({ "prefixItems": row, "items": rest() }),
        });
    }
    let all = |names: BTreeSet<&str>| -> Map<String, Value> {
        names.into_iter().map(|name| (name.to_owned(), Value::Bool(true))).collect()
    };
    let mut new = Map::new();
    new.insert("properties".into(), all(found.names).into());
    if !found.patterns.is_empty() {
        new.insert("patternProperties".into(), all(found.patterns).into());
    }
    new.insert("additionalProperties".into(), rest());
    Some(Value::Object(new))
}

impl<'r> Evaluated<'r> {
    fn add(
        &mut self,
        raw: &'r Value,
        object: &'r Map<String, Value>,
        members: bool,
        own: bool,
    ) -> Option<()> {
        self.hops += 1;
        let depends = ["anyOf", "oneOf", "if", "dependentSchemas", "$dynamicRef"];
        let whole: &[&str] = match (members, own) {
            (true, true) => &["additionalProperties"],
            (true, false) => &["additionalProperties", "unevaluatedProperties"],
            (false, true) => &["items", "contains"],
            (false, false) => &["items", "contains", "unevaluatedItems"],
        };
        let has = |name: &&str| object.contains_key(*name);
        if self.hops > MAX_HOPS || depends.iter().any(has) || whole.iter().any(has) {
            return None;
        }
        let map = |name: &str| object.get(name).and_then(Value::as_object).into_iter().flatten();
        self.names.extend(map("properties").map(|(name, _)| name.as_str()));
        self.patterns.extend(map("patternProperties").map(|(name, _)| name.as_str()));
        let row = object.get("prefixItems").and_then(Value::as_array).map_or(0, Vec::len);
        self.items = self.items.max(row);
        let reference = object.get("$ref").and_then(Value::as_str);
        let target = reference.map(|reference| pointer::lookup(raw, reference));
        let parts = object.get("allOf").and_then(Value::as_array).into_iter().flatten().map(Some);
        for part in parts.chain(target) {
            // `true` evaluates nothing, and `false` lets nothing through.
            if let Value::Object(part) = part? {
                self.add(raw, part, members, false)?;
            }
        }
        (self.items <= MAX_ROW).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_instance_has_evaluated_is_written_out() {
        let raw = json!({"$defs": {
            "base": {"properties": {"b": {}}, "patternProperties": {"^x-": {}}, "prefixItems": [{}, {}]},
            "open": {"additionalProperties": true, "items": true},
            "one": {"anyOf": [{"properties": {"c": {}}}]},
            "loop": {"allOf": [{"$ref": "#/$defs/loop"}]},
        }});
        let of = |schema: Value, keyword: &str| {
            plain(&raw, schema.as_object().unwrap(), keyword, || json!(false))
        };
        let base = |at: &str| json!({"properties": {"a": {}}, "allOf": [{"$ref": format!("#/$defs/{at}")}, true]});
        assert_eq!(
            of(base("base"), "unevaluatedProperties").unwrap(),
            json!({"properties": {"a": true, "b": true}, "patternProperties": {"^x-": true}, "additionalProperties": false})
        );
        let row = json!({"prefixItems": [true, true], "items": false});
        assert_eq!(of(base("base"), "unevaluatedItems").unwrap(), row);
        assert_eq!(of(json!({}), "unevaluatedItems").unwrap(), json!({"items": false}));
        for at in ["open", "one", "loop", "none"] {
            assert_eq!(of(base(at), "unevaluatedProperties"), None, "{at}");
            assert_eq!(of(base(at), "unevaluatedItems"), None, "{at}");
        }
    }
}
