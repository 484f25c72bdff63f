//! Pairs of definitions with the rule and the class of their change.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::diff;
use crate::contracts::{Class, Comparison};
use crate::domain::yaml;
use Class::{Breaking as B, Risky as R, Safe as S};

fn parsed(text: &str) -> Value {
    yaml::document(text.as_bytes()).unwrap_or_else(|why| panic!("{why}:\n{text}"))
}

const CRD: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Thing, plural: things, singular: thing, shortNames: [th]}
  versions:
  - {name: v1, served: true, storage: true, subresources: {status: {}}, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}}
";

fn crd(pointer: &str, value: &str) -> Value {
    let mut crd = parsed(CRD);
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    crd.pointer_mut(parent).unwrap()[name] = parsed(&format!("{{v: {value}}}"))["v"].clone();
    crd
}

fn spec(schema: &str) -> Value {
    crd("/spec/versions/0/schema/openAPIV3Schema/properties/spec", schema)
}

fn schema(schema: &str) -> Value {
    crd("/spec/versions/0/schema/openAPIV3Schema", schema)
}

fn compared(old: &Value, new: &Value) -> Comparison {
    let of = |value: &Value| vec![value.clone()];
    diff(("old.yaml", &of(old)), ("new.yaml", &of(new))).unwrap()
}

