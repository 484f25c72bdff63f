//! Pairs of schemas with the rule and the class of their change, after graphql-js and graphql-inspector.

use proptest::prelude::*;

use super::diff;
use crate::contracts::Class;
use Class::{Breaking as B, Risky as R, Safe as S};

/// Rule, class, coordinate, old, new.
type Row = (&'static str, Class, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("type-removed", B, "A", "type A { a: Int }", ""),
    ("type-added", S, "A", "", "type A { a: Int }"),
    ("type-kind-changed", B, "A", "type A { a: Int }", "interface A { a: Int }"),
    ("type-description-changed", S, "A", "type A { a: Int }", "\"an a\" type A { a: Int }"),
    ("root-type-removed", B, "Mutation", "type Mutation { a: Int }", ""),
    // Once roots are written down, the usual names are roots no more.
    ("root-type-removed", B, "Mutation", "schema { query: Query mutation: Mutation } type Mutation { a: Int }", "schema { query: Query } type Mutation { a: Int }"),
    ("root-type-removed", B, "Mutation", "type Mutation { a: Int }", "schema { query: Query } type Mutation { a: Int }"),
    ("root-type-added", S, "Mutation", "schema { query: Query } type Mutation { a: Int }", "type Mutation { a: Int }"),
    ("", S, "", "type Mutation { a: Int }", "schema { query: Query mutation: Mutation } type Mutation { a: Int }"),
    ("root-type-added", S, "S", "type S { a: Int }", "type S { a: Int } extend schema { subscription: S }"),
    ("root-type-added", S, "Mutation", "", "type Mutation { a: Int }"),
    ("root-type-changed", B, "N", "schema { query: Query mutation: M } type M { a: Int } type N { a: Int }", "schema { query: Query mutation: N } type M { a: Int } type N { a: Int }"),
    ("field-removed", B, "A.b", "type A { a: Int b: Int }", "type A { a: Int }"),
    ("field-removed", B, "A.b", "type A { a: Int b: Int @deprecated }", "type A { a: Int }"),
    ("field-added", S, "A.b", "type A { a: Int }", "type A { a: Int b: Int }"),
    ("field-added", S, "A.b", "type A { a: Int }", "type A { a: Int } extend type A { b: Int }"),
    ("field-type-changed", B, "A.a", "type A { a: Int }", "type A { a: String }"),
    ("field-type-changed", S, "A.a", "type A { a: Int }", "type A { a: Int! }"),
    ("field-type-changed", B, "A.a", "type A { a: Int! }", "type A { a: Int }"),
    ("field-type-changed", B, "A.a", "type A { a: Int }", "type A { a: [Int] }"),
    ("field-type-changed", S, "A.a", "type A { a: [Int] }", "type A { a: [Int!]! }"),
    ("field-type-changed", B, "A.a", "type A { a: [Int!] }", "type A { a: [Int] }"),
    ("field-type-changed", S, "A.a", "interface I { x: Int } type X implements I { x: Int } type A { a: I }", "interface I { x: Int } type X implements I { x: Int } type A { a: X }"),
    ("field-type-changed", B, "A.a", "interface I { x: Int } type X implements I { x: Int } type A { a: X }", "interface I { x: Int } type X implements I { x: Int } type A { a: I }"),
    ("field-type-changed", S, "A.a", "type X { x: Int } union U = X type A { a: U }", "type X { x: Int } union U = X type A { a: X! }"),
    ("field-description-changed", S, "A.a", "type A { a: Int }", "type A { \"it\" a: Int }"),
    ("argument-removed", B, "A.a(x:)", "type A { a(x: Int): Int }", "type A { a: Int }"),
    ("required-argument-added", B, "A.a(x:)", "type A { a: Int }", "type A { a(x: Int!): Int }"),
    ("optional-argument-added", R, "A.a(x:)", "type A { a: Int }", "type A { a(x: Int): Int }"),
    ("optional-argument-added", R, "A.a(x:)", "type A { a: Int }", "type A { a(x: Int! = 1): Int }"),
    ("argument-type-changed", S, "A.a(x:)", "type A { a(x: Int!): Int }", "type A { a(x: Int): Int }"),
    ("argument-type-changed", B, "A.a(x:)", "type A { a(x: Int): Int }", "type A { a(x: Int!): Int }"),
    ("argument-type-changed", B, "A.a(x:)", "type A { a(x: Int): Int }", "type A { a(x: ID): Int }"),
    ("argument-type-changed", S, "A.a(x:)", "type A { a(x: [Int!]!): Int }", "type A { a(x: [Int]): Int }"),
    ("argument-type-changed", B, "A.a(x:)", "type A { a(x: [Int]): Int }", "type A { a(x: [Int!]): Int }"),
    ("argument-default-changed", R, "A.a(x:)", "type A { a(x: Int = 1): Int }", "type A { a(x: Int = 2): Int }"),
    ("argument-default-changed", R, "A.a(x:)", "type A { a(x: Int): Int }", "type A { a(x: Int = 2): Int }"),
    ("argument-default-changed", B, "A.a(x:)", "type A { a(x: Int! = 1): Int }", "type A { a(x: Int!): Int }"),
    ("argument-description-changed", S, "A.a(x:)", "type A { a(x: Int): Int }", "type A { a(\"it\" x: Int): Int }"),
    ("interface-removed", B, "A", "interface I { a: Int } type A implements I { a: Int }", "interface I { a: Int } type A { a: Int }"),
    ("interface-added", R, "A", "interface I { a: Int } type A { a: Int }", "interface I { a: Int } type A implements I { a: Int }"),
    ("field-removed", B, "I.b", "interface I { a: Int b: Int }", "interface I { a: Int }"),
    ("union-member-removed", B, "U", "type A { a: Int } type C { a: Int } union U = A | C", "type A { a: Int } type C { a: Int } union U = A"),
    ("union-member-added", R, "U", "type A { a: Int } type C { a: Int } union U = A", "type A { a: Int } type C { a: Int } union U = A | C"),
    ("enum-value-removed", B, "E.B", "enum E { A B }", "enum E { A }"),
    ("enum-value-added", R, "E.B", "enum E { A } type T { e: E }", "enum E { A B } type T { e: E }"),
    ("enum-value-added", S, "E.B", "enum E { A } type T { t(e: E): Int }", "enum E { A B } type T { t(e: E): Int }"),
    ("enum-value-added", R, "E.B", "enum E { A } type T { t(e: E): E }", "enum E { A B } type T { t(e: E): E }"),
    ("enum-value-description-changed", S, "E.A", "enum E { A }", "enum E { \"a\" A }"),
    ("input-field-removed", B, "I.b", "input I { a: Int b: Int }", "input I { a: Int }"),
    ("required-input-field-added", B, "I.b", "input I { a: Int }", "input I { a: Int b: Int! }"),
    ("optional-input-field-added", R, "I.b", "input I { a: Int }", "input I { a: Int b: Int }"),
    ("optional-input-field-added", R, "I.b", "input I { a: Int }", "input I { a: Int b: Int! = 1 }"),
    ("input-field-type-changed", S, "I.a", "input I { a: Int! }", "input I { a: Int }"),
    ("input-field-type-changed", B, "I.a", "input I { a: Int }", "input I { a: Int! }"),
    // What one default is taken for, the other one is as well.
    ("", S, "", "type A { a(x: Float = 1): Int }", "type A { a(x: Float = 1.0): Int }"),
    ("", S, "", "type A { a(x: [String!] = \"a\"): Int }", "type A { a(x: [String!] = [\"a\"]): Int }"),
    ("", S, "", "type A { a(x: [[ID]] = 1): Int }", "type A { a(x: [[ID]] = [[\"1\"]]): Int }"),
    ("", S, "", "input P { a: Int b: [Float] } type A { a(p: P! = {a: 1, b: [2]}): Int }", "input P { a: Int b: [Float] } type A { a(p: P! = {b: 2.0, a: 1}): Int }"),
    ("argument-default-changed", R, "A.a(x:)", "scalar J type A { a(x: J = 1): Int }", "scalar J type A { a(x: J = [1]): Int }"),
    ("argument-default-changed", R, "A.a(x:)", "type A { a(x: [Int] = null): Int }", "type A { a(x: [Int] = [null]): Int }"),
    ("argument-default-changed", R, "A.a(x:)", "type A { a(x: Float = 1): Int }", "type A { a(x: Float = 1.1): Int }"),
    ("argument-default-changed", R, "A.a(p:)", "input P { a: Int b: Int } type A { a(p: P = {a: 1}): Int }", "input P { a: Int b: Int } type A { a(p: P = {a: 1, b: 1}): Int }"),
    ("input-field-default-changed", R, "I.a", "input I { a: Int = 1 }", "input I { a: Int = 2 }"),
    ("one-of-added", B, "I", "input I { a: Int }", "input I @oneOf { a: Int }"),
    ("one-of-removed", S, "I", "input I @oneOf { a: Int }", "input I { a: Int }"),
    ("deprecated", S, "A.a", "type A { a: Int }", "type A { a: Int @deprecated }"),
    ("reactivated", S, "A.a", "type A { a: Int @deprecated }", "type A { a: Int }"),
    ("deprecation-reason-changed", S, "E.A", "enum E { A @deprecated(reason: \"x\") }", "enum E { A @deprecated(reason: \"y\") }"),
    ("specified-by-changed", R, "D", "scalar D @specifiedBy(url: \"https://a.example\")", "scalar D @specifiedBy(url: \"https://b.example\")"),
    ("directive-removed", B, "@d", "directive @d on FIELD", ""),
    ("directive-removed", R, "@d", "directive @d on FIELD_DEFINITION", ""),
    ("directive-added", S, "@d", "", "directive @d on FIELD"),
    ("directive-location-removed", B, "@d", "directive @d on FIELD | QUERY", "directive @d on FIELD"),
    ("directive-location-removed", R, "@d", "directive @d on OBJECT | ENUM", "directive @d on OBJECT"),
    ("directive-location-added", S, "@d", "directive @d on FIELD", "directive @d on FIELD | QUERY"),
    ("directive-repeatable-removed", B, "@d", "directive @d repeatable on FIELD", "directive @d on FIELD"),
    ("directive-repeatable-added", S, "@d", "directive @d on FIELD", "directive @d repeatable on FIELD"),
    ("directive-argument-removed", B, "@d(x:)", "directive @d(x: Int) on FIELD", "directive @d on FIELD"),
    ("required-directive-argument-added", B, "@d(x:)", "directive @d on FIELD", "directive @d(x: Int!) on FIELD"),
    ("optional-directive-argument-added", R, "@d(x:)", "directive @d on FIELD", "directive @d(x: Int) on FIELD"),
    ("directive-argument-default-changed", R, "@d(x:)", "directive @d(x: Int = 1) on FIELD", "directive @d(x: Int = 2) on FIELD"),
    ("directive-argument-type-changed", S, "@d(x:)", "directive @d(x: Int!) on FIELD", "directive @d(x: Int) on FIELD"),
    ("applied-directive-added", R, "A.a", "directive @d on FIELD_DEFINITION type A { a: Int }", "directive @d on FIELD_DEFINITION type A { a: Int @d }"),
    ("applied-directive-changed", R, "A", "directive @d(x: Int) on OBJECT type A @d(x: 1) { a: Int }", "directive @d(x: Int) on OBJECT type A @d(x: 2) { a: Int }"),
    ("applied-directive-removed", R, "A", "directive @d on OBJECT type A @d { a: Int }", "directive @d on OBJECT type A { a: Int }"),
    ("", S, "", "type A { a: Int b: Int }", "type A { b: Int, a: Int } # another order"),
];

