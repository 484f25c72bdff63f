//! The STAC documents against the official schemas and against the objects.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::contracts::{PackExtensions, stac_violations_with, unknown_extensions};
use crate::dataset::layout::STAC_COLLECTION;
use crate::dataset::{DocumentState, has_scheme, is_published};
use crate::domain::Reason;

use super::d_dcat::same_media_type;
use super::known::Known;
use super::multihash::{self, Multihash};
use super::{codes, d_media, d_stac_space};

/// Judges the STAC documents. `data` are the pack's documents, which may bring schemas of extensions.
pub(super) fn check(known: &Known<'_>, data: &Value, reasons: &mut Vec<Reason>) {
    let pack = PackExtensions::of(data);
    let facts = known.facts;
    let spatial = facts.dataset.value().is_some_and(|d| d["spatial"] == Value::Bool(true));
    let needs_collection = spatial || !facts.stac.is_empty();
    if needs_collection && !facts.stac.contains_key(STAC_COLLECTION) {
        let message = if spatial {
            format!("The dataset is spatial, but {STAC_COLLECTION} is missing.")
        } else {
            format!("There are STAC documents, but {STAC_COLLECTION} is missing.")
        };
        reasons.push(codes::STAC_MISSING.because(message).in_file(STAC_COLLECTION));
    }
    let mut valid = Vec::new();
    for (path, document) in &facts.stac {
        let value = match &document.state {
            DocumentState::Missing => continue,
            DocumentState::Invalid(message) => {
                let message = format!("{path} is {message}.");
                reasons.push(codes::STAC_INVALID.because(message).at(path, ""));
                continue;
            }
            DocumentState::Value(value) => value,
        };
        for (pointer, url) in unknown_extensions(value, &pack) {
            let message = format!(
                "The schema of the extension {url} is neither built in nor in the pack, and not fetched."
            );
            reasons.push(codes::STAC_EXTENSION_UNKNOWN.because(message).at(path, pointer));
        }
        let violations = stac_violations_with(value, &pack);
        if violations.is_empty() {
            valid.push((path.as_str(), value));
        }
        for violation in violations {
            let place = if violation.pointer.is_empty() { "It" } else { &violation.pointer };
            let message = format!("{place} {}.", violation.message);
            reasons.push(codes::STAC_INVALID.because(message).at(path, violation.pointer));
        }
    }
    let collection = facts.stac.get(STAC_COLLECTION).and_then(|d| d.value());
    if let Some(collection) = collection.filter(|c| c["type"] != "Collection") {
        let message = format!("{STAC_COLLECTION} is a {}, not a Collection.", collection["type"]);
        reasons.push(codes::STAC_INVALID.because(message).at(STAC_COLLECTION, "/type"));
    }
    let mut linked = BTreeSet::new();
    for (path, value) in &valid {
        links(known, path, value, &mut linked, reasons);
        assets(known, path, value, reasons);
    }
    for (path, value) in valid.iter().filter(|(_, value)| value["type"] == "Feature") {
        d_stac_space::item(path, value, collection, reasons);
        let id = collection.and_then(|c| c.get("id"));
        if id.is_some() && value.get("collection") != id {
            let message = format!(
                "The item's collection is {}, but the collection's id is {}.",
                value.get("collection").unwrap_or(&Value::Null),
                id.unwrap_or(&Value::Null)
            );
            reasons.push(codes::STAC_COLLECTION_MISMATCH.because(message).at(*path, "/collection"));
        }
        if valid.iter().any(|(p, _)| *p == STAC_COLLECTION) && !linked.contains(*path) {
            let message = format!("No STAC document has a link with rel item to {path}.");
            reasons.push(codes::STAC_ITEM_UNLINKED.because(message).in_file(*path));
        }
    }
}

/// Relations that lead to another document of the workspace.
const INNER: &[&str] = &[
    "self",
    "root",
    "parent",
    "child",
    "item",
    "collection",
    "items",
    "describedby",
    "http://www.w3.org/ns/prov#has_provenance",
];

