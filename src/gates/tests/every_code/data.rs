//! Gates A, B and C.

use serde_json::json;

use crate::dataset::Published;
use crate::domain::{Digest, SpecHash};
use crate::gates::codes::*;
use crate::policy::{Obligation, ObligationKind};

use super::{Case, Row};

const DATASET: &str = "dataset.json";
const DCAT: &str = "catalog/dcat.jsonld";
const COLLECTION: &str = "catalog/stac/collection.json";
const PLAN: &str = "work/redaction_plan.json";

pub(super) const ROWS: &[Row] = &[
    (&SLUG_INVALID, "the slug has a capital and a space, everywhere alike", |case| {
        case.ws.requested.dataset_slug = "Harbour Stations".into();
        case.set(DATASET, "/dataset_slug", json!("Harbour Stations"));
        case.set(DATASET, "/evidence_refs", json!(["spec.json"]));
    }),
    (&VERSION_ID_INVALID, "a thirteenth month, everywhere alike", |case| {
        let id = case.ws.requested.dataset_version_id.replace("-11.", "-13.");
        rename(case, &id);
    }),
    (&DATASET_MISSING, "no dataset.json", |case| case.ws.remove(DATASET)),
    (&DATASET_INVALID, "no title", |case| case.drop(DATASET, "/title")),
    (&DATASET_MISMATCH, "the workspace is of another dataset", |case| {
        case.set(DATASET, "/dataset_slug", json!("harbour-depths"));
    }),
    (&SPEC_MISSING, "no spec.json", |case| case.ws.remove("spec.json")),
    (&SPEC_INVALID, "a member twice in spec.json", |case| {
        case.ws.put("spec.json", r#"{"params": {"bin": 10}, "params": {"bin": 20}}"#);
    }),
    (&SPEC_HASH_MISMATCH, "the hash of another spec", |case| {
        case.set(DATASET, "/spec_hash", json!(Digest::of(b"another spec").to_string()));
    }),
    (&VERSION_PREFIX_MISMATCH, "a changed spec under the old version id", |case| {
        case.set("spec.json", "/pipeline", json!("harbour-2"));
        let hash = SpecHash::of(&case.ws.json("spec.json")).unwrap();
        case.set(DATASET, "/spec_hash", json!(hash.to_string()));
    }),
    (&VERSION_ALREADY_PUBLISHED, "other bytes of a published table", |case| {
        let facts = case.ws.facts();
        let spec_hash = facts.spec_hash().unwrap().to_string();
        let mut files: std::collections::BTreeMap<_, _> =
            facts.objects.into_iter().map(|(path, object)| (path, object.digest)).collect();
        files.retain(|path, _| path.starts_with("processed/") || path.starts_with("catalog/"));
        files.insert("processed/stations.csv".into(), Digest::of(b"as it was published"));
        case.ws.published = Some(Published { spec_hash, files });
    }),
    (&RIGHTS_MISSING, "no rights", |case| case.drop(DATASET, "/rights")),
    (&LICENSE_UNCLEAR, "NOASSERTION for a licence", |case| {
        case.set(DATASET, "/rights/license", json!("NOASSERTION"));
    }),
    (&LICENSE_INVALID, "a licence without its version", |case| {
        case.set(DATASET, "/rights/license", json!("CC-BY"));
    }),
    (&LICENSE_TEXT_MISSING, "a licence of one's own without its text", |case| {
        license(case, "LicenseRef-port", "https://example.org/port-licence");
        case.set(DCAT, "/dct:license", json!("LicenseRef-port"));
        case.set(COLLECTION, "/license", json!("proprietary"));
    }),
    (&RIGHTS_HOLDER_MISSING, "an empty rights holder", |case| {
        case.set(DATASET, "/rights/rights_holder", json!(" "));
    }),
    (&ATTRIBUTION_MISSING, "no attribution", |case| case.drop(DATASET, "/rights/attribution")),
    (&LICENSE_INCOMPATIBLE, "a non-commercial licence for commercial use", |case| {
        license(case, "CC-BY-NC-4.0", "https://creativecommons.org/licenses/by-nc/4.0/");
        case.ws.requested.intended_use = "commercial".into();
    }),
    (&LICENSE_CONTRADICTION, "STAC names another licence", |case| {
        case.set(COLLECTION, "/license", json!("CC0-1.0"));
    }),
    (&LICENSE_LINK_MISSING, "two licences, and STAC has no link", |case| {
        license(case, "CC-BY-4.0 AND ODbL-1.0", "https://example.org/both");
        case.set(DCAT, "/dct:license", json!("CC-BY-4.0 AND ODbL-1.0"));
        case.set(COLLECTION, "/license", json!("other"));
        case.drop(COLLECTION, "/links/4");
    }),
    (&OBLIGATION_NOT_STATED, "attribution is owed, and DCAT is silent", |case| {
        let kind = ObligationKind::Attribution;
        case.verdict.obligations.insert(Obligation { license: "CC-BY-4.0".into(), kind });
    }),
    (&LABEL_MISSING, "no label", |case| case.drop(DATASET, "/policy_label")),
    (&LABEL_UNKNOWN, "a label of one's own", |case| {
        case.set(DATASET, "/policy_label", json!("secret"));
    }),
    (&LABEL_PROHIBITED, "the black band", |case| {
        case.set(DATASET, "/policy_label", json!("prohibited"));
    }),
    (&REDACTION_PLAN_MISSING, "restricted, and no plan", |case| {
        case.set(DATASET, "/policy_label", json!("restricted"));
    }),
    (&REDACTION_PLAN_INVALID, "the plan names a file that is not there", |case| {
        redacted(case);
        case.set(PLAN, "/inputs/0", json!("raw/none.csv"));
    }),
    (&REDACTION_METHOD_UNKNOWN, "a method that nobody knows", |case| {
        redacted(case);
        case.set(PLAN, "/method", json!("blur"));
    }),
    (&REDACTION_NOT_RECORDED, "the plan's activity is not in PROV", |case| {
        redacted(case);
        case.set(PLAN, "/activity", json!("../catalog/prov/bundle.jsonld#nobody"));
    }),
    (&REDACTION_INCOMPLETE, "the map is also made of the raw data", |case| {
        redacted(case);
        let used =
            json!([{"@id": "../../processed/stations.csv"}, {"@id": "../../raw/source.csv"}]);
        case.set("catalog/prov/bundle.jsonld", "/@graph/4/prov:used", used);
    }),
    (&REDACTION_UNCHECKABLE, "a plan that promises nothing", |case| {
        redacted(case);
        case.set(PLAN, "/parameters", json!({"grid": "coarse"}));
    }),
    (&CONTENT_UNCHECKABLE, "a picture among redacted data", |case| {
        redacted(case);
        case.ws.put("attestations/map.png", b"\x89PNG\r\n\x1a\n");
    }),
    (&COORDINATE_TOO_FINE, "one place by thousandths of a degree", |case| {
        redacted(case);
        case.ws.rewrite("processed/stations.csv", "id,lat,lon\n1,47.5,7.5\n2,47.512,7.5\n");
    }),
    (&COLUMN_NOT_DROPPED, "the observers are still there", |case| {
        redacted(case);
        case.edit(PLAN, |plan| plan["parameters"]["dropped_columns"] = json!(["observer"]));
        case.ws.rewrite("processed/stations.csv", "id,Observer\n1,jane\n");
    }),
];

/// Another version id, everywhere alike.
fn rename(case: &mut Case, id: &str) {
    let old = std::mem::replace(&mut case.ws.requested.dataset_version_id, id.to_owned());
    let paths: Vec<String> = case.ws.files().map(|(path, _)| path.clone()).collect();
    for path in paths.iter().filter(|path| path.contains("json")) {
        let text = case.ws.text(path).replace(&old, id);
        case.ws.put(path, text);
    }
}

/// Another licence, everywhere alike.
fn license(case: &mut Case, spdx: &str, url: &str) {
    case.set(DATASET, "/rights/license", json!(spdx));
    case.set(COLLECTION, "/license", json!(spdx));
    case.set(COLLECTION, "/links/4/href", json!(url));
    case.set(DCAT, "/dct:license", json!({"@id": url}));
}

/// A sensitive dataset whose cleaning is the redaction; the map is made of the clean table.
fn redacted(case: &mut Case) {
    case.edit(DATASET, |dataset| {
        dataset["policy_label"] = json!("sensitive_location");
        dataset["redaction_plan"] = json!(PLAN);
    });
    let plan = json!({"method": "generalization", "parameters": {"cell_degrees": 0.05},
        "inputs": ["raw/source.csv"], "outputs": ["processed/stations.csv"],
        "activity": "../catalog/prov/bundle.jsonld#clean"});
    case.ws.put_json(PLAN, &plan);
}
