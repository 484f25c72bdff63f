//! The messages of the codes of gates E, F and G that speak of the newer evidence, as people read
//! them: one fixture each, which brings exactly that code.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::dataset::testing::{Workspace, workspace};
use crate::domain::GateId;
use crate::gates::judge;
use crate::pack::{generate_key_pair, sign_statement};
use crate::policy::Verdict;

use super::{now, verdict};

/// What the report says after a change, under a pack with this data.
fn said(data: &Value, required: &[GateId], change: impl FnOnce(&mut Workspace)) -> String {
    let mut ws = workspace();
    change(&mut ws);
    let verdict = Verdict { data: Arc::new(data.clone()), ..verdict() };
    let report = judge(&ws.facts(), &verdict, required, now());
    let lines = report.reasons().map(|(gate, reason)| {
        let path = reason.path.as_deref().unwrap_or("-");
        let pointer = reason.pointer.as_deref().map(|p| format!("#{p}")).unwrap_or_default();
        format!("{gate} {} {path}{pointer}\n{}\n→ {}\n", reason.code, reason.message, reason.remedy)
    });
    lines.collect()
}

#[test]
fn messages() {
    let none = json!({});
    let keys = generate_key_pair().unwrap();
    let trust =
        json!({"provenance": {"keys": [keys.public], "builders": ["b"], "sources": ["git+s"]}});
    let smoke = json!({"smoke": {"budgets": {"p95_ms": {"max": 350}}}});
    let statement =
        |kind: &str| json!({"_type": "https://in-toto.io/Statement/v1", "predicateType": kind});
    let map = "receipts/map.json";
    let mut all = vec![
        said(&none, &[], |ws| ws.put_json(map, &statement("https://spdx.dev/Document"))),
        said(&none, &[], |ws| {
            let mut provenance = statement("https://slsa.dev/provenance/v1");
            let hex = ws.digest("processed/stations.geojson").hex();
            provenance["subject"] =
                json!([{"name": "processed/stations.geojson", "digest": {"sha256": hex}}]);
            ws.put_json(map, &provenance);
        }),
        said(&none, &[], |ws| {
            let mut twin = ws.json(map);
            twin["run_id"] = json!("kfm://run/2026-11-20T12:00:00Z.twin");
            let raw = ws.digest("raw/source.csv").to_string();
            twin["inputs"] = json!([{"uri": "raw/source.csv", "digest": raw}]);
            ws.put_json("receipts/twin.json", &twin);
        }),
        said(&json!({"evidence": {"allow": ["https://example.org/"]}}), &[], |ws| {
            ws.edit("dataset.json", |d| {
                d["evidence_refs"].as_array_mut().unwrap().push(json!("https://example.com/"));
            });
        }),
        said(&none, &[], |ws| ws.put("contracts/api.graphql", "type Query { a: Nothing }")),
        said(&none, &[], |ws| ws.put("contracts/openapi.json", r#"{"openapi": "4.0.0"}"#)),
        said(&smoke, &[], |ws| {
            ws.put_json("attestations/smoke.json", &json!({
                "lazaret_smoke_report_version": "v1", "status": "pass", "metrics": {"p95_ms": 400},
            }));
        }),
        said(&smoke, &[], |ws| {
            ws.put_json("attestations/smoke.json", &json!({"lazaret_smoke_report_version": "v2"}));
        }),
    ];
    let image = crate::dataset::testing::image();
    for (builder, source) in [("other", "git+s@main"), ("b", "git+other")] {
        let mut provenance = statement("https://slsa.dev/provenance/v1");
        provenance["subject"] = json!([{"name": "i", "digest": {"sha256": image.hex()}}]);
        provenance["predicate"] = json!({
            "buildDefinition": {"resolvedDependencies": [{"uri": source, "digest": {"gitCommit": "0"}}]},
            "runDetails": {"builder": {"id": builder}},
        });
        let bundle = sign_statement(provenance.to_string().as_bytes(), &keys.private).unwrap();
        all.push(said(&trust, &[], |ws| ws.put("attestations/image.json", bundle)));
    }
    let mut other = statement("https://slsa.dev/provenance/v1");
    other["subject"] = json!([{"name": "i", "digest": {"sha256": "00".repeat(32)}}]);
    other["predicate"] = json!({
        "buildDefinition": {"resolvedDependencies": [{"uri": "git+s", "digest": {"gitCommit": "0"}}]},
        "runDetails": {"builder": {"id": "b"}},
    });
    let signed = sign_statement(other.to_string().as_bytes(), &keys.private).unwrap();
    all.push(said(&trust, &[], |ws| ws.put("attestations/image.json", signed)));
    let stranger = generate_key_pair().unwrap();
    let signed = sign_statement(other.to_string().as_bytes(), &stranger.private).unwrap();
    let refused = said(&trust, &[], |ws| ws.put("attestations/image.json", signed));
    // The key is another one each time.
    let at = refused.find("sha256:").unwrap();
    all.push([&refused[..at], "sha256:…", &refused[at + 71..]].concat());
    let image = image.hex();
    let sbom = json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata":
        {"component": {"type": "container", "name": "i", "version": format!("sha256:{image}")}}});
    let mut both = trust.clone();
    both["smoke"] = smoke["smoke"].clone();
    all.push(said(&both, &[GateId::G], |ws| ws.put_json("attestations/sbom.json", &sbom)));
    insta::assert_snapshot!(all.join("\n"));
}
