//! Differences, each as an edit of the old documents that can be made by itself.

use serde_json::{Map, Value};

use super::bundle::Bundle;
use super::pointer::{self, join};

/// A place in one of a bundle's documents.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Place {
    pub key: String,
    pub pointer: String,
}

impl Place {
    pub(super) fn down(&self, token: &str) -> Self {
        Self { key: self.key.clone(), pointer: join(&self.pointer, token) }
    }

    pub(super) fn value<'b>(&self, bundle: &'b Bundle) -> Option<&'b Value> {
        bundle.defs.get(&self.key)?.pointer(&self.pointer)
    }
}

/// What makes the old document differ in one respect.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Patch {
    /// Nothing that an instance would notice.
    Words,
    /// The place gets a value.
    Set(Value),
    /// Members of the place get a value or go.
    Members(Vec<(String, Option<Value>)>),
    /// The place goes.
    Remove,
}

/// One difference.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Edit {
    /// What kind of difference, as `<keyword>-<verb>`.
    pub rule: String,
    /// Where the old document is patched: the keyword or member.
    pub at: Place,
    pub patch: Patch,
    /// Where it is in each.
    pub old: Option<Place>,
    pub new: Option<Place>,
    /// What happened, as a sentence without its end.
    pub text: String,
}

/// The place that a reference in a bundle leads to.
pub(super) fn target(reference: &str) -> Option<Place> {
    let pointer = pointer::unescape_fragment(reference.strip_prefix('#')?);
    let rest = pointer.strip_prefix("/$defs/")?;
    let (key, pointer) = match rest.find('/') {
        Some(end) => rest.split_at(end),
        None => (rest, ""),
    };
    Some(Place { key: key.to_owned(), pointer: pointer.to_owned() })
}

/// Makes one difference.
pub(super) fn patch(document: &mut Value, edit: &Edit) {
    match &edit.patch {
        Patch::Set(value) => {
            let _ = pointer::set(document, &edit.at.pointer, moved(value, 'o', 'p'));
        }
        Patch::Members(members) => {
            for (name, value) in members {
                let at = join(&edit.at.pointer, name);
                match value {
                    Some(value) => {
                        let _ = pointer::set(document, &at, moved(value, 'o', 'p'));
                    }
                    None => drop(pointer::remove(document, &at)),
                }
            }
        }
        Patch::Remove => drop(pointer::remove(document, &edit.at.pointer)),
        Patch::Words => {}
    }
}

/// The key of a document's patched copy.
pub(super) fn twin(key: &str) -> String {
    key.replacen('o', "p", 1)
}

/// References into one side's documents, led to another's.
pub(super) fn moved(value: &Value, from: char, to: char) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(name, value)| {
                let led = value.as_str().filter(|_| name == "$ref").and_then(|reference| {
                    let rest = reference.strip_prefix("#/$defs/")?.strip_prefix(from)?;
                    Some(Value::String(format!("#/$defs/{to}{rest}")))
                });
                (name.clone(), led.unwrap_or_else(|| moved(value, from, to)))
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(list) => list.iter().map(|value| moved(value, from, to)).collect(),
        other => other.clone(),
    }
}
