//! The proof that travels with a publication: two in-toto Statements v1 over the manifest and all
//! that it lists. One is a SLSA Verification Summary, which stock tools read; the other says in
//! Lazaret's own words what was decided, by whom, and where the ledger has it.

use std::fmt;

use serde_json::{Value, json};

use super::documents::{Manifest, decision_id};
use super::{ApprovedPlan, Plan};
use crate::domain::{Digest, GateState};
use crate::ledger::Recorded;

/// `predicateType` of the summary.
pub const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
/// `predicateType` of Lazaret's own statement; its schema is `promotion_predicate.v1`.
pub const PROMOTION: &str = "https://lazaret.dev/promotion/v1";

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const VERIFIER: &str = "https://lazaret.dev/verifier";

/// Puts a signature on statements. It holds a secret, so that it shows nothing of itself.
pub trait Attestor: Send + Sync {
    /// A Sigstore bundle with a DSSE envelope over `statement`, as JSON.
    ///
    /// # Errors
    /// Why it cannot be signed.
    fn attest(&self, statement: &[u8]) -> Result<String, String>;
}

impl fmt::Debug for dyn Attestor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attestor")
    }
}

/// One statement, and what its file is called.
pub(super) struct Statement {
    pub(super) name: &'static str,
    pub(super) value: Value,
}

/// What the statements speak of, all of it on record before they are written: whoever writes them
/// again, with another build or after another approval came in, writes the same bytes.
pub(super) struct Publication<'a> {
    pub(super) approved: &'a ApprovedPlan,
    pub(super) manifest: &'a Manifest,
    pub(super) manifest_path: &'a str,
    pub(super) manifest_digest: Digest,
    pub(super) recorded: &'a Recorded,
}

pub(super) fn statements(publication: &Publication<'_>) -> [Statement; 2] {
    let subjects = subjects(publication);
    let statement = |kind: &str, predicate: Value| {
        json!({
            "_type": STATEMENT,
            "subject": subjects,
            "predicateType": kind,
            "predicate": predicate,
        })
    };
    [
        Statement { name: "vsa", value: statement(SUMMARY, summary(publication)) },
        Statement { name: "promotion", value: statement(PROMOTION, promotion(publication)) },
    ]
}

fn subjects(publication: &Publication<'_>) -> Vec<Value> {
    let subject =
        |name: &str, digest: Digest| json!({ "name": name, "digest": { "sha256": digest.hex() } });
    let name = publication.manifest_path.rsplit('/').next().unwrap_or_default();
    let files = publication.manifest.files().map(|file| subject(&file.path, file.digest));
    let mut all = vec![subject(name, publication.manifest_digest)];
    all.extend(files);
    all
}

fn passed(plan: &Plan) -> impl Iterator<Item = String> {
    let passed = plan.gates().iter().filter(|(_, state)| *state == GateState::Passed);
    // Not "SLSA_…": those levels speak of builds, and of these the gates are no judge.
    passed.map(|(gate, _)| format!("LAZARET_GATE_{gate}"))
}

fn summary(publication: &Publication<'_>) -> Value {
    let plan = publication.approved.plan();
    let dataset = plan.dataset();
    let evidence = plan.files().iter().filter(|file| {
        file.path.starts_with("receipts/") || file.path.starts_with("attestations/")
    });
    let evidence =
        evidence.map(|file| json!({ "uri": file.path, "digest": { "sha256": file.digest.hex() } }));
    json!({
        "verifier": { "id": VERIFIER },
        "timeVerified": time(publication),
        "resourceUri": format!("kfm://dataset/{}/{}/", dataset.slug, dataset.version),
        "policy": {
            "uri": format!("kfm://policy_pack/{}", plan.policy_digest().hex()),
            "digest": { "sha256": plan.policy_digest().hex() },
        },
        "inputAttestations": evidence.collect::<Vec<_>>(),
        "verificationResult": "PASSED",
        "verifiedLevels": passed(plan).collect::<Vec<_>>(),
        "slsaVersion": "1.0",
    })
}

fn promotion(publication: &Publication<'_>) -> Value {
    let plan = publication.approved.plan();
    let entry = &publication.recorded.entry;
    let gates = plan.gates().iter().map(|(id, state)| json!({ "id": id, "state": state }));
    let approvals = entry.approvals.iter().map(|approval| {
        let (role, principal) = approval.split_once(':').unwrap_or(("", approval));
        json!({ "role": role, "principal": principal })
    });
    json!({
        "dataset_slug": plan.dataset().slug.as_str(),
        "dataset_version_id": plan.dataset().version.as_str(),
        "spec_hash": plan.spec_hash(),
        "plan_digest": plan.digest(),
        "intended_use": plan.intended_use(),
        "policy": {
            "pack_digest": plan.policy_digest(),
            "policy_label": plan.policy_label(),
            "decision_id": decision_id(plan.digest()),
        },
        "gates": gates.collect::<Vec<_>>(),
        "approvals": approvals.collect::<Vec<_>>(),
        "publisher": { "principal": entry.actor },
        "manifest": {
            "path": publication.manifest_path,
            "digest": publication.manifest_digest,
        },
        "ledger": {
            "sequence": entry.sequence,
            "digest": publication.recorded.digest,
        },
        "released_at": publication.manifest.released_at,
        "recorded_at": time(publication),
    })
}

/// The ledger's time: whoever tries again has the same.
fn time(publication: &Publication<'_>) -> Value {
    let recorded = publication.recorded.entry.recorded_at;
    // Whole seconds, as stock readers of RFC 3339 in these statements expect.
    let whole = jiff::Timestamp::from_second(recorded.as_second()).unwrap_or(recorded);
    json!(whole)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::contracts::{SchemaName, violations};

    const VALID: &str = include_str!("../../contracts/fixtures/promotion_predicate.v1.valid.json");
    const INVALID: [(&str, &str); 2] = [
        (
            include_str!("../../contracts/fixtures/promotion_predicate.v1.invalid-no-ledger.json"),
            "/ledger",
        ),
        (
            include_str!("../../contracts/fixtures/promotion_predicate.v1.invalid-gate.json"),
            "/gates/0/state",
        ),
    ];

    #[test]
    fn fixtures_of_the_predicate_give_their_verdicts() {
        let found = |text: &str| {
            let value: Value = serde_json::from_str(text).unwrap();
            violations(SchemaName::PromotionPredicate, &value)
        };
        assert_eq!(found(VALID), []);
        for (text, pointer) in INVALID {
            let found = found(text);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].pointer, pointer);
        }
    }
}
