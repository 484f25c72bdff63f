//! The whole report as one JSON object, for machines.

use serde_json::{Value, json};

use super::{Conclusion, Finished};

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
    let report = json!({
        "datasetSlug": requested.dataset_slug,
        "datasetVersionId": requested.dataset_version_id,
        "intendedUse": requested.intended_use,
        "specHash": assessment.facts.spec_hash(),
        "policy": {
            "name": assessment.verdict.pack.name,
            "digest": assessment.verdict.pack.digest,
            "testsPassed": assessment.verdict.tests_passed,
            "signed": finished.judge.signed,
        },
        "result": result,
        "detail": detail,
        "gates": gates,
        "plan": assessment.plan.as_ref().map(crate::promotion::Plan::to_json),
    });
    format!("{report:#}\n")
}
