//! Random pairs of schemas and random instances: what is proven must hold for each of them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::bundle::Bundle;
use super::prove::Prover;
use super::samples::Sampler;
use super::universe::Universe;

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..8).prop_map(Value::from),
        (-6_i64..16).prop_map(|half| json!(half as f64 / 2.0)),
        "[ab0]{0,4}".prop_map(Value::from),
    ]
}

fn name() -> BoxedStrategy<String> {
    prop_oneof![Just("a".to_owned()), Just("b".to_owned()), Just("c1".to_owned()), "[abc1]{1,2}"]
        .boxed()
}

fn instance() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

fn pattern() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["^a", "^[ab]+$", "b", "^.{2}$", "^[a-c]1?$", "0$", ""])
}

fn simple() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec![
        "null", "boolean", "integer", "number", "string", "array", "object",
    ]);
    prop_oneof![
        3 => kind.clone().prop_map(|kind| json!({ "type": kind })),
        1 => prop::collection::btree_set(kind, 1..4).prop_map(|kinds| json!({ "type": kinds })),
        1 => any::<bool>().prop_map(Value::from),
        1 => prop::collection::vec(scalar(), 1..4).prop_map(|values| json!({ "enum": values })),
        1 => scalar().prop_map(|value| json!({ "const": value })),
        2 => (-3..5).prop_map(|n| json!({ "minimum": n })),
        2 => (-2..8).prop_map(|n| json!({ "type": "integer", "maximum": n, "minimum": -3 })),
        1 => (-2..8).prop_map(|n| json!({ "exclusiveMaximum": n })),
        1 => (-2..8).prop_map(|n| json!({ "exclusiveMinimum": n as f64 / 2.0 })),
        1 => prop::sample::select(vec![0.5, 1.0, 2.0, 3.0, 4.0]).prop_map(|n| json!({ "multipleOf": n })),
        1 => (0..4).prop_map(|n| json!({ "minLength": n })),
        1 => (0..4).prop_map(|n| json!({ "maxLength": n, "type": "string" })),
        2 => pattern().prop_map(|p| json!({ "pattern": p, "type": "string" })),
        1 => (0..3).prop_map(|n| json!({ "minItems": n })),
        1 => (0..3).prop_map(|n| json!({ "maxItems": n })),
        1 => Just(json!({ "uniqueItems": true })),
        1 => (0..3).prop_map(|n| json!({ "minProperties": n })),
        1 => (0..3).prop_map(|n| json!({ "maxProperties": n })),
        1 => prop::collection::btree_set(name(), 0..3).prop_map(|names| json!({ "required": names })),
        1 => (name(), name()).prop_map(|(a, b)| json!({ "dependentRequired": { a: [b] } })),
        1 => prop::sample::select(vec!["date", "ipv4", "unknown"]).prop_map(|f| json!({ "format": f })),
        1 => Just(json!({ "properties": { "a": { "$ref": "#" } } })),
        1 => Just(json!({ "$ref": "#" })),
        1 => Just(json!({ "$ref": "#/$defs/x" })),
        1 => prop::sample::select(vec!["if", "then", "dependentSchemas/a", "allOf/0", "unknown"]).prop_map(|at| json!({ "$ref": format!("#/$defs/y/{at}") })),
    ]
}

