//! One document out of a schema and everything that it refers to: every `$ref` becomes a pointer into
//! `$defs`, identifiers and anchors go, older drafts' keywords get their 2020-12 form. Places of the
//! original can be told from places of the bundle.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};
use url::Url;

use super::draft::{Draft, draft, modernize};
use super::keywords::{Holds, each, holds};
use super::references::{Fate, Index, NO_BASE, Spot, fate, parse};
use super::{loops, pointer};

/// A bundle's size in JSON nodes; more is refused.
const MAX_NODES: usize = 500_000;
const MAX_DEPTH: usize = 200;

/// Why a schema cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// A reference leads nowhere.
    #[error("{from}: $ref {reference} leads to no schema that is known; nothing is fetched")]
    Unresolved {
        /// Where it stands.
        from: String,
        /// The reference.
        reference: String,
    },
    /// A keyword whose meaning depends on who refers to the schema.
    #[error("{0}: $dynamicRef and $recursiveRef cannot be compared; refer with $ref")]
    Dynamic(String),
    /// Too large or too deep.
    #[error("{0}: the schema has more than {MAX_NODES} nodes or {MAX_DEPTH} levels")]
    TooLarge(String),
    /// A reference that leads back to itself.
    #[error("{0}: the schema refers to itself without going into the instance; it means nothing")]
    Loop(String),
    /// No schema at all.
    #[error("{0}: a schema is an object, true or false")]
    NoSchema(String),
}

/// A schema with all that it refers to.
#[derive(Clone, Debug)]
pub(super) struct Bundle {
    /// The documents by key; the first is the schema itself.
    pub defs: BTreeMap<String, Value>,
    /// The key of the schema itself.
    pub root: String,
    /// What each is called, by key: the name of a document, and the place in it if it is but a part.
    pub names: BTreeMap<String, Spot>,
    /// How many schemas it holds.
    pub nodes: usize,
}

/// What is read, or about to be.
#[derive(Clone)]
struct Document<'a> {
    value: &'a Value,
    base: Url,
    draft: Draft,
}

struct Reader<'a> {
    prefix: &'a str,
    others: &'a BTreeMap<String, &'a Value>,
    index: Index,
    documents: BTreeMap<String, Document<'a>>,
    names: BTreeMap<String, Spot>,
    /// Places that are read apart, by document and pointer, since references to them would lead astray.
    apart: BTreeMap<Spot, String>,
    queue: VecDeque<String>,
    nodes: usize,
}

impl Bundle {
    /// Bundles `root` with what it refers to among `others`, which are named by URI. Keys begin with
    /// `prefix`.
    pub(super) fn new(
        prefix: &str,
        root: &Value,
        others: &BTreeMap<String, &Value>,
    ) -> Result<Self, BundleError> {
        let base = root
            .get("$id")
            .or_else(|| root.get("id"))
            .and_then(Value::as_str)
            .and_then(|id| parse(None, id))
            .or_else(|| Url::parse(NO_BASE).ok());
        let Some(base) = base else { return Err(BundleError::NoSchema("the schema".into())) };
        let mut reader = Reader {
            prefix,
            others,
            index: Index::default(),
            documents: BTreeMap::new(),
            names: BTreeMap::new(),
            apart: BTreeMap::new(),
            queue: VecDeque::new(),
            nodes: 0,
        };
        let key = reader.enter(&base, root);
        let mut defs = BTreeMap::new();
        while let Some(key) = reader.queue.pop_front() {
            let Some(Document { value, base, draft }) = reader.documents.get(&key).cloned() else {
                break;
            };
            let place = Here { key: &key, at: String::new(), depth: 0, draft };
            let rewritten = reader.schema(value, &base, &place)?;
            defs.insert(key, rewritten);
        }
        let all = json!({ "$defs": defs });
        defs.iter().try_for_each(|(_, value)| lead_somewhere(value, &all))?;
        loops::check(&all)?;
        Ok(Self { defs, root: key, names: reader.names, nodes: reader.nodes })
    }
}

/// Where a rewrite stands.
struct Here<'s> {
    key: &'s str,
    at: String,
    depth: usize,
    draft: Draft,
}

impl Here<'_> {
    fn down(&self, token: &str) -> Self {
        Self {
            key: self.key,
            at: pointer::join(&self.at, token),
            depth: self.depth + 1,
            draft: self.draft,
        }
    }
}

