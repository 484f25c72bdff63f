//! Gates E, F and G.

use serde_json::{Value, json};

use crate::dataset::testing::{Workspace, image, workspace};
use crate::domain::{Digest, GateId, GateState};
use crate::gates::judge;

use super::{expect, found, now, verdict};

const CLEAN: &str = "receipts/clean.json";

fn receipt(change: impl FnOnce(&mut Value)) -> impl FnOnce(&mut Workspace) {
    |ws| ws.edit(CLEAN, change)
}

#[test]
fn receipts() {
    expect(
        |ws| {
            ws.remove(CLEAN);
            ws.remove("receipts/map.json");
            ws.edit("dataset.json", |d| d["evidence_refs"] = json!(["spec.json"]));
        },
        &["E ReceiptMissing receipts/"],
    );
    expect(|ws| ws.put(CLEAN, "{"), &["E ReceiptInvalid receipts/clean.json#"]);
    expect(
        receipt(|r| r["environment"]["git_commit"] = json!("main")),
        &["E ReceiptInvalid receipts/clean.json#/environment/git_commit"],
    );
    for (pointer, value, code) in [
        ("/dataset_version_id", json!("2025-01.00000000"), "ReceiptVersionMismatch"),
        ("/created_at", json!("2027-01-01T00:00:00Z"), "ReceiptInFuture"),
        (
            "/environment/container_digest",
            json!(format!("sha256:{}", "0".repeat(64))),
            "ContainerDigestPlaceholder",
        ),
        ("/environment/params_digest", json!(image().to_string()), "ParamsDigestMismatch"),
        ("/validation/status", json!("fail"), "ValidationFailed"),
        ("/validation/report_digest", json!(image().to_string()), "QaReportMismatch"),
        ("/outputs/0/digest", json!(image().to_string()), "ReceiptDigestMismatch"),
        ("/inputs/0/uri", json!("raw/none.csv"), "ReceiptFileMissing"),
    ] {
        // With its only input gone, the run has none that is known.
        let mut expected = vec![format!("E {code} {CLEAN}#{pointer}")];
        if code == "ReceiptFileMissing" {
            expected.insert(0, format!("E LineageBroken {CLEAN}#/inputs"));
        }
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        expect(receipt(|r| *r.pointer_mut(pointer).unwrap() = value), &expected);
    }
    expect(
        |ws| {
            let id = json!("kfm://run/2026-11-20T12:00:00Z.map");
            ws.edit(CLEAN, |r| r["run_id"] = id);
        },
        &["E RunIdDuplicate receipts/map.json#/run_id"],
    );
}

fn reseal(ws: &mut Workspace) {
    let digest = ws.digest("work/qa_report.json").to_string();
    for path in [CLEAN, "receipts/map.json"] {
        ws.edit(path, |r| r["validation"]["report_digest"] = json!(digest));
    }
}

#[test]
fn qa_report() {
    let qa = "work/qa_report.json";
    expect(|ws| ws.remove(qa), &["E QaReportMissing work/qa_report.json"]);
    for (change, expected) in [
        (json!({"status": "pass", "checks": []}), "E QaReportInvalid work/qa_report.json#/checks"),
        (
            json!({"status": "fail", "checks": [{"name": "a", "status": "fail"}]}),
            "E ValidationFailed work/qa_report.json#/status",
        ),
        (
            json!({"status": "pass", "dataset_version_id": "2025-01.00000000", "checks": [{"name": "a", "status": "pass"}]}),
            "E QaReportMismatch work/qa_report.json#/dataset_version_id",
        ),
    ] {
        expect(
            |ws| {
                ws.put_json(qa, &change);
                reseal(ws);
            },
            &[expected],
        );
    }
}

#[test]
fn chains() {
    expect(|ws| ws.remove("receipts/map.json"), &["E ArtifactOrphan processed/stations.geojson"]);
    expect(
        |ws| {
            ws.edit("receipts/map.json", |r| {
                let first = r["inputs"][0].clone();
                r["inputs"] = json!([]);
                r["outputs"].as_array_mut().unwrap().push(first);
            });
        },
        &[
            "E ArtifactForked receipts/map.json#/outputs/1",
            "E LineageBroken receipts/map.json#/inputs",
        ],
    );
    expect(
        |ws| {
            let digest = ws.digest("spec.json").to_string();
            ws.edit(CLEAN, |r| {
                let inputs = r["inputs"].as_array_mut().unwrap();
                inputs.push(json!({"uri": "spec.json", "digest": digest}));
            });
        },
        &["E LineageBroken receipts/clean.json#/inputs/1"],
    );
    expect(
        |ws| {
            let digest = ws.digest("processed/stations.geojson").to_string();
            ws.edit(CLEAN, |r| {
                r["inputs"] = json!([{"uri": "processed/stations.geojson", "digest": digest}]);
            });
        },
        &["E LineageCycle receipts/clean.json#/inputs"],
    );
    expect(
        receipt(|r| r["inputs"][0]["uri"] = json!("work/../raw/source.csv")),
        &[
            "E LineageBroken receipts/clean.json#/inputs",
            "E ReceiptFileMissing receipts/clean.json#/inputs/0/uri",
        ],
    );
    expect(receipt(|r| r["inputs"][0]["uri"] = json!("./raw//source.csv")), &[]);
}

