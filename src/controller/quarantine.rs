//! `Quarantine`: is it released, may it be, is it late.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;
use kube::api::Api;
use kube::runtime::controller::Action;

use super::error::Error;
use super::{Context, apply, of_version};
use crate::api::{
    DatasetPromotion, Quarantine, QuarantinePhase, QuarantineSpec, QuarantineStatus, TimelineEntry,
    condition, is_true, reason, set_condition, type_,
};

/// Entries that the timeline keeps.
const MAX_TIMELINE: usize = 50;

/// Brings one Quarantine's status up to date.
pub(super) async fn reconcile(
    quarantine: Arc<Quarantine>,
    ctx: Arc<Context>,
) -> Result<Action, Error> {
    if quarantine.spec.suspend {
        return Ok(Action::await_change());
    }
    let gates = gates(&quarantine, &ctx).await?;
    let now = Timestamp::now();
    let old = quarantine.status.clone().unwrap_or_default();
    let new = judge(&quarantine.spec, &old, gates, quarantine.metadata.generation, now);
    if new != old {
        apply::status(&ctx, &*quarantine, &new).await?;
        for entry in new.timeline.iter().filter(|entry| !old.timeline.contains(entry)) {
            let warning = matches!(entry.event.as_str(), "Opened" | "Reopened" | "Overdue");
            tracing::info!(event = entry.event, message = entry.message, "quarantine moved");
            let TimelineEntry { event, message, .. } = entry;
            apply::event(&ctx, &*quarantine, warning, "Quarantine", event, message).await;
        }
    }
    ctx.succeeded(&*quarantine);
    let left = quarantine.spec.remediation.due_by.0.duration_since(now);
    Ok(match (new.phase, std::time::Duration::try_from(left)) {
        (QuarantinePhase::Active, Ok(left)) => Action::requeue(left),
        // A promotion that is deleted wakes nobody, and may have been what stood against it.
        (QuarantinePhase::Overdue, _) if quarantine.spec.release.is_some() => {
            Action::requeue(ctx.settings.recheck)
        }
        _ => Action::await_change(),
    })
}

/// What the gates say now of the quarantined version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Gates {
    /// Every promotion of it passes.
    Pass,
    /// Some promotion of it fails, or was not judged in its present form.
    Fail,
    /// Nobody promotes it.
    Nobody,
}

async fn gates(quarantine: &Quarantine, ctx: &Context) -> Result<Gates, Error> {
    let namespace = quarantine.namespace().ok_or(Error::Incomplete("namespace"))?;
    let wanted = of_version(&quarantine.spec.dataset);
    let promotions = Api::<DatasetPromotion>::namespaced(ctx.client.clone(), &namespace)
        .list(&wanted)
        .await?
        .items;
    let passes = |promotion: &DatasetPromotion| {
        promotion.status.as_ref().is_some_and(|status| {
            let generation = promotion.metadata.generation;
            status.conditions.iter().any(|c| {
                c.type_ == type_::GATES_PASSED
                    && c.status == "True"
                    && c.observed_generation == generation
            })
        })
    };
    Ok(match promotions.as_slice() {
        [] => Gates::Nobody,
        all if all.iter().all(passes) => Gates::Pass,
        _ => Gates::Fail,
    })
}