fn links(
    known: &Known<'_>,
    path: &str,
    value: &Value,
    linked: &mut BTreeSet<String>,
    reasons: &mut Vec<Reason>,
) {
    let links = value.get("links").and_then(Value::as_array);
    for (index, link) in links.into_iter().flatten().enumerate() {
        let rel = link.get("rel").and_then(Value::as_str).unwrap_or_default();
        let href = link.get("href").and_then(Value::as_str).unwrap_or_default();
        // The workspace ends somewhere: a link to a licence's page is not followed.
        if has_scheme(href) && !href.starts_with("kfm:") && !INNER.contains(&rel) {
            continue;
        }
        match published(known, path, href) {
            Ok(target) => {
                if let Some(message) = d_stac_space::wrong(known, path, rel, &target) {
                    let pointer = format!("/links/{index}/href");
                    reasons.push(codes::STAC_LINK_WRONG.because(message).at(path, pointer));
                }
                if rel == "item" {
                    linked.insert(target);
                }
            }
            Err(why) => {
                let message = format!("The link {rel:?} to {href:?} {why}.");
                let pointer = format!("/links/{index}/href");
                reasons.push(codes::STAC_LINK_BROKEN.because(message).at(path, pointer));
            }
        }
    }
}

fn published(known: &Known<'_>, from: &str, href: &str) -> Result<String, &'static str> {
    if has_scheme(href) && !href.starts_with(known.names.base()) {
        return Err("leads out of the workspace");
    }
    let path = known.names.resolve(from, href).ok_or("leads out of the workspace")?;
    if !known.facts.objects.contains_key(&path) {
        return Err("leads to nothing in the workspace");
    }
    if is_published(&path) { Ok(path) } else { Err("leads to an object that is not published") }
}

fn assets(known: &Known<'_>, path: &str, value: &Value, reasons: &mut Vec<Reason>) {
    let assets = value.get("assets").and_then(Value::as_object);
    for (name, asset) in assets.into_iter().flatten() {
        let place = format!("/assets/{}", crate::domain::pointer::escaped(name));
        let href = asset.get("href").and_then(Value::as_str).unwrap_or_default();
        let target = match published(known, path, href) {
            Ok(target) => target,
            Err(why) => {
                let message = format!("The asset {name:?} at {href:?} {why}.");
                let reason = codes::STAC_LINK_BROKEN.because(message);
                reasons.push(reason.at(path, format!("{place}/href")));
                continue;
            }
        };
        let Some(object) = known.facts.objects.get(&target) else { continue };
        let mut say = |code: &codes::Code, member: &str, message: String| {
            reasons.push(code.because(message).at(path, format!("{place}/{member}")));
        };
        let digest = object.digest.hex();
        match asset.get("file:checksum").and_then(Value::as_str).map(multihash::read) {
            Some(Multihash::Sha256(found)) if found == digest => {}
            Some(Multihash::Sha256(found)) => say(
                &codes::STAC_CHECKSUM_MISMATCH,
                "file:checksum",
                format!(
                    "file:checksum of {target} is the SHA-256 {found}, but it should be {digest}."
                ),
            ),
            Some(Multihash::Other(function)) => say(
                &codes::STAC_CHECKSUM_UNSUPPORTED,
                "file:checksum",
                format!("file:checksum of {target} is by {function}, not by SHA-256."),
            ),
            Some(Multihash::Malformed(why)) => say(
                &codes::STAC_CHECKSUM_MISSING,
                "file:checksum",
                format!("file:checksum of the asset {name:?} is no multihash: {why}."),
            ),
            None => say(
                &codes::STAC_CHECKSUM_MISSING,
                "file:checksum",
                format!("The asset {name:?} has no SHA-256 multihash (1220 and 64 hex digits)."),
            ),
        }
        match asset.get("file:size").and_then(Value::as_u64) {
            Some(size) if size == object.size => {}
            Some(size) => say(
                &codes::STAC_SIZE_MISMATCH,
                "file:size",
                format!("file:size of {target} is {size}, but it has {} bytes.", object.size),
            ),
            None => say(
                &codes::STAC_CHECKSUM_MISSING,
                "file:size",
                format!("The asset {name:?} has no file:size."),
            ),
        }
        let media = asset.get("type").and_then(Value::as_str);
        if let Some(media) = media.filter(|media| !same_media_type(media, &object.media_type)) {
            say(
                &codes::STAC_MEDIA_TYPE_MISMATCH,
                "type",
                format!("The type of {target} is {media:?}, but it is {}.", object.media_type),
            );
        }
        if let Some(message) = media.and_then(|m| d_media::declared("The type", m, &target, object))
        {
            say(&codes::MEDIA_TYPE_CONTRADICTED, "type", message);
        }
    }
}
