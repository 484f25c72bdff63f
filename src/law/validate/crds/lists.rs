//! Lists that are maps: no two items with the same keys, which JSON Schema cannot say.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::contracts::Violation;
use crate::domain::pointer::join;

/// Items whose keys an earlier item has.
pub(super) fn repeated(schema: &Value, value: &Value, at: &str, found: &mut Vec<Violation>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let named = schema.get("properties").and_then(|all| all.get(name));
                let schema = named.or_else(|| schema.get("additionalProperties"));
                if let Some(schema) = schema {
                    repeated(schema, inner, &join(at, name), found);
                }
            }
        }
        Value::Array(items) => {
            if let Some(keys) = keys(schema) {
                let mut seen = BTreeMap::new();
                for (index, item) in items.iter().enumerate() {
                    let own: Vec<String> = keys
                        .iter()
                        .map(|(key, default)| item.get(key).or(*default))
                        .map(|value| value.map(Value::to_string).unwrap_or_default())
                        .collect();
                    if let Some(first) = seen.insert(own, index) {
                        let text = format!("has the keys of item {first}");
                        found.push(Violation::new(format!("{at}/{index}"), text));
                    }
                }
            }
            let Some(inner) = schema.get("items") else { return };
            for (index, item) in items.iter().enumerate() {
                repeated(inner, item, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// The keys of a list that is a map, with what they are if they are absent.
fn keys(schema: &Value) -> Option<Vec<(&str, Option<&Value>)>> {
    if schema.get("x-kubernetes-list-type")?.as_str()? != "map" {
        return None;
    }
    let keys = schema.get("x-kubernetes-list-map-keys")?.as_array()?;
    let default = |key: &str| schema.get("items")?.get("properties")?.get(key)?.get("default");
    Some(keys.iter().filter_map(Value::as_str).map(|key| (key, default(key))).collect())
}
