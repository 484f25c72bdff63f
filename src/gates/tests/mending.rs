//! What is mended by machine, and what is left alone.

use std::collections::BTreeMap;

use serde_json::json;

use crate::dataset::testing::{Workspace, workspace};
use crate::domain::Digest;
use crate::gates::{Mends, mendable, mends};

use super::found;

type Damage<'a> = &'a dyn Fn(&mut Workspace);

fn mended(ws: &Workspace) -> Mends {
    let facts = ws.facts();
    let text = |path: String| (path.clone(), ws.text(&path));
    let texts: BTreeMap<String, String> = mendable(&facts).into_iter().map(text).collect();
    mends(&facts, &texts)
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
