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
        (
            |d| {
                d["dcat:mediaType"] =
                    json!({"@id": "https://www.iana.org/assignments/media-types/application/pdf"});
            },
            "DcatMediaTypeMismatch",
        ),
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
fn bytes_that_are_something_else() {
    let png = "\u{89}PNG";
    // The extension speaks, once, whatever the catalogs repeat.
    expect(
        |ws| ws.rewrite("processed/stations.geojson", "id,depth\n1,2\n2,4\n3,8\n"),
        &["D MediaTypeContradicted processed/stations.geojson"],
    );
    expect(|ws| ws.rewrite("processed/stations.csv", png), &[]);
    expect(
        |ws| ws.rewrite("processed/stations.csv", "%PDF-1.7\n%"),
        &["D MediaTypeContradicted processed/stations.csv"],
    );
    // Raw data stays behind, documents are parsed.
    expect(|ws| ws.put("raw/picture.png", "no picture"), &[]);
    expect(|ws| ws.put("catalog/README", "%PDF-1.7\n%"), &[]);
    // Without an extension the catalogs speak.
    let rename = |ws: &mut Workspace, text: &str| {
        ws.rewrite("processed/stations.csv", text);
        ws.rename("processed/stations.csv", "processed/stations");
    };
    expect(|ws| rename(ws, "id,depth\n1,2\n2,4\n"), &[]);
    expect(
        |ws| rename(ws, "%PDF-1.7\n%"),
        &[
            "D MediaTypeContradicted catalog/dcat.jsonld#/dcat:distribution/0",
            &format!("D MediaTypeContradicted {ITEM}#/assets/table/type"),
        ],
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
                .push(json!("https://example.org/own/v1.1.0/schema.json"));
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

#[test]
fn shapes_of_the_record() {
    let dataset = "catalog/dcat.jsonld#";
    let place = "catalog/dcat.jsonld#/dcat:distribution/0";
    for (change, at) in [
        ((|d| d["dct:title"] = json!(" ")) as fn(&mut Value), dataset),
        (
            |d| {
                d["dct:title"] =
                    json!([{"@value": "a", "@language": "en"}, {"@value": "b", "@language": "EN"}])
            },
            dataset,
        ),
        (|d| d["dct:title"] = json!(7), dataset),
        (|d| d["dct:publisher"] = json!([{"@id": "urn:a"}, {"@id": "urn:b"}]), dataset),
        (|d| d["dct:publisher"] = json!({"@type": "foaf:Agent"}), dataset),
        (|d| d["dct:publisher"] = json!("the port"), dataset),
        (|d| d["dct:issued"] = json!("yesterday"), dataset),
        (
            |d| {
                d["dct:issued"] = json!({"@value": "2026-13-01", "@type": "http://www.w3.org/2001/XMLSchema#date"})
            },
            dataset,
        ),
        (|d| d["dcat:theme"] = json!("sea"), dataset),
        (
            |d| {
                d["dcat:distribution"][0]["dct:license"] =
                    json!(["CC-BY-4.0", {"@id": "http://spdx.org/licenses/CC-BY-4.0"}])
            },
            place,
        ),
        (|d| d["dcat:distribution"][0]["dcat:accessURL"] = json!("here"), place),
        (|d| drop(d["dcat:distribution"][0].as_object_mut().unwrap().remove("@type")), dataset),
    ] {
        expect(edit(DCAT, change), &[&format!("D DcatShapeViolated {at}")]);
    }
    expect(
        edit(DCAT, |d| {
            d["dct:conformsTo"] = json!({"@id": "urn:x", "@type": "dcat:Distribution"});
        }),
        &["D DcatShapeViolated catalog/dcat.jsonld#/dct:conformsTo"],
    );
    // What DCAT-AP takes without an address of its own.
    expect(
        edit(DCAT, |d| {
            d["dct:accessRights"] = json!({"@type": "dct:RightsStatement"});
            d["dct:language"] = json!({"@type": "dct:LinguisticSystem"});
            d["dcat:theme"] = json!({"@type": "http://www.w3.org/2004/02/skos/core#Concept"});
            d["dcat:landingPage"] = json!({"@type": "foaf:Document"});
            d["dcat:distribution"][0]["dct:format"] = json!({"@type": "dct:MediaTypeOrExtent"});
        }),
        &[],
    );
    // Another agent by its address alone, a typed time, an unknown property: all well.
    expect(
        edit(DCAT, |d| {
            d["dct:publisher"] = json!({"@id": "https://example.org/port"});
            d["dct:issued"] =
                json!({"@value": "2026-11-20", "@type": "http://www.w3.org/2001/XMLSchema#date"});
            d["https://example.org/own"] = json!(1);
        }),
        &[],
    );
}

#[test]
fn stac_in_space_time_and_by_links() {
    expect(
        edit(ITEM, |i| i["geometry"]["coordinates"] = json!([8.5, 47.55])),
        &["D StacBboxMismatch catalog/stac/items/stations.json#/bbox"],
    );
    expect(
        edit(ITEM, |i| i["bbox"] = json!([7.5, 47.5, 7.7, 47.6])),
        &["D StacBboxMismatch catalog/stac/items/stations.json#/bbox"],
    );
    expect(
        edit(ITEM, |i| {
            i["properties"]["start_datetime"] = json!("2026-11-20T12:00:00Z");
            i["properties"]["end_datetime"] = json!("2026-11-19T12:00:00Z");
        }),
        &["D StacTimeOrder catalog/stac/items/stations.json#/properties/end_datetime"],
    );
    expect(
        edit(ITEM, |i| {
            i["links"]
                .as_array_mut()
                .unwrap()
                .push(json!({"rel": "self", "href": "../collection.json"}))
        }),
        &["D StacLinkWrong catalog/stac/items/stations.json#/links/1/href"],
    );
    expect(
        edit(ITEM, |i| {
            i["links"]
                .as_array_mut()
                .unwrap()
                .push(json!({"rel": "root", "href": "../../dcat.jsonld"}))
        }),
        &["D StacLinkWrong catalog/stac/items/stations.json#/links/1/href"],
    );
    expect(
        edit(ITEM, |i| {
            i["assets"]["table"]["file:checksum"] = json!(format!("1114{}", "0".repeat(40)))
        }),
        &["D StacChecksumUnsupported catalog/stac/items/stations.json#/assets/table/file:checksum"],
    );
}

#[test]
fn prov_constraints() {
    let node =
        |index: usize, change: fn(&mut Value)| edit(PROV, move |p| change(&mut p["@graph"][index]));
    let at = |index: usize| format!("D ProvTimeOrder catalog/prov/bundle.jsonld#/@graph/{index}");
    let typed = "http://www.w3.org/2001/XMLSchema#dateTime";
    expect(
        node(5, |n| n["@type"] = json!(["prov:Entity", "prov:Activity"])),
        &["D ProvTypeConflict catalog/prov/bundle.jsonld#/@graph/5"],
    );
    expect(
        node(5, |n| n["prov:wasGeneratedBy"] = json!([{"@id": "#map"}, {"@id": "#clean"}])),
        &["D ProvGeneratedTwice catalog/prov/bundle.jsonld#/@graph/5"],
    );
    // Generated after the activity ended; used after it ended; used before it was generated.
    expect(node(3, |n| n["prov:generatedAtTime"] = json!("2026-11-20T12:06:00Z")), &[&at(2)]);
    expect(
        node(2, |n| {
            n["prov:qualifiedUsage"] = json!({"prov:entity": {"@id": "../../raw/source.csv"},
                "prov:atTime": "2026-11-20T12:06:00Z"});
        }),
        &[&at(2)],
    );
    expect(
        edit(PROV, move |p| {
            p["@graph"][3]["prov:generatedAtTime"] =
                json!({"@value": "2026-11-20T12:05:00Z", "@type": typed});
            p["@graph"][4]["prov:qualifiedUsage"] = json!({
                "prov:entity": {"@id": "../../processed/stations.csv"}, "prov:atTime": "2026-11-20T12:04:00Z"});
        }),
        &[&at(4)],
    );
    // Nothing is said of when the table was made, and yet what came of it is not older than the run.
    expect(
        node(5, |n| {
            n["prov:wasDerivedFrom"] = json!({"@id": "../../processed/stations.csv"});
            n["prov:generatedAtTime"] = json!("2026-11-20T11:59:00Z");
        }),
        &[&at(5)],
    );
    for name in ["prov:generatedAtTime", "prov:invalidatedAtTime"] {
        expect(
            edit(PROV, move |p| p["@graph"][3][name] = json!("at noon")),
            &["D ProvTimeInvalid catalog/prov/bundle.jsonld#/@graph/3"],
        );
    }
    let broken =
        |index: usize| format!("D ProvConstraintBroken catalog/prov/bundle.jsonld#/@graph/{index}");
    expect(
        node(5, |n| {
            n["prov:qualifiedDerivation"] = json!({"@type": "prov:Derivation",
                "prov:entity": {"@id": "../../processed/stations.csv"},
                "prov:hadUsage": {"@id": "#usage"}});
        }),
        &[&broken(5)],
    );
    expect(
        node(5, |n| n["prov:qualifiedAttribution"] = json!({"@type": "prov:Attribution"})),
        &[&broken(5)],
    );
    expect(
        node(3, |n| n["prov:specializationOf"] = json!({"@id": "../../processed/stations.csv"})),
        &["D ProvCycle catalog/prov/bundle.jsonld#/@graph/3"],
    );
}

#[test]
fn prov_json_says_the_same() {
    let bundle = json!({
        "prefix": {"ex": "https://example.org/", "rdfs": "http://www.w3.org/2000/01/rdf-schema#"},
        "entity": {
            "../../raw/source.csv": {},
            "../../processed/stations.csv": {"prov:type": {"$": "ex:Table", "type": "prov:QUALIFIED_NAME"}},
            "../../processed/stations.geojson": {},
        },
        "activity": {
            "#clean": {"prov:startTime": "2026-11-20T12:00:00Z", "prov:endTime": "2026-11-20T12:05:00Z",
                       "rdfs:seeAlso": {"$": "../dcat.jsonld", "type": "xsd:anyURI"}},
            "#map": {},
        },
        "agent": {"#pipeline": {}},
        "used": {
            "_:u1": {"prov:activity": "#clean", "prov:entity": "../../raw/source.csv"},
            "_:u2": {"prov:activity": "#map", "prov:entity": "../../processed/stations.csv"},
        },
        "wasGeneratedBy": {
            "_:g1": {"prov:entity": "../../processed/stations.csv", "prov:activity": "#clean", "prov:time": "2026-11-20T12:04:00Z"},
            "_:g2": {"prov:entity": "../../processed/stations.geojson", "prov:activity": "#map"},
        },
        "wasAssociatedWith": {"_:a": {"prov:activity": "#clean", "prov:agent": "#pipeline"}},
    });
    let with = |change: fn(&mut Value)| {
        let mut bundle = bundle.clone();
        change(&mut bundle);
        move |ws: &mut Workspace| ws.put_json(PROV, &bundle)
    };
    expect(with(|_| {}), &[]);
    let place = "catalog/prov/bundle.jsonld#";
    expect(
        with(|b| b["wasGeneratedBy"]["_:g1"]["prov:time"] = json!("2026-11-20T12:06:00Z")),
        &[&format!("D ProvTimeOrder {place}")],
    );
    expect(
        with(|b| b["used"]["_:u1"]["prov:entity"] = json!("ex:nothing")),
        &[&format!("D ProvUndefined {place}")],
    );
    expect(
        with(|b| b["entity"]["nope:x"] = json!({})),
        &["D CrossLinkBroken", &format!("D ProvInvalid {place}")][1..],
    );
}
