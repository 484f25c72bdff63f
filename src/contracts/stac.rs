//! The official STAC schemas, without the network.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::{Registry, Validator};
use serde_json::Value;

use super::schemas::options;
use super::stac_extensions::EXTENSIONS;
use super::violation::{Violation, collect};

/// The File Info extension, whose fields carry checksums and sizes.
pub const FILE_EXTENSION: &str = "https://stac-extensions.github.io/file/v2.1.0/schema.json";

macro_rules! vendored {
    ($($uri:literal => $file:literal),* $(,)?) => {
        const SCHEMAS: &[(&str, &str)] = &[$((
            $uri,
            include_str!(concat!("../../contracts/schemas/vendor/stac/", $file)),
        )),*];
    };
}
vendored! {
    "http://json-schema.org/draft-07/schema" => "json-schema/draft-07.json",
    "https://geojson.org/schema/Feature.json" => "geojson/Feature.json",
    "https://geojson.org/schema/Geometry.json" => "geojson/Geometry.json",
    "https://proj.org/schemas/v0.4/projjson.schema.json" => "projjson/v0.4.json",
    "https://proj.org/schemas/v0.7/projjson.schema.json" => "projjson/v0.7.json",
    "https://stac-extensions.github.io/storage/v2.0.0/platforms/aws-s3.json" => "storage-platforms/aws-s3.json",
    "https://stac-extensions.github.io/storage/v2.0.0/platforms/custom-s3.json" => "storage-platforms/custom-s3.json",
    "https://stac-extensions.github.io/storage/v2.0.0/platforms/ms-azure.json" => "storage-platforms/ms-azure.json",
    "https://schemas.stacspec.org/v1.0.0/catalog-spec/json-schema/catalog.json" => "v1.0.0/catalog.json",
    "https://schemas.stacspec.org/v1.0.0/collection-spec/json-schema/collection.json" => "v1.0.0/collection.json",
    "https://schemas.stacspec.org/v1.0.0/item-spec/json-schema/basics.json" => "v1.0.0/basics.json",
    "https://schemas.stacspec.org/v1.0.0/item-spec/json-schema/datetime.json" => "v1.0.0/datetime.json",
    "https://schemas.stacspec.org/v1.0.0/item-spec/json-schema/instrument.json" => "v1.0.0/instrument.json",
    "https://schemas.stacspec.org/v1.0.0/item-spec/json-schema/item.json" => "v1.0.0/item.json",
    "https://schemas.stacspec.org/v1.0.0/item-spec/json-schema/licensing.json" => "v1.0.0/licensing.json",
    "https://schemas.stacspec.org/v1.0.0/item-spec/json-schema/provider.json" => "v1.0.0/provider.json",
    "https://schemas.stacspec.org/v1.1.0/catalog-spec/json-schema/catalog.json" => "v1.1.0/catalog.json",
    "https://schemas.stacspec.org/v1.1.0/collection-spec/json-schema/collection.json" => "v1.1.0/collection.json",
    "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/bands.json" => "v1.1.0/bands.json",
    "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/basics.json" => "v1.1.0/basics.json",
    "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/common.json" => "v1.1.0/common.json",
    "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/data-values.json" => "v1.1.0/data-values.json",
    "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/datetime.json" => "v1.1.0/datetime.json",
    "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/instrument.json" => "v1.1.0/instrument.json",
    "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/item.json" => "v1.1.0/item.json",
    "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/licensing.json" => "v1.1.0/licensing.json",
    "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/provider.json" => "v1.1.0/provider.json",
}

type Compiled = BTreeMap<String, Result<Validator, String>>;

static REGISTRY: LazyLock<Result<Registry<'static>, String>> = LazyLock::new(registry);
static COMPILED: LazyLock<Result<Compiled, String>> = LazyLock::new(compile);

fn root(version: &str, kind: &str) -> String {
    format!("https://schemas.stacspec.org/v{version}/{kind}-spec/json-schema/{kind}.json")
}

fn registry() -> Result<Registry<'static>, String> {
    let mut parsed: Vec<(&str, Value)> = Vec::new();
    for (uri, text) in SCHEMAS.iter().chain(EXTENSIONS) {
        parsed.push((uri, serde_json::from_str(text).map_err(|e| format!("{uri}: {e}"))?));
    }
    Registry::new()
        .extend(parsed)
        .and_then(jsonschema::RegistryBuilder::prepare)
        .map_err(|e| e.to_string())
}

fn compile() -> Result<Compiled, String> {
    let mut roots: Vec<String> = EXTENSIONS.iter().map(|(uri, _)| (*uri).to_owned()).collect();
    for version in ["1.0.0", "1.1.0"] {
        roots.extend(["item", "collection", "catalog"].map(|kind| root(version, kind)));
    }
    let build = |uri: String| {
        let schema = serde_json::json!({ "$schema": "http://json-schema.org/draft-07/schema#", "$ref": uri });
        let built = build(&schema);
        (uri, built)
    };
    Ok(roots.into_iter().map(build).collect())
}