#[rustfmt::skip]
fn rows() -> Vec<(&'static str, Class, Value, Value)> {
    let base = || parsed(CRD);
    let versions = |list: &str| crd("/spec/versions", list);
    let o = |properties: &str| spec(&format!("{{type: object, properties: {{{properties}}}}}"));
    vec![
        ("scope-changed", B, base(), crd("/spec/scope", "Cluster")),
        ("kind-changed", B, base(), crd("/spec/names/kind", "Other")),
        ("plural-changed", B, base(), crd("/spec/names/plural", "others")),
        ("group-changed", B, base(), crd("/spec/group", "example.com")),
        ("list-kind-changed", R, base(), crd("/spec/names/listKind", "Things")),
        ("singular-changed", R, base(), crd("/spec/names/singular", "ding")),
        ("short-name-removed", R, base(), crd("/spec/names/shortNames", "[]")),
        ("short-name-added", S, base(), crd("/spec/names/shortNames", "[th, ti]")),
        ("category-added", S, base(), crd("/spec/names/categories", "[all]")),
        ("conversion-changed", R, base(), crd("/spec/conversion", "{strategy: Webhook}")),
        ("", S, base(), crd("/spec/conversion", "{strategy: None}")),
        ("pruning-ceased", R, base(), crd("/spec/preserveUnknownFields", "true")),
        ("pruning-began", B, crd("/spec/preserveUnknownFields", "true"), base()),
        ("version-added", S, versions("[{name: v1, served: true, storage: true}]"), versions("[{name: v1, served: true, storage: true}, {name: v2, served: true}]")),
        ("version-removed", B, versions("[{name: v1, served: true}, {name: v2, served: true, storage: true}]"), versions("[{name: v2, served: true, storage: true}]")),
        ("version-removed", R, versions("[{name: v1, served: false}, {name: v2, served: true, storage: true}]"), versions("[{name: v2, served: true, storage: true}]")),
        ("version-not-served", B, versions("[{name: v1, served: true}]"), versions("[{name: v1, served: false}]")),
        ("version-served", S, versions("[{name: v1, served: false}]"), versions("[{name: v1, served: true}]")),
        ("storage-version-changed", R, versions("[{name: v1, served: true, storage: true}, {name: v2, served: true}]"), versions("[{name: v1, served: true}, {name: v2, served: true, storage: true}]")),
        ("version-deprecated", S, versions("[{name: v1, served: true}]"), versions("[{name: v1, served: true, deprecated: true}]")),
        ("printer-columns-changed", S, base(), crd("/spec/versions/0/additionalPrinterColumns", "[{name: A, type: string, jsonPath: .a}]")),
        ("subresource-removed", B, base(), crd("/spec/versions/0/subresources", "{}")),
        ("subresource-added", R, crd("/spec/versions/0/subresources", "{}"), base()),
        ("subresource-added", S, base(), crd("/spec/versions/0/subresources", "{status: {}, scale: {specReplicasPath: .spec.n}}")),
        ("selectable-field-removed", B, crd("/spec/versions/0/selectableFields", "[{jsonPath: .spec.a}]"), base()),
        ("selectable-field-added", S, base(), crd("/spec/versions/0/selectableFields", "[{jsonPath: .spec.a}]")),
        ("property-added", S, o("a: {type: string}"), o("a: {type: string}, b: {type: integer}")),
        ("property-removed", B, o("a: {type: string}, b: {type: integer}"), o("a: {type: string}")),
        ("required-added", B, o("a: {type: string}"), spec("{type: object, required: [a], properties: {a: {type: string}}}")),
        ("required-removed", S, spec("{type: object, required: [a], properties: {a: {type: string}}}"), o("a: {type: string}")),
        // Defaults are filled in before anything is judged.
        ("default-added", R, o("a: {type: string}"), spec("{type: object, required: [a], properties: {a: {type: string, default: x}}}")),
        ("type-changed", B, o("a: {type: string}"), o("a: {type: integer}")),
        ("type-widened", S, o("a: {type: string}"), o("a: {type: string, nullable: true}")),
        ("type-narrowed", B, o("a: {type: string, nullable: true}"), o("a: {type: string}")),
        ("type-added", B, o("a: {x-kubernetes-preserve-unknown-fields: true}"), o("a: {type: object, x-kubernetes-preserve-unknown-fields: true}")),
        ("additional-properties-added", B, o("a: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {b: {type: string}}}"), o("a: {type: object, properties: {b: {type: string}}}")),
        ("additional-properties-removed", S, o("a: {type: object, properties: {b: {type: string}}}"), o("a: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {b: {type: string}}}")),
        // What an object holds that names nothing is dropped.
        ("additional-properties-added", B, o("a: {type: object, x-kubernetes-preserve-unknown-fields: true}"), o("a: {type: object}")),
        ("additional-properties-added", B, o("a: {type: array, items: {type: object, x-kubernetes-preserve-unknown-fields: true}}"), o("a: {type: array, items: {type: object}}")),
        ("additional-properties-added", B, o("a: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}"), o("a: {type: object, x-kubernetes-embedded-resource: true, properties: {spec: {type: string}}}")),
        ("schema-replaced", B, o("a: {type: object, additionalProperties: {type: string}}"), o("a: {type: object}")),
        ("additional-properties-added", B, o("a: {type: object, x-kubernetes-preserve-unknown-fields: true}"), o("a: {type: object, additionalProperties: true}")),
        ("additional-properties-removed", S, o("a: {type: object, additionalProperties: true}"), o("a: {type: object, x-kubernetes-preserve-unknown-fields: true}")),
        ("schema-replaced", B, o("a: {type: object, additionalProperties: true}"), o("a: {type: object}")),
        ("schema-replaced", S, o("a: {type: object}"), o("a: {type: object, additionalProperties: {type: string}}")),
        ("property-added", S, o("a: {type: object}"), o("a: {type: object, properties: {b: {type: string}}}")),
        ("property-removed", B, o("a: {type: object, x-kubernetes-embedded-resource: true, properties: {spec: {type: string}}}"), o("a: {type: object, x-kubernetes-embedded-resource: true}")),
        ("additional-properties-added", B, schema("{type: object, x-kubernetes-preserve-unknown-fields: true}"), schema("{type: object}")),
        // But nothing of its metadata.
        ("schema-replaced", S, o("a: {type: object, x-kubernetes-embedded-resource: true, properties: {metadata: {type: object}}}"), o("a: {type: object, x-kubernetes-embedded-resource: true, properties: {spec: {type: string}}}")),
        ("schema-replaced", S, schema("{type: object, properties: {metadata: {type: object}}}"), schema("{type: object}")),
        ("type-widened", S, o("a: {type: string}"), o("a: {x-kubernetes-int-or-string: true}")),
        ("type-narrowed", B, o("a: {x-kubernetes-int-or-string: true}"), o("a: {type: string}")),
        ("enum-value-removed", B, o("a: {type: string, enum: [x, y]}"), o("a: {type: string, enum: [x]}")),
        ("enum-value-added", S, o("a: {type: string, enum: [x]}"), o("a: {type: string, enum: [x, y]}")),
        ("maximum-added", B, o("a: {type: integer}"), o("a: {type: integer, maximum: 9}")),
        ("pattern-changed", S, o("a: {type: string, pattern: '^a'}"), o("a: {type: string, pattern: '^[ab]'}")),
        ("unique-items-added", B, o("a: {type: array, items: {type: string}}"), o("a: {type: array, items: {type: string}, x-kubernetes-list-type: set}")),
        ("merging-changed", R, o("a: {type: array, items: {type: object}}"), o("a: {type: array, items: {type: object}, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k]}")),
        ("cel-rule-added", R, o("a: {type: string}"), o("a: {type: string, x-kubernetes-validations: [{rule: self != 'x'}]}")),
        ("cel-rule-removed", S, o("a: {type: string, x-kubernetes-validations: [{rule: self != 'x'}]}"), o("a: {type: string}")),
        ("cel-rule-reworded", S, o("a: {type: string, x-kubernetes-validations: [{rule: self != 'x', message: a}]}"), o("a: {type: string, x-kubernetes-validations: [{rule: self != 'x', message: b}]}")),
        // It was not asked of new objects until now.
        ("cel-rule-added", R, o("a: {type: string, x-kubernetes-validations: [{rule: self == oldSelf}]}"), o("a: {type: string, x-kubernetes-validations: [{rule: self == oldSelf, optionalOldSelf: true}]}")),
        ("annotation-changed", S, o("a: {type: string}"), o("a: {type: string, description: it}")),
        ("maximum-lowered", B, o("a: {type: integer, format: int64, maximum: 9999999999}"), o("a: {type: integer, format: int32}")),
    ]
}

