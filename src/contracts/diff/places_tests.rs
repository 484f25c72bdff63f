//! Differences are found wherever schemas stand: behind references into conditions, older drafts' keywords and what no
//! keyword is, and behind those in a composition.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::compare;
use crate::contracts::{Class, Comparison, Direction};

fn compared(old: &Value, new: &Value) -> Comparison {
    let none = BTreeMap::new();
    compare((old, &none), (new, &none), Direction::Both).unwrap()
}

/// Every change's rule and class, and the pointer of its place in the old schema.
fn told(comparison: &Comparison) -> Vec<(&str, Class, &str)> {
    comparison
        .changes
        .iter()
        .map(|change| {
            let place = change.old.as_ref().or(change.new.as_ref());
            (change.rule.as_str(), change.class, place.map_or("", |place| place.pointer.as_str()))
        })
        .collect()
}

#[test]
fn references_are_followed_wherever_they_lead() {
    let seven = "http://json-schema.org/draft-07/schema#";
    let string = || json!({"type": "string"});
    for (at, schema) in [
        ("/if", json!({"if": string()})),
        ("/then", json!({"if": true, "then": string()})),
        ("/else", json!({"if": false, "else": string()})),
        ("/$defs/c/then", json!({"$defs": {"c": {"then": string()}}})),
        ("/dependentSchemas/a~1b", json!({"dependentSchemas": {"a/b": string()}})),
        ("/allOf/0", json!({"const": 1, "allOf": [string()]})),
        ("/components/schemas/A", json!({"components": {"schemas": {"A": string()}}})),
        ("/items/0", json!({"$schema": seven, "items": [string()]})),
        ("/additionalItems", json!({"$schema": seven, "additionalItems": string()})),
        ("/dependencies/x", json!({"$schema": seven, "dependencies": {"x": string()}})),
    ] {
        let mut old = json!({"$defs": {}, "properties": {"p": {"$ref": format!("#{at}")}}});
        old.as_object_mut().unwrap().extend(schema.as_object().unwrap().clone());
        let mut new = old.clone();
        *new.pointer_mut(&format!("{at}/type")).unwrap() = json!("integer");
        let found = compared(&old, &new);
        assert_eq!(found.class, Class::Breaking, "{at}: {found:?}");
        let place = format!("{at}/type");
        let named = told(&found).contains(&("type-changed", Class::Breaking, place.as_str()));
        assert!(named || at == "/allOf/0", "{at}: {:?}", told(&found));
    }
}

#[test]
fn what_nobody_reads_with_its_document_is_read_where_references_lead() {
    let of = |kind: &str| {
        json!({
            "$ref": "#/components/a",
            "components": {"a": {"items": {"$ref": "#/components/b"}}, "b": {"type": kind}},
        })
    };
    let found = compared(&of("string"), &of("null"));
    assert!(told(&found).contains(&("type-changed", Class::Breaking, "/components/b/type")));
    // As generators write it.
    let of = |kind: &str| {
        json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$ref": "#/definitions/Order",
            "definitions": {"Order": {"type": "object", "properties": {"id": {"type": kind}}}},
        })
    };
    let found = compared(&of("integer"), &of("number"));
    let place = "/definitions/Order/properties/id/type";
    assert_eq!(told(&found), [("type-widened", Class::Breaking, place)]);
}

#[test]
fn differences_behind_composed_references_are_told_apart() {
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let of = |definition: Value| {
            json!({
                "items": {keyword: [{"type": "null"}, {"$ref": "#/$defs/a"}]},
                "$defs": {"a": definition},
            })
        };
        let base = json!({"type": "object", "properties": {"x": {"default": 1}}});
        let mut other = base.clone();
        other["properties"]["x"]["default"] = json!(2);
        let place = "/$defs/a/properties/x/default";
        let found = compared(&of(base.clone()), &of(other));
        assert_eq!(told(&found), [("default-changed", Class::Risky, place)], "{keyword}");
        if keyword != "allOf" {
            let mut other = base.clone();
            other["required"] = json!(["x"]);
            let found = compared(&of(base.clone()), &of(other));
            let wanted = [("required-added", Class::Breaking, "/$defs/a/required")];
            assert_eq!(told(&found), wanted, "{keyword}");
        }
        // In another order it is the same.
        let mut turned = of(base.clone());
        turned["items"][keyword].as_array_mut().unwrap().reverse();
        assert!(compared(&of(base), &turned).changes.is_empty(), "{keyword}");
    }
    let of = |value: i64| json!({"properties": {"x": {"$ref": "#/$defs/a", "default": value}}, "$defs": {"a": {"type": "integer"}}});
    let found = compared(&of(1), &of(2));
    assert_eq!(told(&found), [("default-changed", Class::Risky, "/properties/x/default")]);
}

#[test]
fn integers_of_64_bits_are_exact() {
    let of = |most: u64| json!({"type": "integer", "maximum": most});
    let found = compared(&of(9_223_372_036_854_775_807), &of(9_223_372_036_854_775_806));
    assert_eq!(told(&found), [("maximum-lowered", Class::Breaking, "/maximum")]);
    let found = compared(&of(18_446_744_073_709_551_614), &of(18_446_744_073_709_551_615));
    assert_eq!(found.class, Class::Breaking, "{found:?}");
}

#[test]
fn a_thousand_alternatives_are_matched_in_passing() {
    let of = |turn: usize| {
        let forms: Vec<Value> = (0..2_000)
            .map(|number| {
                let number = (number + turn) % 2_000;
                json!({"type": "object", "properties": {"kind": {"const": number}}, "required": ["kind"]})
            })
            .collect();
        json!({"anyOf": forms})
    };
    let start = std::time::Instant::now();
    assert!(compared(&of(0), &of(777)).changes.is_empty());
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
