//! Gate G.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::dataset::testing::{Workspace, image, workspace};
use crate::domain::{Digest, GateId, GateState};
use crate::gates::judge;
use crate::pack::{KeyPairPem, generate_key_pair, sign_statement};
use crate::policy::Verdict;

use super::{expect, found, now, verdict};

const SBOM: &str = "attestations/sbom.json";
const BUNDLE: &str = "attestations/image.sigstore.json";

type Form<'a> = &'a dyn Fn(&Digest) -> Value;

fn spdx_2(digest: &Digest) -> Value {
    json!({
        "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "dataLicense": "CC0-1.0",
        "name": "pipeline", "documentNamespace": "https://example.org/s",
        "creationInfo": {"created": "2026-11-20T12:00:00Z", "creators": ["Tool: t"]},
        "documentDescribes": ["SPDXRef-image"],
        "packages": [{"SPDXID": "SPDXRef-image", "name": "pipeline", "downloadLocation": "NOASSERTION",
                      "checksums": [{"algorithm": "SHA256", "checksumValue": digest.hex()}]}],
    })
}

fn spdx_3(digest: &Digest) -> Value {
    json!({
        "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
        "@graph": [
            {"type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.1",
             "createdBy": ["https://example.org/tool"], "created": "2026-11-20T12:00:00Z"},
            {"type": "Organization", "spdxId": "https://example.org/tool", "creationInfo": "_:c"},
            {"type": "SpdxDocument", "spdxId": "https://example.org/doc", "creationInfo": "_:c",
             "profileConformance": ["core", "software"], "rootElement": ["https://example.org/sbom"]},
            {"type": "software_Sbom", "spdxId": "https://example.org/sbom", "creationInfo": "_:c",
             "rootElement": ["https://example.org/image"], "element": ["https://example.org/image"]},
            {"type": "software_Package", "spdxId": "https://example.org/image", "creationInfo": "_:c",
             "name": "pipeline", "software_packageVersion": "1",
             "verifiedUsing": [{"type": "Hash", "algorithm": "sha256", "hashValue": digest.hex()}]},
        ],
    })
}

fn cyclone_dx(version: &'static str) -> impl Fn(&Digest) -> Value {
    move |digest| {
        json!({"bomFormat": "CycloneDX", "specVersion": version, "version": 1,
               "metadata": {"component": {"type": "container", "name": "pipeline",
                                          "purl": format!("pkg:oci/pipeline@sha256%3A{}", digest.hex())}}})
    }
}