#[test]
fn each_change_has_its_rule_class_and_coordinate() {
    let mut wrong = Vec::new();
    for (rule, class, at, old, new) in ROWS {
        let whole = |text: &str| format!("type Query {{ q: Int }} {text}");
        let found = diff(("old", &whole(old)), ("new", &whole(new))).unwrap();
        let has = found.changes.iter().any(|change| {
            let place = change.new.as_ref().or(change.old.as_ref()).unwrap();
            change.rule == *rule && change.class == *class && place.pointer == *at
        });
        if found.class != *class
            || !rule.is_empty() && !has
            || rule.is_empty() != found.changes.is_empty()
        {
            wrong.push(format!(
                "{old} -> {new}: {:#?}, wanted {rule} {class:?} {at}",
                found.changes
            ));
        }
        for change in &found.changes {
            assert_eq!(change.remedy.is_empty(), change.class == S, "{change:?}");
        }
        let itself = diff(("old", &whole(old)), ("old", &whole(old))).unwrap();
        assert!(itself.changes.is_empty(), "{itself:?}");
    }
    assert!(ROWS.len() >= 60, "{}", ROWS.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), ROWS.len(), wrong.join("\n"));
}

#[test]
fn what_does_not_parse_is_not_compared() {
    let error = diff(("a.graphql", "type Query { a: Int }"), ("b.graphql", "type Query {\n a: }"))
        .unwrap_err();
    assert!(error.to_string().starts_with("b.graphql:2:"), "{error}");
    let deep = format!("type Query {{ a: {}Int{} }}", "[".repeat(5_000), "]".repeat(5_000));
    assert!(diff(("a", &deep), ("b", &deep)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_it_says_nothing_panics(words in prop::collection::vec(prop::sample::select(vec![
        "type", "A", "B", "{", "}", "a", ":", "Int", "[", "]", "!", "enum", "union", "=", "|", "input", "(", ")", "@deprecated",
        "extend", "interface", "implements", "schema", "query", "scalar", "directive", "on", "FIELD", "\"x\"", "é", "1",
    ]), 0..40)) {
        let text = words.join(" ");
        if let Ok(found) = diff(("a", &text), ("b", &text)) {
            prop_assert!(found.changes.is_empty(), "{:?}", found);
        }
        let _ = diff(("a", "type A { a: Int } enum B { a }"), ("b", &text));
    }
}
