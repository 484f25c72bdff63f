//! Gates E, F and G.

use serde_json::{Value, json};

use crate::dataset::testing::image;
use crate::domain::{Digest, GateId};
use crate::gates::codes::*;
use crate::pack::generate_key_pair;

use super::{Case, Row};

const CLEAN: &str = "receipts/clean.json";
const MAP: &str = "receipts/map.json";
const QA: &str = "work/qa_report.json";
const SMOKE: &str = "attestations/smoke.json";

pub(super) const ROWS: &[Row] = &[
    (&RECEIPT_MISSING, "no receipts", |case| {
        case.ws.remove(CLEAN);
        case.ws.remove(MAP);
        case.set("dataset.json", "/evidence_refs", json!(["spec.json"]));
    }),
    (&RECEIPT_INVALID, "a branch in place of a commit", |case| {
        case.set(CLEAN, "/environment/git_commit", json!("main"));
    }),
    (&RECEIPT_PREDICATE_UNKNOWN, "an SBOM statement among the receipts", |case| {
        case.ws.put_json(MAP, &statement("https://spdx.dev/Document"));
    }),
    (&RECEIPT_INCOMPLETE, "provenance that does not say when the run ended", |case| {
        let mut run = slsa(case);
        let details = run["predicate"]["runDetails"].as_object_mut().unwrap();
        details.remove("metadata").unwrap();
        case.ws.put_json(MAP, &run);
    }),
    (&RECEIPT_VERSION_MISMATCH, "a receipt of last year", |case| {
        case.set(CLEAN, "/dataset_version_id", json!("2025-01.00000000"));
    }),
    (&RECEIPT_IN_FUTURE, "a receipt of next year", |case| {
        case.set(CLEAN, "/created_at", json!("2027-01-01T00:00:00Z"));
    }),
    (&RUN_ID_DUPLICATE, "one run_id for two runs", |case| {
        case.set(CLEAN, "/run_id", json!("kfm://run/2026-11-20T12:00:00Z.map"));
    }),
    (&RECEIPT_FILE_MISSING, "an input more, which is not there", |case| {
        let none = json!({"uri": "raw/none.csv", "digest": image().to_string()});
        case.push(CLEAN, "/inputs", none);
    }),
    (&RECEIPT_DIGEST_MISMATCH, "the raw table was changed after the run", |case| {
        case.ws.put("raw/source.csv", "id,depth\n1,2.5\n2,3.6\n");
    }),
    (&PARAMS_DIGEST_MISMATCH, "the run had other parameters", |case| {
        let other = json!(Digest::of(b"other").to_string());
        case.set(CLEAN, "/environment/params_digest", other);
    }),
    (&CONTAINER_DIGEST_PLACEHOLDER, "sixty-four zeros for an image", |case| {
        let zeros = json!(format!("sha256:{}", "0".repeat(64)));
        case.set(CLEAN, "/environment/container_digest", zeros);
    }),
    (&VALIDATION_FAILED, "the run's validation failed", |case| {
        case.set(CLEAN, "/validation/status", json!("fail"));
    }),
    (&QA_REPORT_MISSING, "no QA report", |case| case.ws.remove(QA)),
    (&QA_REPORT_INVALID, "a QA report without checks", |case| {
        case.set(QA, "/checks", json!([]));
        let digest = json!(case.ws.digest(QA).to_string());
        for receipt in [CLEAN, MAP] {
            case.set(receipt, "/validation/report_digest", digest.clone());
        }
    }),
    (&QA_REPORT_MISMATCH, "the QA report of another run", |case| {
        let other = json!(Digest::of(b"other").to_string());
        case.set(CLEAN, "/validation/report_digest", other);
    }),
    (&ARTIFACT_ORPHAN, "the map's receipt is gone", |case| case.ws.remove(MAP)),
    (&ARTIFACT_FORKED, "a second receipt for the map, of other inputs", |case| {
        let mut twin = case.ws.json(MAP);
        twin["run_id"] = json!("kfm://run/2026-11-20T12:00:00Z.twin");
        let digest = case.ws.digest("raw/source.csv").to_string();
        twin["inputs"] = json!([{"uri": "raw/source.csv", "digest": digest}]);
        case.ws.put_json("receipts/twin.json", &twin);
    }),
    (&LINEAGE_BROKEN, "a table made by hand", |case| {
        case.ws.put("work/by_hand.csv", "id\n1\n");
        let digest = case.ws.digest("work/by_hand.csv").to_string();
        case.push(CLEAN, "/inputs", json!({"uri": "work/by_hand.csv", "digest": digest}));
    }),
    (&LINEAGE_CYCLE, "each run reads what the other wrote", |case| {
        let digest = case.ws.digest("processed/stations.geojson").to_string();
        let input = json!([{"uri": "processed/stations.geojson", "digest": digest}]);
        case.set(CLEAN, "/inputs", input);
    }),
    (&PACK_TESTS_MISSING, "a pack without tests", |case| case.verdict.tests_passed = 0),
    (&EVIDENCE_MISSING, "no evidence reference", |case| {
        case.set("dataset.json", "/evidence_refs", json!([]));
    }),
    (&EVIDENCE_UNRESOLVED, "a reference to a file that is not there", |case| {
        case.push("dataset.json", "/evidence_refs", json!("processed/none.csv"));
    }),
    (&EVIDENCE_NOT_ALLOWED, "a web address that the pack does not list", |case| {
        case.data["evidence"] = json!({"allow": ["https://example.org/"]});
        case.push("dataset.json", "/evidence_refs", json!("https://example.com/report"));
    }),
    (&EVIDENCE_OFFLINE, "nothing but a web address", |case| {
        case.set("dataset.json", "/evidence_refs", json!(["https://example.org/report"]));
    }),
    (&CONTRACT_INVALID, "a schema with a type that there is not", |case| {
        case.set("contracts/schemas/station.schema.json", "/type", json!("thing"));
    }),
    (&FIXTURE_ORPHAN, "a fixture of no schema", |case| {
        case.ws.put_json("contracts/fixtures/depth.valid.json", &json!({}));
    }),
    (&FIXTURE_FAILED, "the valid fixture lacks what is required", |case| {
        case.ws.put_json("contracts/fixtures/station.valid.json", &json!({}));
    }),
    (&OPEN_API_INVALID, "OpenAPI without paths or components", |case| {
        let text = "openapi: 3.1.0\ninfo: {title: Stations, version: '1'}\n";
        case.ws.put("contracts/openapi.yaml", text);
    }),
    (&GRAPHQL_INVALID, "a type that is not defined", |case| {
        case.ws.put("contracts/api.graphql", "type Query { station: Station }\n");
    }),
    (&ATTESTATION_INVALID, "an attestation breaks off", |case| {
        case.ws.put("attestations/image.json", "{");
    }),
    (&SBOM_MISSING, "signed provenance, and no SBOM", |case| {
        let keys = generate_key_pair().unwrap();
        case.attested(&keys);
        case.signed(&keys, |_| {});
        case.ws.remove("attestations/sbom.json");
    }),
    (&SBOM_INVALID, "an SBOM whose version is a word", |case| {
        case.attested(&generate_key_pair().unwrap());
        case.required.clear();
        case.set("attestations/sbom.json", "/version", json!("one"));
    }),
    (&SBOM_SUBJECT_MISMATCH, "the SBOM of another image", |case| {
        case.attested(&generate_key_pair().unwrap());
        case.required.clear();
        let other = json!(Digest::of(b"another image").to_string());
        case.set("attestations/sbom.json", "/metadata/component/version", other);
    }),
    (&PROVENANCE_UNSIGNED, "a bare statement", |case| {
        let bare = statement("https://slsa.dev/provenance/v1");
        case.ws.put_json("attestations/image.json", &bare);
    }),
    (&PROVENANCE_NOT_VERIFIABLE, "required, and the pack trusts nobody", |case| {
        let keys = generate_key_pair().unwrap();
        case.attested(&keys);
        case.data = json!({});
    }),
    (&PROVENANCE_SIGNATURE_INVALID, "a stranger signed", |case| {
        case.attested(&generate_key_pair().unwrap());
        case.signed(&generate_key_pair().unwrap(), |_| {});
    }),
    (&PROVENANCE_MISSING, "an SBOM, and no provenance", |case| {
        case.attested(&generate_key_pair().unwrap());
    }),
    (&PROVENANCE_SUBJECT_MISMATCH, "provenance of another image", |case| {
        let other = Digest::of(b"another image").hex();
        provenance(case, "/subject/0/digest/sha256", json!(other));
    }),
    (&PROVENANCE_BUILDER_FORBIDDEN, "built on a laptop", |case| {
        let laptop = json!("https://example.org/laptop");
        provenance(case, "/predicate/runDetails/builder/id", laptop);
    }),
    (&PROVENANCE_SOURCE_FORBIDDEN, "built from a fork", |case| {
        let fork = json!("git+https://example.org/fork@refs/heads/main");
        provenance(case, "/predicate/buildDefinition/resolvedDependencies/0/uri", fork);
    }),
    (&SMOKE_REPORT_INVALID, "a smoke report of no known version", |case| {
        case.ws.put_json(SMOKE, &json!({"lazaret_smoke_report_version": "v2", "status": "pass"}));
    }),
    (&SMOKE_REPORT_MISSING, "a budget, and nobody measured", |case| {
        let keys = generate_key_pair().unwrap();
        case.attested(&keys);
        case.signed(&keys, |_| {});
        case.data["smoke"] = json!({"budgets": {"p95_ms": {"max": 350}}});
    }),
    (&SMOKE_BUDGET_EXCEEDED, "slower than the budget", |case| {
        case.data["smoke"] = json!({"budgets": {"p95_ms": {"max": 350}}});
        case.ws.put_json(
            SMOKE,
            &json!({"lazaret_smoke_report_version": "v1", "status": "pass",
            "metrics": {"p95_ms": 400}}),
        );
    }),
];

