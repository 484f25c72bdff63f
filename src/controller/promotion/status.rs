//! The status of a promotion, from what happened. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::decide::Outcome;
use crate::api::{
    DatasetPromotion, DatasetPromotionStatus, GateStatus, LedgerStatus, LocalReference,
    ManifestStatus, Phase, PlanStatus, ProgressStatus, ReasonStatus, condition, reason,
    set_condition, type_,
};
use crate::domain::{Reason, Report};
use crate::promotion::Plan;

/// Reasons that a gate lists in the status; etcd is not the place for thousands.
const MAX_REASONS: usize = 20;

/// The status after `outcome`.
pub(super) fn render(
    old: &DatasetPromotionStatus,
    outcome: &Outcome,
    generation: Option<i64>,
    requested: Option<String>,
    now: Timestamp,
) -> DatasetPromotionStatus {
    let mut new = old.clone();
    new.observed_generation = generation;
    new.last_handled_reconcile_at = requested;
    new.progress = None;
    match outcome {
        Outcome::Denied { report, spec_hash, .. } => {
            new.gates = gates(report, now);
            new.spec_hash.clone_from(spec_hash);
            new.plan = None;
        }
        Outcome::Held { report, plan, .. }
        | Outcome::AwaitingApproval { report, plan, .. }
        | Outcome::DryRun { report, plan }
        | Outcome::Published { report, plan, .. } => judged(&mut new, report, plan, now),
        _ => {}
    }
    if let Outcome::Hashing { progress, .. } = outcome {
        new.progress = Some(progress.clone());
    }
    new.phase = phase(outcome, old.phase);
    new.quarantine_ref = match outcome {
        Outcome::Denied { quarantine, .. } => quarantine.clone(),
        Outcome::Held { quarantine, .. } | Outcome::Withdrawn { quarantine, .. } => {
            Some(quarantine.clone())
        }
        Outcome::Published { .. } | Outcome::AwaitingApproval { .. } | Outcome::DryRun { .. } => {
            None
        }
        _ => old.quarantine_ref.clone().map(|reference| reference.name),
    }
    .map(|name| LocalReference { name });
    if let Outcome::Published { published, .. } = outcome {
        new.manifest = Some(ManifestStatus {
            digest: published.manifest_digest.to_string(),
            url: published.manifest_url.clone(),
        });
        new.ledger = Some(LedgerStatus {
            sequence: number(published.ledger.entry.sequence),
            digest: published.ledger.digest.to_string(),
        });
    }
    conditions(&mut new, outcome, generation, now);
    new
}

/// The status while the workspace is read.
pub(super) fn validating(
    promotion: &DatasetPromotion,
    progress: Option<ProgressStatus>,
    now: Timestamp,
) -> DatasetPromotionStatus {
    let mut new = promotion.status.clone().unwrap_or_default();
    new.phase = Phase::Validating;
    new.progress = progress;
    under_way(&mut new, "the workspace is being read and judged", promotion, now);
    new
}

/// The status while objects are written.
pub(super) fn publishing(
    promotion: &DatasetPromotion,
    report: &Report,
    plan: &Plan,
    now: Timestamp,
) -> DatasetPromotionStatus {
    let mut new = promotion.status.clone().unwrap_or_default();
    new.phase = Phase::Publishing;
    judged(&mut new, report, plan, now);
    under_way(&mut new, "the objects are being written", promotion, now);
    new
}

fn under_way(
    status: &mut DatasetPromotionStatus,
    message: &str,
    promotion: &DatasetPromotion,
    now: Timestamp,
) {
    let generation = promotion.metadata.generation;
    for (kind, value) in [(type_::RECONCILING, true), (type_::READY, false)] {
        let new = condition(kind, value, reason::PROGRESSING, message, generation, now);
        set_condition(&mut status.conditions, new);
    }
}

fn judged(status: &mut DatasetPromotionStatus, report: &Report, plan: &Plan, now: Timestamp) {
    status.gates = gates(report, now);
    status.spec_hash = Some(plan.spec_hash().to_string());
    status.plan = Some(PlanStatus {
        digest: plan.digest().to_string(),
        artifacts: number(plan.files().len()),
        bytes: number(plan.bytes()),
        policy_digest: plan.policy_digest().to_string(),
    });
}

