//! Structural schemas as JSON Schemas: what the API server accepts and keeps. Members that no schema names
//! are dropped before anything is stored, so objects are closed on both sides: a member that goes takes
//! what is stored in it along.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::change::{Change, Class, Direction, Location};
use super::super::diff;
use super::super::openapi::bounds;
use super::Crd;

const MAX_DEPTH: usize = 100;

pub(super) fn compare(
    (old, old_at, x): (&Crd<'_>, &str, &Value),
    (new, new_at, y): (&Crd<'_>, &str, &Value),
    changes: &mut Vec<Change>,
) {
    let none = BTreeMap::new();
    let (a, b) = (structural(x, 0), structural(y, 0));
    let compared = diff::compare((&a, &none), (&b, &none), Direction::Consumer);
    let comparison = match compared {
        Ok(comparison) => comparison,
        Err(error) => {
            changes.push(
                Change::new(
                    "not-comparable",
                    Class::Risky,
                    format!("the schemas cannot be compared: {error}"),
                )
                .at(Some(old.place(old_at)), Some(new.place(new_at)))
                .mend("mend the schema, or show by tests that stored objects stay valid"),
            );
            return;
        }
    };
    for change in comparison.changes {
        let moved = |place: Option<Location>, crd: &Crd<'_>, base: &str| {
            place.map(|place| crd.place(&format!("{base}{}", place.pointer)))
        };
        let pointer = |place: &Option<Location>| place.as_ref().map(|place| place.pointer.clone());
        let (from, to) = (pointer(&change.old), pointer(&change.new));
        let keyword = from.iter().chain(&to).find_map(|at| at.rsplit('/').next());
        let change = match keyword {
            Some("x-kubernetes-validations") => {
                let of = |schema: &Value, at: &Option<String>| {
                    at.as_ref().and_then(|at| schema.pointer(at)).cloned().unwrap_or(Value::Null)
                };
                rules(&of(x, &from), &of(y, &to))
                    .into_iter()
                    .map(|made| Change { old: change.old.clone(), new: change.new.clone(), ..made })
                    .collect()
            }
            Some(
                "x-kubernetes-list-type" | "x-kubernetes-list-map-keys" | "x-kubernetes-map-type",
            ) => {
                vec![Change {
                    rule: "merging-changed".into(),
                    class: Class::Risky,
                    message: "how Server-Side Apply merges it changed".into(),
                    remedy: "show that objects which several managers apply still come out right"
                        .into(),
                    ..change
                }]
            }
            _ => vec![worded(change)],
        };
        changes.extend(change.into_iter().map(|change| Change {
            old: moved(change.old, old, old_at),
            new: moved(change.new, new, new_at),
            ..change
        }));
    }
}

/// In the words of whoever keeps objects.
fn worded(mut change: Change) -> Change {
    if change.rule == "property-removed" && change.class != Class::Safe {
        change.message += ": what is stored in it is dropped";
        change.remedy = "keep it, deprecated, until no object has it; or remove it with a new version and a conversion".into();
    } else if change.class == Class::Breaking {
        change.remedy =
            "go on accepting what may be stored; or make it a new version with a conversion".into();
    }
    change
}

/// CEL rules that came, went or changed.
fn rules(x: &Value, y: &Value) -> Vec<Change> {
    let rules = |value: &Value| -> Vec<String> {
        let list = value.as_array().into_iter().flatten().take(super::MAX_LIST);
        list.filter_map(|one| one.get("rule")?.as_str().map(str::to_owned)).collect()
    };
    let (a, b) = (rules(x), rules(y));
    let mut changes = Vec::new();
    for come in b.iter().filter(|one| !a.contains(one)) {
        changes.push(
            Change::new(
                "cel-rule-added",
                Class::Risky,
                format!("objects must satisfy one more rule: {come}"),
            )
            .mend("show that stored objects satisfy it, or let it look at changed members only"),
        );
    }
    for gone in a.iter().filter(|one| !b.contains(one)) {
        let message = format!("a rule is demanded no more: {gone}");
        changes.push(Change::new("cel-rule-removed", Class::Safe, message));
    }
    if changes.is_empty() {
        changes.push(Change::new(
            "cel-rule-reworded",
            Class::Safe,
            "what a rule says or how it is told changed",
        ));
    }
    changes
}

/// The converted schema. Places stay where they are.
fn structural(schema: &Value, depth: usize) -> Value {
    let Some(object) = schema.as_object().filter(|_| depth < MAX_DEPTH) else {
        return schema.clone();
    };
    let flag = |name: &str| object.get(name).and_then(Value::as_bool).unwrap_or(false);
    let mut new = Map::new();
    for (name, child) in object {
        let made = match (name.as_str(), child) {
            ("properties", Value::Object(map)) => {
                map.iter().map(|(key, one)| (key.clone(), structural(one, depth + 1))).collect()
            }
            ("items" | "additionalProperties", Value::Object(_)) => structural(child, depth + 1),
            // Defaults are filled in before anything is judged.
            ("required", Value::Array(list)) => {
                let filled = |name: &Value| {
                    let name = name.as_str().unwrap_or_default();
                    object.get("properties").and_then(|all| all.get(name)?.get("default")).is_some()
                };
                list.iter().filter(|name| !filled(name)).cloned().collect()
            }
            ("exclusiveMinimum" | "exclusiveMaximum", Value::Bool(_)) => continue,
            (
                "nullable" | "x-kubernetes-int-or-string" | "x-kubernetes-preserve-unknown-fields",
                _,
            ) => continue,
            _ => child.clone(),
        };
        new.insert(name.clone(), made);
    }
    for (bound, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
        if flag(exclusive)
            && let Some(value) = new.remove(bound)
        {
            new.insert(exclusive.into(), value);
        }
    }
    if flag("x-kubernetes-int-or-string") {
        new.insert("type".into(), json!(["integer", "string"]));
    }
    if flag("nullable") {
        let mut types = match new.remove("type") {
            Some(Value::Array(list)) => list,
            Some(one) => vec![one],
            None => Vec::new(),
        };
        if !types.is_empty() {
            types.push("null".into());
            new.insert("type".into(), Value::Array(types));
        }
    }
    bounds(&mut new);
    if new.get("x-kubernetes-list-type") == Some(&json!("set")) {
        new.insert("uniqueItems".into(), Value::Bool(true));
    }
    let open = flag("x-kubernetes-preserve-unknown-fields")
        || flag("x-kubernetes-embedded-resource")
        || new.contains_key("additionalProperties");
    if new.contains_key("properties") && !open {
        new.insert("additionalProperties".into(), Value::Bool(false));
    }
    // Every object has these, and the schema need not name them.
    if depth == 0
        && let Some(Value::Object(named)) = new.get_mut("properties")
    {
        for name in ["apiVersion", "kind", "metadata"] {
            named.entry(name).or_insert(Value::Bool(true));
        }
    }
    Value::Object(new)
}
