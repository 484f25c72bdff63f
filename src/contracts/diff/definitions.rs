//! Definitions that nothing in their own document refers to: others may, so that a library of definitions
//! is judged entry by entry.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::change::{Change, Class, Direction, Location};
use super::compare::{Named, compare_within, remedy};
use super::effort::Effort;
use super::pointer;

const CONTAINERS: [&str; 2] = ["$defs", "definitions"];
/// What a document without a name is called meanwhile.
const NO_NAME: &str = "https://schema.invalid/schema.json";
const ENTRY: &str = "https://schema.invalid/entry.json";
/// More entries than this are not judged each by itself.
const MAX_JUDGED: usize = 200;

/// What became of entries that are not in use in one of the documents.
pub(super) fn changes(
    (old, old_others): (&Value, &Named<'_>),
    (new, new_others): (&Value, &Named<'_>),
    direction: Direction,
) -> Vec<Change> {
    let (old_used, new_used) = (used(old), used(new));
    let mut found = Vec::new();
    // Where all is let through or refused the schema itself says so.
    if !new.is_object() || old == new && old_others == new_others {
        return found;
    }
    let effort = Effort::default();
    let mut judged = 0;
    for container in CONTAINERS {
        let of = |schema: &'_ Value| schema.get(container).and_then(Value::as_object).cloned();
        let (Some(olds), news) = (of(old), of(new).unwrap_or_default()) else { continue };
        for (name, x) in &olds {
            let at = pointer::join(&format!("/{container}"), name);
            if old_used.contains(&at) && (!news.contains_key(name) || new_used.contains(&at)) {
                continue;
            }
            let told = |rule: &str, class, text: String| {
                Change::new(rule, class, text)
                    .at(Some(place(old, &at)), news.get(name).map(|_| place(new, &at)))
                    .mend(remedy(class, direction))
            };
            if !news.contains_key(name) {
                let text = format!("the definition {name}, which nothing here refers to, is gone");
                found.push(told("definition-removed", Class::Risky, text));
                continue;
            }
            judged += 1;
            let text = format!("the definition {name}, which nothing here refers to, changed");
            if judged > MAX_JUDGED {
                if Some(x) != news.get(name) {
                    found.push(told("definition-changed", Class::Risky, text));
                }
                continue;
            }
            let (a, b) = (entry(old, &at), entry(new, &at));
            let (olds, news) = (with(old, old_others), with(new, new_others));
            let compared = compare_within(effort.again(), (&a, &olds), (&b, &news), direction);
            let Ok(compared) = compared else {
                // Whoever refers to it cannot tell either.
                if Some(x) != new.pointer(&at) {
                    found.push(told("definition-changed", Class::Risky, text));
                }
                continue;
            };
            let quiet = |change: &Change| change.class == Class::Safe && says_nothing(&change.rule);
            if compared.changes.iter().all(quiet) {
                continue;
            }
            let witness = compared.changes.into_iter().find_map(|change| change.witness);
            let class = compared.class.max(Class::Risky);
            found.push(Change { witness, ..told("definition-changed", class, text) });
        }
    }
    found
}

fn says_nothing(rule: &str) -> bool {
    matches!(rule, "annotation-changed" | "deprecated" | "dialect-changed")
}

fn name_of(schema: &Value) -> &str {
    schema.get("$id").or_else(|| schema.get("id")).and_then(Value::as_str).unwrap_or(NO_NAME)
}

fn place(schema: &Value, at: &str) -> Location {
    Location::new(name_of(schema), at)
}

/// A schema that is nothing but one entry of a document.
fn entry(schema: &Value, at: &str) -> Value {
    let base = name_of(schema).trim_end_matches('#');
    let dialect = schema.get("$schema").cloned().unwrap_or_else(|| json!(""));
    let reference = format!("{base}{}", pointer::fragment(at));
    json!({ "$id": ENTRY, "$schema": dialect, "$ref": reference })
}

/// What there is to refer to, and the document itself.
fn with<'a>(schema: &'a Value, others: &Named<'a>) -> BTreeMap<String, &'a Value> {
    let mut all = others.clone();
    all.insert(name_of(schema).trim_end_matches('#').to_owned(), schema);
    all
}

/// The entries that the document's own schema reaches, by pointers. An anchor or a name of its own makes an
/// entry count as not in use: it is judged once more then.
fn used(schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut queue: Vec<&Value> = match schema {
        Value::Object(map) => {
            let own = |name: &str| !CONTAINERS.contains(&name);
            map.iter().filter(|(name, _)| own(name)).map(|(_, value)| value).collect()
        }
        _ => Vec::new(),
    };
    while let Some(value) = queue.pop() {
        match value {
            Value::Array(list) => queue.extend(list),
            Value::Object(map) => queue.extend(map.values()),
            Value::String(text) => {
                let Some((_, fragment)) = text.split_once('#') else { continue };
                let fragment = pointer::unescape_fragment(fragment);
                let tokens: Vec<&str> = fragment.split('/').take(3).collect();
                let ["", container, name] = tokens.as_slice() else { continue };
                let at = format!("/{container}/{name}");
                if CONTAINERS.contains(container) && found.insert(at.clone()) {
                    queue.extend(schema.pointer(&at));
                }
            }
            _ => {}
        }
    }
    found
}
