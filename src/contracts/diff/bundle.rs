//! One document out of a schema and everything that it refers to: every `$ref` becomes a pointer into
//! `$defs`, identifiers and anchors go, older drafts' keywords get their 2020-12 form. Places of the
//! original can be told from places of the bundle.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};
use url::Url;

use super::keywords::{Holds, each, holds};
use super::{loops, pointer};

/// A bundle's size in JSON nodes; more is refused.
const MAX_NODES: usize = 500_000;
const MAX_DEPTH: usize = 200;
/// What a schema without an `$id` is resolved against.
const NO_BASE: &str = "https://schema.invalid/schema.json";

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
    /// What each document is called, by key.
    pub names: BTreeMap<String, String>,
    /// How many schemas it holds.
    pub nodes: usize,
}

/// Drafts differ in which keywords they have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Draft {
    Four,
    Six,
    Seven,
    Nineteen,
    Current,
}

impl Draft {
    /// Whether a keyword means something: an unknown one is ignored by whoever keeps to the draft.
    /// `dependencies` stays known, for most validators still judge it.
    fn has(self, keyword: &str) -> bool {
        let since = match keyword {
            "const" | "contains" | "propertyNames" => Self::Six,
            "if" | "then" | "else" => Self::Seven,
            "dependentRequired"
            | "dependentSchemas"
            | "maxContains"
            | "minContains"
            | "unevaluatedItems"
            | "unevaluatedProperties" => Self::Nineteen,
            "prefixItems" => Self::Current,
            _ => Self::Four,
        };
        self >= since
    }
}

/// The draft that a document names; one that is not known is taken for the newest.
pub(super) fn draft(schema: &Value) -> Draft {
    let said = schema.get("$schema").and_then(Value::as_str).unwrap_or_default();
    match said {
        _ if said.contains("draft-04") || said.contains("draft-03") => Draft::Four,
        _ if said.contains("draft-06") => Draft::Six,
        _ if said.contains("draft-07") => Draft::Seven,
        _ if said.contains("2019-09") => Draft::Nineteen,
        _ => Draft::Current,
    }
}

struct Index {
    /// Absolute identifiers and anchors: document key, pointer in it.
    known: BTreeMap<String, (String, String)>,
    /// The base under which each subschema with an `$id` resolves.
    bases: BTreeMap<(String, String), Url>,
}

struct Reader<'a> {
    prefix: &'a str,
    others: &'a BTreeMap<String, &'a Value>,
    index: Index,
    keys: BTreeMap<String, String>,
    queue: VecDeque<(String, Url, &'a Value)>,
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
            index: Index { known: BTreeMap::new(), bases: BTreeMap::new() },
            keys: BTreeMap::new(),
            queue: VecDeque::new(),
            nodes: 0,
        };
        let key = reader.enter(base, root);
        let mut defs = BTreeMap::new();
        while let Some((key, base, value)) = reader.queue.pop_front() {
            let place = Spot { key: &key, at: String::new(), depth: 0, draft: draft(value) };
            let rewritten = reader.schema(value, &base, &place)?;
            defs.insert(key, rewritten);
        }
        let all = json!({ "$defs": defs });
        defs.iter().try_for_each(|(_, value)| lead_somewhere(value, &all))?;
        loops::check(&all)?;
        let names = reader.keys.iter().map(|(name, key)| (key.clone(), name.clone())).collect();
        Ok(Self { defs, root: key, names, nodes: reader.nodes })
    }
}

/// Where a rewrite stands.
struct Spot<'s> {
    key: &'s str,
    at: String,
    depth: usize,
    draft: Draft,
}

impl Spot<'_> {
    fn down(&self, token: &str) -> Self {
        Self {
            key: self.key,
            at: pointer::join(&self.at, token),
            depth: self.depth + 1,
            draft: self.draft,
        }
    }
}