#[test]
fn each_change_has_its_rule_and_class() {
    let mut wrong = Vec::new();
    let rows = rows();
    for (rule, class, old, new) in &rows {
        let found = compared(old, new);
        let rules: Vec<_> = found.changes.iter().map(|c| (c.rule.as_str(), c.class)).collect();
        let named = rules.iter().any(|(one, _)| one == rule);
        if found.class != *class
            || !rule.is_empty() && !named
            || rule.is_empty() != rules.is_empty()
        {
            wrong.push(format!("{old}\n-> {new}\n: {rules:?}, wanted {rule} {class:?}"));
        }
        for change in &found.changes {
            assert_eq!(change.remedy.is_empty(), change.class == S, "{change:?}");
            for (place, value) in [(&change.old, old), (&change.new, new)] {
                let Some(place) = place else { continue };
                let made = ["uniqueItems", "additionalProperties", "type", "maximum", "minimum"];
                let found = value.pointer(&place.pointer).is_some()
                    || made.iter().any(|one| place.pointer.ends_with(one));
                assert!(
                    found
                        || place.pointer.starts_with("/spec/names")
                        || place.pointer == "/spec/conversion"
                        || place.pointer.contains("versions/0/")
                        || place.pointer == "/spec/preserveUnknownFields",
                    "{change:?}"
                );
            }
        }
        assert!(compared(old, old).changes.is_empty());
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn a_removed_member_takes_what_is_stored_along() {
    let o = |properties: &str| spec(&format!("{{type: object, properties: {{{properties}}}}}"));
    let found = compared(&o("a: {type: string}, b: {type: integer}"), &o("a: {type: string}"));
    let change = &found.changes[0];
    assert!(change.message.ends_with("what is stored in it is dropped"), "{}", change.message);
    let wanted = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/b";
    assert_eq!(change.old.as_ref().unwrap().pointer, wanted);
    let witness = &change.witness.as_ref().unwrap().instance;
    assert!(witness["spec"]["b"].is_i64(), "{witness}");
}

#[test]
fn definitions_are_paired_by_name() {
    let named = |name: &str| crd("/metadata/name", name);
    let (old, new) = (vec![named("a"), named("b")], vec![named("c"), named("b")]);
    let found = diff(("crds.yaml", &old), ("crds.yaml", &new)).unwrap();
    let rules: Vec<_> = found.changes.iter().map(|change| change.rule.as_str()).collect();
    assert_eq!(rules, ["crd-removed", "crd-added"]);
    assert_eq!(found.changes[0].old.as_ref().unwrap().document, "crds.yaml#a");
    for wrong in [
        vec![json!({})],
        vec![named("a"), named("a")],
        vec![json!({"kind": "CustomResourceDefinition", "apiVersion": "v1"})],
    ] {
        assert!(diff(("a", &wrong), ("b", &new)).is_err());
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "versions",
        "name",
        "served",
        "schema",
        "openAPIV3Schema",
        "properties",
        "type",
        "items",
        "nullable",
        "format",
        "required",
        "names",
        "subresources",
        "x-kubernetes-validations",
        "rule",
        "x-kubernetes-int-or-string",
        "default",
        "$ref",
        "conversion",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        prop::sample::select(vec!["v1", "integer", "object", "#", "int32"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 4, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..5).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_it_says_nothing_panics(old in any_json(), new in any_json()) {
        let of = |value: &Value| {
            let mut one = parsed(CRD);
            one["spec"]["versions"][0]["schema"] = json!({"openAPIV3Schema": value});
            let mut other = crd("/metadata/name", "other");
            other["spec"] = value.clone();
            vec![one, other]
        };
        let _ = diff(("a", &of(&old)), ("b", &of(&new)));
        let itself = diff(("a", &of(&old)), ("b", &of(&old)));
        prop_assert!(itself.is_ok_and(|found| found.changes.is_empty()));
    }
}
