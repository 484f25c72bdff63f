//! What can be mended by machine, and only that: what a catalog or dataset.json says of bytes that a
//! receipt vouches for, and links between catalogs.
//!
//! A receipt is evidence and is never touched, nor is a file that a receipt names: a new digest in
//! it would be a forged one. Where the bytes are not what a receipt says, the catalog may be the one
//! that is right, and nothing is mended.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::dataset::layout::{DATASET, DCAT, PROV, STAC_COLLECTION};
use crate::dataset::{Extent, Facts, Names, ObjectFact};
use crate::domain::json_text::{replaced, with_item, with_member};

use super::e_receipts;
use super::mend_names::{local, nodes, relative, text};
use super::receipt::locate;
use crate::domain::pointer::escaped;

/// The rel of a link from a STAC collection to its provenance.
const HAS_PROVENANCE: &str = "http://www.w3.org/ns/prov#has_provenance";

/// A file that can be mended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mend {
    /// Which file.
    pub path: String,
    /// What is done, one line each.
    pub steps: Vec<String>,
    /// Its text afterwards.
    pub text: String,
}

/// What can be mended, and what was left alone and why.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mends {
    /// Files to write, by path.
    pub files: Vec<Mend>,
    /// Files that could be mended by their form but must not be.
    pub left: Vec<String>,
}

/// The files that a mend may want to change: their texts are needed.
pub fn mendable(facts: &Facts) -> Vec<String> {
    let fixed = [DATASET, DCAT, PROV].into_iter().map(str::to_owned);
    let present = fixed.chain(facts.stac.keys().cloned());
    present.filter(|path| facts.objects.contains_key(path)).collect()
}

/// Finds what can be mended. `texts` are the files of [`mendable`] as they lie there.
pub(super) fn mends(facts: &Facts, texts: &BTreeMap<String, String>) -> Mends {
    let vouched = Vouched::new(facts);
    let mut all = Mends::default();
    for (path, text) in texts {
        let mut work = Work {
            facts,
            names: facts.names(),
            vouched: &vouched,
            path,
            text: text.clone(),
            steps: Vec::new(),
        };
        match path.as_str() {
            DATASET => work.dataset(),
            DCAT => work.dcat(),
            PROV => {}
            _ => work.stac(),
        }
        let Work { text, steps, .. } = work;
        if steps.is_empty() {
            continue;
        }
        if vouched.named.contains(path) {
            all.left.push(format!("{path} is named in a receipt, which would no longer fit"));
        } else {
            all.files.push(Mend { path: path.clone(), steps, text });
        }
    }
    all
}

/// What receipts say.
pub(super) struct Vouched {
    /// Every file that one names.
    pub(super) named: BTreeSet<String>,
    /// Files whose bytes are what every receipt says that names them.
    pub(super) sound: BTreeSet<String>,
}

impl Vouched {
    pub(super) fn new(facts: &Facts) -> Self {
        let (mut named, mut sound, mut unsound) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for receipt in e_receipts::read(facts, &mut Vec::new()) {
            for file in receipt.inputs.iter().chain(&receipt.outputs) {
                let Some(path) = locate(facts, &file.uri.text) else { continue };
                let held = facts.objects.get(&path).map(|object| object.digest.to_string());
                match held.as_ref() == Some(&file.digest.text) {
                    true => sound.insert(path.clone()),
                    false => unsound.insert(path.clone()),
                };
                named.insert(path);
            }
        }
        sound.retain(|path| !unsound.contains(path));
        Self { named, sound }
    }
}

struct Work<'a> {
    facts: &'a Facts,
    names: Names,
    vouched: &'a Vouched,
    path: &'a str,
    text: String,
    steps: Vec<String>,
}

impl<'a> Work<'a> {
    /// The object that a reference in this file leads to, if a receipt vouches for its bytes.
    fn object(&self, reference: &str) -> Option<(String, &'a ObjectFact)> {
        let path = self.names.resolve(self.path, reference)?;
        let object = self.facts.objects.get(&path)?;
        self.vouched.sound.contains(&path).then_some((path, object))
    }

    fn take(&mut self, changed: Option<String>, step: impl FnOnce() -> String) {
        if let Some(text) = changed {
            self.text = text;
            self.steps.push(step());
        }
    }

