//! Where in a JSON-LD document an IRI is defined or mentioned, so that findings about RDF can
//! point into the file. Best effort: it only serves messages.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::dataset::{Names, has_scheme};

#[derive(Debug, Default)]
pub(super) struct Places {
    defined: BTreeMap<String, (bool, String)>,
    mentioned: BTreeMap<String, String>,
}

impl Places {
    pub(super) fn new(value: &Value, names: &Names, path: &str) -> Self {
        let mut prefixes = BTreeMap::new();
        collect_prefixes(value, &mut prefixes);
        let mut places = Self::default();
        let reader = Reader { names, path, prefixes };
        reader.walk(value, &mut String::new(), &mut places);
        places
    }

    /// The pointer to the node with this IRI, or else to a mention of it.
    pub(super) fn of(&self, iri: &str) -> Option<&str> {
        let defined = self.defined.get(iri).map(|(_, pointer)| pointer);
        defined.or_else(|| self.mentioned.get(iri)).map(String::as_str)
    }
}

struct Reader<'a> {
    names: &'a Names,
    path: &'a str,
    prefixes: BTreeMap<String, String>,
}

impl Reader<'_> {
    fn walk(&self, value: &Value, pointer: &mut String, places: &mut Places) {
        let length = pointer.len();
        match value {
            Value::Object(members) => {
                let id = members.get("@id").or_else(|| members.get("id")).and_then(Value::as_str);
                if let Some(iri) = id.and_then(|id| self.expand(id)) {
                    let whole = members.len() > 1;
                    let known = places.defined.get(&iri).map(|(whole, _)| *whole);
                    if known.is_none() || (whole && known == Some(false)) {
                        places.defined.insert(iri, (whole, pointer.clone()));
                    }
                }
                for (name, member) in members {
                    if name == "@context" || name == "@id" || name == "id" {
                        continue;
                    }
                    pointer.push('/');
                    pointer.push_str(&crate::domain::pointer::escaped(name));
                    self.walk(member, pointer, places);
                    pointer.truncate(length);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    pointer.push_str(&format!("/{index}"));
                    self.walk(item, pointer, places);
                    pointer.truncate(length);
                }
            }
            Value::String(text) if text.len() <= 2048 => {
                if let Some(iri) = self.expand(text) {
                    places.mentioned.entry(iri).or_insert_with(|| pointer.clone());
                }
            }
            _ => {}
        }
    }

    fn expand(&self, text: &str) -> Option<String> {
        if text.starts_with("_:") {
            return None;
        }
        if let Some((prefix, rest)) = text.split_once(':')
            && !rest.starts_with("//")
            && let Some(namespace) = self.prefixes.get(prefix)
        {
            return Some(self.names.canonical(&format!("{namespace}{rest}")));
        }
        if has_scheme(text) {
            return Some(self.names.canonical(text));
        }
        let fragment = text.split_once('#').map(|(_, fragment)| fragment);
        let iri = self.names.iri(&self.names.resolve(self.path, text)?);
        Some(fragment.map_or(iri.clone(), |fragment| format!("{iri}#{fragment}")))
    }
}

fn collect_prefixes(value: &Value, prefixes: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if name == "@context" {
                    for context in member.as_array().map_or(std::slice::from_ref(member), |a| a) {
                        for (term, definition) in context.as_object().into_iter().flatten() {
                            let iri = definition.as_str().or_else(|| definition["@id"].as_str());
                            if let Some(iri) = iri.filter(|_| !term.starts_with('@')) {
                                prefixes.entry(term.clone()).or_insert_with(|| iri.to_owned());
                            }
                        }
                    }
                } else {
                    collect_prefixes(member, prefixes);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_prefixes(item, prefixes)),
        _ => {}
    }
}