fn schema() -> impl Strategy<Value = Value> {
    simple().prop_recursive(3, 24, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..4);
        let map = prop::collection::btree_map(name(), inner.clone(), 0..4);
        let patterns = prop::collection::btree_map(pattern().prop_map(str::to_owned), inner.clone(), 0..3);
        prop_oneof![
            1 => list.clone().prop_map(|l| json!({ "allOf": l })),
            2 => list.clone().prop_map(|l| json!({ "anyOf": l })),
            2 => list.clone().prop_map(|l| json!({ "oneOf": l })),
            1 => inner.clone().prop_map(|s| json!({ "not": s })),
            1 => inner.clone().prop_map(|s| json!({ "items": s, "type": "array" })),
            1 => (list, inner.clone()).prop_map(|(l, s)| json!({ "prefixItems": l, "items": s })),
            1 => (inner.clone(), 0..3, 0..3).prop_map(|(s, min, max)| json!({ "contains": s, "minContains": min, "maxContains": max })),
            1 => inner.clone().prop_map(|s| json!({ "contains": s })),
            2 => (map.clone(), prop::option::of(inner.clone()), prop::collection::btree_set(name(), 0..3)).prop_map(|(m, rest, required)| {
                let mut schema = json!({ "type": "object", "properties": m, "required": required });
                if let Some(rest) = rest { schema["additionalProperties"] = rest; }
                schema
            }),
            1 => (map.clone(), patterns, prop::option::of(inner.clone())).prop_map(|(m, p, rest)| {
                let mut schema = json!({ "properties": m, "patternProperties": p });
                if let Some(rest) = rest { schema["additionalProperties"] = rest; }
                schema
            }),
            1 => inner.clone().prop_map(|s| json!({ "propertyNames": s })),
            1 => (name(), inner.clone()).prop_map(|(n, s)| json!({ "dependentSchemas": { n: s } })),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| json!({ "if": a, "then": b, "else": c })),
            1 => inner.clone().prop_map(|s| json!({ "if": s })),
            2 => (inner.clone(), any::<bool>()).prop_map(|(s, items)| {
                let rest = if items { "unevaluatedItems" } else { "unevaluatedProperties" };
                json!({ "if": s, rest: false })
            }),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| json!({ "allOf": [a], "unevaluatedItems": b })),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| json!({ "anyOf": [a, true], "unevaluatedProperties": b })),
            1 => (map.clone(), inner.clone()).prop_map(|(m, s)| json!({ "if": { "properties": m }, "else": s, "unevaluatedProperties": false })),
            1 => (map, inner.clone()).prop_map(|(m, s)| json!({ "properties": m, "anyOf": [{ "properties": { "a": s } }, true], "unevaluatedProperties": false })),
            2 => (inner.clone(), inner).prop_map(|(a, b)| match (a, b) {
                (Value::Object(mut a), Value::Object(b)) => { a.extend(b); Value::Object(a) }
                (a, _) => a,
            }),
        ]
    })
}

/// Turns a seed into choices.
struct Dice(u64);

impl Dice {
    fn one_in(&mut self, sides: u64) -> bool {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).is_multiple_of(sides)
    }
}

/// A schema that is near another one, so that something can be proven.
fn changed(schema: &Value, dice: &mut Dice) -> Value {
    match schema {
        Value::Object(object) => {
            let mut kept = serde_json::Map::new();
            for (name, value) in object {
                if !dice.one_in(9) {
                    kept.insert(name.clone(), changed(value, dice));
                }
            }
            Value::Object(kept)
        }
        Value::Array(list) if list.len() > 1 => {
            let mut kept = Vec::new();
            for value in list {
                if !dice.one_in(9) {
                    kept.push(changed(value, dice));
                }
            }
            if kept.is_empty() { schema.clone() } else { Value::Array(kept) }
        }
        Value::Number(number) => match number.as_i64() {
            Some(number) if dice.one_in(5) => json!(number + 1),
            _ => schema.clone(),
        },
        other => other.clone(),
    }
}

fn whole(schema: &Value, definition: &Value) -> Value {
    match schema {
        Value::Object(object) => {
            let mut object = object.clone();
            let mut places = json!({ "const": 1, "allOf": [definition], "dependentSchemas": { "a": definition } });
            for name in ["if", "then", "unknown"] {
                places[name] = definition.clone();
            }
            object.insert("$defs".into(), json!({ "x": definition, "y": places }));
            Value::Object(object)
        }
        other => other.clone(),
    }
}