    /// Sets a member of the object at `pointer` to `value`, if it says something else or nothing.
    fn set(&mut self, held: &Value, pointer: &str, name: &str, value: &Value) {
        let changed = match held.get(name) {
            Some(there) if there == value => return,
            Some(_) => replaced(&self.text, &format!("{pointer}/{}", escaped(name)), value),
            None => with_member(&self.text, pointer, name, value),
        };
        let what = if held.get(name).is_some() { "set" } else { "add" };
        self.take(changed, || format!("{what} {pointer}/{} to {value}", escaped(name)));
    }

    /// The hash of the spec, if it is the one that the version id carries: otherwise the spec is
    /// another one, and that is for a person.
    fn dataset(&mut self) {
        let (Some(value), Some(hash)) = (self.facts.dataset.value(), self.facts.spec_hash()) else {
            return;
        };
        let version = self.facts.requested.dataset_version_id.parse();
        let fits = version
            .is_ok_and(|v: crate::domain::DatasetVersionId| v.hash_prefix() == hash.prefix());
        if fits && value.is_object() {
            self.set(value, "", "spec_hash", &json!(hash.to_string()));
        }
    }

    fn dcat(&mut self) {
        let Some(value) = self.facts.dcat.value() else { return };
        self.distributions(value, &mut String::new());
    }

    /// Every node with a download URL, however its prefix is spelled.
    fn distributions(&mut self, value: &Value, pointer: &mut String) {
        let length = pointer.len();
        match value {
            Value::Object(members) => {
                if let Some(url) = members
                    .iter()
                    .find_map(|(name, v)| local(name, "downloadURL").then(|| text(v))?)
                {
                    self.distribution(members, &url, pointer);
                }
                for (name, member) in members.iter().filter(|(name, _)| *name != "@context") {
                    pointer.push('/');
                    pointer.push_str(&escaped(name));
                    self.distributions(member, pointer);
                    pointer.truncate(length);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    pointer.push_str(&format!("/{index}"));
                    self.distributions(item, pointer);
                    pointer.truncate(length);
                }
            }
            _ => {}
        }
    }

    fn distribution(&mut self, members: &serde_json::Map<String, Value>, url: &str, pointer: &str) {
        let Some((_, object)) = self.object(url) else { return };
        for (name, member) in members {
            let at = format!("{pointer}/{}", escaped(name));
            if local(name, "mediaType") {
                self.media_type(member, &at, &object.media_type);
            } else if local(name, "byteSize") {
                let value = match member {
                    Value::Number(_) => json!(object.size),
                    _ => json!(object.size.to_string()),
                };
                self.literal(member, &at, &value);
            } else if local(name, "checksum") {
                let hex = object.digest.hex();
                for (node, at) in nodes(member, &at) {
                    let sha256 = node.as_object().into_iter().flatten().any(|(name, algorithm)| {
                        local(name, "algorithm")
                            && text(algorithm)
                                .is_some_and(|a| a.ends_with("checksumAlgorithm_sha256"))
                    });
                    for (name, value) in node.as_object().into_iter().flatten() {
                        if sha256 && local(name, "checksumValue") {
                            self.literal(value, &format!("{at}/{}", escaped(name)), &json!(hex));
                        }
                    }
                }
            }
        }
    }

    /// Sets a media type that says another one, in the form in which it stands.
    fn media_type(&mut self, held: &Value, pointer: &str, media_type: &str) {
        let Some(there) = text(held) else { return };
        let (place, name) = match there.split_once("/media-types/") {
            Some((place, name)) => (format!("{place}/media-types/"), name),
            None => (String::new(), there.as_str()),
        };
        if name.eq_ignore_ascii_case(media_type) {
            return;
        }
        let pointer = match (held.get("@id"), held.get("@value")) {
            (Some(_), _) => format!("{pointer}/@id"),
            (_, Some(_)) => format!("{pointer}/@value"),
            _ => pointer.to_owned(),
        };
        let value = json!(format!("{place}{media_type}"));
        let changed = replaced(&self.text, &pointer, &value);
        self.take(changed, || format!("set {pointer} to {value}"));
    }

    /// Sets a JSON-LD literal, plain or with `@value`.
    fn literal(&mut self, held: &Value, pointer: &str, value: &Value) {
        let (held, pointer) = match held.get("@value") {
            Some(inner) => (inner, format!("{pointer}/@value")),
            None => (held, pointer.to_owned()),
        };
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if held.is_object() || held.is_array() || plain(held) == plain(value) {
            return;
        }
        let changed = replaced(&self.text, &pointer, value);
        self.take(changed, || format!("set {pointer} to {value}"));
    }