#[test]
fn sboms_are_valid_by_their_formats_and_of_the_image() {
    let described_by = |digest: &Digest| {
        let mut sbom = spdx_2(digest);
        sbom["documentDescribes"] = json!([]);
        sbom["relationships"] = json!([{"spdxElementId": "SPDXRef-image",
            "relationshipType": "DESCRIBED_BY", "relatedSpdxElement": "SPDXRef-DOCUMENT"}]);
        sbom
    };
    let of_one = |digest: &Digest| {
        let mut sbom = spdx_2(digest);
        sbom["documentDescribes"] = json!([]);
        sbom
    };
    let forms: [(Form<'_>, &str); 7] = [
        (&spdx_2, "/packages"),
        (&described_by, "/packages"),
        (&of_one, "/packages"),
        (&spdx_3, "/@graph"),
        (&cyclone_dx("1.5"), "/metadata/component"),
        (&cyclone_dx("1.6"), "/metadata/component"),
        (&cyclone_dx("1.7"), "/metadata/component"),
    ];
    for (sbom, subject) in forms {
        expect(|ws| ws.put_json(SBOM, &sbom(&image())), &[]);
        expect(
            |ws| ws.put_json(SBOM, &sbom(&Digest::of(b"other"))),
            &[&format!("G SbomSubjectMismatch {SBOM}#{subject}")],
        );
    }
    let broken = |mut sbom: Value, change: fn(&mut Value)| {
        change(&mut sbom);
        move |ws: &mut Workspace| ws.put_json(SBOM, &sbom)
    };
    for (change, at) in [
        (broken(spdx_2(&image()), |s| s["spdxVersion"] = json!("SPDX-2.1")), "/spdxVersion"),
        (
            broken(spdx_2(&image()), |s| s["creationInfo"]["creators"] = json!([])),
            "/creationInfo/creators",
        ),
        (
            broken(spdx_2(&image()), |s| s["packages"][0]["licenseDeclared"] = json!("Ours")),
            "/packages/0/licenseDeclared",
        ),
        (
            broken(spdx_3(&image()), |s| {
                s["@graph"][4]["verifiedUsing"][0]["algorithm"] = json!("sha0")
            }),
            "/@graph/4/verifiedUsing/0/algorithm",
        ),
        (
            broken(spdx_3(&image()), |s| s["@graph"][2]["rootElement"] = json!(["urn:x"])),
            "/@graph/2/rootElement/0",
        ),
        (
            broken(cyclone_dx("1.5")(&image()), |s| s["dependencies"] = json!([{"ref": "x"}])),
            "/dependencies/0/ref",
        ),
        (broken(cyclone_dx("1.4")(&image()), |_| {}), "/specVersion"),
        (broken(cyclone_dx("1.6")(&image()), |s| s["version"] = json!("one")), "/version"),
    ] {
        expect(change, &[&format!("G SbomInvalid {SBOM}#{at}")]);
    }
    expect(|ws| ws.put(SBOM, "{"), &["G SbomInvalid attestations/sbom.json#"]);
}

#[test]
fn what_is_no_signed_provenance() {
    let statement = "attestations/provenance.json";
    expect(|ws| ws.put(statement, "{"), &["G AttestationInvalid attestations/provenance.json#"]);
    expect(
        |ws| ws.put_json(statement, &json!({"_type": "https://in-toto.io/Statement/v1"})),
        &["G ProvenanceUnsigned attestations/provenance.json#"],
    );
    // The pack names nobody, and nobody requires the gate.
    expect(|ws| ws.put_json(statement, &json!({"dsseEnvelope": {}})), &[]);

    let mut ws = workspace();
    let required = |ws: &Workspace| judge(&ws.facts(), &verdict(), &[GateId::G], now());
    assert_eq!(
        found(&required(&ws)),
        ["G ProvenanceNotVerifiable ", "G SbomMissing attestations/"]
    );
    ws.put_json(SBOM, &cyclone_dx("1.6")(&image()));
    assert_eq!(found(&required(&ws)), ["G ProvenanceNotVerifiable "]);
    assert_eq!(super::report(&ws).gates[6].state, GateState::Passed);
}

fn provenance(image: &Digest) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "pipeline", "digest": {"sha256": image.hex()}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://example.org/build/v1", "externalParameters": {},
                "resolvedDependencies": [{"uri": "git+https://example.org/pipeline@refs/heads/main",
                    "digest": {"gitCommit": "0123456789abcdef0123456789abcdef01234567"}}],
            },
            "runDetails": {"builder": {"id": "https://example.org/builder"}},
        },
    })
}

fn trusting(keys: &KeyPairPem) -> Verdict {
    let data = json!({"provenance": {
        "keys": [keys.public], "builders": ["https://example.org/builder"],
        "sources": ["git+https://example.org/pipeline"],
    }});
    Verdict { data: Arc::new(data), ..verdict() }
}

