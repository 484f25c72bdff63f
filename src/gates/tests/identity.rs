//! Gates A, B and C.

use serde_json::{Value, json};

use crate::dataset::Published;
use crate::dataset::testing::{Workspace, workspace};
use crate::domain::Digest;

use super::expect;

fn dataset(change: impl FnOnce(&mut Value)) -> impl FnOnce(&mut Workspace) {
    |ws| ws.edit("dataset.json", change)
}

fn remove(value: &mut Value, name: &str) {
    value.as_object_mut().unwrap().remove(name).unwrap();
}

#[test]
fn identity() {
    expect(
        dataset(|d| d["dataset_slug"] = json!("other")),
        &["A DatasetMismatch dataset.json#/dataset_slug"],
    );
    expect(
        dataset(|d| d["dataset_version_id"] = json!("2025-01.00000000")),
        &["A DatasetMismatch dataset.json#/dataset_version_id"],
    );
    expect(dataset(|d| remove(d, "title")), &["A DatasetInvalid dataset.json#/title"]);
    expect(dataset(|d| d["spatial"] = json!("yes")), &["A DatasetInvalid dataset.json#/spatial"]);
    expect(
        dataset(|d| d["spec_hash"] = json!(Digest::of(b"other").to_string())),
        &["A SpecHashMismatch dataset.json#/spec_hash"],
    );
    expect(
        |ws| ws.remove("dataset.json"),
        &[
            "A DatasetMissing dataset.json",
            "B RightsMissing dataset.json#/rights",
            "C LabelMissing dataset.json#/policy_label",
            "F EvidenceMissing dataset.json#/evidence_refs",
        ],
    );
    expect(
        |ws| ws.put("dataset.json", "{"),
        &[
            "A DatasetInvalid dataset.json#",
            "B RightsMissing dataset.json#/rights",
            "C LabelMissing dataset.json#/policy_label",
            "F EvidenceMissing dataset.json#/evidence_refs",
        ],
    );
    expect(|ws| ws.remove("spec.json"), &["A SpecMissing spec.json"]);
    expect(|ws| ws.put("spec.json", r#"{"a":1,"a":2}"#), &["A SpecInvalid spec.json#"]);
    expect(
        |ws| ws.put("spec.json", "[]"),
        &[
            "A SpecInvalid spec.json#",
            "E ParamsDigestMismatch receipts/clean.json#/environment/params_digest",
            "E ParamsDigestMismatch receipts/map.json#/environment/params_digest",
        ],
    );
    expect(
        |ws| ws.edit("spec.json", |s| s["pipeline"] = json!("other")),
        &["A SpecHashMismatch dataset.json#/spec_hash", "A VersionPrefixMismatch spec.json"],
    );
}

#[test]
fn ids_that_break_the_pattern_show_it() {
    for (slug, version, code) in
        [("Bad Slug", None, "SlugInvalid"), ("harbour-stations", Some("v1"), "VersionIdInvalid")]
    {
        let mut ws = workspace();
        ws.requested.dataset_slug = slug.into();
        if let Some(version) = version {
            ws.requested.dataset_version_id = version.into();
        }
        let report = super::report(&ws);
        let reason = report.gates[0].reasons.iter().find(|r| r.code.as_str() == code).unwrap();
        assert!(reason.message.contains("^["), "{}", reason.message);
    }
}

#[test]
fn a_published_version_never_changes() {
    let published = |ws: &Workspace| Published {
        spec_hash: ws.facts().spec_hash().unwrap().to_string(),
        files: ws
            .facts()
            .objects
            .into_iter()
            .filter(|(path, _)| path.starts_with("processed/") || path.starts_with("catalog/"))
            .map(|(path, object)| (path, object.digest))
            .collect(),
    };
    expect(|ws| ws.published = Some(published(ws)), &[]);
    expect(
        |ws| {
            let mut was = published(ws);
            was.files.insert("catalog/dcat.jsonld".into(), Digest::of(b"other"));
            ws.published = Some(was);
        },
        &["A VersionAlreadyPublished catalog/dcat.jsonld"],
    );
    expect(
        |ws| {
            let mut was = published(ws);
            was.files.remove("processed/stations.csv");
            ws.published = Some(was);
        },
        &["A VersionAlreadyPublished processed/stations.csv"],
    );
    expect(
        |ws| {
            let mut was = published(ws);
            was.spec_hash = Digest::of(b"other").to_string();
            ws.published = Some(was);
        },
        &["A VersionAlreadyPublished spec.json"],
    );
}

#[test]
fn rights() {
    expect(dataset(|d| remove(d, "rights")), &["B RightsMissing dataset.json#/rights"]);
    for vague in ["", "Unknown", "NOASSERTION", "tbd"] {
        expect(
            dataset(|d| d["rights"]["license"] = json!(vague)),
            &["B LicenseUnclear dataset.json#/rights/license"],
        );
    }
    for wrong in ["CC-BY", "CC BY 4.0", "CC-BY-4.0 OR NONE"] {
        expect(
            dataset(|d| d["rights"]["license"] = json!(wrong)),
            &["B LicenseInvalid dataset.json#/rights/license"],
        );
    }
    expect(
        dataset(|d| d["rights"]["rights_holder"] = json!(" ")),
        &["B RightsHolderMissing dataset.json#/rights/rights_holder"],
    );
    expect(
        dataset(|d| remove(&mut d["rights"], "attribution")),
        &["B AttributionMissing dataset.json#/rights/attribution"],
    );
}

fn licence(ws: &mut Workspace, spdx: &str, url: &str) {
    ws.edit("dataset.json", |d| d["rights"]["license"] = json!(spdx));
    ws.edit("catalog/stac/collection.json", |c| {
        c["license"] = json!(spdx);
        c["links"][4]["href"] = json!(url);
    });
    ws.edit("catalog/dcat.jsonld", |d| d["dct:license"] = json!({"@id": url}));
}

#[test]
fn licences_custom_and_incompatible() {
    let nc = "https://creativecommons.org/licenses/by-nc/4.0/";
    expect(|ws| licence(ws, "CC-BY-NC-4.0", nc), &[]);
    expect(
        |ws| {
            licence(ws, "CC-BY-NC-4.0", nc);
            ws.requested.intended_use = "commercial".into();
        },
        &["B LicenseIncompatible dataset.json#/rights/license"],
    );
    let custom = |ws: &mut Workspace| {
        licence(ws, "LicenseRef-port", "https://example.org/port-licence");
        ws.edit("catalog/dcat.jsonld", |d| d["dct:license"] = json!("LicenseRef-port"));
        ws.edit("catalog/stac/collection.json", |c| c["license"] = json!("proprietary"));
        ws.put("raw/LICENSE.txt", "Use it well.");
    };
    expect(custom, &["B LicenseTextMissing dataset.json#/rights/license_text_digest"]);
    expect(
        |ws| {
            custom(ws);
            let digest = ws.digest("raw/LICENSE.txt").to_string();
            ws.edit("dataset.json", |d| d["rights"]["license_text_digest"] = json!(digest));
        },
        &[],
    );
}

#[test]
fn catalogs_must_not_contradict_the_licence() {
    expect(
        |ws| ws.edit("catalog/stac/collection.json", |c| c["license"] = json!("CC0-1.0")),
        &["B LicenseContradiction catalog/stac/collection.json#/license"],
    );
    for (other, pointer) in [
        (json!({"@id": "https://creativecommons.org/publicdomain/zero/1.0/"}), "/dct:license"),
        (json!({"@id": "https://example.org/licence"}), "/dct:license"),
        (json!("free for all"), ""),
    ] {
        let expected = format!("B LicenseContradiction catalog/dcat.jsonld#{pointer}");
        expect(
            |ws| ws.edit("catalog/dcat.jsonld", |d| d["dct:license"] = other),
            &[expected.as_str()],
        );
    }
    for same in [json!("CC-BY-4.0"), json!({"@id": "http://spdx.org/licenses/CC-BY-4.0"})] {
        expect(|ws| ws.edit("catalog/dcat.jsonld", |d| d["dct:license"] = same), &[]);
    }
}

#[test]
fn labels() {
    expect(dataset(|d| remove(d, "policy_label")), &["C LabelMissing dataset.json#/policy_label"]);
    expect(
        dataset(|d| d["policy_label"] = json!("secret")),
        &["C LabelUnknown dataset.json#/policy_label"],
    );
    expect(
        dataset(|d| d["policy_label"] = json!("prohibited")),
        &["C LabelProhibited dataset.json#/policy_label"],
    );
    expect(dataset(|d| d["policy_label"] = json!("internal")), &[]);
    expect(
        dataset(|d| d["policy_label"] = json!("restricted")),
        &["C RedactionPlanMissing dataset.json#/redaction_plan"],
    );
}

/// A restricted dataset whose cleaning is the redaction; the map is made of the clean table.
fn redacted(ws: &mut Workspace) {
    ws.edit("dataset.json", |d| {
        d["policy_label"] = json!("sensitive_location");
        d["redaction_plan"] = json!("work/redaction_plan.json");
    });
    ws.put_json(
        "work/redaction_plan.json",
        &json!({"method": "generalization", "parameters": {"cell_degrees": 0.05},
                "inputs": ["raw/source.csv"], "outputs": ["processed/stations.csv"],
                "activity": "../catalog/prov/bundle.jsonld#clean"}),
    );
}

#[test]
fn redaction() {
    let plan = "work/redaction_plan.json";
    let with = |change: fn(&mut Workspace)| {
        move |ws: &mut Workspace| {
            redacted(ws);
            change(ws);
        }
    };
    expect(redacted, &[]);
    expect(
        with(|ws| ws.remove("work/redaction_plan.json")),
        &["C RedactionPlanMissing dataset.json#/redaction_plan"],
    );
    expect(
        with(|ws| ws.put("work/redaction_plan.json", "{")),
        &["C RedactionPlanInvalid work/redaction_plan.json#"],
    );
    expect(
        |ws| {
            redacted(ws);
            ws.edit(plan, |p| remove(p, "parameters"));
        },
        &["C RedactionPlanInvalid work/redaction_plan.json#/parameters"],
    );
    expect(
        |ws| {
            redacted(ws);
            ws.edit(plan, |p| p["inputs"] = json!(["raw/none.csv"]));
        },
        &["C RedactionPlanInvalid work/redaction_plan.json#/inputs/0"],
    );
    expect(
        |ws| {
            redacted(ws);
            ws.edit(plan, |p| p["method"] = json!("magic"));
        },
        &["C RedactionMethodUnknown work/redaction_plan.json#/method"],
    );
    expect(
        |ws| {
            redacted(ws);
            ws.edit(plan, |p| p["activity"] = json!("#nobody"));
        },
        &["C RedactionNotRecorded catalog/prov/bundle.jsonld#"],
    );
    expect(
        |ws| {
            redacted(ws);
            ws.edit(plan, |p| p["outputs"] = json!(["processed/stations.geojson"]));
        },
        &["C RedactionNotRecorded catalog/prov/bundle.jsonld#/@graph/2"],
    );
    // The map is now also made of the raw data.
    expect(
        |ws| {
            redacted(ws);
            ws.edit("catalog/prov/bundle.jsonld", |p| {
                p["@graph"][4]["prov:used"] =
                    json!([{"@id": "../../processed/stations.csv"}, {"@id": "../../raw/source.csv"}]);
            });
        },
        &["C RedactionIncomplete processed/stations.geojson"],
    );
}

#[test]
fn what_is_published_is_as_coarse_as_the_plan_says() {
    let plan = "work/redaction_plan.json";
    let with = |change: fn(&mut Workspace)| {
        move |ws: &mut Workspace| {
            redacted(ws);
            change(ws);
        }
    };
    for parameters in [json!({"grid": 1000}), json!({"cell_degrees": "fine"}), json!({})] {
        expect(
            |ws| {
                redacted(ws);
                ws.edit(plan, |p| p["parameters"] = parameters);
            },
            &["C RedactionUncheckable work/redaction_plan.json#/parameters"],
        );
    }
    expect(
        with(|ws| {
            ws.edit("work/redaction_plan.json", |p| p["parameters"]["cell_size_m"] = json!(50_000));
        }),
        &["C RedactionPlanInvalid work/redaction_plan.json#/parameters/cell_size_m"],
    );
    // Whatever is published counts, wherever it lies.
    expect(
        with(|ws| ws.put("catalog/notes.csv", "lat,lon\n47.55123,7.5\n")),
        &["C CoordinateTooFine catalog/notes.csv"],
    );
    expect(
        with(|ws| ws.put("attestations/map.png", b"\x89PNG\r\n\x1a\n")),
        &["C ContentUncheckable attestations/map.png"],
    );
    // The item's own geometry is a place as well.
    expect(
        with(|ws| {
            ws.edit("catalog/stac/items/stations.json", |i| {
                i["geometry"]["coordinates"] = json!([7.5512, 47.55]);
            });
        }),
        &["C CoordinateTooFine catalog/stac/items/stations.json#/geometry/coordinates"],
    );
}

/// The redacted workspace with another table, and all that hashes it.
fn with_table(table: &'static str) -> impl FnOnce(&mut Workspace) {
    move |ws| {
        redacted(ws);
        ws.edit("work/redaction_plan.json", |p| {
            p["parameters"]["dropped_columns"] = json!(["observer"]);
        });
        ws.rewrite("processed/stations.csv", table);
    }
}

#[test]
fn tables_are_held_against_the_plan() {
    expect(with_table("id,lat,lon\n1,47.5,7.5\n"), &[]);
    expect(
        with_table("id,lat,lon\n1,47.5,7.5\n2,47.5123,7.5\n"),
        &["C CoordinateTooFine processed/stations.csv"],
    );
    expect(with_table("id,Observer\n1,jane\n"), &["C ColumnNotDropped processed/stations.csv"]);
    expect(with_table("a\n\"open\n"), &["C ContentUncheckable processed/stations.csv"]);
}

#[test]
fn stac_links_to_the_licence() {
    expect(
        |ws| {
            ws.edit("catalog/stac/collection.json", |c| {
                c["links"][4]["href"] = json!("https://creativecommons.org/publicdomain/zero/1.0/");
            });
        },
        &["B LicenseContradiction catalog/stac/collection.json#/links/4/href"],
    );
    expect(
        |ws| {
            licence(ws, "CC-BY-4.0 AND ODbL-1.0", "https://example.org/both");
            ws.edit("catalog/dcat.jsonld", |d| d["dct:license"] = json!("CC-BY-4.0 AND ODbL-1.0"));
            ws.edit("catalog/stac/collection.json", |c| {
                c["license"] = json!("other");
                c["links"].as_array_mut().unwrap().remove(4);
            });
        },
        &["B LicenseLinkMissing catalog/stac/collection.json#/license"],
    );
}

#[test]
fn obligations_stand_in_the_record() {
    use crate::policy::{
        Obligation,
        ObligationKind::{Attribution, ShareAlike},
    };
    let judged = |rights: Option<Value>, kinds: &[crate::policy::ObligationKind]| {
        let mut ws = workspace();
        if let Some(rights) = rights {
            ws.edit("catalog/dcat.jsonld", |d| d["dct:rights"] = rights);
        }
        let mut verdict = super::verdict();
        verdict.obligations = kinds
            .iter()
            .map(|kind| Obligation { license: "CC-BY-SA-4.0".into(), kind: *kind })
            .collect();
        super::found(&crate::gates::judge(&ws.facts(), &verdict, &[], super::now()))
    };
    let missing = "B ObligationNotStated catalog/dcat.jsonld#";
    assert_eq!(judged(None, &[]), [""; 0]);
    assert_eq!(judged(None, &[Attribution]), [missing]);
    assert_eq!(judged(Some(json!("© Port Authority")), &[Attribution]), [""; 0]);
    assert_eq!(judged(Some(json!("© Port Authority")), &[Attribution, ShareAlike]), [missing]);
    let both = json!({"@type": "dct:RightsStatement",
        "http://www.w3.org/2000/01/rdf-schema#label": "© Port Authority. Share alike."});
    assert_eq!(judged(Some(both), &[Attribution, ShareAlike]), [""; 0]);
}
