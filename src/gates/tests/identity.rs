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
    ws.edit("catalog/stac/collection.json", |c| c["license"] = json!(spdx));
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
        licence(ws, "LicenseRef-port", "../processed/LICENSE.txt");
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
        &json!({"method": "generalization", "parameters": {"grid": 1000},
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
