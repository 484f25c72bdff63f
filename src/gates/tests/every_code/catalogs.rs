//! Gate D.

use serde_json::json;

use crate::gates::codes::*;

use super::Row;

const DCAT: &str = "catalog/dcat.jsonld";
const PROV: &str = "catalog/prov/bundle.jsonld";
const COLLECTION: &str = "catalog/stac/collection.json";
const ITEM: &str = "catalog/stac/items/stations.json";

pub(super) const ROWS: &[Row] = &[
    (&JSON_LD_REMOTE_CONTEXT, "DCAT takes its context from the web", |case| {
        case.set(DCAT, "/@context", json!("https://www.w3.org/ns/dcat.jsonld"));
    }),
    (&DCAT_MISSING, "no DCAT, and nothing that links to it", |case| {
        case.ws.remove(DCAT);
        case.drop(COLLECTION, "/links/2");
        case.drop(PROV, "/@graph/2/rdfs:seeAlso");
    }),
    (&DCAT_INVALID, "DCAT breaks off", |case| case.ws.put(DCAT, "{\"@id\": ")),
    (&DCAT_DATASET_NOT_ONE, "a catalog in place of the dataset", |case| {
        case.set(DCAT, "/@type", json!("dcat:Catalog"));
    }),
    (&DCAT_PROPERTY_MISSING, "no description", |case| case.drop(DCAT, "/dct:description")),
    (&DCAT_PROPERTY_INVALID, "the identifier of another version", |case| {
        case.set(DCAT, "/dct:identifier", json!("2025-11.00000000"));
    }),
    (&DCAT_SHAPE_VIOLATED, "a publisher that is a mere word", |case| {
        case.set(DCAT, "/dct:publisher", json!("the port"));
    }),
    (&DCAT_LINK_BROKEN, "a distribution more, of raw data", |case| {
        let mut more = case.ws.json(DCAT)["dcat:distribution"][0].clone();
        more["@id"] = json!("#raw");
        more["dcat:downloadURL"] = json!({"@id": "../raw/source.csv"});
        case.push(DCAT, "/dcat:distribution", more);
    }),
    (&DCAT_DIGEST_MISMATCH, "the checksum of other bytes", |case| {
        let pointer = "/dcat:distribution/0/spdx:checksum/spdx:checksumValue";
        case.set(DCAT, pointer, json!("ab".repeat(32)));
    }),
    (&DCAT_SIZE_MISMATCH, "another size", |case| {
        case.set(DCAT, "/dcat:distribution/0/dcat:byteSize", json!(1));
    }),
    (&DCAT_MEDIA_TYPE_MISMATCH, "a table said to be a PDF", |case| {
        let pdf = "https://www.iana.org/assignments/media-types/application/pdf";
        case.set(DCAT, "/dcat:distribution/0/dcat:mediaType", json!({"@id": pdf}));
    }),
    (&DCAT_DISTRIBUTION_MISSING, "a table without a distribution", |case| {
        case.drop(DCAT, "/dcat:distribution/0");
    }),
    (&MEDIA_TYPE_CONTRADICTED, "the page of an error in place of a picture", |case| {
        case.ws.put("catalog/preview.png", "<!DOCTYPE html>\n<title>404</title>\n");
    }),
    (&STAC_MISSING, "spatial, and no STAC", |case| {
        case.ws.remove(COLLECTION);
        case.ws.remove(ITEM);
        case.drop(DCAT, "/dct:relation/0");
    }),
    (&STAC_INVALID, "a collection without extent", |case| case.drop(COLLECTION, "/extent")),
    (&STAC_EXTENSION_UNKNOWN, "an extension of one's own", |case| {
        case.push(ITEM, "/stac_extensions", json!("https://example.org/own/v1.0.0/schema.json"));
    }),
    (&STAC_LINK_BROKEN, "an asset that is not published", |case| {
        case.set(ITEM, "/assets/table/href", json!("../../../raw/source.csv"));
    }),
    (&STAC_CHECKSUM_MISSING, "no checksum", |case| case.drop(ITEM, "/assets/table/file:checksum")),
    (&STAC_CHECKSUM_MISMATCH, "the checksum of other bytes", |case| {
        case.set(ITEM, "/assets/table/file:checksum", json!(format!("1220{}", "ab".repeat(32))));
    }),
    (&STAC_CHECKSUM_UNSUPPORTED, "a checksum by SHA-1", |case| {
        case.set(ITEM, "/assets/table/file:checksum", json!(format!("1114{}", "ab".repeat(20))));
    }),
    (&STAC_LINK_WRONG, "root leads to the DCAT record", |case| {
        case.push(ITEM, "/links", json!({"rel": "root", "href": "../../dcat.jsonld"}));
    }),
    (&STAC_BBOX_MISMATCH, "a geometry outside of its box", |case| {
        case.set(ITEM, "/geometry/coordinates", json!([8.5, 47.55]));
    }),
    (&STAC_TIME_ORDER, "an end before the start", |case| {
        case.edit(ITEM, |item| {
            item["properties"]["start_datetime"] = json!("2026-11-20T12:00:00Z");
            item["properties"]["end_datetime"] = json!("2026-11-19T12:00:00Z");
        });
    }),
    (&STAC_SIZE_MISMATCH, "another size", |case| {
        case.set(ITEM, "/assets/table/file:size", json!(1))
    }),
    (&STAC_MEDIA_TYPE_MISMATCH, "a table said to be a picture", |case| {
        case.set(ITEM, "/assets/table/type", json!("image/png"));
    }),
    (&STAC_COLLECTION_MISMATCH, "an item of another collection", |case| {
        case.set(ITEM, "/collection", json!("harbour-depths"));
    }),
    (&STAC_ITEM_UNLINKED, "the collection does not list its item", |case| {
        case.drop(COLLECTION, "/links/1");
    }),
    (&PROV_MISSING, "no PROV, and nothing that links to it", |case| {
        case.ws.remove(PROV);
        case.drop(COLLECTION, "/links/3");
    }),
    (&PROV_INVALID, "PROV breaks off", |case| case.ws.put(PROV, "[1,")),
    (&PROV_UNDEFINED, "an agent that is a mere place", |case| {
        case.set(PROV, "/@graph/0/@type", json!("prov:Location"));
    }),
    (&PROV_LINK_BROKEN, "an entity that is no object", |case| {
        let entity = json!({"@id": "../../raw/none.csv", "@type": "prov:Entity"});
        case.push(PROV, "/@graph", entity);
    }),
    (&PROV_CYCLE, "the table is made of the map that is made of the table", |case| {
        let used = json!({"@id": "../../processed/stations.geojson"});
        case.set(PROV, "/@graph/2/prov:used", used);
    }),
    (&PROV_TYPE_CONFLICT, "the map is an activity as well", |case| {
        case.set(PROV, "/@graph/5/@type", json!(["prov:Entity", "prov:Activity"]));
    }),
    (&PROV_GENERATED_TWICE, "the map has two makers", |case| {
        let makers = json!([{"@id": "#map"}, {"@id": "#clean"}]);
        case.set(PROV, "/@graph/5/prov:wasGeneratedBy", makers);
    }),
    (&PROV_CONSTRAINT_BROKEN, "a usage of two entities", |case| {
        let entities =
            json!([{"@id": "../../raw/source.csv"}, {"@id": "../../processed/stations.csv"}]);
        let usage = json!({"prov:entity": entities});
        case.edit(PROV, |prov| prov["@graph"][4]["prov:qualifiedUsage"] = usage);
    }),
    (&PROV_TIME_INVALID, "a time in words", |case| {
        case.set(PROV, "/@graph/2/prov:endedAtTime", json!("at noon"));
    }),
    (&PROV_TIME_ORDER, "an end before the start", |case| {
        case.set(PROV, "/@graph/2/prov:endedAtTime", json!("2026-11-20T11:00:00Z"));
    }),
    (&PROV_ARTIFACT_MISSING, "nobody made the map", |case| {
        case.drop(PROV, "/@graph/5/prov:wasGeneratedBy");
    }),
    (&CROSS_LINK_MISSING, "PROV does not name the DCAT record", |case| {
        case.drop(PROV, "/@graph/2/rdfs:seeAlso");
    }),
    (&CROSS_LINK_BROKEN, "DCAT names an activity that is not there", |case| {
        let nobody = json!({"@id": "prov/bundle.jsonld#nobody"});
        case.set(DCAT, "/prov:wasGeneratedBy", nobody);
    }),
];
