//! Adds to a JSON document what it lacks of another one. What is there stays as it is: its values,
//! its order, its spelling.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::dataset::{Facts, Names};
use crate::domain::json_text::{replaced, with_item, with_member};

use crate::domain::pointer::escaped;

/// More changes than these are no patch that anybody reads.
const MOST: usize = 20_000;

/// How machines write a document.
pub(super) fn rendered(document: &Value) -> String {
    format!("{document:#}\n")
}

/// The text with what it lacked, and one line for each addition; none if it lacks nothing.
///
/// # Errors
/// If the document is of another form, so that nobody can tell what it lacks.
pub(super) fn filled(
    facts: &Facts,
    path: &str,
    text: &str,
    wanted: &Value,
) -> Result<Option<(String, Vec<String>)>, &'static str> {
    let Ok(mut document) = serde_json::from_str::<Value>(text) else {
        return Err("cannot be read");
    };
    if !same_form(&document, wanted) {
        return Err("is written in another form than `lazaret catalog` writes");
    }
    // What a machine wrote, it may write again; a person's text is changed where it must be.
    let machine = rendered(&document) == text;
    let mut work = Work { names: facts.names(), path, additions: Vec::new() };
    work.fill(&mut document, wanted, "");
    let additions = work.additions;
    if additions.is_empty() {
        return Ok(None);
    }
    if additions.len() > MOST {
        return Err("lacks more than can be added to it: write it anew");
    }
    let steps = additions.iter().map(Addition::step).collect();
    let text = match machine {
        true => rendered(&document),
        false => {
            let add = |text: String, addition: &Addition| addition.add(&text);
            let added = additions.iter().try_fold(text.to_owned(), add);
            added.ok_or("cannot be added to")?
        }
    };
    Ok(Some((text, steps)))
}

/// Whether members mean the same in both: prefixes are the same, and so is the outermost shape.
fn same_form(document: &Value, wanted: &Value) -> bool {
    let Some(prefixes) = wanted.get("@context").and_then(Value::as_object) else {
        return document["type"] == wanted["type"];
    };
    let same = |context: &Map<String, Value>| {
        prefixes.iter().all(|(name, iri)| context.get(name).is_none_or(|there| there == iri))
    };
    let types = |value: &Value| -> Vec<String> {
        items(&value["@type"]).iter().filter_map(|t| t.as_str().map(str::to_owned)).collect()
    };
    document.get("@context").and_then(Value::as_object).is_some_and(same)
        && document.get("@graph").is_some() == wanted.get("@graph").is_some()
        && types(wanted).iter().all(|kind| types(document).contains(kind))
}

struct Addition {
    pointer: String,
    what: What,
}

enum What {
    Member(String, Value),
    Item(Value),
    /// A single value that becomes a list.
    List(Value),
}

impl Addition {
    fn step(&self) -> String {
        let pointer = &self.pointer;
        match &self.what {
            What::Member(name, _) => format!("add {pointer}/{}", escaped(name)),
            What::Item(value) => format!("add to {pointer}: {}", short(value)),
            What::List(_) => format!("make a list of {pointer}"),
        }
    }

    fn add(&self, text: &str) -> Option<String> {
        match &self.what {
            What::Member(name, value) => with_member(text, &self.pointer, name, value),
            What::Item(value) => with_item(text, &self.pointer, value),
            What::List(value) => replaced(text, &self.pointer, value),
        }
    }
}

fn short(value: &Value) -> String {
    let name = ["@id", "href", "name"].iter().find_map(|name| value.get(name)?.as_str());
    let name = name.filter(|name| !name.is_empty());
    let download = || value.get("dcat:downloadURL")?.get("@id")?.as_str();
    name.or_else(download).map_or_else(|| value.to_string(), str::to_owned)
}

struct Work<'a> {
    names: Names,
    path: &'a str,
    additions: Vec<Addition>,
}

impl Work<'_> {
    fn fill(&mut self, document: &mut Value, wanted: &Value, pointer: &str) {
        match (document, wanted) {
            (Value::Object(members), Value::Object(wanted)) => {
                // Assets are known by what they lead to, whatever a person called them.
                let keys = match pointer {
                    "/assets" => self.by_href(members),
                    _ => BTreeMap::new(),
                };
                for (name, value) in wanted {
                    let name = self.href(value).and_then(|to| keys.get(&to)).unwrap_or(name);
                    self.member(members, name, value, pointer);
                }
            }
            (Value::Array(items), Value::Array(wanted)) => {
                let mut known: BTreeMap<String, usize> = BTreeMap::new();
                for (index, item) in items.iter().enumerate() {
                    known.entry(self.identity(item)).or_insert(index);
                }
                for value in wanted {
                    match known.get(&self.identity(value)) {
                        Some(index) => {
                            if let Some(item) = items.get_mut(*index).filter(|_| value.is_object())
                            {
                                self.fill(item, value, &format!("{pointer}/{index}"));
                            }
                        }
                        None => {
                            items.push(value.clone());
                            let what = What::Item(value.clone());
                            self.additions.push(Addition { pointer: pointer.to_owned(), what });
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn member(
        &mut self,
        members: &mut Map<String, Value>,
        name: &str,
        wanted: &Value,
        pointer: &str,
    ) {
        let at = format!("{pointer}/{}", escaped(name));
        let Some(there) = members.get_mut(name) else {
            members.insert(name.to_owned(), wanted.clone());
            let what = What::Member(name.to_owned(), wanted.clone());
            self.additions.push(Addition { pointer: pointer.to_owned(), what });
            return;
        };
        if wanted.is_array() && !there.is_array() {
            // JSON-LD may leave the brackets of a single value away.
            let lacks = items(wanted).iter().any(|w| self.identity(w) != self.identity(there));
            if !lacks || there.is_null() {
                return;
            }
            *there = Value::Array(vec![there.clone()]);
            let what = What::List(there.clone());
            self.additions.push(Addition { pointer: at.clone(), what });
        }
        // A box or an interval is one thing, and a type is what it says.
        let whole = matches!(name, "bbox" | "interval" | "@type" | "coordinates" | "roles");
        if !whole {
            self.fill(there, wanted, &at);
        }
    }

    fn by_href(&self, assets: &Map<String, Value>) -> BTreeMap<String, String> {
        assets.iter().filter_map(|(key, asset)| Some((self.href(asset)?, key.clone()))).collect()
    }

    fn href(&self, value: &Value) -> Option<String> {
        self.names.resolve(self.path, value.get("href")?.as_str()?)
    }

    /// What makes an item of a list the same as another.
    fn identity(&self, value: &Value) -> String {
        if let Some(text) = value.as_str() {
            return self.full(text);
        }
        if let Some(url) = value.get("dcat:downloadURL") {
            let id = url.get("@id").unwrap_or(url).as_str().unwrap_or_default();
            return format!("download {}", self.full(id));
        }
        if let Some(id) = value.get("@id").and_then(Value::as_str) {
            return self.full(id);
        }
        if let (Some(rel), Some(href)) = (value["rel"].as_str(), value["href"].as_str()) {
            return match rel {
                // There is one of each.
                "root" | "parent" | "collection" | "license" => rel.to_owned(),
                _ => format!("{rel} {}", self.full(href)),
            };
        }
        value.get("@value").unwrap_or(value).to_string()
    }

    fn full(&self, reference: &str) -> String {
        let fragment = reference.split_once('#').map_or("", |(_, fragment)| fragment);
        match self.names.resolve(self.path, reference) {
            Some(path) => format!("{path}#{fragment}"),
            None => reference.to_owned(),
        }
    }
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        other => std::slice::from_ref(other),
    }
}