/// A validator that finds whatever is built in.
fn build(schema: &Value) -> Result<Validator, String> {
    let registry = REGISTRY.as_ref().map_err(Clone::clone)?;
    options().with_registry(registry).build(schema).map_err(|e| e.to_string())
}

/// Schemas of extensions that are not built in, as a policy pack brings them: the object
/// `data.stac.extensions`, by URL.
#[derive(Default)]
pub struct PackExtensions(Compiled);

impl PackExtensions {
    /// Further ones are not read, and so unknown.
    const MAX: usize = 100;

    /// Takes them out of the documents of a pack. What is built in stays as it is.
    pub fn of(data: &Value) -> Self {
        let schemas = data.pointer("/stac/extensions").and_then(Value::as_object);
        let new = schemas.into_iter().flatten().filter(|(url, _)| !is_known(url)).take(Self::MAX);
        Self(new.map(|(url, schema)| (canonical(url).to_owned(), build(schema))).collect())
    }
}

/// What a STAC item, collection or catalog violates of the official schema of its version and of
/// the built-in schemas of its extensions. Sorted and bounded; empty means valid.
pub fn stac_violations(value: &Value) -> Vec<Violation> {
    stac_violations_with(value, &PackExtensions::default())
}

/// The same, with what a policy pack knows of extensions.
pub fn stac_violations_with(value: &Value, pack: &PackExtensions) -> Vec<Violation> {
    let kind = match value.get("type").and_then(Value::as_str) {
        Some("Feature") => "item",
        Some("Collection") => "collection",
        Some("Catalog") => "catalog",
        _ => {
            return vec![Violation::new(
                "/type",
                "is none of \"Feature\", \"Collection\", \"Catalog\"",
            )];
        }
    };
    let version = match value.get("stac_version").and_then(Value::as_str) {
        Some(version @ ("1.0.0" | "1.1.0")) => version,
        _ => return vec![Violation::new("/stac_version", "is none of \"1.0.0\", \"1.1.0\"")],
    };
    let compiled = match &*COMPILED {
        Ok(compiled) => compiled,
        Err(error) => return vec![Violation::of_schema("STAC", error)],
    };
    let mut found = Vec::new();
    let extensions = names(value).map(|(_, uri)| canonical(uri).to_owned());
    for uri in std::iter::once(root(version, kind)).chain(extensions) {
        match compiled.get(&uri).or_else(|| pack.0.get(&uri)) {
            Some(Ok(validator)) => found.extend(collect(validator, value)),
            Some(Err(error)) => found.push(Violation::of_schema(&uri, error)),
            // Told by `unknown_extensions`.
            None => {}
        }
    }
    found.sort();
    found.dedup();
    found.truncate(Violation::MAX);
    found
}

/// The extensions that a document names and whose schema is neither built in nor in the pack:
/// pointer and URL.
pub fn unknown_extensions(value: &Value, pack: &PackExtensions) -> Vec<(String, String)> {
    names(value)
        .filter(|(_, uri)| !is_known(uri) && !pack.0.contains_key(canonical(uri)))
        .map(|(index, uri)| (format!("/stac_extensions/{index}"), uri.to_owned()))
        .collect()
}

fn names(value: &Value) -> impl Iterator<Item = (usize, &str)> {
    let list = value.get("stac_extensions").and_then(Value::as_array);
    list.into_iter().flatten().enumerate().filter_map(|(i, uri)| Some((i, uri.as_str()?)))
}

fn canonical(uri: &str) -> &str {
    uri.trim_end_matches('#')
}