impl<'a> Reader<'a> {
    fn enter(&mut self, uri: &Url, value: &'a Value) -> String {
        let document = Document { value, base: uri.clone(), draft: draft(value) };
        let (name, draft) = ((uri.to_string(), String::new()), document.draft);
        let key = self.read(name, document);
        self.index.known.insert(uri.to_string(), (key.clone(), String::new()));
        self.index.note(value, uri, (&key, ""), (draft, 0));
        key
    }

    fn read(&mut self, name: Spot, document: Document<'a>) -> String {
        let key = format!("{}{}", self.prefix, self.documents.len());
        self.documents.insert(key.clone(), document);
        self.names.insert(key.clone(), name);
        self.queue.push_back(key.clone());
        key
    }

    /// The reference to a place in the bundle. One that does not stay where it is, or that nobody reads with its document,
    /// is read apart.
    fn lead(&mut self, key: &str, at: String) -> Option<String> {
        let Document { value: document, base, draft } = self.documents.get(key)?.clone();
        let fate = fate(document, draft, &at);
        if fate == Fate::Kept {
            return Some(pointer::fragment(&format!("/$defs/{key}{at}")));
        }
        let spot = (key.to_owned(), at);
        if let Some(known) = self.apart.get(&spot) {
            return Some(format!("#/$defs/{known}"));
        }
        let value = document.pointer(&spot.1).filter(|v| v.is_object() || v.is_boolean())?;
        let base = self.index.base(key, &spot.1).unwrap_or(&base).clone();
        let (name, around) = self.names.get(key)?;
        let name = (name.clone(), format!("{around}{}", spot.1));
        let part = self.read(name, Document { value, base: base.clone(), draft });
        if fate == Fate::Unread {
            self.index.note(value, &base, (&part, ""), (draft, 0));
        }
        self.apart.insert(spot, part.clone());
        Some(format!("#/$defs/{part}"))
    }

    fn schema(&mut self, value: &Value, base: &Url, spot: &Here<'_>) -> Result<Value, BundleError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES || spot.depth > MAX_DEPTH {
            return Err(BundleError::TooLarge(spot.at.clone()));
        }
        let object = match value {
            Value::Bool(_) => return Ok(value.clone()),
            Value::Object(object) => object,
            _ => return Err(BundleError::NoSchema(spot.at.clone())),
        };
        // What is embedded under a name of its own may be of another draft.
        let embedded = Here { draft: draft(value), at: spot.at.clone(), ..*spot };
        let own = object.contains_key("$id") && object.contains_key("$schema");
        let spot = if own && !spot.at.is_empty() { &embedded } else { spot };
        let base = self.index.own_base(spot.key, &spot.at).unwrap_or(base).clone();
        // Before 2019-09 whatever stood beside a reference was ignored, but for what others refer to.
        let alone =
            spot.draft < Draft::Nineteen && object.get("$ref").is_some_and(Value::is_string);
        let mut new = Map::new();
        for (name, child) in object {
            let down = spot.down(name);
            match (name.as_str(), holds(name), child) {
                (other, ..) if alone && !matches!(other, "$ref" | "$defs" | "definitions") => {}
                ("$id" | "$schema" | "$anchor" | "$dynamicAnchor" | "$vocabulary", ..) => {}
                ("id", ..) if spot.draft == Draft::Four => {}
                _ if !spot.draft.has(name) => {}
                ("$dynamicRef" | "$recursiveRef", ..) => {
                    return Err(BundleError::Dynamic(spot.at.clone()));
                }
                ("$ref", _, Value::String(reference)) => {
                    new.insert("$ref".into(), self.target(reference, &base, spot)?.into());
                }
                (_, Holds::Schema | Holds::Schemas, Value::Array(list)) => {
                    let mut items = Vec::with_capacity(list.len());
                    for (number, item) in list.iter().enumerate() {
                        items.push(self.schema(item, &base, &down.down(&number.to_string()))?);
                    }
                    new.insert(name.clone(), Value::Array(items));
                }
                (_, Holds::Schema, _) => {
                    new.insert(name.clone(), self.schema(child, &base, &down)?);
                }
                ("dependencies", Holds::Named, Value::Object(map)) => {
                    for (key, item) in map {
                        match item {
                            Value::Array(_) => {
                                put(&mut new, "dependentRequired", key, item.clone());
                            }
                            _ => {
                                let item = self.schema(item, &base, &down.down(key))?;
                                put(&mut new, "dependentSchemas", key, item);
                            }
                        }
                    }
                }
                (_, Holds::Named, Value::Object(map)) => {
                    let mut all = Map::new();
                    for (key, item) in map {
                        all.insert(key.clone(), self.schema(item, &base, &down.down(key))?);
                    }
                    new.insert(name.clone(), Value::Object(all));
                }
                _ => {
                    new.insert(name.clone(), child.clone());
                }
            }
        }
        modernize(&mut new, spot.draft);
        Ok(Value::Object(new))
    }

    /// The reference as a pointer into the bundle.
    fn target(
        &mut self,
        reference: &str,
        base: &Url,
        spot: &Here<'_>,
    ) -> Result<String, BundleError> {
        let unresolved =
            || BundleError::Unresolved { from: spot.at.clone(), reference: reference.to_owned() };
        let url = parse(Some(base), reference).ok_or_else(unresolved)?;
        if let Some((key, at)) = self.index.known.get(url.as_str()).cloned() {
            return self.lead(&key, at).ok_or_else(unresolved);
        }
        let mut document = url.clone();
        document.set_fragment(None);
        if !self.index.known.contains_key(document.as_str()) {
            let others = self.others;
            let found = others.get(document.as_str()).or_else(|| {
                // A file name is enough among files of one folder.
                others.get(document.path().rsplit('/').next()?)
            });
            self.enter(&document, found.ok_or_else(unresolved)?);
        }
        // Entering it noted its anchors, too.
        let known = |url: &Url| self.index.known.get(url.as_str()).cloned();
        let (key, at) = match known(&url) {
            Some(known) => known,
            None => {
                let fragment = pointer::unescape_fragment(url.fragment().unwrap_or_default());
                if !fragment.is_empty() && !fragment.starts_with('/') {
                    return Err(unresolved());
                }
                let (key, at) = known(&document).ok_or_else(unresolved)?;
                (key, format!("{at}{fragment}"))
            }
        };
        self.lead(&key, at).ok_or_else(unresolved)
    }
}

