//! Structural schemas as JSON Schemas: what the API server accepts and keeps. Members that no schema names
//! are dropped before anything is stored, so objects are closed on both sides: a member that goes takes
//! what is stored in it along.

use std::collections::{BTreeMap, BTreeSet};

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
    let (a, b) = (structural(x, true, 0), structural(y, true, 0));
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
    let rules = |value: &Value| -> BTreeSet<String> {
        let text = |one: &Value| {
            let rule = one.get("rule")?.as_str()?;
            // Without it a rule that names the old value rests when there is none.
            let always = one.get("optionalOldSelf").and_then(Value::as_bool).unwrap_or(false);
            Some(format!(
                "{rule}{}",
                if always { " (also where there is no old value)" } else { "" }
            ))
        };
        value.as_array().into_iter().flatten().filter_map(text).collect()
    };
    let (a, b) = (rules(x), rules(y));
    let mut changes = Vec::new();
    for come in b.difference(&a) {
        changes.push(
            Change::new(
                "cel-rule-added",
                Class::Risky,
                format!("objects must satisfy one more rule: {come}"),
            )
            .mend("show that stored objects satisfy it, or let it look at changed members only"),
        );
    }
    for gone in a.difference(&b) {
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

/// What every object has, whether its schema names it or not.
const META: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// The converted schema. Places stay where they are. A `whole` object has a kind and metadata.
fn structural(schema: &Value, whole: bool, depth: usize) -> Value {
    let Some(object) = schema.as_object().filter(|_| depth < MAX_DEPTH) else {
        return schema.clone();
    };
    let flag = |name: &str| object.get(name).and_then(Value::as_bool).unwrap_or(false);
    let whole = whole || flag("x-kubernetes-embedded-resource");
    let mut new = Map::new();
    for (name, child) in object {
        let made = match (name.as_str(), child) {
            ("properties", Value::Object(map)) => {
                let made = |key: &String, one: &Value| match whole && key == "metadata" {
                    // Nothing is dropped from metadata.
                    true => one.clone(),
                    false => structural(one, false, depth + 1),
                };
                map.iter().map(|(key, one)| (key.clone(), made(key, one))).collect()
            }
            ("items" | "additionalProperties", Value::Object(_)) => {
                structural(child, false, depth + 1)
            }
            // Members stay, but not what is in them.
            ("additionalProperties", Value::Bool(true))
                if !flag("x-kubernetes-preserve-unknown-fields") =>
            {
                json!({ "maxProperties": 0, "items": { "maxProperties": 0 } })
            }
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
    // Whatever an object holds that is not named is dropped, also where nothing is named at all.
    let object = new.contains_key("properties") || object.get("type") == Some(&json!("object"));
    let open =
        flag("x-kubernetes-preserve-unknown-fields") || new.contains_key("additionalProperties");
    if object && !open {
        new.insert("additionalProperties".into(), Value::Bool(false));
        if whole {
            new.entry("properties").or_insert_with(|| json!({}));
        }
    }
    if whole && let Some(Value::Object(named)) = new.get_mut("properties") {
        for name in META {
            named.entry(name).or_insert(Value::Bool(true));
        }
    }
    Value::Object(new)
}
