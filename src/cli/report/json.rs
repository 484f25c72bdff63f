//! The whole report as one JSON object, for machines.

use serde::Serialize;
use serde_json::{Value, json};

use super::{Conclusion, Finished};
use crate::domain::{Digest, SpecHash};
use crate::promotion::Plan;

pub(super) fn render(finished: &Finished<'_>) -> String {
    let assessment = finished.assessment;
    let requested = &assessment.facts.requested;
    let (result, detail) = match &finished.conclusion {
        Conclusion::Valid => ("passed", Value::Null),
        Conclusion::Denied => ("denied", Value::Null),
        Conclusion::OtherPlan { expected } => ("denied", json!({ "approvedPlan": expected })),
        Conclusion::Unapproved { missing, .. } => (
            "unapproved",
            json!({ "role": missing.role, "planDigest": missing.digest, "message": missing.to_string() }),
        ),
        Conclusion::DryRun => ("passed", json!({ "dryRun": true })),
        Conclusion::Published(published) => (
            "published",
            json!({
                "manifest": {
                    "digest": published.manifest_digest,
                    "url": published.manifest_url,
                },
                "ledger": {
                    "sequence": published.ledger.entry.sequence,
                    "digest": published.ledger.digest,
                },
                "releasedAt": published.released_at,
            }),
        ),
    };
    let gates: Vec<_> = assessment
        .report
        .gates
        .iter()
        .map(|gate| {
            json!({
                "id": gate.id,
                "name": gate.id.name(),
                "state": gate.state,
                "reasons": gate.reasons,
            })
        })
        .collect();
    let report = Report {
        dataset_slug: &requested.dataset_slug,
        dataset_version_id: &requested.dataset_version_id,
        detail,
        gates,
        intended_use: &requested.intended_use,
        plan: assessment.plan.as_ref().map(|plan| Planned { digest: plan.digest(), plan }),
        policy: json!({
            "name": assessment.verdict.pack.name,
            "digest": assessment.verdict.pack.digest,
            "testsPassed": assessment.verdict.tests_passed,
            "signed": finished.judge.signed,
        }),
        result,
        spec_hash: assessment.facts.spec_hash(),
    };
    // Its keys are texts, and nothing in it fails to be written.
    serde_json::to_string_pretty(&report).unwrap_or_default() + "\n"
}

/// Written as it is: a plan of many files as a JSON value would be several times as large.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    dataset_slug: &'a str,
    dataset_version_id: &'a str,
    detail: Value,
    gates: Vec<Value>,
    intended_use: &'a str,
    plan: Option<Planned<'a>>,
    policy: Value,
    result: &'static str,
    spec_hash: Option<SpecHash>,
}

#[derive(Serialize)]
struct Planned<'a> {
    digest: Digest,
    #[serde(flatten)]
    plan: &'a Plan,
}
