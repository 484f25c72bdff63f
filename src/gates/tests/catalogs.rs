//! Gate D.

use serde_json::{Value, json};

use crate::dataset::testing::Workspace;

use super::expect;

const DCAT: &str = "catalog/dcat.jsonld";
const PROV: &str = "catalog/prov/bundle.jsonld";
const COLLECTION: &str = "catalog/stac/collection.json";
const ITEM: &str = "catalog/stac/items/stations.json";

fn edit(path: &'static str, change: impl FnOnce(&mut Value)) -> impl FnOnce(&mut Workspace) {
    move |ws| ws.edit(path, change)
}

fn remove(value: &mut Value, name: &str) {
    value.as_object_mut().unwrap().remove(name).unwrap();
}

#[test]
fn unreadable_catalogs_give_one_reason_each() {
    expect(|ws| ws.put(DCAT, "{"), &["D DcatInvalid catalog/dcat.jsonld#"]);
    expect(edit(DCAT, |d| d["@context"] = json!(7)), &["D DcatInvalid catalog/dcat.jsonld#"]);
    expect(
        edit(DCAT, |d| d["@context"] = json!(["https://example.org/dcat.jsonld"])),
        &["D JsonLdRemoteContext catalog/dcat.jsonld#/@context/0"],
    );
    expect(|ws| ws.put(PROV, "[1,"), &["D ProvInvalid catalog/prov/bundle.jsonld#"]);
    expect(
        edit(PROV, |p| p["@graph"] = json!([])),
        &[
            "D CrossLinkBroken catalog/dcat.jsonld#/prov:wasGeneratedBy",
            "D CrossLinkMissing catalog/prov/bundle.jsonld#",
            "D ProvInvalid catalog/prov/bundle.jsonld#",
        ],
    );
    expect(
        |ws| ws.remove(PROV),
        &[
            "D ProvMissing catalog/prov/bundle.jsonld",
            "D StacLinkBroken catalog/stac/collection.json#/links/3/href",
        ],
    );
    expect(
        |ws| {
            ws.remove(DCAT);
            ws.edit(COLLECTION, |c| drop(c["links"].as_array_mut().unwrap().remove(2)));
            ws.edit(PROV, |p| remove(&mut p["@graph"][2], "rdfs:seeAlso"));
        },
        &["D DcatMissing catalog/dcat.jsonld"],
    );
}

#[test]
fn dcat() {
    expect(
        edit(DCAT, |d| d["@type"] = json!("dcat:Catalog")),
        &["D DcatDatasetNotOne catalog/dcat.jsonld#"],
    );
    for name in ["dct:title", "dct:description", "dct:identifier", "dct:publisher", "dct:license"] {
        expect(edit(DCAT, |d| remove(d, name)), &["D DcatPropertyMissing catalog/dcat.jsonld#"]);
    }
    expect(
        edit(DCAT, |d| d["dct:identifier"] = json!("2025")),
        &["D DcatPropertyInvalid catalog/dcat.jsonld#"],
    );
    let distribution =
        |change: fn(&mut Value)| edit(DCAT, move |d| change(&mut d["dcat:distribution"][0]));
    let place = "catalog/dcat.jsonld#/dcat:distribution/0";
    for (change, code) in [
        (
            (|d| d["dcat:downloadURL"] = json!({"@id": "../raw/none.csv"})) as fn(&mut Value),
            "DcatLinkBroken",
        ),
        (|d| d["dcat:downloadURL"] = json!({"@id": "../raw/source.csv"}), "DcatLinkBroken"),
        (|d| d["dcat:downloadURL"] = json!({"@id": "https://example.org/x"}), "DcatLinkBroken"),
        (|d| remove(d, "dcat:downloadURL"), "DcatPropertyMissing"),
    ] {
        expect(
            distribution(change),
            &["D DcatDistributionMissing catalog/dcat.jsonld#", &format!("D {code} {place}")],
        );
    }
    for (change, code) in [
        (
            (|d| d["spdx:checksum"]["spdx:checksumValue"] = json!("00".repeat(32)))
                as fn(&mut Value),
            "DcatDigestMismatch",
        ),
        (
            |d| d["spdx:checksum"]["spdx:algorithm"] = json!({"@id": "spdx:checksumAlgorithm_md5"}),
            "DcatPropertyMissing",
        ),
        (|d| d["dcat:byteSize"] = json!(1), "DcatSizeMismatch"),
        (|d| remove(d, "dcat:byteSize"), "DcatPropertyMissing"),
        (|d| d["dcat:mediaType"] = json!("application/pdf"), "DcatMediaTypeMismatch"),
        (|d| remove(d, "dcat:mediaType"), "DcatPropertyMissing"),
    ] {
        expect(distribution(change), &[&format!("D {code} {place}")]);
    }
    expect(
        edit(DCAT, |d| drop(d["dcat:distribution"].as_array_mut().unwrap().remove(0))),
        &["D DcatDistributionMissing catalog/dcat.jsonld#"],
    );
    // Distributions without a name of their own are found by what they download.
    expect(
        distribution(|d| {
            remove(d, "@id");
            d["dcat:byteSize"] = json!(1);
        }),
        &[&format!("D DcatSizeMismatch {place}/dcat:downloadURL")],
    );
}

