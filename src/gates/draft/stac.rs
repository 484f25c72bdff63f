//! A STAC collection with one item, whose assets are the processed files.

use serde_json::{Map, Value, json};

use crate::dataset::Extent;
use crate::dataset::layout::{DCAT, PROCESSED, PROV, STAC_COLLECTION};

use super::dcat::encoded;
use super::{Source, link};
use crate::gates::b_licence::{address, is_one};

const FILE: &str = "https://stac-extensions.github.io/file/v2.1.0/schema.json";
const HAS_PROVENANCE: &str = "http://www.w3.org/ns/prov#has_provenance";

/// Collection and item. Items that somebody else wrote keep their assets to themselves.
pub(super) fn documents(source: &Source<'_>, left: &mut Vec<String>) -> Vec<(String, Value)> {
    let slug = &source.facts.requested.dataset_slug;
    let own = format!("catalog/stac/items/{slug}.json");
    let others = source.facts.stac.iter().any(|(path, document)| {
        *path != own && document.value().is_some_and(|value| value["type"] == "Feature")
    });
    let there = source.facts.objects.contains_key(STAC_COLLECTION);
    let Some(extent) = source.known.extent else {
        if !there {
            left.push(format!(
                "{STAC_COLLECTION}: no GeoJSON or Parquet of {PROCESSED} says where it lies: give --bbox"
            ));
        }
        // Where it lies is not to be known, and perhaps said already.
        return match there {
            true => vec![(STAC_COLLECTION.to_owned(), collection(source, None, None))],
            false => Vec::new(),
        };
    };
    let item_path = (!others).then_some(own.as_str());
    let mut documents =
        vec![(STAC_COLLECTION.to_owned(), collection(source, Some(extent), item_path))];
    if !others {
        let item = item(source, extent, &own);
        documents.push((own, item));
    }
    documents
}

fn collection(source: &Source<'_>, extent: Option<Extent>, item: Option<&str>) -> Value {
    let mut links = vec![link("root", STAC_COLLECTION, STAC_COLLECTION, "application/json")];
    if let Some(item) = item {
        links.push(link("item", STAC_COLLECTION, item, "application/geo+json"));
    }
    links.push(link("describedby", STAC_COLLECTION, DCAT, "application/ld+json"));
    links.push(link(HAS_PROVENANCE, STAC_COLLECTION, PROV, "application/ld+json"));
    let mut collection = json!({
        "type": "Collection", "stac_version": "1.1.0", "stac_extensions": [],
        "id": source.facts.requested.dataset_slug,
    });
    for (name, pointer) in [("title", "/title"), ("description", "/description")] {
        if let Some(text) = source.said(pointer) {
            collection[name] = text.into();
        }
    }
    if let Some(license) = source.said("/rights/license") {
        collection["license"] = if is_one(license) { license } else { "other" }.into();
        if let Some(address) = address(license) {
            links.push(json!({ "rel": "license", "href": address }));
        }
    }
    if let Some(holder) = source.said("/rights/rights_holder") {
        collection["providers"] = json!([{ "name": holder, "roles": ["licensor"] }]);
    }
    if let Some(extent) = extent {
        let interval = match &source.known.interval {
            Some((start, end)) => json!([start, end]),
            None => json!([null, null]),
        };
        collection["extent"] = json!({
            "spatial": { "bbox": [extent.bbox()] }, "temporal": { "interval": [interval] },
        });
    }
    collection["links"] = links.into();
    collection
}

fn item(source: &Source<'_>, extent: Extent, own: &str) -> Value {
    let mut properties = Map::from_iter([("datetime".to_owned(), Value::Null)]);
    if let Some((start, end)) = &source.known.interval {
        properties.insert("start_datetime".into(), start.as_str().into());
        properties.insert("end_datetime".into(), end.as_str().into());
    }
    if let Some(title) = source.said("/title") {
        properties.insert("title".into(), title.into());
    }
    let back = |rel: &str| link(rel, own, STAC_COLLECTION, "application/json");
    json!({
        "type": "Feature", "stac_version": "1.1.0", "stac_extensions": [FILE],
        "id": source.facts.requested.dataset_slug,
        "collection": source.facts.requested.dataset_slug,
        "bbox": extent.bbox(), "geometry": extent.geometry(),
        "properties": properties,
        "links": [back("root"), back("parent"), back("collection")],
        "assets": source.processed().map(|path| asset(source, own, path)).collect::<Map<_, _>>(),
    })
}

fn asset(source: &Source<'_>, own: &str, path: &str) -> (String, Value) {
    let object = source.facts.objects.get(path);
    let key = path.strip_prefix(PROCESSED).unwrap_or(path).replace('/', "-");
    let href = encoded(&crate::gates::mend_names::relative(own, path));
    let asset = json!({
        "href": href, "roles": ["data"],
        "title": path.rsplit('/').next(),
        "type": object.map(|object| object.media_type.as_str()),
        "file:checksum": object.map(|object| format!("1220{}", object.digest.hex())),
        "file:size": object.map(|object| object.size),
    });
    (key, asset)
}
