//! What is mended by machine, and what is left alone.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::dataset::testing::{Workspace, workspace};
use crate::domain::Digest;
use crate::gates::draft::{Known, completed};
use crate::gates::{Mends, mendable};

use super::found;

type Damage<'a> = &'a dyn Fn(&mut Workspace);

fn mended(ws: &Workspace) -> Mends {
    let facts = ws.facts();
    let text = |path: String| (path.clone(), ws.text(&path));
    let texts: BTreeMap<String, String> = mendable(&facts).into_iter().map(text).collect();
    completed(&facts, &Known::default(), &texts, false)
}

/// Damages a workspace, mends it, and gives what was found before and after.
fn around(damage: impl FnOnce(&mut Workspace)) -> (Vec<String>, Vec<String>, Mends) {
    let mut ws = workspace();
    damage(&mut ws);
    let before = found(&super::report(&ws));
    let mends = mended(&ws);
    for mend in &mends.files {
        ws.put(&mend.path, &mend.text);
    }
    (before, found(&super::report(&ws)), mends)
}

#[test]
fn a_whole_workspace_needs_nothing() {
    assert_eq!(mended(&workspace()), Mends::default());
}

#[test]
fn what_catalogs_say_of_bytes_is_mended() {
    let (item, collection) = ("catalog/stac/items/stations.json", "catalog/stac/collection.json");
    let dcat = "catalog/dcat.jsonld";
    let distribution = "dcat:distribution";
    let other = Digest::of(b"other");
    let damages: [(&str, Damage<'_>); 9] = [
        ("DcatDigestMismatch", &|ws| {
            ws.edit(dcat, |d| {
                d[distribution][0]["spdx:checksum"]["spdx:checksumValue"] = json!(other.hex())
            });
        }),
        ("DcatSizeMismatch", &|ws| {
            ws.edit(dcat, |d| d[distribution][1]["dcat:byteSize"] = json!(7))
        }),
        ("StacChecksumMismatch", &|ws| {
            ws.edit(item, |i| {
                i["assets"]["map"]["file:checksum"] = json!(format!("1220{}", other.hex()))
            });
        }),
        ("StacChecksumMissing", &|ws| {
            ws.edit(item, |i| {
                drop(i["assets"]["map"].as_object_mut().unwrap().remove("file:checksum"))
            });
        }),
        ("StacSizeMismatch", &|ws| ws.edit(item, |i| i["assets"]["table"]["file:size"] = json!(1))),
        ("StacCollectionMismatch", &|ws| ws.edit(item, |i| i["collection"] = json!("other"))),
        ("StacItemUnlinked", &|ws| {
            ws.edit(collection, |c| drop(c["links"].as_array_mut().unwrap().remove(1)))
        }),
        ("CrossLinkMissing", &|ws| {
            ws.edit(collection, |c| drop(c["links"].as_array_mut().unwrap().remove(2)))
        }),
        ("SpecHashMismatch", &|ws| {
            ws.edit("dataset.json", |d| d["spec_hash"] = json!(other.to_string()))
        }),
    ];
    for (code, damage) in damages {
        let (before, after, mends) = around(damage);
        assert!(before.iter().any(|line| line.contains(code)), "{code}: {before:?}");
        assert_eq!(after, Vec::<String>::new(), "{code}: {mends:?}");
        assert_eq!(mends.files.len(), 1, "{code}: {mends:?}");
        assert_eq!(mends.files[0].steps.len(), 1, "{code}: {mends:?}");
    }
}

#[test]
fn what_catalogs_lack_is_added() {
    let (dcat, prov) = ("catalog/dcat.jsonld", "catalog/prov/bundle.jsonld");
    let item = "catalog/stac/items/stations.json";
    let lose = |ws: &mut Workspace, path: &str, pointer: &str| {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        ws.edit(path, |document| match document.pointer_mut(parent).unwrap() {
            Value::Array(items) => drop(items.remove(name.parse().unwrap())),
            other => drop(other.as_object_mut().unwrap().remove(name).unwrap()),
        });
    };
    let lacks = [
        ("DcatDistributionMissing", dcat, "/dcat:distribution/0"),
        ("DcatPropertyMissing", dcat, "/dcat:distribution/1/spdx:checksum"),
        ("DcatPropertyMissing", dcat, "/dcat:distribution/1/dcat:byteSize"),
        ("DcatPropertyMissing", dcat, "/dcat:distribution/1/dcat:mediaType"),
        ("DcatPropertyMissing", dcat, "/dct:description"),
        ("DcatPropertyMissing", dcat, "/dct:license"),
        ("CrossLinkMissing", dcat, "/dct:relation/0"),
        ("CrossLinkMissing", dcat, "/dct:relation/1"),
        ("CrossLinkMissing", dcat, "/prov:wasGeneratedBy"),
        ("CrossLinkMissing", prov, "/@graph/2/rdfs:seeAlso"),
        ("ProvArtifactMissing", prov, "/@graph/5"),
        ("ProvArtifactMissing", prov, "/@graph/5/prov:wasGeneratedBy"),
    ];
    for (code, path, pointer) in lacks {
        let (before, after, mends) = around(|ws| lose(ws, path, pointer));
        assert!(before.iter().any(|line| line.contains(code)), "{pointer}: {before:?}");
        assert_eq!(after, Vec::<String>::new(), "{pointer}: {mends:?}");
        assert_eq!(mends.files.len(), 1, "{pointer}: {mends:?}");
    }
    let wrong: [(&str, Damage<'_>); 4] = [
        ("DcatMediaTypeMismatch", &|ws| {
            let pdf = "https://www.iana.org/assignments/media-types/application/pdf";
            ws.edit(dcat, |d| {
                d["dcat:distribution"][0]["dcat:mediaType"] = json!({"@id": pdf});
            });
        }),
        ("StacMediaTypeMismatch", &|ws| {
            ws.edit(item, |i| i["assets"]["table"]["type"] = json!("image/png"));
        }),
        ("StacBboxMismatch", &|ws| ws.edit(item, |i| i["bbox"] = json!([0, 0, 1, 1]))),
        ("StacBboxMismatch", &|ws| {
            ws.edit("catalog/stac/collection.json", |c| {
                c["extent"]["spatial"]["bbox"][0] = json!([7.5, 47.5, 7.52, 47.6]);
            });
        }),
    ];
    for (code, damage) in wrong {
        let (before, after, mends) = around(damage);
        assert!(before.iter().any(|line| line.contains(code)), "{code}: {before:?}");
        assert_eq!(after, Vec::<String>::new(), "{code}: {mends:?}");
    }
}

#[test]
fn what_a_person_wrote_stays_as_it_stands() {
    let dcat = "catalog/dcat.jsonld";
    let mut ws = workspace();
    // Written by hand: its own order, its own spacing, its own words.
    let text = ws.text(dcat);
    let text = text.replace("  ", " ").replace("Depth at the harbour's stations.", "As I say it.");
    ws.put(dcat, &text);
    ws.edit("catalog/prov/bundle.jsonld", |p| {
        p["@graph"][2].as_object_mut().unwrap().remove("rdfs:seeAlso").unwrap();
    });
    let mends = mended(&ws);
    assert_eq!(mends.files.len(), 1, "{mends:?}");
    // Another form is left alone, and said so.
    ws.edit(dcat, |d| {
        let node = std::mem::take(d);
        *d = json!({"@context": node["@context"], "@graph": [node]});
    });
    assert!(mended(&ws).left.iter().any(|line| line.contains("another form")));
    // Nothing is said of bytes that no receipt vouches for.
    let mut ws = workspace();
    ws.put("processed/orphan.csv", "a\n1\n");
    assert_eq!(mended(&ws), Mends::default());
}

#[test]
fn first_records_pass_and_are_made_once() {
    let mut ws = workspace();
    for path in [
        "catalog/dcat.jsonld",
        "catalog/prov/bundle.jsonld",
        "catalog/stac/collection.json",
        "catalog/stac/items/stations.json",
    ] {
        ws.remove(path);
    }
    let known = Known {
        extent: crate::dataset::Extent::new([7.5, 47.5, 7.6, 47.6]),
        interval: Some(("2026-11-01T00:00:00Z".into(), "2026-11-30T23:59:59Z".into())),
    };
    let facts = ws.facts();
    let first = completed(&facts, &known, &BTreeMap::new(), true);
    assert_eq!(first.files.len(), 4, "{first:?}");
    let mut texts = BTreeMap::new();
    for mend in &first.files {
        ws.put(&mend.path, &mend.text);
        texts.insert(mend.path.clone(), mend.text.clone());
    }
    assert_eq!(found(&super::report(&ws)), Vec::<String>::new());
    assert_eq!(completed(&ws.facts(), &known, &texts, true), Mends::default());
    // Without knowing where it lies there is no STAC, and that is said.
    for path in ["catalog/stac/collection.json", "catalog/stac/items/harbour-stations.json"] {
        ws.remove(path);
        texts.remove(path);
    }
    let left = completed(&ws.facts(), &Known::default(), &texts, true).left;
    assert!(left.iter().any(|line| line.contains("--bbox")), "{left:?}");
}

#[test]
fn receipts_and_what_they_do_not_vouch_for_are_left_alone() {
    // The bytes changed after the run: the catalog and the receipt are right, the bytes are not.
    let (before, after, mends) = around(|ws| ws.put("processed/stations.csv", "forged\n"));
    assert_eq!(before, after);
    assert_eq!(mends, Mends::default());
    // A stale digest in a receipt stays.
    let (before, after, mends) = around(|ws| {
        ws.edit("receipts/map.json", |r| {
            r["outputs"][0]["digest"] = json!(Digest::of(b"x").to_string())
        });
    });
    assert_eq!(before, after);
    assert_eq!(mends, Mends::default());
    // A catalog that a receipt names would no longer be what the receipt says.
    let (_, _, mends) = around(|ws| {
        ws.edit("catalog/dcat.jsonld", |d| d["dcat:distribution"][0]["dcat:byteSize"] = json!(7));
        let digest = ws.digest("catalog/dcat.jsonld").to_string();
        ws.edit("receipts/map.json", |r| {
            let outputs = r["outputs"].as_array_mut().unwrap();
            outputs.push(json!({"uri": "catalog/dcat.jsonld", "digest": digest}));
        });
    });
    assert_eq!((mends.files.len(), mends.left.len()), (0, 1), "{mends:?}");
    // Another spec is another version, not a stale hash.
    let (before, after, _) = around(|ws| ws.edit("spec.json", |s| s["pipeline"] = json!("other")));
    assert_eq!(before, after);
}