    fn stac(&mut self) {
        let Some(value) = self.facts.stac.get(self.path).and_then(|d| d.value()) else { return };
        for (key, asset) in value["assets"].as_object().into_iter().flatten() {
            let href = asset["href"].as_str().unwrap_or_default();
            let Some((_, object)) = self.object(href) else { continue };
            let pointer = format!("/assets/{}", escaped(key));
            let checksum = format!("1220{}", object.digest.hex());
            self.set(asset, &pointer, "file:checksum", &json!(checksum));
            self.set(asset, &pointer, "file:size", &json!(object.size));
            if asset["type"].is_string() {
                self.media_type(&asset["type"], &format!("{pointer}/type"), &object.media_type);
            }
        }
        let collection = self.facts.stac.get(STAC_COLLECTION).and_then(|d| d.value());
        match value["type"].as_str() {
            Some("Feature") => self.item_box(value),
            Some("Collection") if self.path == STAC_COLLECTION => self.collection_box(value),
            _ => {}
        }
        if value["type"] == "Feature"
            && let Some(id) = collection.and_then(|c| c.get("id")).filter(|id| id.is_string())
        {
            self.set(value, "", "collection", id);
        }
        if self.path == STAC_COLLECTION && value["links"].is_array() {
            self.links(value);
        }
    }

    /// An item's box is that of its geometry.
    fn item_box(&mut self, item: &Value) {
        let (Some(there), Some(geometry)) =
            (item.get("bbox").and_then(Extent::of_bbox), Extent::of_geometry(&item["geometry"]))
        else {
            return;
        };
        if !there.holds(geometry) {
            self.set(item, "", "bbox", &json!(geometry.bbox()));
        }
    }

    /// The collection's box holds those of its items.
    fn collection_box(&mut self, collection: &Value) {
        let pointer = "/extent/spatial/bbox/0";
        let Some(there) = collection.pointer(pointer).and_then(Extent::of_bbox) else { return };
        let items = self.facts.stac.values().filter_map(|document| document.value());
        let boxes = items.filter(|value| value["type"] == "Feature").filter_map(|item| {
            let stated = item.get("bbox").and_then(Extent::of_bbox);
            let Some(found) = Extent::of_geometry(&item["geometry"]) else { return stated };
            // A box that does not hold its geometry is mended as well.
            Some(stated.filter(|stated| stated.holds(found)).unwrap_or(found))
        });
        let Some(all) = Extent::around(boxes.chain([there])) else { return };
        if !there.holds(all) {
            let value = json!(all.bbox());
            let changed = replaced(&self.text, pointer, &value);
            self.take(changed, || format!("set {pointer} to {value}"));
        }
    }

    fn links(&mut self, collection: &Value) {
        let mut wanted = Vec::new();
        for (path, rel) in [(DCAT, "describedby"), (PROV, HAS_PROVENANCE)] {
            if self.facts.objects.contains_key(path) {
                wanted.push((path.to_owned(), rel));
            }
        }
        let items = self.facts.stac.iter().filter(|(path, document)| {
            let item = document.value().is_some_and(|value| value["type"] == "Feature");
            item && !self.linked(path)
        });
        wanted.extend(items.map(|(path, _)| (path.clone(), "item")));
        for (path, rel) in wanted {
            let there = collection["links"].as_array().into_iter().flatten().any(|link| {
                let href = link["href"].as_str().unwrap_or_default();
                link["rel"] == rel && self.names.resolve(self.path, href).as_ref() == Some(&path)
            });
            if !there {
                let link = json!({ "rel": rel, "href": relative(self.path, &path) });
                let changed = with_item(&self.text, "/links", &link);
                self.take(changed, || format!("add a link {rel:?} to {path}"));
            }
        }
    }

    /// Whether some STAC document links to the item.
    fn linked(&self, item: &str) -> bool {
        self.facts.stac.iter().any(|(path, document)| {
            let links = document.value().and_then(|value| value["links"].as_array());
            links.into_iter().flatten().any(|link| {
                let href = link["href"].as_str().unwrap_or_default();
                link["rel"] == "item" && self.names.resolve(path, href).as_deref() == Some(item)
            })
        })
    }
}
