//! Pairs of schemas with the class that each change has for those who read by the new schema
//! (`Consumer`) and for those who read by the old one (`Producer`). Grown from the rule lists of oasdiff, buf,
//! graphql-inspector, json-schema-diff and the schema registries.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::compare;
use crate::contracts::{Class, Comparison, Direction};
use Class::{Breaking as B, Risky as R, Safe as S};

/// Rule, old, new, class for the consumer, class for the producer.
type Row = (&'static str, Value, Value, Class, Class);

fn compared(old: &Value, new: &Value, direction: Direction) -> Comparison {
    let none = BTreeMap::new();
    compare((old, &none), (new, &none), direction).unwrap()
}

#[allow(clippy::needless_pass_by_value, reason = "the rows read better")]
fn object(properties: Value, required: Value) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

fn closed(properties: Value, required: Value) -> Value {
    let mut schema = object(properties, required);
    schema["additionalProperties"] = json!(false);
    schema
}

#[rustfmt::skip]
fn members() -> Vec<Row> {
    let s = || json!({"type": "string"});
    vec![
        ("property-added", object(json!({}), json!([])), object(json!({"a": s()}), json!([])), B, S),
        ("property-removed", object(json!({"a": s()}), json!([])), object(json!({}), json!([])), S, B),
        ("property-added", closed(json!({}), json!([])), closed(json!({"a": s()}), json!([])), S, B),
        ("property-removed", closed(json!({"a": s()}), json!([])), closed(json!({}), json!([])), B, S),
        ("property-added", object(json!({}), json!([])), object(json!({"a": true}), json!([])), S, S),
        ("property-added", object(json!({}), json!([])), object(json!({"a": {}}), json!([])), S, S),
        ("required-added", object(json!({"a": s()}), json!([])), object(json!({"a": s()}), json!(["a"])), B, S),
        ("required-removed", object(json!({"a": s()}), json!(["a"])), object(json!({"a": s()}), json!([])), S, B),
        ("required-added", object(json!({}), json!(["a"])), object(json!({}), json!(["a", "b"])), B, S),
        ("required-added", json!({"type": "string"}), json!({"type": "string", "required": ["a"]}), S, S),
        ("additional-properties-added", object(json!({"a": s()}), json!([])), closed(json!({"a": s()}), json!([])), B, S),
        ("additional-properties-removed", closed(json!({"a": s()}), json!([])), object(json!({"a": s()}), json!([])), S, B),
        ("additional-properties-added", object(json!({}), json!([])), json!({"type": "object", "properties": {}, "required": [], "additionalProperties": true}), S, S),
        ("additional-properties-added", json!({"type": "object"}), json!({"type": "object", "additionalProperties": {"type": "string"}}), B, S),
        ("schema-replaced", json!({"additionalProperties": false}), json!({"additionalProperties": {"type": "string"}}), S, B),
        ("type-widened", object(json!({"a": {"type": "integer"}}), json!([])), object(json!({"a": {"type": "number"}}), json!([])), S, B),
        ("type-narrowed", object(json!({"a": {"type": "number"}}), json!([])), object(json!({"a": {"type": "integer"}}), json!([])), B, S),
        ("type-changed", object(json!({"a": {"type": "string"}}), json!([])), object(json!({"a": {"type": "integer"}}), json!([])), B, B),
        ("min-properties-raised", json!({"minProperties": 1}), json!({"minProperties": 2}), B, S),
        ("min-properties-lowered", json!({"minProperties": 2}), json!({"minProperties": 1}), S, B),
        ("max-properties-raised", json!({"maxProperties": 1}), json!({"maxProperties": 2}), S, B),
        ("max-properties-lowered", json!({"maxProperties": 2}), json!({"maxProperties": 1}), B, S),
        ("min-properties-added", object(json!({}), json!(["a", "b"])), json!({"type": "object", "properties": {}, "required": ["a", "b"], "minProperties": 2}), S, S),
        ("property-names-added", json!({"type": "object"}), json!({"type": "object", "propertyNames": {"pattern": "^[a-z]+$"}}), B, S),
        ("property-names-removed", json!({"type": "object", "propertyNames": {"maxLength": 3}}), json!({"type": "object"}), S, B),
        ("pattern-property-added", json!({"type": "object", "patternProperties": {"^a": true}}), json!({"type": "object", "patternProperties": {"^a": true, "^x-": {"type": "string"}}}), B, S),
        ("pattern-property-removed", json!({"patternProperties": {"^x-": {"type": "string"}, "^a": true}}), json!({"patternProperties": {"^a": true}}), S, B),
        ("dependent-required-added", json!({"type": "object"}), json!({"type": "object", "dependentRequired": {"a": ["b"]}}), B, S),
        ("dependent-required-removed", json!({"dependentRequired": {"a": ["b"]}}), json!({}), S, B),
        ("dependent-required-added", object(json!({}), json!(["b"])), json!({"type": "object", "properties": {}, "required": ["b"], "dependentRequired": {"a": ["b"]}}), S, S),
        ("dependent-schema-added", json!({}), json!({"dependentSchemas": {"a": {"required": ["b"]}}}), B, S),
        ("unevaluated-properties-added", object(json!({"a": true}), json!([])), json!({"type": "object", "properties": {"a": true}, "required": [], "unevaluatedProperties": false}), B, S),
        ("property-removed", object(json!({"a": s(), "b": s()}), json!(["a"])), object(json!({"a": s()}), json!(["a"])), S, B),
        ("type-narrowed", object(json!({"a": {"properties": {"b": {"type": ["string", "null"]}}}}), json!([])), object(json!({"a": {"properties": {"b": {"type": ["string"]}}}}), json!([])), B, S),
    ]
}

#[rustfmt::skip]
fn scalars() -> Vec<Row> {
    let typed = |kind: &str, keyword: &str, value: Value| { let mut s = json!({"type": kind}); s[keyword] = value; s };
    let n = |keyword: &str, value: Value| typed("number", keyword, value);
    let i = |keyword: &str, value: Value| typed("integer", keyword, value);
    let s = |keyword: &str, value: Value| typed("string", keyword, value);
    let number = json!({"type": "number"});
    let string = json!({"type": "string"});
    vec![
        ("minimum-added", number.clone(), n("minimum", json!(1)), B, S),
        ("minimum-removed", n("minimum", json!(1)), number.clone(), S, B),
        ("minimum-raised", n("minimum", json!(1)), n("minimum", json!(2)), B, S),
        ("minimum-lowered", n("minimum", json!(2)), n("minimum", json!(1)), S, B),
        ("maximum-raised", n("maximum", json!(1)), n("maximum", json!(1.5)), S, B),
        ("maximum-lowered", n("maximum", json!(1.5)), n("maximum", json!(1)), B, S),
        ("minimum-changed", n("minimum", json!(1)), n("minimum", json!(1.0)), S, S),
        ("maximum-added", number.clone(), n("maximum", json!(1)), B, S),
        ("maximum-removed", n("maximum", json!(1)), number.clone(), S, B),
        ("exclusive-maximum-added", i("maximum", json!(4)), json!({"type": "integer", "maximum": 4, "exclusiveMaximum": 5}), S, S),
        ("exclusive-minimum-added", n("minimum", json!(0)), json!({"type": "number", "minimum": 0, "exclusiveMinimum": 0}), B, S),
        ("exclusive-minimum-removed", n("exclusiveMinimum", json!(0)), number.clone(), S, B),
        ("multiple-of-added", number.clone(), n("multipleOf", json!(0.5)), B, S),
        ("multiple-of-added", json!({"type": "integer"}), i("multipleOf", json!(1)), S, S),
        ("multiple-of-raised", n("multipleOf", json!(2)), n("multipleOf", json!(4)), B, S),
        ("multiple-of-lowered", n("multipleOf", json!(4)), n("multipleOf", json!(2)), S, B),
        ("multiple-of-raised", n("multipleOf", json!(2)), n("multipleOf", json!(3)), B, B),
        ("multiple-of-removed", n("multipleOf", json!(2)), number.clone(), S, B),
        ("min-length-added", string.clone(), s("minLength", json!(1)), B, S),
        ("min-length-raised", s("minLength", json!(1)), s("minLength", json!(2)), B, S),
        ("min-length-lowered", s("minLength", json!(2)), s("minLength", json!(1)), S, B),
        ("min-length-added", string.clone(), s("minLength", json!(0)), S, S),
        ("max-length-added", string.clone(), s("maxLength", json!(10)), B, S),
        ("max-length-raised", s("maxLength", json!(10)), s("maxLength", json!(100)), S, B),
        ("max-length-lowered", s("maxLength", json!(100)), s("maxLength", json!(10)), B, S),
        ("max-length-removed", s("maxLength", json!(100)), string.clone(), S, B),
        ("pattern-added", string.clone(), s("pattern", json!("^a")), B, S),
        ("pattern-removed", s("pattern", json!("^a")), string.clone(), S, B),
        ("pattern-changed", s("pattern", json!("^a")), s("pattern", json!("^[ab]")), S, B),
        ("pattern-changed", s("pattern", json!("^[ab]")), s("pattern", json!("^a")), B, S),
        ("pattern-changed", s("pattern", json!("^[0-9]{3}$")), s("pattern", json!("^\\d{3}$")), S, S),
        ("pattern-changed", s("pattern", json!("^a$")), s("pattern", json!("^b$")), B, B),
        ("pattern-changed", s("pattern", json!("^[0-9A-HJKMNP-TV-Z]{26}$")), s("pattern", json!("^[0-7][0-9A-HJKMNP-TV-Z]{25}$")), B, S),
        ("format-added", string.clone(), s("format", json!("date-time")), B, S),
        ("format-removed", s("format", json!("date")), string.clone(), S, B),
        ("format-changed", s("format", json!("date")), s("format", json!("date-time")), B, B),
        ("format-changed", s("format", json!("uri")), s("format", json!("uri-reference")), S, B),
        ("format-added", string.clone(), s("format", json!("my-own")), S, S),
        ("type-widened", string.clone(), json!({"type": ["string", "null"]}), S, B),
        ("type-narrowed", json!({"type": ["string", "null"]}), string.clone(), B, S),
        ("type-removed", string.clone(), json!({}), S, B),
        ("type-added", json!({}), string.clone(), B, S),
        ("type-changed", string.clone(), number.clone(), B, B),
        ("type-changed", json!({"type": ["string", "null"]}), json!({"type": ["null", "string"]}), S, S),
        ("enum-value-added", json!({"enum": ["a"]}), json!({"enum": ["a", "b"]}), S, B),
        ("enum-value-removed", json!({"enum": ["a", "b"]}), json!({"enum": ["a"]}), B, S),
        ("enum-added", string.clone(), s("enum", json!(["a", "b"])), B, S),
        ("enum-removed", s("enum", json!(["a", "b"])), string.clone(), S, B),
        ("enum-added", json!({"type": "boolean"}), json!({"type": "boolean", "enum": [true, false]}), S, S),
        ("enum-value-removed", s("enum", json!(["a", 1])), s("enum", json!(["a"])), S, S),
        ("const-changed", json!({"const": "v1"}), json!({"const": "v2"}), B, B),
        ("const-added", string.clone(), s("const", json!("a")), B, S),
        ("const-removed", json!({"const": 1}), json!({}), S, B),
        ("const-changed", json!({"const": 1}), json!({"const": 1.0}), S, S),
        ("minimum-added", string.clone(), s("minimum", json!(3)), S, S),
        ("default-changed", s("default", json!("a")), s("default", json!("b")), R, R),
        ("default-added", string.clone(), s("default", json!("b")), R, R),
        ("annotation-changed", s("description", json!("a")), s("description", json!("b")), S, S),
        ("annotation-changed", string.clone(), s("title", json!("b")), S, S),
        ("annotation-changed", string.clone(), s("examples", json!(["b"])), S, S),
        ("annotation-changed", string.clone(), s("x-owner", json!("b")), S, S),
        ("annotation-changed", s("contentMediaType", json!("text/csv")), s("contentMediaType", json!("text/xml")), R, R),
        ("annotation-changed", string.clone(), s("contentEncoding", json!("base64")), R, R),
        ("deprecated", string, s("deprecated", json!(true)), S, S),
    ]
}

#[rustfmt::skip]
fn arrays() -> Vec<Row> {
    let of = |items: Value| json!({"type": "array", "items": items});
    vec![
        ("items-added", json!({"type": "array"}), of(json!({"type": "string"})), B, S),
        ("items-removed", of(json!({"type": "string"})), json!({"type": "array"}), S, B),
        ("type-widened", of(json!({"type": "integer"})), of(json!({"type": "number"})), S, B),
        ("min-items-raised", json!({"minItems": 1}), json!({"minItems": 2}), B, S),
        ("min-items-lowered", json!({"minItems": 2}), json!({"minItems": 1}), S, B),
        ("max-items-added", json!({"type": "array"}), json!({"type": "array", "maxItems": 2}), B, S),
        ("max-items-raised", json!({"maxItems": 2}), json!({"maxItems": 3}), S, B),
        ("max-items-lowered", json!({"maxItems": 3}), json!({"maxItems": 2}), B, S),
        ("unique-items-added", json!({"type": "array"}), json!({"type": "array", "uniqueItems": true}), B, S),
        ("unique-items-removed", json!({"uniqueItems": true}), json!({}), S, B),
        ("unique-items-added", json!({"maxItems": 1}), json!({"maxItems": 1, "uniqueItems": true}), S, S),
        ("unique-items-changed", json!({"uniqueItems": false}), json!({"uniqueItems": true}), B, S),
        ("contains-added", json!({"type": "array"}), json!({"type": "array", "contains": {"type": "string"}}), B, S),
        ("contains-removed", json!({"contains": {"type": "string"}}), json!({}), S, B),
        ("min-contains-added", json!({"contains": {"const": 1}}), json!({"contains": {"const": 1}, "minContains": 2}), B, S),
        ("max-contains-added", json!({"contains": {"const": 1}}), json!({"contains": {"const": 1}, "maxContains": 2}), B, S),
        ("prefix-items-item-added", json!({"prefixItems": [{"type": "string"}]}), json!({"prefixItems": [{"type": "string"}, {"type": "null"}]}), B, S),
        ("prefix-items-item-removed", json!({"prefixItems": [{"type": "string"}, {"type": "null"}]}), json!({"prefixItems": [{"type": "string"}]}), S, B),
        ("type-narrowed", json!({"prefixItems": [{"type": "number"}]}), json!({"prefixItems": [{"type": "integer"}]}), B, S),
        ("items-added", json!({"prefixItems": [true], "maxItems": 1}), json!({"prefixItems": [true], "maxItems": 1, "items": false}), S, S),
        ("items-added", json!({"prefixItems": [true]}), json!({"prefixItems": [true], "items": false}), B, S),
    ]
}

#[rustfmt::skip]
fn foreign() -> Vec<Row> {
    let s = || json!({"type": "string"});
    let sealed = |properties: Value| json!({"type": "object", "properties": properties, "unevaluatedProperties": false});
    let over = |properties: Value| json!({
        "allOf": [{"$ref": "#/$defs/base"}], "properties": properties, "unevaluatedProperties": false,
        "$defs": {"base": {"type": "object", "properties": {"id": s()}}},
    });
    let address = |value: Value| json!({
        "properties": {"kind": s(), "value": value},
        "oneOf": [{"properties": {"kind": {"enum": ["ip"]}}}, {"properties": {"kind": {"not": {"enum": ["ip"]}}}}],
    });
    vec![
        // What is closed by `unevaluatedProperties`.
        ("property-added", sealed(json!({})), sealed(json!({"a": s()})), S, B),
        ("property-added", over(json!({})), over(json!({"a": s()})), S, B),
        ("required-added", over(json!({"a": s()})), { let mut new = over(json!({"a": s()})); new["required"] = json!(["a"]); new }, B, S),
        ("unevaluated-items-added", json!({"prefixItems": [s()]}), json!({"prefixItems": [s()], "unevaluatedItems": false}), B, S),
        ("unevaluated-items-added", json!({"prefixItems": [s()], "items": false}), json!({"prefixItems": [s()], "unevaluatedItems": false}), S, S),
        // The same alternatives beside a difference; after Gateway API.
        ("min-length-removed", address(json!({"type": "string", "minLength": 1})), address(s()), S, B),
        // After jsoncompat and jsonsubschema.
        ("property-removed", json!({"not": object(json!({"x": s()}), json!([]))}), json!({"not": object(json!({}), json!([]))}), B, S),
        ("pattern-property-removed", json!({"type": "object", "patternProperties": {"^x": s(), "x$": {"type": "integer"}}, "additionalProperties": false}),
            json!({"type": "object", "patternProperties": {"^x": s()}, "additionalProperties": false}), B, B),
        ("type-added", json!({"not": {}}), s(), S, B),
        ("not-added", json!({"type": ["integer", "null"]}), json!({"type": ["integer", "null"], "not": {"type": "string"}}), S, S),
        ("type-narrowed", json!({"type": "number", "minimum": 4, "maximum": 4}), json!({"type": "integer", "minimum": 4, "maximum": 4}), S, S),
        ("min-length-removed", json!({"type": "string", "minLength": 1}), json!({"type": "string", "pattern": r"^[\s\S]+$"}), S, S),
        ("pattern-removed", json!({"type": "string", "pattern": "^a.$"}), json!({"type": "string", "maxLength": 2}), S, B),
        ("pattern-changed", json!({"type": "string", "pattern": "^(ab){0,3}$"}), json!({"type": "string", "pattern": "^(ab)*$", "maxLength": 6}), S, S),
    ]
}

#[rustfmt::skip]
fn composed() -> Vec<Row> {
    let a = || json!({"type": "string"});
    let n = || json!({"type": "null"});
    vec![
        ("any-of-form-added", json!({"anyOf": [a()]}), json!({"anyOf": [a(), n()]}), S, B),
        ("any-of-form-removed", json!({"anyOf": [a(), n()]}), json!({"anyOf": [a()]}), B, S),
        ("one-of-form-added", json!({"oneOf": [a()]}), json!({"oneOf": [a(), n()]}), S, B),
        ("one-of-form-removed", json!({"oneOf": [a(), n()]}), json!({"oneOf": [n()]}), B, S),
        ("one-of-form-added", json!({"oneOf": [{"type": "integer"}]}), json!({"oneOf": [{"type": "integer"}, {"type": "number"}]}), B, B),
        ("all-of-form-added", json!({"allOf": [a()]}), json!({"allOf": [a(), {"minLength": 2}]}), B, S),
        ("all-of-form-removed", json!({"allOf": [a(), {"minLength": 2}]}), json!({"allOf": [a()]}), S, B),
        ("all-of-form-added", json!({"allOf": [{"minimum": 2}]}), json!({"allOf": [{"minimum": 2}, {"minimum": 1}]}), S, S),
        ("type-narrowed", json!({"anyOf": [{"type": ["string", "null"]}, {"type": "array"}]}), json!({"anyOf": [{"type": "string"}, {"type": "array"}]}), B, S),
        ("not-added", json!({}), json!({"not": {"const": 1}}), B, S),
        ("not-removed", json!({"not": {"const": 1}}), json!({}), S, B),
        ("type-widened", json!({"not": {"type": "string"}}), json!({"not": {"type": ["string", "null"]}}), B, S),
        ("minimum-raised", json!({"not": {"minimum": 1}}), json!({"not": {"minimum": 2}}), S, B),
        ("if-added", json!({"type": "object"}), json!({"type": "object", "if": {"required": ["a"]}, "then": {"required": ["b"]}}), B, S),
        ("required-added", json!({"if": {"required": ["a"]}, "then": {"required": ["b"]}}), json!({"if": {"required": ["a"]}, "then": {"required": ["b", "c"]}}), B, S),
        ("type-removed", json!({"type": "string"}), json!({"anyOf": [{"type": "string"}]}), S, S),
        ("any-of-added", json!({"type": ["string", "null"]}), json!({"anyOf": [a(), n()]}), S, S),
        ("all-of-added", json!({"minimum": 1, "maximum": 3}), json!({"allOf": [{"minimum": 1}, {"maximum": 3}]}), S, S),
        ("any-of-added", json!({"enum": ["a", "b"]}), json!({"anyOf": [{"const": "b"}, {"const": "a"}]}), S, S),
        ("", json!({"type": "string"}), json!({"$ref": "#/$defs/s", "$defs": {"s": {"type": "string"}}}), S, S),
        ("min-length-added", json!({"$ref": "#/$defs/s", "$defs": {"s": {"type": "string"}}}), json!({"$ref": "#/$defs/s", "$defs": {"s": {"type": "string", "minLength": 1}}}), B, S),
        ("type-changed", json!({"properties": {"x": {"$ref": "#/$defs/t"}}, "$defs": {"t": {"type": "string"}}}), json!({"properties": {"x": {"$ref": "#/$defs/u"}}, "$defs": {"u": {"type": "number"}}}), B, B),
        ("property-added", json!({"$defs": {"t": {"type": "object", "properties": {"left": {"$ref": "#/$defs/t"}}}}, "$ref": "#/$defs/t"}), json!({"$defs": {"t": {"type": "object", "properties": {"left": {"$ref": "#/$defs/t"}, "right": {"$ref": "#/$defs/t"}}}}, "$ref": "#/$defs/t"}), B, S),
        ("one-of-form-added",
            json!({"oneOf": [{"type": "object", "properties": {"kind": {"const": "a"}}, "required": ["kind"]}]}),
            json!({"oneOf": [{"type": "object", "properties": {"kind": {"const": "a"}}, "required": ["kind"]}, {"type": "object", "properties": {"kind": {"const": "b"}}, "required": ["kind"]}]}), S, B),
        ("if-removed", json!({"if": {"required": ["a"]}, "then": {"required": ["b"]}}), json!({}), S, B),
        ("if-changed", json!({"if": {"required": ["a"]}, "then": {"required": ["b"]}}), json!({"if": {"required": ["a"]}, "else": {"required": ["b"]}}), B, B),
        ("required-removed", json!({"if": {"required": ["a"]}, "then": {"required": ["b", "c"]}}), json!({"if": {"required": ["a"]}, "then": {"required": ["b"]}}), S, B),
        ("type-changed", json!({"type": "string"}), json!({"type": ["integer", "null"]}), B, B),
        ("type-widened", json!({"type": "string"}), json!({"type": ["string", "integer"]}), S, B),
        ("type-narrowed", json!({"type": ["integer", "string"]}), json!({"type": "string"}), B, S),
        ("enum-value-added", json!({"not": {"enum": ["a"]}}), json!({"not": {"enum": ["a", "b"]}}), B, S),
        ("any-of-removed", json!({"anyOf": [{"type": "string"}, {"type": "null"}]}), json!({}), S, B),
        ("one-of-added", json!({}), json!({"oneOf": [{"type": "string"}, {"type": "null"}]}), B, S),
        ("all-of-removed", json!({"allOf": [{"type": "string"}]}), json!({}), S, B),
        ("dependent-schema-removed", json!({"dependentSchemas": {"a": {"required": ["b"]}}}), json!({}), S, B),
        ("maximum-added", json!({"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}}), json!({"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer", "maximum": 9}}}), B, S),
        // A condition alone evaluates members and items.
        ("if-removed", json!({"if": {"properties": {"a": {"const": 1}}}, "unevaluatedProperties": false}), json!({"unevaluatedProperties": false}), B, R),
        ("if-added", json!({"unevaluatedItems": false}), json!({"if": {"prefixItems": [true]}, "unevaluatedItems": false}), R, B),
        ("if-removed", json!({"if": {"properties": {"a": true}}}), json!({}), S, S),
        ("schema-replaced", json!(true), json!(false), B, S),
        ("schema-replaced", json!(false), json!({"type": "string"}), S, B),
    ]
}

#[test]
fn each_change_has_its_class() {
    let rows: Vec<Row> = [members(), scalars(), arrays(), foreign(), composed()].concat();
    assert!(rows.len() >= 150, "{}", rows.len());
    let mut wrong = Vec::new();
    for (rule, old, new, consumer, producer) in &rows {
        for (direction, wanted) in
            [(Direction::Consumer, *consumer), (Direction::Producer, *producer)]
        {
            let found = compared(old, new, direction);
            if found.class != wanted
                || found.changes.is_empty() != rule.is_empty()
                || !rule.is_empty() && !found.changes.iter().any(|change| change.rule == *rule)
            {
                let rules: Vec<_> =
                    found.changes.iter().map(|c| (c.rule.as_str(), c.class)).collect();
                wrong.push(format!(
                    "{old} -> {new} {direction:?}: {rules:?}, wanted {rule} {wanted:?}"
                ));
            }
            for change in &found.changes {
                let shown = change.witness.is_some();
                assert_eq!(shown, change.class == B, "{old} -> {new}: {change:?}");
            }
        }
        let both = compared(old, new, Direction::Both).class;
        if both != *consumer.max(producer) {
            wrong.push(format!("{old} -> {new} both: {both:?}"));
        }
        assert!(compared(old, old, Direction::Both).changes.is_empty(), "{old}");
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// What an edit alone would refuse, but the new schema does not, is no witness.
#[test]
fn a_witness_is_one_of_the_real_schemas() {
    for (old, new, wanted) in [
        (
            json!({"type": "integer", "exclusiveMinimum": 0}),
            json!({"type": "integer", "minimum": 1}),
            S,
        ),
        (
            json!({"type": "string", "minLength": 1}),
            json!({"type": "string", "pattern": "^[\\s\\S]+$"}),
            R,
        ),
        (
            json!({"minProperties": 1, "properties": {"a": true}, "additionalProperties": false}),
            json!({"required": ["a"], "properties": {"a": true}, "additionalProperties": false}),
            R,
        ),
    ] {
        let found = compared(&old, &new, Direction::Both);
        assert!(found.class <= wanted.max(R) && found.class < B, "{old} {new} {found:?}");
        assert!(wanted != S || found.class == S, "{old} {new} {found:?}");
        assert!(found.changes.iter().all(|change| change.witness.is_none()), "{found:?}");
    }
}

/// Whoever sends a schema that is hard to judge gets an answer, and no long wait.
#[test]
fn hard_schemas_end() {
    let forms = |count: usize, shift: usize| -> Value {
        let form = |i: usize| json!({"if": {"properties": {"k": {"const": i}}}, "then": {"required": [format!("p{}", i + shift)]}});
        json!({"allOf": (0..count).map(form).collect::<Vec<_>>()})
    };
    let ladder = |keyword: &str, levels: usize, kind: &str| {
        let mut defs = serde_json::Map::new();
        for n in 0..levels {
            let next = json!({"$ref": format!("#/$defs/n{}", n + 1)});
            defs.insert(format!("n{n}"), json!({keyword: [next, next]}));
        }
        defs.insert(format!("n{levels}"), json!({"type": kind}));
        json!({"$ref": "#/$defs/n0", "$defs": defs})
    };
    let mut deep = (json!({"const": 1}), json!({"const": 2}));
    for _ in 0..40 {
        deep = (json!({"if": deep.0, "then": true}), json!({"if": deep.1, "then": true}));
    }
    let names = |from: usize, count: usize| -> Vec<String> {
        (from..from + count).map(|n| format!("v{n}")).collect()
    };
    for (name, old, new, least) in [
        ("conditions", forms(40, 0), forms(40, 1), R),
        ("more conditions", forms(300, 0), forms(300, 1), R),
        ("ladder", ladder("anyOf", 16, "string"), ladder("anyOf", 16, "integer"), R),
        ("high ladder", ladder("oneOf", 60, "string"), ladder("oneOf", 60, "integer"), R),
        ("all", ladder("allOf", 18, "string"), ladder("allOf", 18, "integer"), R),
        ("conditions in conditions", deep.0, deep.1, R),
        ("enum", json!({"enum": names(0, 50_000)}), json!({"enum": names(1, 50_000)}), R),
        (
            "another enum",
            json!({"enum": names(0, 20_000)}),
            json!({"enum": names(20_000, 20_000)}),
            R,
        ),
        (
            "required",
            json!({"required": names(0, 20_000)}),
            json!({"required": names(1, 20_000)}),
            R,
        ),
        (
            "another required",
            json!({"required": names(0, 5_000)}),
            json!({"required": names(5_000, 5_000)}),
            R,
        ),
    ] {
        let begun = std::time::Instant::now();
        let found = compared(&old, &new, Direction::Both);
        let took = begun.elapsed();
        eprintln!("{name}: {took:?} {:?} {:?}", found.class, found.changes.len());
        assert!(found.class >= least, "{name}");
        // Far more than it takes, and far less than it would take without an end.
        assert!(took.as_secs() < 60, "{name}: {took:?}");
    }
}

/// A library of definitions has no schema of its own; each entry is judged.
#[test]
fn definitions_that_others_use_are_judged() {
    let of = |id: &str, a: Value| json!({"$id": id, "$defs": {"a": {"$ref": "#/$defs/b"}, "b": a, "own": {"title": "x"}}});
    for id in ["https://example.org/lib.json", "lib.json"] {
        let (old, new) =
            (of(id, json!({"type": ["string", "null"]})), of(id, json!({"type": "string"})));
        let found = compared(&old, &new, Direction::Consumer);
        let rules: Vec<_> = found.changes.iter().map(|c| (c.rule.as_str(), c.class)).collect();
        assert_eq!(rules, [("definition-changed", B), ("definition-changed", B)], "{found:?}");
        assert_eq!(found.changes[1].witness.as_ref().unwrap().instance, json!(null));
        assert_eq!(found.changes[1].old.as_ref().unwrap().pointer, "/$defs/b");
        assert_eq!(compared(&old, &new, Direction::Producer).class, R, "at least");
        assert!(compared(&old, &old, Direction::Both).changes.is_empty());
    }
    let unnamed = |kind: &str| json!({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "definitions": {"a b": {"type": kind}}});
    let found = compared(&unnamed("string"), &unnamed("null"), Direction::Both);
    assert_eq!((found.class, found.changes.len()), (B, 1), "{found:?}");
    let gone = compared(&unnamed("string"), &json!({"type": "object"}), Direction::Both);
    assert!(
        gone.changes.iter().any(|c| c.rule == "definition-removed" && c.class == R),
        "{gone:?}"
    );
    let used = |kind: &str| json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": kind}}});
    let found = compared(&used("string"), &used("null"), Direction::Both);
    assert!(found.changes.iter().all(|change| change.rule == "type-changed"), "{found:?}");
}

/// Keywords that a draft does not have wake up when the next one is named.
#[test]
fn another_draft_wakes_keywords() {
    let of = |draft: &str, mut schema: Value| {
        schema["$schema"] = json!(format!("http://json-schema.org/{draft}/schema#"));
        schema
    };
    let closed = json!({"properties": {"a": true}, "unevaluatedProperties": false});
    let woken =
        compared(&of("draft-07", closed.clone()), &of("2020-12", closed), Direction::Consumer);
    assert_eq!(woken.class, B, "{woken:?}");
    let one = json!({"const": 1});
    let woken = compared(&of("draft-04", one.clone()), &of("2020-12", one), Direction::Consumer);
    assert_eq!(woken.class, B, "{woken:?}");
    let more = json!({"dependentRequired": {"a": ["b"]}});
    let ignored = compared(&of("draft-07", json!({})), &of("draft-07", more), Direction::Both);
    assert_eq!(ignored.class, S, "{ignored:?}");
    let kept = json!({"dependencies": {"a": ["b"]}});
    let kept = compared(&of("draft-07", kept.clone()), &of("2020-12", kept), Direction::Both);
    assert_eq!(kept.changes[0].rule, "dialect-changed");
    assert_eq!(kept.class, R, "not all who read 2020-12 judge dependencies");
}

#[test]
fn a_witness_says_what_is_wrong_with_it() {
    let old = json!({"$id": "https://example.org/a.json", "type": "object", "properties": {"band": {"enum": ["GREEN", "RED"]}}, "required": ["band"]});
    let new = json!({"$id": "https://example.org/a.json", "type": "object", "properties": {"band": {"enum": ["GREEN"]}}, "required": ["band"]});
    let found = compared(&old, &new, Direction::Consumer);
    let change = &found.changes[0];
    assert_eq!(change.rule, "enum-value-removed");
    assert_eq!(change.old.as_ref().unwrap().pointer, "/properties/band/enum");
    let witness = change.witness.as_ref().unwrap();
    assert_eq!(witness.instance, json!({"band": "RED"}));
    assert!(witness.accepted_by_old);
    assert_eq!(witness.refused_because.len(), 1);
    assert!(witness.refused_because[0].starts_with("/band"), "{witness:?}");
}