fn statement(kind: &str) -> Value {
    json!({"_type": "https://in-toto.io/Statement/v1", "predicateType": kind})
}

/// The map's run as SLSA provenance.
fn slsa(case: &Case) -> Value {
    let hex = |path: &str| json!({"sha256": case.ws.digest(path).hex()});
    let (table, map) = ("processed/stations.csv", "processed/stations.geojson");
    let commit = json!({"gitCommit": "0123456789abcdef0123456789abcdef01234567"});
    let mut run = statement("https://slsa.dev/provenance/v1");
    run["subject"] = json!([{"name": map, "digest": hex(map)}]);
    run["predicate"] = json!({
        "buildDefinition": {
            "buildType": "https://example.org/pipeline/v1",
            "externalParameters": {"params": case.ws.json("spec.json")["params"]},
            "resolvedDependencies": [
                {"uri": "git+https://example.org/pipeline", "digest": commit},
                {"uri": "oci://example.org/pipeline", "digest": {"sha256": image().hex()}},
                {"uri": table, "digest": hex(table)},
            ],
        },
        "runDetails": {"builder": {"id": "https://example.org/builder"},
            "metadata": {"invocationId": "map-1", "finishedOn": "2026-11-20T12:06:00Z"}},
    });
    run
}

/// Signed provenance with another value at a pointer.
fn provenance(case: &mut Case, pointer: &str, value: Value) {
    let keys = generate_key_pair().unwrap();
    case.attested(&keys);
    case.required = vec![GateId::G];
    case.signed(&keys, |statement| *statement.pointer_mut(pointer).unwrap() = value);
}