/// A reference into what is no schema, or is one no more, leads nowhere.
fn lead_somewhere(schema: &Value, all: &Value) -> Result<(), BundleError> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = pointer::lookup(all, reference);
        if !target.is_some_and(|target| target.is_object() || target.is_boolean()) {
            let reference = reference.to_owned();
            return Err(BundleError::Unresolved { from: "a schema".into(), reference });
        }
    }
    each(schema, |_, child| lead_somewhere(child, all))
}

fn put(object: &mut Map<String, Value>, keyword: &str, key: &str, value: Value) {
    let entry = object.entry(keyword).or_insert_with(|| json!({}));
    if let Some(map) = entry.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_into_the_bundle_whatever_they_look_like() {
        let common = json!({"$id": "https://example.org/common.json", "$defs": {"ulid": {"type": "string"}}});
        let others = BTreeMap::from([("https://example.org/common.json".to_owned(), &common)]);
        let schema = json!({
            "$id": "https://example.org/a.json",
            "properties": {
                "id": {"$ref": "common.json#/$defs/ulid"},
                "self": {"$ref": "#"},
                "near": {"$ref": "#near"},
                "inner": {"$ref": "inner.json"},
                "$ref": {"type": "string"},
            },
            "enum": [{"$ref": "#/nowhere"}],
            "$defs": {
                "near": {"$anchor": "near", "type": "integer"},
                "a/b": {"$id": "inner.json", "items": {"$ref": "#/not"}, "not": {}},
            },
        });
        let bundle = Bundle::new("o", &schema, &others).unwrap();
        let root = &bundle.defs["o0"];
        let reference = |name: &str| root["properties"][name]["$ref"].as_str().unwrap().to_owned();
        assert_eq!(reference("id"), "#/$defs/o1/$defs/ulid");
        assert_eq!(reference("self"), "#/$defs/o0");
        assert_eq!(reference("near"), "#/$defs/o0/$defs/near");
        assert_eq!(reference("inner"), "#/$defs/o0/$defs/a~1b");
        assert_eq!(root["properties"]["$ref"]["type"], "string");
        assert_eq!(root["enum"][0]["$ref"], "#/nowhere", "an instance is left alone");
        assert_eq!(root["$defs"]["a/b"]["items"]["$ref"], "#/$defs/o0/$defs/a~1b/not");
    }

    #[test]
    fn a_place_that_does_not_stay_is_read_apart() {
        let schema = json!({
            "$ref": "#/components/a",
            "components": {"a": {"items": {"$ref": "#/components/b"}}, "b": {"type": "string"}},
            "allOf": [{"$ref": "#/then"}, {"$ref": "#/$defs/c/dependentSchemas/x"}],
            "then": {"not": {"$ref": "#/components/b"}},
            "$defs": {"c": {"dependentSchemas": {"x": {"type": "null"}}}},
        });
        let bundle = Bundle::new("o", &schema, &BTreeMap::new()).unwrap();
        let root = &bundle.defs["o0"];
        let to =
            |from: &Value| bundle.defs[&from["$ref"].as_str().unwrap()["#/$defs/".len()..]].clone();
        let b = to(&to(root)["items"]);
        assert_eq!(b, json!({"type": "string"}));
        assert_eq!(to(&to(&root["allOf"][0])["not"]), b);
        assert_eq!(to(&root["allOf"][1]), json!({"type": "null"}));
        let called: Vec<&str> = bundle.names.values().map(|(_, at)| at.as_str()).collect();
        assert!(called.contains(&"/components/b") && called.contains(&"/then"), "{called:?}");
        let old = json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$ref": "#/definitions/a",
            "definitions": {"a": {"items": [{"type": "string"}, {"$ref": "#/definitions/a/items/0"}]}},
        });
        let bundle = Bundle::new("o", &old, &BTreeMap::new()).unwrap();
        let root = &bundle.defs["o0"];
        assert_eq!(root["$ref"], "#/$defs/o0/definitions/a");
        let second = root["definitions"]["a"]["prefixItems"][1]["$ref"].as_str().unwrap();
        assert_eq!(bundle.defs[&second["#/$defs/".len()..]], json!({"type": "string"}));
    }

    #[test]
    fn what_cannot_be_compared_says_where() {
        let none = BTreeMap::new();
        for (schema, wanted) in [
            (json!({"not": {"$ref": "other.json"}}), "/not: $ref other.json leads to no schema"),
            (json!({"items": {"$dynamicRef": "#x"}}), "/items: $dynamicRef"),
            (json!({"items": 1}), "/items: a schema is"),
            (json!({"anyOf": [{"type": "null"}, {"not": {"$ref": "#"}}]}), "#: the schema refers"),
        ] {
            let error = Bundle::new("o", &schema, &none).unwrap_err().to_string();
            assert!(error.starts_with(wanted), "{error}");
        }
    }

    #[test]
    fn older_drafts_are_read_as_they_were_meant() {
        let schema = json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "items": [{"type": "string"}],
            "additionalItems": false,
            "dependencies": {"a": ["b"], "c": {"required": ["d"]}},
            "properties": {"x": {"$ref": "#/definitions/x", "type": "null"}},
            "definitions": {"x": {"type": "integer"}},
        });
        let bundle = Bundle::new("o", &schema, &BTreeMap::new()).unwrap();
        let root = &bundle.defs["o0"];
        assert_eq!(root["prefixItems"], json!([{"type": "string"}]));
        assert_eq!(root["items"], json!(false));
        assert_eq!(root["dependentRequired"], json!({"a": ["b"]}));
        assert_eq!(root["dependentSchemas"], json!({"c": {"required": ["d"]}}));
        assert_eq!(root["properties"]["x"], json!({"$ref": "#/$defs/o0/definitions/x"}));
        for (draft, ignored) in [
            ("draft-04", json!({"const": 1, "if": true, "else": false, "contains": 1})),
            ("draft-06", json!({"if": true, "else": false})),
            (
                "draft-07",
                json!({"unevaluatedProperties": false, "dependentRequired": {"a": ["b"]}, "prefixItems": [false]}),
            ),
            ("2019-09", json!({"prefixItems": [false]})),
        ] {
            let mut schema = ignored.clone();
            schema["$schema"] = json!(format!("http://json-schema.org/{draft}/schema#"));
            let bundle = Bundle::new("o", &schema, &BTreeMap::new()).unwrap();
            assert_eq!(bundle.defs["o0"], json!({}), "{draft}");
            let within =
                json!({"not": {"$id": "x", "$schema": schema["$schema"], "allOf": [ignored]}});
            let bundle = Bundle::new("o", &within, &BTreeMap::new()).unwrap();
            assert_eq!(bundle.defs["o0"], json!({"not": {"allOf": [{}]}}), "{draft}");
        }
        let four = json!({"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 3, "exclusiveMinimum": true});
        let bundle = Bundle::new("o", &four, &BTreeMap::new()).unwrap();
        assert_eq!(bundle.defs["o0"], json!({"exclusiveMinimum": 3}));
    }
}