#[test]
fn evidence() {
    let refs = |refs: Value| {
        move |ws: &mut Workspace| ws.edit("dataset.json", |d| d["evidence_refs"] = refs)
    };
    expect(refs(json!([])), &["F EvidenceMissing dataset.json#/evidence_refs"]);
    expect(
        refs(json!(["https://example.org"])),
        &["F EvidenceOffline dataset.json#/evidence_refs"],
    );
    expect(refs(json!(["https://example.org", "spec.json"])), &[]);
    let digest = workspace().digest("raw/source.csv").to_string();
    expect(refs(json!([digest])), &[]);
    for broken in [
        Digest::of(b"other").to_string(),
        "sha256:12".to_owned(),
        "kfm://dataset/other/2026.00000000/processed/x.csv".to_owned(),
        "../outside".to_owned(),
        "ftp://example.org/x".to_owned(),
    ] {
        expect(
            refs(json!(["spec.json", broken])),
            &["F EvidenceUnresolved dataset.json#/evidence_refs/1"],
        );
    }
}

#[test]
fn contracts() {
    let schema = "contracts/schemas/station.schema.json";
    expect(|ws| ws.put(schema, "{"), &[&format!("F ContractInvalid {schema}#")]);
    expect(
        |ws| ws.put_json(schema, &json!({"$ref": "https://example.org/far"})),
        &[&format!("F ContractInvalid {schema}#")],
    );
    expect(
        |ws| ws.put_json("contracts/fixtures/station.valid.json", &json!({})),
        &["F FixtureFailed contracts/fixtures/station.valid.json#/id"],
    );
    expect(
        |ws| ws.put_json("contracts/fixtures/station.invalid-empty.json", &json!({"id": 2})),
        &["F FixtureFailed contracts/fixtures/station.invalid-empty.json#"],
    );
    for orphan in ["contracts/fixtures/other.valid.json", "contracts/fixtures/station.json"] {
        expect(|ws| ws.put_json(orphan, &json!({})), &[&format!("F FixtureOrphan {orphan}")]);
    }
    let api = "contracts/openapi.yaml";
    expect(|ws| ws.put(api, ": ["), &["F OpenApiInvalid contracts/openapi.yaml#"]);
    expect(
        |ws| ws.put(api, "openapi: 3.1.0\ninfo: {title: x, version: '1'}\n"),
        &["F OpenApiInvalid contracts/openapi.yaml#/paths"],
    );
}

fn spdx(digest: &Digest) -> Value {
    json!({
        "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "documentNamespace": "https://example.org/s",
        "documentDescribes": ["SPDXRef-image"],
        "packages": [{"SPDXID": "SPDXRef-image", "name": "pipeline",
                      "checksums": [{"algorithm": "SHA256", "checksumValue": digest.hex()}]}],
    })
}

fn cyclone_dx(digest: &Digest) -> Value {
    json!({"bomFormat": "CycloneDX", "specVersion": "1.6",
           "metadata": {"component": {"type": "container", "name": "pipeline",
                                      "purl": format!("pkg:oci/pipeline@sha256%3A{}", digest.hex())}}})
}

#[test]
fn provenance() {
    let path = "attestations/sbom.json";
    for sbom in [spdx, cyclone_dx] {
        expect(|ws| ws.put_json(path, &sbom(&image())), &[]);
    }
    expect(
        |ws| ws.put_json(path, &spdx(&Digest::of(b"other"))),
        &["G SbomSubjectMismatch attestations/sbom.json#/packages"],
    );
    expect(
        |ws| ws.put_json(path, &json!({"spdxVersion": "SPDX-1"})),
        &["G SbomInvalid attestations/sbom.json#/spdxVersion"],
    );
    expect(|ws| ws.put(path, "{"), &["G SbomInvalid attestations/sbom.json#"]);
    let statement = "attestations/provenance.json";
    expect(|ws| ws.put(statement, "{"), &["G AttestationInvalid attestations/provenance.json#"]);
    expect(
        |ws| ws.put_json(statement, &json!({"_type": "https://in-toto.io/Statement/v1"})),
        &["G ProvenanceUnsigned attestations/provenance.json#"],
    );
    expect(|ws| ws.put_json(statement, &json!({"dsseEnvelope": {}})), &[]);

    let mut ws = workspace();
    let required = |ws: &Workspace| judge(&ws.facts(), &verdict(), &[GateId::G], now());
    assert_eq!(
        found(&required(&ws)),
        ["G ProvenanceNotVerifiable ", "G SbomMissing attestations/"]
    );
    ws.put_json(path, &cyclone_dx(&image()));
    assert_eq!(found(&required(&ws)), ["G ProvenanceNotVerifiable "]);
    assert_eq!(super::report(&ws).gates[6].state, GateState::Passed);
}
