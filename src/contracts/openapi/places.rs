//! Places in documents that refer to one another. Nothing is fetched.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::change::Location;
use super::super::diff::{Named, join, unescape_fragment};
use super::Side;

/// References that lead to references.
const MAX_CHAIN: usize = 50;

/// A place: a document and an RFC 6901 pointer in it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Spot {
    pub document: String,
    pub pointer: String,
}

/// A value and where it is.
#[derive(Clone, Debug)]
pub(super) struct At<'a> {
    pub spot: Spot,
    pub value: &'a Value,
}

impl<'a> At<'a> {
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        self.value.get(name).map(|value| self.down(name, value))
    }

    fn down(&self, name: &str, value: &'a Value) -> Self {
        let pointer = join(&self.spot.pointer, name);
        Self { spot: Spot { document: self.spot.document.clone(), pointer }, value }
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.value.get(name).and_then(Value::as_str)
    }

    pub(super) fn is(&self, flag: &str) -> bool {
        self.value.get(flag).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The members of an object.
    pub(super) fn members(&self) -> BTreeMap<&'a str, Self> {
        let members = self.value.as_object().into_iter().flatten().take(super::MAX_LIST);
        members.map(|(name, value)| (name.as_str(), self.down(name, value))).collect()
    }

    /// The members of an object that may be extended; extensions are left out.
    pub(super) fn fixed(&self) -> BTreeMap<&'a str, Self> {
        let mut members = self.members();
        members.retain(|name, _| !name.starts_with("x-"));
        members
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Vec<Self> {
        let items = self.value.as_array().into_iter().flatten().take(super::MAX_LIST);
        items.enumerate().map(|(number, value)| self.down(&number.to_string(), value)).collect()
    }

    pub(super) fn location(&self) -> Location {
        Location::new(self.spot.document.as_str(), self.spot.pointer.as_str())
    }
}

/// A document and those that it may refer to.
pub(super) struct Docs<'a> {
    name: &'a str,
    root: &'a Value,
    others: &'a Named<'a>,
    /// Whether its schemas are those of OpenAPI 3.0.
    three_zero: bool,
}

impl<'a> Docs<'a> {
    pub(super) fn new(side: Side<'a>) -> Result<Self, String> {
        let version = side.value.get("openapi").and_then(Value::as_str).unwrap_or_default();
        let three_zero = version.starts_with("3.0.");
        if !three_zero && !version.starts_with("3.1.") {
            return Err(format!("{}: openapi must be 3.0.x or 3.1.x, not {version:?}", side.name));
        }
        Ok(Self { name: side.name, root: side.value, others: side.others, three_zero })
    }

    pub(super) fn root(&self) -> At<'a> {
        let spot = Spot { document: self.name.to_owned(), pointer: String::new() };
        At { spot, value: self.root }
    }

    /// Whether schemas there are those of OpenAPI 3.0.
    pub(super) fn is_three_zero(&self, document: &str) -> bool {
        let schema = || self.document(document).is_some_and(|value| value.get("$schema").is_some());
        self.three_zero && (document == self.name || !schema())
    }

    /// What a document is called within this set of them, whatever the main one's name.
    pub(super) fn key(&self, spot: &Spot) -> String {
        let document = if spot.document == self.name { "" } else { spot.document.as_str() };
        format!("{document}#{}", spot.pointer)
    }

    fn document(&self, name: &str) -> Option<&'a Value> {
        if name == self.name { Some(self.root) } else { self.others.get(name).copied() }
    }

    /// Follows references until there is none.
    pub(super) fn settle(&self, mut at: At<'a>) -> Result<At<'a>, String> {
        for _ in 0..MAX_CHAIN {
            match at.value.get("$ref").and_then(Value::as_str) {
                Some(reference) => at = self.follow(&at.spot.document, reference)?,
                None => return Ok(at),
            }
        }
        Err("references lead to references without end".into())
    }

    /// What a reference in a document leads to.
    pub(super) fn follow(&self, from: &str, reference: &str) -> Result<At<'a>, String> {
        let nowhere =
            || format!("$ref {reference} leads to nothing that is known; nothing is fetched");
        let (file, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let document = match file {
            "" => from.to_owned(),
            _ => self.find(from, file).ok_or_else(nowhere)?,
        };
        let root = self.document(&document).ok_or_else(nowhere)?;
        let mut pointer = unescape_fragment(fragment);
        if !pointer.is_empty() && !pointer.starts_with('/') {
            pointer = anchor(root, &pointer, 0).ok_or_else(nowhere)?;
        }
        let value = root.pointer(&pointer).ok_or_else(nowhere)?;
        Ok(At { spot: Spot { document, pointer }, value })
    }

    /// A file by its path from another one, by its name as it stands, or by its last part.
    fn find(&self, from: &str, file: &str) -> Option<String> {
        let last = file.rsplit('/').next()?;
        [joined(from, file), file.to_owned(), last.to_owned()]
            .into_iter()
            .find(|name| self.document(name).is_some())
    }
}

/// The path of a file that another one refers to.
pub fn joined(from: &str, file: &str) -> String {
    let mut path: Vec<&str> = from.split('/').collect();
    path.pop();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." if path.last().is_some_and(|last| !matches!(*last, "" | "..")) => drop(path.pop()),
            part => path.push(part),
        }
    }
    path.join("/")
}

/// The pointer of a schema with that anchor.
fn anchor(value: &Value, name: &str, depth: usize) -> Option<String> {
    const MAX_DEPTH: usize = 100;
    if depth > MAX_DEPTH {
        return None;
    }
    let below = |key: &str, child: &Value| {
        anchor(child, name, depth + 1).map(|rest| format!("{}{rest}", join("", key)))
    };
    match value {
        Value::Object(map) if map.get("$anchor").and_then(Value::as_str) == Some(name) => {
            Some(String::new())
        }
        Value::Object(map) => map.iter().find_map(|(key, child)| below(key, child)),
        Value::Array(list) => {
            list.iter().enumerate().find_map(|(number, child)| below(&number.to_string(), child))
        }
        _ => None,
    }
}