fn judge(
    spec: &QuarantineSpec,
    old: &QuarantineStatus,
    gates: Gates,
    generation: Option<i64>,
    now: Timestamp,
) -> QuarantineStatus {
    let mut new = old.clone();
    new.observed_generation = generation;
    let was_released = old.phase == QuarantinePhase::Released;
    let late = now > spec.remediation.due_by.0;
    new.phase = match &spec.release {
        Some(_) if was_released || gates != Gates::Fail => QuarantinePhase::Released,
        _ if late => QuarantinePhase::Overdue,
        _ => QuarantinePhase::Active,
    };
    let released = new.phase == QuarantinePhase::Released;
    let (releasable, why, text) = match gates {
        Gates::Pass => (
            true,
            reason::SUCCEEDED,
            "the gates pass now: set spec.release to let the version go on",
        ),
        Gates::Nobody => (
            true,
            "NoPromotion",
            "no DatasetPromotion of this version is here, so that no gate speaks against a release",
        ),
        Gates::Fail => (
            false,
            reason::DENIED,
            "the gates do not pass yet; a release takes effect only when they do",
        ),
    };
    let was_releasable = is_true(&old.conditions, type_::RELEASABLE);
    let list = &mut new.conditions;
    set_condition(list, condition(type_::RELEASABLE, releasable, why, text, generation, now));
    let text = if late { "the due date is past" } else { "the due date is not past" };
    let why = if late { "DueDatePassed" } else { "OnTime" };
    set_condition(list, condition(type_::OVERDUE, late && !released, why, text, generation, now));
    let (why, text) = match &spec.release {
        Some(release) if released => {
            ("Released", format!("released by {}: {}", release.principal, release.justification))
        }
        Some(_) => {
            (reason::DENIED, "a release is asked for, but the gates do not pass yet".to_owned())
        }
        None => (
            reason::QUARANTINED,
            format!(
                "held back; {} is to mend it by {}",
                spec.remediation.owner, spec.remediation.due_by.0
            ),
        ),
    };
    set_condition(list, condition(type_::READY, released, why, text.clone(), generation, now));
    let reasons = || spec.reasons.iter().map(|r| r.code.as_str()).collect::<Vec<_>>().join(", ");
    let mut tell = |event: &str, message: String| {
        let at = Time(Timestamp::from_second(now.as_second()).unwrap_or(now));
        new.timeline.push(TimelineEntry { at, event: event.to_owned(), message });
    };
    if old.observed_generation.is_none() {
        tell("Opened", format!("{} because of {}", spec.dataset.slug, reasons()));
    } else if was_released && !released {
        tell("Reopened", format!("the gates fail again: {}", reasons()));
    } else if !released && was_releasable != releasable {
        let event = if releasable { "Releasable" } else { "NotReleasable" };
        tell(
            event,
            if releasable {
                "the gates pass now".into()
            } else {
                format!("the gates fail: {}", reasons())
            },
        );
    }
    if new.phase == QuarantinePhase::Overdue && old.phase != QuarantinePhase::Overdue {
        tell(
            "Overdue",
            format!("{} was to mend it by {}", spec.remediation.owner, spec.remediation.due_by.0),
        );
    }
    if released && !was_released {
        tell("Released", text);
    }
    let surplus = new.timeline.len().saturating_sub(MAX_TIMELINE);
    new.timeline.drain(..surplus);
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{DatasetSelector, Origin, QuarantineReason, Release, Remediation};

    fn spec(release: bool) -> QuarantineSpec {
        QuarantineSpec {
            dataset: DatasetSelector { slug: "a".into(), version_id: "2026.0123abcd".into() },
            reasons: vec![QuarantineReason {
                gate: None,
                code: "Because".into(),
                message: "x".into(),
            }],
            remediation: Remediation {
                owner: "jane".into(),
                due_by: Time(at(100)),
                plan: "x".into(),
            },
            origin: Origin::Manual,
            release: release
                .then(|| Release { principal: "jane".into(), justification: "mended".into() }),
            suspend: false,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn events(status: &QuarantineStatus) -> Vec<&str> {
        status.timeline.iter().map(|e| e.event.as_str()).collect()
    }

    #[test]
    fn a_life() {
        use QuarantinePhase::{Active, Overdue, Released};
        let mut status = QuarantineStatus::default();
        let mut step = |release, gates, second| {
            status = judge(&spec(release), &status, gates, Some(second), at(second));
            (status.phase, is_true(&status.conditions, type_::RELEASABLE), status.clone())
        };
        assert_eq!(step(false, Gates::Fail, 1).0, Active);
        assert_eq!(step(true, Gates::Fail, 2).0, Active, "a release needs gates that pass");
        let (phase, releasable, _) = step(false, Gates::Pass, 3);
        assert_eq!((phase, releasable), (Active, true), "gates that pass are no release");
        assert_eq!(step(false, Gates::Pass, 101).0, Overdue);
        assert_eq!(step(true, Gates::Pass, 102).0, Released);
        assert_eq!(step(true, Gates::Fail, 103).0, Released, "only the promotion reopens it");
        let (phase, _, last) = step(false, Gates::Fail, 104);
        assert_eq!(phase, Overdue);
        assert_eq!(
            events(&last),
            ["Opened", "Releasable", "Overdue", "Released", "Reopened", "Overdue"]
        );
    }

    #[test]
    fn nothing_new_changes_nothing() {
        let first = judge(&spec(false), &QuarantineStatus::default(), Gates::Fail, Some(1), at(1));
        assert_eq!(judge(&spec(false), &first, Gates::Fail, Some(1), at(2)), first);
    }
}
