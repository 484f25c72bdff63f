//! Where references lead: what documents and places are called, and which places a bundle keeps.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use super::draft::Draft;
use super::keywords::{Holds, holds};
use super::pointer;

/// What a schema without an `$id` is resolved against.
pub(super) const NO_BASE: &str = "https://schema.invalid/schema.json";
const MAX_DEPTH: usize = 200;

/// Key of a document, pointer in it.
pub(super) type Spot = (String, String);

/// Identifiers of documents.
#[derive(Default)]
pub(super) struct Index {
    /// Absolute identifiers and anchors.
    pub known: BTreeMap<String, Spot>,
    /// The base under which each subschema with an identifier resolves.
    bases: BTreeMap<Spot, Url>,
}

impl Index {
    /// Notes identifiers and anchors below `value`.
    pub(super) fn note(
        &mut self,
        value: &Value,
        base: &Url,
        (key, at): (&str, &str),
        (draft, depth): (Draft, usize),
    ) {
        let Some(object) = value.as_object().filter(|_| depth < MAX_DEPTH) else { return };
        let mut base = base.clone();
        let here = || (key.to_owned(), at.to_owned());
        let name = if draft == Draft::Four { "id" } else { "$id" };
        if !at.is_empty()
            && let Some(id) = object.get(name).and_then(Value::as_str)
            && let Some(url) = parse(Some(&base), id)
        {
            self.known.insert(url.to_string(), here());
            self.bases.insert(here(), url.clone());
            base = url;
        }
        for anchor in ["$anchor", "$dynamicAnchor"] {
            if let Some(anchor) = object.get(anchor).and_then(Value::as_str) {
                let mut url = base.clone();
                url.set_fragment(Some(anchor));
                self.known.insert(url.to_string(), here());
            }
        }
        let mut below = |child: &Value, at: String| {
            self.note(child, &base, (key, &at), (draft, depth + 1));
        };
        for (name, child) in object {
            let at = pointer::join(at, name);
            match (holds(name), child) {
                (Holds::Schema | Holds::Schemas, Value::Array(list)) => {
                    for (number, item) in list.iter().enumerate() {
                        below(item, pointer::join(&at, &number.to_string()));
                    }
                }
                (Holds::Schema, _) => below(child, at),
                (Holds::Named, Value::Object(map)) => {
                    for (name, item) in map {
                        below(item, pointer::join(&at, name));
                    }
                }
                _ => {}
            }
        }
    }

    /// What references resolve against at a place, if that has a name of its own.
    pub(super) fn own_base(&self, key: &str, at: &str) -> Option<&Url> {
        self.bases.get(&(key.to_owned(), at.to_owned()))
    }

    /// What references resolve against at a place or, if it has no name, at the nearest around it that has.
    pub(super) fn base(&self, key: &str, at: &str) -> Option<&Url> {
        let ends = at.match_indices('/').map(|(end, _)| end).chain([at.len()]).rev();
        ends.filter_map(|end| at.get(..end)).find_map(|at| self.own_base(key, at))
    }
}

/// A reference as a URL, without an empty fragment.
pub(super) fn parse(base: Option<&Url>, reference: &str) -> Option<Url> {
    let mut url = match base {
        Some(base) => base.join(reference).ok()?,
        None => Url::parse(reference)
            .or_else(|_| Url::parse(NO_BASE).and_then(|base| base.join(reference)))
            .ok()?,
    };
    if url.fragment() == Some("") {
        url.set_fragment(None);
    }
    Some(url)
}

/// What becomes of a place of a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// It is where it was.
    Kept,
    /// It is written in another way: as a condition, or as an older draft's keyword.
    Moved,
    /// It is in what is no schema, so that nobody has read it.
    Unread,
}

/// What becomes of the place that a pointer leads to.
pub(super) fn fate(document: &Value, draft: Draft, at: &str) -> Fate {
    let mut here = document;
    let mut found = Fate::Kept;
    let mut tokens = at.split('/').skip(1);
    while let Some(token) = tokens.next() {
        let Some(child) = here.pointer(&format!("/{token}")) else { break };
        let keyword = crate::domain::pointer::unescaped(token);
        let next = match (holds(&keyword), child) {
            (Holds::Other, _) => return Fate::Unread,
            (Holds::Schema | Holds::Schemas, Value::Array(_))
            | (Holds::Named, Value::Object(_)) => {
                tokens.next().and_then(|token| child.pointer(&format!("/{token}")))
            }
            _ => Some(child),
        };
        if !stays(here, &keyword, child, draft) {
            found = Fate::Moved;
        }
        match next {
            Some(next) => here = next,
            None => break,
        }
    }
    found
}

/// Whether a bundle has a keyword's schemas where they were.
fn stays(schema: &Value, keyword: &str, child: &Value, draft: Draft) -> bool {
    let beside_reference = draft < Draft::Nineteen && schema.get("$ref").is_some();
    match keyword {
        "$defs" | "definitions" => true,
        "if" | "then" | "else" | "dependentSchemas" | "dependencies" | "additionalItems" => false,
        "items" if child.is_array() => false,
        _ => draft.has(keyword) && !beside_reference,
    }
}