#[test]
fn stac() {
    expect(
        |ws| {
            ws.remove(COLLECTION);
            ws.remove(ITEM);
            ws.edit(DCAT, |d| drop(d["dct:relation"].as_array_mut().unwrap().remove(0)));
        },
        &["D StacMissing catalog/stac/collection.json"],
    );
    expect(
        |ws| {
            ws.remove(COLLECTION);
            ws.remove(ITEM);
            ws.edit("dataset.json", |d| d["spatial"] = json!(false));
        },
        &[],
    );
    expect(
        edit(COLLECTION, |c| remove(c, "extent")),
        &["D StacInvalid catalog/stac/collection.json#/extent"],
    );
    expect(
        |ws| ws.put("catalog/stac/other.json", "{"),
        &["D StacInvalid catalog/stac/other.json#"],
    );
    expect(
        edit(ITEM, |i| {
            i["stac_extensions"]
                .as_array_mut()
                .unwrap()
                .push(json!("https://stac-extensions.github.io/eo/v1.1.0/schema.json"));
        }),
        &["D StacExtensionUnknown catalog/stac/items/stations.json#/stac_extensions/1"],
    );
    for (href, link) in [("../none.json", "links/0"), ("https://example.org/c", "links/0")] {
        expect(
            edit(ITEM, |i| i["links"][0]["href"] = json!(href)),
            &[&format!("D StacLinkBroken catalog/stac/items/stations.json#/{link}/href")],
        );
    }
    let asset = |change: fn(&mut Value), code: &str, member: &str| {
        expect(
            edit(ITEM, move |i| change(&mut i["assets"]["table"])),
            &[&format!("D {code} {ITEM}#/assets/table/{member}")],
        );
    };
    asset(|a| a["href"] = json!("../../../raw/source.csv"), "StacLinkBroken", "href");
    asset(|a| remove(a, "file:checksum"), "StacChecksumMissing", "file:checksum");
    asset(|a| a["file:checksum"] = json!("1114a94a"), "StacChecksumMissing", "file:checksum");
    asset(
        |a| a["file:checksum"] = json!(format!("1220{}", "0".repeat(64))),
        "StacChecksumMismatch",
        "file:checksum",
    );
    asset(|a| a["file:size"] = json!(1), "StacSizeMismatch", "file:size");
    asset(|a| remove(a, "file:size"), "StacChecksumMissing", "file:size");
    asset(|a| a["type"] = json!("image/png"), "StacMediaTypeMismatch", "type");
    expect(
        edit(ITEM, |i| i["collection"] = json!("other")),
        &["D StacCollectionMismatch catalog/stac/items/stations.json#/collection"],
    );
    expect(
        edit(COLLECTION, |c| drop(c["links"].as_array_mut().unwrap().remove(1))),
        &["D StacItemUnlinked catalog/stac/items/stations.json"],
    );
}

#[test]
fn prov() {
    let node =
        |index: usize, change: fn(&mut Value)| edit(PROV, move |p| change(&mut p["@graph"][index]));
    expect(
        node(0, |n| n["@type"] = json!("prov:Location")),
        &["D ProvUndefined catalog/prov/bundle.jsonld#/@graph/0"],
    );
    expect(
        node(4, |n| {
            n["prov:used"] = json!([{"@id": "urn:x"}, {"@id": "../../processed/stations.csv"}])
        }),
        &["D ProvUndefined catalog/prov/bundle.jsonld#/@graph/4/prov:used/0"],
    );
    expect(
        edit(PROV, |p| {
            let graph = p["@graph"].as_array_mut().unwrap();
            graph.push(json!({"@id": "../../raw/none.csv", "@type": "prov:Entity"}));
        }),
        &["D ProvLinkBroken catalog/prov/bundle.jsonld#/@graph/6"],
    );
    expect(
        node(2, |n| n["prov:used"] = json!({"@id": "../../processed/stations.geojson"})),
        &["D ProvCycle catalog/prov/bundle.jsonld#/@graph/2"],
    );
    expect(
        node(2, |n| n["prov:endedAtTime"] = json!("2026-11-20T11:00:00Z")),
        &["D ProvTimeOrder catalog/prov/bundle.jsonld#/@graph/2"],
    );
    expect(
        node(2, |n| n["prov:endedAtTime"] = json!("at noon")),
        &["D ProvTimeInvalid catalog/prov/bundle.jsonld#/@graph/2"],
    );
    expect(
        node(5, |n| remove(n, "prov:wasGeneratedBy")),
        &["D ProvArtifactMissing catalog/prov/bundle.jsonld#/@graph/5"],
    );
    // The inverse and the qualified form say the same.
    expect(
        edit(PROV, |p| {
            remove(&mut p["@graph"][5], "prov:wasGeneratedBy");
            p["@graph"][4]["prov:generated"] = json!({"@id": "../../processed/stations.geojson"});
            remove(&mut p["@graph"][2], "prov:used");
            p["@graph"][2]["prov:qualifiedUsage"] =
                json!({"@type": "prov:Usage", "prov:entity": {"@id": "../../raw/source.csv"}});
        }),
        &[],
    );
}

#[test]
fn cross_links() {
    for index in [0, 1] {
        expect(
            edit(DCAT, move |d| drop(d["dct:relation"].as_array_mut().unwrap().remove(index))),
            &["D CrossLinkMissing catalog/dcat.jsonld#"],
        );
    }
    expect(
        edit(DCAT, |d| remove(d, "prov:wasGeneratedBy")),
        &["D CrossLinkMissing catalog/dcat.jsonld#"],
    );
    expect(
        edit(DCAT, |d| d["prov:wasGeneratedBy"] = json!({"@id": "prov/bundle.jsonld#nobody"})),
        &["D CrossLinkBroken catalog/dcat.jsonld#/prov:wasGeneratedBy"],
    );
    for index in [2, 3] {
        expect(
            edit(COLLECTION, move |c| drop(c["links"].as_array_mut().unwrap().remove(index))),
            &["D CrossLinkMissing catalog/stac/collection.json#/links"],
        );
    }
    expect(
        edit(PROV, |p| remove(&mut p["@graph"][2], "rdfs:seeAlso")),
        &["D CrossLinkMissing catalog/prov/bundle.jsonld#"],
    );
}
