//! The comparison of two schemas: each difference judged apart by proof and by counterexample, then
//! both schemas as a whole.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::change::{Change, Class, Comparison, Direction, Location, Witness};
use super::super::violation::{Violation, collect};
use super::bundle::{Bundle, BundleError};
use super::pointer;
use super::prove::Prover;
use super::samples::Sampler;
use super::universe::Universe;
use super::walk::{Edit, MAX_EDITS, Patch, Place, Walk};

/// What is known of one direction.
enum Verdict {
    Proven,
    Refuted(Box<Witness>),
    Open,
}

/// Compares two schemas. `others` are what they may refer to, by URI or file name, each on its side.
///
/// # Errors
/// If one of them refers to what is not known, or cannot be compared at all.
pub fn compare(
    (old, old_others): (&Value, &BTreeMap<String, Value>),
    (new, new_others): (&Value, &BTreeMap<String, Value>),
    direction: Direction,
) -> Result<Comparison, BundleError> {
    let (old, new) = (Bundle::new("o", old, old_others)?, Bundle::new("n", new, new_others)?);
    let edits = Walk::between(&old, &new);
    let whole = judge(&Universe::new([&old, &new]), &old.root, &new.root, direction);
    let proven = whole.iter().all(|verdict| matches!(verdict, Verdict::Proven));
    let cut_off = edits.len() >= MAX_EDITS;
    let mut changes: Vec<Change> =
        edits.into_iter().map(|edit| change(&old, &new, edit, direction, proven)).collect();
    let worst = |changes: &[Change]| changes.iter().map(|change| change.class).max();
    if !proven {
        let witness = whole.into_iter().find_map(|verdict| match verdict {
            Verdict::Refuted(witness) => Some(*witness),
            _ => None,
        });
        let class = if witness.is_some() { Class::Breaking } else { Class::Risky };
        // Changes that are harmless one by one may not be so together.
        if worst(&changes) < Some(class) || cut_off {
            changes.push(Change {
                rule: "combined".into(),
                class,
                old: Some(location(&old, &root(&old))),
                new: Some(location(&new, &root(&new))),
                message: "the changes together are not proven to be compatible".into(),
                remedy: remedy(class, direction),
                witness,
            });
        }
    }
    Ok(Comparison { class: worst(&changes).unwrap_or(Class::Safe), changes })
}

fn root(bundle: &Bundle) -> Place {
    Place { key: bundle.root.clone(), pointer: String::new() }
}

fn location(bundle: &Bundle, place: &Place) -> Location {
    let schema = bundle.names.get(&place.key).cloned().unwrap_or_default();
    Location { document: schema, pointer: place.pointer.clone() }
}

fn change(old: &Bundle, new: &Bundle, edit: Edit, direction: Direction, proven: bool) -> Change {
    let verdicts = match &edit.patch {
        Patch::Words => Vec::new(),
        _ if proven => Vec::new(),
        _ => alone(old, new, &edit, direction),
    };
    let mut class = match edit.rule.as_str() {
        // Whoever fills in defaults behaves otherwise now, and no instance shows it.
        "default-changed" | "default-removed" | "default-added" => Class::Risky,
        _ => Class::Safe,
    };
    let mut witness = None;
    for verdict in verdicts {
        match verdict {
            Verdict::Proven => {}
            Verdict::Open => class = class.max(Class::Risky),
            Verdict::Refuted(found) => {
                class = Class::Breaking;
                witness = witness.or(Some(*found));
            }
        }
    }
    Change {
        rule: edit.rule,
        class,
        old: edit.old.as_ref().map(|place| location(old, place)),
        new: edit.new.as_ref().map(|place| location(new, place)),
        message: edit.text,
        remedy: if class == Class::Safe { String::new() } else { remedy(class, direction) },
        witness,
    }
}

fn remedy(class: Class, direction: Direction) -> String {
    match (class, direction) {
        (Class::Breaking, Direction::Consumer) => {
            "go on accepting what was accepted, or publish it as a new major version"
        }
        (Class::Breaking, Direction::Producer) => {
            "write nothing that old readers refuse, or publish it as a new major version"
        }
        (Class::Breaking, Direction::Both) => "publish it as a new major version",
        _ => "show by tests that nobody depends on it, and say so in a review note",
    }
    .to_owned()
}

/// The verdicts on the old schema with one difference.
fn alone(old: &Bundle, new: &Bundle, edit: &Edit, direction: Direction) -> Vec<Verdict> {
    let mut patched: Map<String, Value> =
        old.defs.iter().map(|(key, value)| (twin(key), moved(value))).collect();
    if let Some(document) = patched.get_mut(&twin(&edit.at.key)) {
        match &edit.patch {
            Patch::Set(value) => drop(pointer::set(document, &edit.at.pointer, moved(value))),
            Patch::Members(members) => {
                for (name, value) in members {
                    let at = pointer::join(&edit.at.pointer, name);
                    match value {
                        Some(value) => drop(pointer::set(document, &at, moved(value))),
                        None => drop(pointer::remove(document, &at)),
                    }
                }
            }
            Patch::Remove => drop(pointer::remove(document, &edit.at.pointer)),
            Patch::Words => {}
        }
    }
    for bundle in [old, new] {
        patched.extend(bundle.defs.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    judge(&Universe::of(&patched), &old.root, &twin(&old.root), direction)
}

/// The key of a document's patched copy.
fn twin(key: &str) -> String {
    key.replacen('o', "p", 1)
}

/// References among the old documents, led to their patched copies.
fn moved(value: &Value) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(name, value)| {
                let led = value.as_str().filter(|_| name == "$ref").and_then(|reference| {
                    let rest = reference.strip_prefix("#/$defs/o")?;
                    Some(Value::String(format!("#/$defs/p{rest}")))
                });
                (name.clone(), led.unwrap_or_else(|| moved(value)))
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(list) => list.iter().map(moved).collect(),
        other => other.clone(),
    }
}

fn judge(universe: &Universe, old: &str, new: &str, direction: Direction) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    if direction != Direction::Producer {
        verdicts.push(verdict(universe, old, new, true));
    }
    if direction != Direction::Consumer {
        verdicts.push(verdict(universe, new, old, false));
    }
    verdicts
}

fn verdict(universe: &Universe, sub: &str, sup: &str, accepted_by_old: bool) -> Verdict {
    let (s, t) = (universe.schema(sub), universe.schema(sup));
    if Prover::new(universe).subsumes(s, t) {
        return Verdict::Proven;
    }
    let (Some(accepts), Some(refuses)) = (universe.judge(sub), universe.judge(sup)) else {
        return Verdict::Open;
    };
    let flips = |value: &Value| accepts.is_valid(value) && !refuses.is_valid(value);
    match Sampler::new(universe).sample(s, t).into_iter().find(flips) {
        Some(instance) => {
            let line =
                |violation: Violation| format!("{}: {}", violation.pointer, violation.message);
            let refused_because = collect(&refuses, &instance).into_iter().take(5).map(line);
            Verdict::Refuted(Box::new(Witness {
                refused_because: refused_because.collect(),
                instance,
                accepted_by_old,
            }))
        }
        None => Verdict::Open,
    }
}