const fn phase(outcome: &Outcome, old: Phase) -> Phase {
    match outcome {
        Outcome::Suspended | Outcome::Settled | Outcome::StillWithdrawn => old,
        Outcome::Published { .. } => Phase::Published,
        Outcome::Withdrawn { .. } => Phase::Withdrawn,
        Outcome::Denied { quarantine: Some(_), .. } | Outcome::Held { .. } => Phase::Quarantined,
        Outcome::AwaitingApproval { .. } => Phase::AwaitingApproval,
        Outcome::Denied { quarantine: None, .. }
        | Outcome::DryRun { .. }
        | Outcome::Again
        | Outcome::Hashing { .. } => Phase::Validating,
        Outcome::Invalid(_)
        | Outcome::Waiting(_)
        | Outcome::ShardsFailed(_)
        | Outcome::Undecided(_) => match old {
            Phase::Published | Phase::Withdrawn | Phase::Quarantined => old,
            _ => Phase::Pending,
        },
    }
}

fn conditions(
    new: &mut DatasetPromotionStatus,
    outcome: &Outcome,
    generation: Option<i64>,
    now: Timestamp,
) {
    let make = |kind, value, reason: &str, message: String| {
        condition(kind, value, reason, message, generation, now)
    };
    let list: &mut Vec<Condition> = &mut new.conditions;
    let why = outcome.reason();
    let message = message(outcome);
    match outcome {
        Outcome::Settled | Outcome::StillWithdrawn => {
            let kept = list.iter().find(|c| c.reason == why && c.type_ == type_::READY);
            let text = kept.map_or(message, |c| c.message.clone());
            set_condition(list, make(type_::READY, matches!(outcome, Outcome::Settled), why, text));
        }
        Outcome::Published { .. } => set_condition(list, make(type_::READY, true, why, message)),
        _ => set_condition(list, make(type_::READY, false, why, message)),
    }
    match outcome {
        Outcome::Denied { report, .. } => {
            set_condition(list, make(type_::GATES_PASSED, false, why, denied(report)));
            list.retain(|c| c.type_ != type_::APPROVED);
        }
        Outcome::Held { .. }
        | Outcome::AwaitingApproval { .. }
        | Outcome::DryRun { .. }
        | Outcome::Published { .. } => {
            let text = "all required gates pass".to_owned();
            set_condition(list, make(type_::GATES_PASSED, true, reason::SUCCEEDED, text));
        }
        _ => {}
    }
    match outcome {
        Outcome::AwaitingApproval { missing, .. } => {
            set_condition(list, make(type_::APPROVED, false, why, missing.to_string()));
        }
        Outcome::Published { .. } | Outcome::DryRun { .. } => {
            let text = "the plan has every approval that its label asks for".to_owned();
            set_condition(list, make(type_::APPROVED, true, reason::SUCCEEDED, text));
        }
        _ => {}
    }
    let ready_message = list.iter().find(|c| c.type_ == type_::READY).map(|c| c.message.clone());
    let text = ready_message.unwrap_or_default();
    list.retain(|c| c.type_ != type_::RECONCILING && c.type_ != type_::STALLED);
    match outcome {
        Outcome::Waiting(_) | Outcome::Undecided(_) | Outcome::Again | Outcome::Hashing { .. } => {
            set_condition(list, make(type_::RECONCILING, true, why, text));
        }
        Outcome::Invalid(_)
        | Outcome::ShardsFailed(_)
        | Outcome::Denied { .. }
        | Outcome::Held { .. } => {
            set_condition(list, make(type_::STALLED, true, why, text));
        }
        _ => {}
    }
}