fn parse(base: Option<&Url>, reference: &str) -> Option<Url> {
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

impl<'a> Reader<'a> {
    fn enter(&mut self, uri: Url, value: &'a Value) -> String {
        let key = format!("{}{}", self.prefix, self.keys.len());
        self.keys.insert(uri.to_string(), key.clone());
        self.index.known.insert(uri.to_string(), (key.clone(), String::new()));
        self.note(value, &uri, &key, "", 0);
        self.queue.push_back((key.clone(), uri, value));
        key
    }

    /// Notes identifiers and anchors below `value`.
    fn note(&mut self, value: &Value, base: &Url, key: &str, at: &str, depth: usize) {
        let Some(object) = value.as_object().filter(|_| depth < MAX_DEPTH) else { return };
        let mut base = base.clone();
        if !at.is_empty()
            && let Some(id) = object.get("$id").and_then(Value::as_str)
            && let Some(url) = parse(Some(&base), id)
        {
            self.index.known.insert(url.to_string(), (key.to_owned(), at.to_owned()));
            self.index.bases.insert((key.to_owned(), at.to_owned()), url.clone());
            base = url;
        }
        for anchor in ["$anchor", "$dynamicAnchor"] {
            if let Some(anchor) = object.get(anchor).and_then(Value::as_str) {
                let mut url = base.clone();
                url.set_fragment(Some(anchor));
                self.index.known.insert(url.to_string(), (key.to_owned(), at.to_owned()));
            }
        }
        for (name, child) in object {
            let at = pointer::join(at, name);
            match (holds(name), child) {
                (Holds::Schema | Holds::Schemas, Value::Array(list)) => {
                    for (number, item) in list.iter().enumerate() {
                        let at = pointer::join(&at, &number.to_string());
                        self.note(item, &base, key, &at, depth + 1);
                    }
                }
                (Holds::Schema, _) => self.note(child, &base, key, &at, depth + 1),
                (Holds::Named, Value::Object(map)) => {
                    for (name, item) in map {
                        self.note(item, &base, key, &pointer::join(&at, name), depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    fn schema(&mut self, value: &Value, base: &Url, spot: &Spot<'_>) -> Result<Value, BundleError> {
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
        let embedded = Spot { draft: draft(value), at: spot.at.clone(), ..*spot };
        let own = object.contains_key("$id") && object.contains_key("$schema");
        let spot = if own && !spot.at.is_empty() { &embedded } else { spot };
        let base = self
            .index
            .bases
            .get(&(spot.key.to_owned(), spot.at.clone()))
            .cloned()
            .unwrap_or_else(|| base.clone());
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            let target = self.target(reference, &base, spot)?;
            if spot.draft < Draft::Nineteen {
                // Before 2019-09 whatever stood beside a reference was ignored.
                return Ok(json!({ "$ref": target }));
            }
        }
        let mut new = Map::new();
        for (name, child) in object {
            let down = spot.down(name);
            match (name.as_str(), holds(name), child) {
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
        spot: &Spot<'_>,
    ) -> Result<String, BundleError> {
        let unresolved =
            || BundleError::Unresolved { from: spot.at.clone(), reference: reference.to_owned() };
        let url = parse(Some(base), reference).ok_or_else(unresolved)?;
        if let Some((key, at)) = self.index.known.get(url.as_str()) {
            return Ok(pointer::fragment(&format!("/$defs/{key}{at}")));
        }
        let mut document = url.clone();
        document.set_fragment(None);
        if !self.index.known.contains_key(document.as_str()) {
            let others = self.others;
            let found = others.get(document.as_str()).or_else(|| {
                // A file name is enough among files of one folder.
                others.get(document.path().rsplit('/').next()?)
            });
            let value = found.ok_or_else(unresolved)?;
            self.enter(document.clone(), value);
        }
        // Entering it noted its anchors, too.
        if let Some((key, at)) = self.index.known.get(url.as_str()) {
            return Ok(pointer::fragment(&format!("/$defs/{key}{at}")));
        }
        let (key, at) = self.index.known.get(document.as_str()).ok_or_else(unresolved)?;
        let fragment = pointer::unescape_fragment(url.fragment().unwrap_or_default());
        if !fragment.is_empty() && !fragment.starts_with('/') {
            return Err(unresolved());
        }
        Ok(pointer::fragment(&format!("/$defs/{key}{at}{fragment}")))
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

/// Keywords of older drafts in their 2020-12 form.
fn modernize(schema: &mut Map<String, Value>, draft: Draft) {
    if schema.get("items").is_some_and(Value::is_array) {
        if let Some(prefix) = schema.remove("items") {
            schema.insert("prefixItems".into(), prefix);
        }
        if let Some(rest) = schema.remove("additionalItems") {
            schema.insert("items".into(), rest);
        }
    } else if draft < Draft::Current {
        schema.remove("additionalItems");
    }
    for (flag, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if let Some(exclusive) = schema.get(flag).and_then(Value::as_bool) {
            schema.remove(flag);
            if exclusive && let Some(value) = schema.remove(bound) {
                schema.insert(flag.into(), value);
            }
        }
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
