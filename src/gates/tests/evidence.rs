//! Gates E, F and G.

use serde_json::{Value, json};

use crate::dataset::testing::{Workspace, image, workspace};
use crate::domain::Digest;
use crate::policy::Verdict;

use super::expect;

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
fn a_run_may_have_a_qa_report_of_its_own() {
    let own = "work/qa_reports/map.json";
    let report =
        |status: &str| json!({"status": status, "checks": [{"name": "a", "status": status}]});
    let points = |ws: &mut Workspace, status: &str| {
        ws.put_json(own, &report(status));
        let digest = ws.digest(own).to_string();
        ws.edit("receipts/map.json", |r| r["validation"]["report_digest"] = json!(digest));
    };
    expect(|ws| points(ws, "pass"), &[]);
    expect(|ws| points(ws, "fail"), &["E ValidationFailed work/qa_reports/map.json#/status"]);
    expect(
        |ws| {
            points(ws, "pass");
            ws.put_json(own, &json!({"status": "pass", "checks": []}));
        },
        &[
            "E QaReportInvalid work/qa_reports/map.json#/checks",
            "E QaReportMismatch receipts/map.json#/validation/report_digest",
        ],
    );
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
    // Two receipts that say the same of one output are no fork; with other bytes they are one.
    let twin = |change: fn(&mut Value)| {
        move |ws: &mut Workspace| {
            let mut twin: Value = ws.json("receipts/map.json");
            twin["run_id"] = json!("kfm://run/2026-11-20T12:00:00Z.twin");
            change(&mut twin);
            ws.put_json("receipts/twin.json", &twin);
        }
    };
    expect(twin(|_| {}), &[]);
    expect(
        twin(|r| r["outputs"][0]["digest"] = json!(image().to_string())),
        &[
            "E ArtifactForked receipts/twin.json#/outputs/0",
            "E ReceiptDigestMismatch receipts/twin.json#/outputs/0/digest",
        ],
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

/// Codes and messages of a gate after a change.
fn messages_of(change: impl FnOnce(&mut Workspace), gate: usize) -> Vec<(String, String)> {
    let mut ws = workspace();
    change(&mut ws);
    let report = super::report(&ws);
    report.gates[gate].reasons.iter().map(|r| (r.code.to_string(), r.message.clone())).collect()
}

fn messages(change: impl FnOnce(&mut Workspace)) -> Vec<String> {
    messages_of(change, 4).into_iter().map(|(_, message)| message).collect()
}

#[test]
fn gaps_and_circles_are_named_with_what_hangs_on_them() {
    let from_nowhere = messages(|ws| {
        ws.put("work/by_hand.csv", "x");
        let digest = ws.digest("work/by_hand.csv").to_string();
        ws.edit(CLEAN, |r| r["inputs"] = json!([{"uri": "work/by_hand.csv", "digest": digest}]));
    });
    assert_eq!(
        from_nowhere,
        ["work/by_hand.csv is neither under raw/ nor any run's output, so that \
          processed/stations.csv and 1 more are not traced to raw data."]
    );
    let round = messages(|ws| {
        let digest = ws.digest("processed/stations.geojson").to_string();
        let input = json!([{"uri": "processed/stations.geojson", "digest": digest}]);
        ws.edit(CLEAN, |r| r["inputs"] = input);
    });
    assert_eq!(
        round,
        ["The runs go round: receipts/clean.json needs processed/stations.geojson of \
          receipts/map.json, which needs processed/stations.csv of receipts/clean.json."]
    );
}

/// SLSA provenance of the run that made the map, in the place of its receipt.
fn slsa(ws: &Workspace, v1: bool) -> Value {
    let hex = |path: &str| json!({"sha256": ws.digest(path).hex()});
    let subject = json!([{"name": "processed/stations.geojson", "digest": hex("processed/stations.geojson")}]);
    let input = json!({"uri": "processed/stations.csv", "digest": hex("processed/stations.csv")});
    let source = json!({"uri": "git+https://example.org/pipeline@refs/heads/main",
                        "digest": {"gitCommit": "0123456789abcdef0123456789abcdef01234567"}});
    let image = json!({"uri": "oci://example.org/pipeline", "digest": {"sha256": image().hex()}});
    let params = ws.json("spec.json")["params"].clone();
    if v1 {
        json!({
            "_type": "https://in-toto.io/Statement/v1", "subject": subject,
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {
                "buildDefinition": {
                    "buildType": "https://example.org/pipeline/v1",
                    "externalParameters": {"params": params},
                    "resolvedDependencies": [source, image, input],
                },
                "runDetails": {
                    "builder": {"id": "https://example.org/builder"},
                    "metadata": {"invocationId": "map-1", "finishedOn": "2026-11-20T12:06:00Z"},
                },
            },
        })
    } else {
        json!({
            "_type": "https://in-toto.io/Statement/v0.1", "subject": subject,
            "predicateType": "https://slsa.dev/provenance/v0.2",
            "predicate": {
                "builder": {"id": "https://example.org/builder"},
                "buildType": "https://example.org/pipeline/v1",
                "invocation": {"configSource": source, "parameters": {"params": params}},
                "metadata": {"buildInvocationId": "map-1", "buildFinishedOn": "2026-11-20T12:06:00Z"},
                "materials": [image, input],
            },
        })
    }
}

#[test]
fn slsa_provenance_is_a_receipt() {
    use base64::Engine as _;
    let map = "receipts/map.json";
    let with = |v1: bool, change: fn(&mut Value)| {
        move |ws: &mut Workspace| {
            let mut statement = slsa(ws, v1);
            change(&mut statement);
            ws.put_json(map, &statement);
        }
    };
    for v1 in [true, false] {
        expect(with(v1, |_| {}), &[]);
        expect(
            with(v1, |s| s["subject"][0]["digest"]["sha256"] = json!("0".repeat(64))),
            &["E ReceiptDigestMismatch receipts/map.json#/subject/0/digest/sha256"],
        );
        expect(
            with(v1, |s| s["predicateType"] = json!("https://spdx.dev/Document")),
            &["E ReceiptPredicateUnknown receipts/map.json#/predicateType"],
        );
    }
    let dependencies = "/predicate/buildDefinition/resolvedDependencies";
    for (index, at) in [(0, dependencies), (1, dependencies)] {
        expect(
            |ws| {
                let mut statement = slsa(ws, true);
                let list = statement.pointer_mut(dependencies).unwrap().as_array_mut().unwrap();
                list.remove(index);
                ws.put_json(map, &statement);
            },
            &[&format!("E ReceiptIncomplete {map}#{at}")],
        );
    }
    // A name from elsewhere joins by its bytes; without any data read, the chain is broken.
    expect(
        with(true, |s| {
            let input = &mut s["predicate"]["buildDefinition"]["resolvedDependencies"][2];
            input["uri"] = json!("s3://bucket/intermediate/stations.csv");
        }),
        &[],
    );
    expect(
        with(true, |s| {
            let definition = &mut s["predicate"]["buildDefinition"];
            definition["resolvedDependencies"].as_array_mut().unwrap().remove(2);
        }),
        &["E LineageBroken receipts/map.json#/inputs"],
    );
    expect(
        with(true, |s| {
            s["predicate"]["buildDefinition"]["externalParameters"]["params"] = json!({"bin": 11});
        }),
        &[
            "E ParamsDigestMismatch receipts/map.json#/predicate/buildDefinition/externalParameters/params",
        ],
    );
    let envelope = |ws: &mut Workspace, payload: &[u8]| {
        let payload = base64::engine::general_purpose::STANDARD.encode(payload);
        let envelope = json!({"payloadType": "application/vnd.in-toto+json", "payload": payload});
        ws.put_json(map, &json!({"dsseEnvelope": envelope}));
    };
    expect(
        |ws| {
            let statement = serde_json::to_vec(&slsa(ws, true)).unwrap();
            envelope(ws, &statement);
        },
        &[],
    );
    expect(|ws| envelope(ws, b"{"), &["E ReceiptInvalid receipts/map.json#/dsseEnvelope/payload"]);
}

#[test]
fn the_lineage_can_be_walked_both_ways() {
    let ws = workspace();
    let whole = crate::gates::trace(&ws.facts());
    assert_eq!(whole.gaps, []);
    assert_eq!(whole.files.len(), 3);
    assert_eq!(whole.files["processed/stations.geojson"].made_by, ["receipts/map.json"]);
    let up = |path: &str| whole.of(path).runs.into_iter().map(|r| r.receipt).collect::<Vec<_>>();
    assert_eq!(up("processed/stations.csv"), ["receipts/clean.json", "receipts/map.json"]);
    assert_eq!(up("raw/source.csv").len(), 2);
    assert_eq!(whole.of("nowhere").files.len(), 0);
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

/// With a pack that allows one place on the web.
#[test]
fn web_evidence_counts_where_it_is_allowed_and_a_copy_with_its_digest_lies_there() {
    let data = json!({"evidence": {"allow": ["https://example.org/docs/"]}});
    let verdict = Verdict { data: std::sync::Arc::new(data), ..super::verdict() };
    let copy = workspace().digest("raw/source.csv");
    for (refs, expected) in [
        (json!([format!("https://example.org/docs/a#{copy}")]), None),
        (
            json!(["https://example.org/docs/a"]),
            Some("F EvidenceOffline dataset.json#/evidence_refs"),
        ),
        (
            json!([format!("https://example.org/docs/a#{}", Digest::of(b"other"))]),
            Some("F EvidenceUnresolved dataset.json#/evidence_refs/0"),
        ),
        (
            json!(["spec.json", "https://example.com/a"]),
            Some("F EvidenceNotAllowed dataset.json#/evidence_refs/1"),
        ),
    ] {
        let mut ws = workspace();
        ws.edit("dataset.json", |d| d["evidence_refs"] = refs);
        let report = crate::gates::judge(&ws.facts(), &verdict, &[], super::now());
        assert_eq!(super::found(&report), expected.into_iter().collect::<Vec<_>>());
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
        &["F OpenApiInvalid contracts/openapi.yaml#"],
    );
    let head = "openapi: 3.0.3\ninfo: {title: x, version: '1'}\npaths:\n";
    let with = |paths: &str| {
        let text = format!("{head}{paths}");
        move |ws: &mut Workspace| ws.put(api, &text)
    };
    let get = "  /a: {get: {responses: {'200': {$ref: '#/components/responses/ok'}}}}\n";
    let ok = "components: {responses: {ok: {description: fine}}}\n";
    expect(with(&format!("{get}{ok}")), &[]);
    expect(
        with(get),
        &["F OpenApiInvalid contracts/openapi.yaml#/paths/~1a/get/responses/200/$ref"],
    );
    expect(with("  a: {}\n"), &["F OpenApiInvalid contracts/openapi.yaml#/paths/a"]);
    expect(
        |ws| ws.put(api, "openapi: 3.7.0\ninfo: {title: x, version: '1'}\npaths: {}\n"),
        &["F OpenApiInvalid contracts/openapi.yaml#/openapi"],
    );
}

#[test]
fn graphql() {
    let sdl = "contracts/api.graphql";
    expect(
        |ws| ws.put(sdl, "type Query { station(id: ID!): Station }\ntype Station { id: ID! }"),
        &[],
    );
    for bad in [
        "type Query {",
        "type Query { station: Station }",
        "type Query { a: Int a: Int }",
        "interface Node { id: ID! }\ntype Query implements Node { a: Int }",
    ] {
        let found = messages_of(|ws| ws.put(sdl, bad), 5);
        assert!(!found.is_empty(), "{bad}");
        assert!(
            found.iter().all(|(code, m)| code == "GraphQlInvalid" && m.contains(" at ")),
            "{found:?}"
        );
    }
    expect(|ws| ws.put(sdl, b"\xff"), &["F GraphQlInvalid contracts/api.graphql#"]);
    // Deep beyond the limit is refused, not walked.
    let deep = format!("type Query {{ a: {}Int{} }}", "[".repeat(5000), "]".repeat(5000));
    let found = messages_of(|ws| ws.put(sdl, &deep), 5);
    assert!(found[0].1.contains("limit"), "{found:?}");
}
