//! The schemas of an OpenAPI 3.0 document as JSON Schema 2020-12.

use serde_json::{Map, Value, json};

use super::references::NAMES;

/// What is data, and no schema.
const DATA: &[&str] = &["example", "examples", "default", "enum", "const"];

/// A document of this version whose schemas are JSON Schema 2020-12. Those of 3.1 are already.
pub(in super::super) fn as_2020_12(document: &Value, version: &str) -> Value {
    if version.starts_with("3.0") { value(document) } else { document.clone() }
}

/// Wherever an object says what only a schema of 3.0 says, that is said anew: `nullable` and flags beside
/// bounds stand nowhere else.
fn value(old: &Value) -> Value {
    match old {
        Value::Array(items) => items.iter().map(value).collect(),
        Value::Object(members) => object(members),
        other => other.clone(),
    }
}

fn object(members: &Map<String, Value>) -> Value {
    // What stands beside a reference is ignored in 3.0.
    if let Some(target) = members.get("$ref").filter(|target| target.is_string()) {
        return json!({ "$ref": target });
    }
    let mut out: Map<String, Value> = members
        .iter()
        .map(|(name, inner)| {
            let new = match inner {
                _ if DATA.contains(&name.as_str()) => inner.clone(),
                Value::Object(named) if NAMES.contains(&name.as_str()) => {
                    named.iter().map(|(name, inner)| (name.clone(), value(inner))).collect()
                }
                _ => value(inner),
            };
            (name.clone(), new)
        })
        .collect();
    let is = |name: &str| members.get(name).and_then(Value::as_bool) == Some(true);
    if is("nullable") {
        out.remove("nullable");
        if let Some(kind) = members.get("type").filter(|kind| kind.is_string()) {
            out.insert("type".into(), json!([kind, "null"]));
        }
    }
    for (flag, bound) in [("exclusiveMaximum", "maximum"), ("exclusiveMinimum", "minimum")] {
        if members.get(flag).is_some_and(Value::is_boolean) {
            out.remove(flag);
            if is(flag)
                && let Some(limit) = out.remove(bound)
            {
                out.insert(flag.into(), limit);
            }
        }
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_3_0_says_otherwise_is_said_anew() {
        let schema =
            |schema: Value| json!({"openapi": "3.0.3", "components": {"schemas": {"a": schema}}});
        for (old, new) in [
            (json!({"type": "string", "nullable": true}), json!({"type": ["string", "null"]})),
            (json!({"maximum": 3, "exclusiveMaximum": true}), json!({"exclusiveMaximum": 3})),
            (json!({"maximum": 3, "exclusiveMaximum": false}), json!({"maximum": 3})),
            (json!({"$ref": "#/x", "description": "y"}), json!({"$ref": "#/x"})),
            (json!({"default": {"nullable": true}}), json!({"default": {"nullable": true}})),
            (
                json!({"properties": {"nullable": {"nullable": true, "type": "integer"}}}),
                json!({"properties": {"nullable": {"type": ["integer", "null"]}}}),
            ),
        ] {
            assert_eq!(as_2020_12(&schema(old), "3.0.3"), schema(new));
        }
        // A name may be a word of the language elsewhere.
        let answer = |kind: Value| {
            let body = json!({"content": {"application/json": {"schema": {"type": kind}}}});
            json!({"openapi": "3.0.3", "components": {"responses": {"default": body}}})
        };
        let mut nullable = answer(json!("string"));
        nullable["components"]["responses"]["default"]["content"]["application/json"]["schema"]["nullable"] =
            json!(true);
        assert_eq!(as_2020_12(&nullable, "3.0.3"), answer(json!(["string", "null"])));
        let newer = json!({"openapi": "3.1.0", "x": {"type": "string", "nullable": true}});
        assert_eq!(as_2020_12(&newer, "3.1.0"), newer);
    }
}