fn message(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Suspended => "suspended; set spec.suspend to false to go on".to_owned(),
        Outcome::Settled => "published".to_owned(),
        Outcome::StillWithdrawn => "withdrawn; its Quarantine is still active".to_owned(),
        Outcome::Invalid(message) | Outcome::Waiting(message) => message.clone(),
        Outcome::Undecided(message) => {
            format!("could not decide, which means no; trying again: {message}")
        }
        Outcome::Hashing { done, shards, ready, .. } => {
            let idle = if *ready == 0 { "; no pod runs now: kubectl describe its Job" } else { "" };
            format!("pods are hashing the data: {done} of {shards} shards are done{idle}")
        }
        Outcome::ShardsFailed(why) => {
            format!("the data could not be hashed by pods, which means no: {why}")
        }
        Outcome::Again => "what was decided on changed meanwhile; deciding again".to_owned(),
        Outcome::Denied { report, quarantine, .. } => {
            let held = quarantine.as_ref();
            let held = held.map_or_else(String::new, |name| format!(" (Quarantine {name})"));
            format!("{}{held}", denied(report))
        }
        Outcome::Held { quarantine, .. } => {
            format!("all gates pass, but Quarantine {quarantine} is active; release it to publish")
        }
        Outcome::AwaitingApproval { missing, .. } => missing.to_string(),
        Outcome::DryRun { plan, .. } => format!(
            "dry run: plan {} with {} objects would be published; nothing was written",
            plan.digest().short(),
            plan.files().len()
        ),
        Outcome::Published { plan, published, .. } => format!(
            "published {} objects, {} bytes; manifest {}; ledger entry {}",
            plan.files().len(),
            plan.bytes(),
            published.manifest_digest.short(),
            published.ledger.entry.sequence
        ),
        Outcome::Withdrawn { quarantine, reason } => {
            format!("withdrawn because of Quarantine {quarantine}: {reason}")
        }
    }
}

fn denied(report: &Report) -> String {
    let mut reasons = report.reasons();
    let first = reasons
        .next()
        .map(|(gate, r)| format!("gate {gate}: {}: {}", r.code, r.message))
        .unwrap_or_default();
    match reasons.count() {
        0 => first,
        more => format!("{first} (and {more} more)"),
    }
}

fn gates(report: &Report, now: Timestamp) -> Vec<GateStatus> {
    let gates = report.gates.iter().map(|gate| GateStatus {
        id: gate.id.to_string(),
        name: gate.id.name().to_owned(),
        state: format!("{:?}", gate.state),
        reasons: bounded(&gate.reasons),
        checked_at: Time(now),
    });
    gates.collect()
}

fn bounded(reasons: &[Reason]) -> Vec<ReasonStatus> {
    let mut list: Vec<_> = reasons
        .iter()
        .take(MAX_REASONS)
        .map(|r| ReasonStatus {
            code: r.code.to_string(),
            message: r.message.chars().take(2000).collect(),
            path: r.path.clone(),
            pointer: r.pointer.clone(),
            remedy: r.remedy.chars().take(2000).collect(),
        })
        .collect();
    let rest = reasons.len() - list.len();
    if let (Some(last), true) = (list.last_mut(), rest > 0) {
        last.message = format!("{} (and {rest} more findings of this gate)", last.message);
    }
    list
}

fn number(n: impl TryInto<i64>) -> i64 {
    n.try_into().unwrap_or(i64::MAX)
}

/// What is worth an Event: another phase, or another reason for not being ready. Whether it is a
/// warning, its reason and its words.
pub(super) fn news(
    old: &DatasetPromotionStatus,
    new: &DatasetPromotionStatus,
) -> Option<(bool, String, String)> {
    let ready = |status: &DatasetPromotionStatus| {
        status.conditions.iter().find(|c| c.type_ == type_::READY).cloned()
    };
    let now = ready(new)?;
    let before = ready(old).map(|c| (c.status, c.reason));
    if old.phase == new.phase && before == Some((now.status.clone(), now.reason.clone())) {
        return None;
    }
    let warning = matches!(new.phase, Phase::Quarantined | Phase::Withdrawn)
        || now.reason == reason::UNDECIDED
        || now.reason == reason::SHARDS_FAILED
        || now.reason == reason::INVALID_SPEC;
    Some((warning, now.reason, now.message))
}