fn is_known(uri: &str) -> bool {
    EXTENSIONS.iter().any(|(known, _)| *known == canonical(uri))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(version: &str) -> Value {
        json!({
            "type": "Feature", "stac_version": version, "id": "x",
            "geometry": {"type": "Point", "coordinates": [7.6, 47.5]}, "bbox": [7.6, 47.5, 7.6, 47.5],
            "properties": {"datetime": "2026-11-20T12:00:00Z"},
            "links": [], "assets": {"data": {"href": "../../processed/x.csv", "file:size": 3}},
            "stac_extensions": [FILE_EXTENSION]
        })
    }

    #[test]
    fn every_schema_compiles() {
        for (uri, compiled) in COMPILED.as_ref().unwrap() {
            assert!(compiled.is_ok(), "{uri}: {:?}", compiled.as_ref().err());
        }
    }

    #[test]
    fn items_of_both_versions() {
        for version in ["1.0.0", "1.1.0"] {
            assert_eq!(stac_violations(&item(version)), []);
            let mut broken = item(version);
            broken["assets"]["data"]["file:size"] = json!(-1);
            broken["properties"]["datetime"] = json!("2026-11-20");
            broken.as_object_mut().unwrap().remove("geometry");
            let pointers: Vec<_> =
                stac_violations(&broken).into_iter().map(|v| v.pointer).collect();
            for place in ["/assets/data/file:size", "/properties/datetime", "/geometry"] {
                assert!(pointers.iter().any(|p| p == place), "{version} {place}: {pointers:?}");
            }
        }
    }

    #[test]
    fn extensions_judge_their_fields_wherever_they_stand() {
        for (extension, field, good, bad) in [
            ("eo/v1.1.0", "eo:cloud_cover", json!(12.5), json!(101)),
            ("eo/v2.0.0", "eo:common_name", json!("red"), json!("crimson")),
            ("projection/v1.1.0", "proj:epsg", json!(null), json!("4326")),
            ("projection/v2.0.0", "proj:code", json!("EPSG:4326"), json!(4326)),
            ("projection/v2.0.0", "proj:projjson", json!(null), json!({"type": "Nowhere"})),
            ("view/v1.0.0", "view:sun_elevation", json!(-12), json!(91)),
            (
                "raster/v1.1.0",
                "raster:bands",
                json!([{"nodata": "nan"}]),
                json!([{"nodata": "none"}]),
            ),
            ("scientific/v1.0.0", "sci:doi", json!("10.5061/dryad.s2v81.2"), json!("doi")),
            ("sat/v1.0.0", "sat:orbit_state", json!("ascending"), json!("up")),
            ("timestamps/v1.1.0", "expires", json!("2026-11-20T12:00:00Z"), json!("soon")),
            ("table/v1.2.0", "table:columns", json!([{"name": "a"}]), json!([{}])),
            (
                "datacube/v2.2.0",
                "cube:dimensions",
                json!({"t": {"type": "temporal", "extent": [null, null]}}),
                json!({"t": {"type": "temporal"}}),
            ),
            ("processing/v1.2.0", "processing:software", json!({"a": "1"}), json!({"a": 1})),
            (
                "classification/v2.0.0",
                "classification:classes",
                json!([{"value": 1, "name": "water"}]),
                json!([{"name": "water"}]),
            ),
            ("grid/v1.1.0", "grid:code", json!("MGRS-35NKA"), json!("35NKA")),
            ("xarray-assets/v1.0.0", "xarray:open_kwargs", json!({"a": 1}), json!(3)),
        ] {
            let uri = format!("https://stac-extensions.github.io/{extension}/schema.json");
            let with = |place: &str, value: &Value| {
                let mut item = item("1.1.0");
                item["stac_extensions"] = json!([uri]);
                // Items must say something by these.
                let own = ["grid", "scientific", "sat", "view"];
                if own.iter().any(|own| extension.starts_with(own)) {
                    item["properties"][field] = good.clone();
                }
                item.pointer_mut(place).unwrap()[field] = value.clone();
                item
            };
            let places = match field {
                "grid:code" | "cube:dimensions" => &["/properties"][..],
                "raster:bands" | "xarray:open_kwargs" => &["/assets/data"],
                _ => &["/properties", "/assets/data"],
            };
            for place in places {
                assert_eq!(stac_violations(&with(place, &good)), [], "{extension} {place}");
                let found = stac_violations(&with(place, &bad));
                let start = format!("{place}/{field}");
                assert!(
                    found.iter().any(|v| v.pointer.starts_with(&start)),
                    "{extension} {place}: {found:?}"
                );
            }
            let mut misspelt = with(places[0], &good);
            misspelt.pointer_mut(places[0]).unwrap()[format!("{field}_")] = json!(1);
            let misspells = field.contains(':') && field != "table:columns";
            assert_eq!(stac_violations(&misspelt).is_empty(), !misspells, "{extension}");
        }
    }

    #[test]
    fn what_versions_ask_for() {
        for (extension, properties, valid) in [
            ("version/v1.0.0", json!({"deprecated": true}), false),
            ("version/v1.1.0", json!({"deprecated": true}), true),
            ("scientific/v1.0.0", json!({}), false),
            ("sar/v1.2.0", json!({"sar:frequency_band": "C", "sar:polarizations": ["RH"]}), true),
            ("sar/v1.2.0", json!({"sar:polarizations": ["RH"]}), false),
            ("sar/v1.1.0", json!({"sar:frequency_band": "C", "sar:polarizations": ["RH"]}), false),
            ("view/v1.1.0", json!({"view:moon_elevation": -1}), false),
            ("sat/v1.1.0", json!({"sat:orbit_state": null}), false),
        ] {
            let mut item = item("1.1.0");
            item["stac_extensions"] =
                json!([format!("https://stac-extensions.github.io/{extension}/schema.json")]);
            let all = item["properties"].as_object_mut().unwrap();
            all.extend(properties.as_object().unwrap().clone());
            let found = stac_violations(&item);
            assert_eq!(found.is_empty(), valid, "{extension} {properties}: {found:?}");
        }
    }

    #[test]
    fn published_schemas_rule_where_the_text_alone_was_read_too_strictly() {
        let with = |extension: &str, properties: Value| {
            let mut item = item("1.1.0");
            item["stac_extensions"] =
                json!([format!("https://stac-extensions.github.io/{extension}/schema.json")]);
            item["properties"]
                .as_object_mut()
                .unwrap()
                .extend(properties.as_object().unwrap().clone());
            item
        };
        for (extension, properties, valid) in [
            (
                "datacube/v2.2.0",
                json!({"cube:dimensions": {"time": {"type": "temporal", "values": ["2026-11-20T12:00:00Z"]}}}),
                true,
            ),
            (
                "pointcloud/v1.0.0",
                json!({"pc:count": 5, "pc:type": "lidar", "pc:encoding": "las", "pc:schemas": [{"name": "X", "size": 8, "type": "floating"}]}),
                true,
            ),
            (
                "pointcloud/v1.0.0",
                json!({"pc:count": -5, "pc:type": "lidar", "pc:encoding": "las", "pc:schemas": [{"name": "X", "size": 8, "type": "floating"}]}),
                false,
            ),
            ("render/v2.0.0", json!({"renders": {"rgb": {"assets": ["data"]}}}), true),
            ("render/v2.0.0", json!({"renders": {"rgb": {}}}), false),
            ("sentinel-2/v1.0.0", json!({"s2:water_percentage": 5}), true),
            ("sentinel-2/v1.0.0", json!({"s2:water_percentage": 101}), false),
        ] {
            let found = stac_violations(&with(extension, properties.clone()));
            assert_eq!(found.is_empty(), valid, "{extension} {properties}: {found:?}");
        }
        // As catalogs of Landsat have it: the citation stands with the summaries.
        let collection = json!({
            "type": "Collection", "stac_version": "1.0.0", "id": "landsat", "description": "d",
            "license": "PDDL-1.0", "links": [],
            "extent": {"spatial": {"bbox": [[0, 0, 1, 1]]}, "temporal": {"interval": [[null, null]]}},
            "summaries": {"sci:doi": ["10.5066/P9IAXOVV"]},
            "stac_extensions": ["https://stac-extensions.github.io/scientific/v1.0.0/schema.json"]
        });
        assert_eq!(stac_violations(&collection), []);
    }

    #[test]
    fn what_is_unknown_is_told_not_fetched() {
        let mut unknown = item("1.0.0");
        unknown["stac_extensions"] =
            json!([FILE_EXTENSION, "https://example.org/own/v1.0.0/schema.json"]);
        let none = PackExtensions::default();
        assert_eq!(unknown_extensions(&unknown, &none)[0].0, "/stac_extensions/1");
        assert_eq!(stac_violations(&unknown), []);
        assert_eq!(stac_violations(&json!({"type": "FeatureCollection"}))[0].pointer, "/type");
        assert_eq!(stac_violations(&item("0.9.0"))[0].pointer, "/stac_version");
    }

    #[test]
    fn a_pack_brings_schemas_of_extensions() {
        let own = "https://example.org/own/v1.0.0/schema.json";
        let item_schema = root("1.1.0", "item");
        let pack = PackExtensions::of(&json!({"stac": {"extensions": {
            own: {"allOf": [{"$ref": item_schema}, {"properties": {"properties": {
                "properties": {"own:depth": {"type": "number"}}, "required": ["own:depth"]}}}]},
            "https://example.org/bad/v1.0.0/schema.json": {"$ref": "https://example.org/elsewhere.json"},
            FILE_EXTENSION: true,
        }}}));
        let mut document = item("1.1.0");
        document["stac_extensions"] = json!([FILE_EXTENSION, own]);
        assert_eq!(unknown_extensions(&document, &pack), []);
        let found = stac_violations_with(&document, &pack);
        assert_eq!(found[0].pointer, "/properties/own:depth");
        document["properties"]["own:depth"] = json!(3);
        assert_eq!(stac_violations_with(&document, &pack), []);
        // What is built in is not replaced, and what does not compile passes nothing.
        document["assets"]["data"]["file:size"] = json!(-1);
        assert_eq!(stac_violations_with(&document, &pack).len(), 1);
        document["stac_extensions"] = json!(["https://example.org/bad/v1.0.0/schema.json"]);
        assert!(stac_violations_with(&document, &pack)[0].message.contains("does not compile"));
    }
}