/// Whether a proof was found, and that no instance contradicts it.
fn judge(old: &Value, new: &Value, instances: &[Value]) -> Result<(bool, bool), TestCaseError> {
    let none = BTreeMap::new();
    let (Ok(old_bundle), Ok(new_bundle)) =
        (Bundle::new("o", old, &none), Bundle::new("n", new, &none))
    else {
        return Err(TestCaseError::reject("no bundle"));
    };
    let universe = Universe::new([&old_bundle, &new_bundle]);
    let (Some(by_old), Some(by_new)) = (universe.judge("o0"), universe.judge("n0")) else {
        return Err(TestCaseError::reject("no schema"));
    };
    let (s, t) = (universe.schema("o0"), universe.schema("n0"));
    let proven = Prover::new(&universe).subsumes(s, t);
    let made = Sampler::new(&universe).sample(s, t);
    let flips = |v: &&Value| by_old.is_valid(v) && !by_new.is_valid(v);
    let witness = made.iter().chain(instances).find(flips);
    if proven && let Some(witness) = witness {
        return Err(TestCaseError::fail(format!("{witness}\nis refused by the new\n{old}\n{new}")));
    }
    // What the prover reads must be what was written.
    for instance in instances {
        let plain = universe.accepts(s, instance);
        if plain != Some(by_old.is_valid(instance)) {
            return Err(TestCaseError::fail(format!("{instance}: {plain:?}\n{old}\n{s}")));
        }
    }
    Ok((proven, made.iter().any(|v| flips(&v))))
}

#[test]
fn what_is_proven_holds() {
    let cases = std::env::var("LAZARET_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_global_rejects: 100_000,
        ..Config::default()
    });
    let (mut proven, mut shown, mut open) = (0, 0, 0);
    let counts = std::cell::RefCell::new((&mut proven, &mut shown, &mut open));
    let strategy =
        (schema(), schema(), any::<u64>(), schema(), prop::collection::vec(instance(), 60));
    let outcome = runner.run(&strategy, |(a, x, seed, b, instances)| {
        let old = whole(&a, &x);
        let near = changed(&old, &mut Dice(seed));
        for new in [near, whole(&b, &x)] {
            for (old, new) in [(&old, &new), (&new, &old)] {
                let (proof, witness) = judge(old, new, &instances)?;
                let mut counts = counts.borrow_mut();
                *(match (proof, witness) {
                    (true, _) => &mut *counts.0,
                    (false, true) => &mut *counts.1,
                    (false, false) => &mut *counts.2,
                }) += 1;
            }
        }
        Ok(())
    });
    outcome.unwrap();
    // A prover that never proves, or a search that never finds, would be sound as well.
    assert!(proven > open && shown > open, "proven {proven}, refuted {shown}, undecided {open}");
}

/// What is judged without what is beside it must come out as it does with that.
#[test]
fn a_slice_says_what_the_whole_says() {
    use super::compare::{Members, compare_in};
    use crate::contracts::{Class, Direction};
    let cases = std::env::var("LAZARET_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_global_rejects: 100_000,
        ..Config::default()
    });
    let strategy = (prop::collection::vec(schema(), 2..5), any::<u64>());
    let decided = std::cell::Cell::new(0);
    let outcome = runner.run(&strategy, |(schemas, seed)| {
        let names = ["a", "b", "c1", "d", "e"];
        let members: serde_json::Map<String, Value> = names
            .iter()
            .zip(&schemas)
            .map(|(name, one)| ((*name).to_owned(), one.clone()))
            .collect();
        let old = whole(
            &json!({"type": "object", "properties": members, "required": ["b"]}),
            &schemas[0],
        );
        let new = changed(&old, &mut Dice(seed));
        let none = BTreeMap::new();
        let by = |slices| {
            compare_in((&old, &none), (&new, &none), Direction::Both, Members::Any, slices)
        };
        let (Ok(sliced), Ok(full)) = (by(true), by(false)) else {
            return Err(TestCaseError::reject("no bundle"));
        };
        for (a, b) in sliced.changes.iter().zip(&full.changes) {
            prop_assert_eq!(&a.rule, &b.rule);
            let contradict = |x: Class, y: Class| x == Class::Safe && y == Class::Breaking;
            prop_assert!(
                !contradict(a.class, b.class) && !contradict(b.class, a.class),
                "{:?}\n{:?}",
                a,
                b
            );
            decided.set(decided.get() + u32::from(a.class == Class::Breaking));
        }
        Ok(())
    });
    outcome.unwrap();
    assert!(decided.get() > 5, "{}", decided.get());
}