#[test]
fn signed_provenance_is_checked_against_what_the_pack_trusts() {
    let (keys, other) = (generate_key_pair().unwrap(), generate_key_pair().unwrap());
    let judged = |bundle: Option<&str>, verdict: &Verdict| {
        let mut ws = workspace();
        ws.put_json(SBOM, &cyclone_dx("1.6")(&image()));
        if let Some(bundle) = bundle {
            ws.put(BUNDLE, bundle);
        }
        found(&judge(&ws.facts(), verdict, &[GateId::G], now()))
    };
    let signed = |statement: &Value, keys: &KeyPairPem| {
        sign_statement(statement.to_string().as_bytes(), &keys.private).unwrap()
    };
    let trust = trusting(&keys);
    let good = signed(&provenance(&image()), &keys);
    assert_eq!(judged(Some(&good), &trust), Vec::<String>::new());
    assert_eq!(judged(None, &trust), ["G ProvenanceMissing attestations/"]);
    let at = format!("{BUNDLE}#/dsseEnvelope/payload");
    assert_eq!(
        judged(Some(&signed(&provenance(&image()), &other)), &trust),
        [format!("G ProvenanceSignatureInvalid {BUNDLE}#")]
    );
    let stranger = signed(&provenance(&Digest::of(b"other")), &keys);
    assert_eq!(judged(Some(&stranger), &trust), [format!("G ProvenanceSubjectMismatch {at}")]);
    for (pointer, code) in [
        ("/predicate/runDetails/builder/id", "ProvenanceBuilderForbidden"),
        ("/predicate/buildDefinition/resolvedDependencies/0/uri", "ProvenanceSourceForbidden"),
    ] {
        let mut statement = provenance(&image());
        *statement.pointer_mut(pointer).unwrap() = json!("git+https://example.org/elsewhere");
        assert_eq!(judged(Some(&signed(&statement, &keys)), &trust), [format!("G {code} {at}")]);
    }
    let broken = Verdict { data: Arc::new(json!({"provenance": {"keys": ["no"]}})), ..verdict() };
    assert_eq!(judged(Some(&good), &broken), [format!("G ProvenanceNotVerifiable {BUNDLE}")]);
}

#[test]
fn a_key_beside_a_trusted_root_needs_a_log_entry() {
    let keys = generate_key_pair().unwrap();
    let mut verdict = trusting(&keys);
    let root = include_str!("../../../e2e/fixtures/keyless/trusted_root.json");
    let root: Value = serde_json::from_str(root).unwrap();
    let bundle = sign_statement(provenance(&image()).to_string().as_bytes(), &keys.private);
    let mut ws = workspace();
    ws.put_json(SBOM, &cyclone_dx("1.6")(&image()));
    ws.put(BUNDLE, bundle.unwrap());
    let judged = |verdict: &Verdict| judge(&ws.facts(), verdict, &[GateId::G], now());
    assert_eq!(found(&judged(&verdict)), Vec::<String>::new());
    let mut data = (*verdict.data).clone();
    data["provenance"]["trusted_root"] = root;
    verdict.data = Arc::new(data);
    let report = judged(&verdict);
    assert_eq!(found(&report), [format!("G ProvenanceSignatureInvalid {BUNDLE}#")]);
    let message = &report.gates[6].reasons[0].message;
    assert!(message.contains("log"), "{message}");
}

#[test]
fn smoke_reports_keep_within_the_packs_budgets() {
    let data = json!({"smoke": {"budgets": {"p95_ms": {"max": 350}, "accessibility.score": {"min": 0.9}}}});
    let verdict = Verdict { data: Arc::new(data), ..verdict() };
    let judged = |path: &str, report: Value| {
        let mut ws = workspace();
        ws.put_json(path, &report);
        found(&judge(&ws.facts(), &verdict, &[], now()))
    };
    let path = "attestations/smoke.json";
    let report = |status: &str, p95: Value| json!({"lazaret_smoke_report_version": "v1", "status": status, "metrics": {"p95_ms": p95, "rps": 9}});
    assert_eq!(judged(path, report("pass", json!(350))), Vec::<String>::new());
    for (report, line) in [
        (
            report("pass", json!(350.5)),
            "G SmokeBudgetExceeded attestations/smoke.json#/metrics/p95_ms",
        ),
        (report("fail", json!(1)), "G SmokeBudgetExceeded attestations/smoke.json#/status"),
        (report("pass", json!("fast")), "G SmokeReportInvalid attestations/smoke.json#/metrics"),
        (
            json!({"lighthouseVersion": "12", "categories": {"accessibility": {"score": 0.8}}}),
            "G SmokeBudgetExceeded attestations/smoke.json#/categories/accessibility/score",
        ),
    ] {
        assert_eq!(judged(path, report), [line]);
    }
    let mut ws = workspace();
    ws.put_json(SBOM, &cyclone_dx("1.6")(&image()));
    let lines = found(&judge(&ws.facts(), &verdict, &[GateId::G], now()));
    assert_eq!(
        lines,
        [
            "G ProvenanceNotVerifiable ",
            "G SmokeReportMissing attestations/",
            "G SmokeReportMissing attestations/"
        ]
    );
}
