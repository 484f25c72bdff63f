//! The status of a Quarantine, from what is known now. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::api::{
    QuarantinePhase, QuarantineSpec, QuarantineStatus, TimelineEntry, WrittenTime, condition,
    is_true, reason, set_condition, type_,
};

/// Entries that the timeline keeps.
const MAX_TIMELINE: usize = 50;

/// What the gates say now of the quarantined version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Gates {
    /// Every promotion of it passes.
    Pass,
    /// Some promotion of it fails, or was not judged in its present form.
    Fail,
    /// Nobody promotes it.
    Nobody,
    /// `spec.suspend`.
    NotAsked,
}

impl Gates {
    const fn let_it_go(self) -> bool {
        matches!(self, Self::Pass | Self::Nobody)
    }
}

/// The status at `now`.
pub(super) fn render(
    spec: &QuarantineSpec,
    old: &QuarantineStatus,
    gates: Gates,
    generation: Option<i64>,
    requested: Option<String>,
    now: Timestamp,
) -> QuarantineStatus {
    // A date that cannot be read is one to look at now.
    let late = spec.remediation.due_by.at().is_none_or(|due| now > due);
    let mut new = old.clone();
    new.observed_generation = generation;
    new.last_handled_reconcile_at = requested;
    new.phase = match &spec.release {
        // Only the promotion, by striking the release out, takes back what took effect.
        Some(_) if old.phase == QuarantinePhase::Released || gates.let_it_go() => {
            QuarantinePhase::Released
        }
        _ if late => QuarantinePhase::Overdue,
        _ => QuarantinePhase::Active,
    };
    let released = new.phase == QuarantinePhase::Released;
    let set = |list: &mut Vec<Condition>, kind, value, (why, text): (&str, String)| {
        set_condition(list, condition(kind, value, why, text, generation, now));
    };
    let list = &mut new.conditions;
    set(list, type_::RELEASABLE, gates.let_it_go(), releasable(gates));
    set(list, type_::OVERDUE, late && !released, overdue(spec, late, released));
    set(list, type_::READY, released, ready(spec, gates, released));
    let at = Time(Timestamp::from_second(now.as_second()).unwrap_or(now));
    for (event, message) in news(spec, old, &new, gates) {
        let (at, event) = (at.clone(), event.to_owned());
        new.timeline.push(TimelineEntry { at, event, message });
    }
    let surplus = new.timeline.len().saturating_sub(MAX_TIMELINE);
    new.timeline.drain(..surplus);
    new
}

fn releasable(gates: Gates) -> (&'static str, String) {
    let (why, text) = match gates {
        Gates::Pass => {
            (reason::SUCCEEDED, "the gates pass now: set spec.release to let the version go on")
        }
        Gates::Nobody => (
            "NoPromotion",
            "no DatasetPromotion of this version is here, so that no gate speaks against a release",
        ),
        Gates::Fail => {
            (reason::DENIED, "the gates do not pass yet; a release takes effect only when they do")
        }
        Gates::NotAsked => {
            (reason::SUSPENDED, "nobody asks the gates before spec.suspend is false")
        }
    };
    (why, text.to_owned())
}

fn overdue(spec: &QuarantineSpec, late: bool, released: bool) -> (&'static str, String) {
    let (why, text) = match (released, late) {
        (true, _) => ("Released", "it is released"),
        (false, true) if due(spec).at().is_none() => {
            ("DueDateUnreadable", "remediation.dueBy is no time: write it as 2026-12-31T12:00:00Z")
        }
        (false, true) => ("DueDatePassed", "the due date is past"),
        (false, false) => ("OnTime", "the due date is not past"),
    };
    (why, text.to_owned())
}

fn ready(spec: &QuarantineSpec, gates: Gates, released: bool) -> (&'static str, String) {
    match &spec.release {
        Some(release) if released => {
            ("Released", format!("released by {}: {}", release.principal, release.justification))
        }
        _ if gates == Gates::NotAsked => {
            let text =
                "suspended and held back; no release takes effect before spec.suspend is false";
            (reason::SUSPENDED, text.to_owned())
        }
        Some(_) => {
            (reason::DENIED, "a release is asked for, but the gates do not pass yet".to_owned())
        }
        None => (
            reason::QUARANTINED,
            format!("held back; {} is to mend it by {}", owner(spec), due(spec)),
        ),
    }
}

/// What happened between two statuses, for the timeline.
fn news(
    spec: &QuarantineSpec,
    old: &QuarantineStatus,
    new: &QuarantineStatus,
    gates: Gates,
) -> Vec<(&'static str, String)> {
    use QuarantinePhase::{Overdue, Released};
    let codes = || spec.reasons.iter().map(|r| r.code.as_str()).collect::<Vec<_>>().join(", ");
    let mut told = Vec::new();
    // A status that nobody wrote yet says generation -1.
    let first = old.observed_generation.is_none_or(|seen| seen < 0);
    let turned = is_true(&old.conditions, type_::RELEASABLE) != gates.let_it_go();
    if first {
        told.push(("Opened", format!("{} because of {}", spec.dataset.slug, codes())));
    } else if old.phase == Released && new.phase != Released {
        told.push(("Reopened", format!("the gates fail again: {}", codes())));
    } else if new.phase != Released && turned && gates != Gates::NotAsked {
        told.push(match gates.let_it_go() {
            true => ("Releasable", "the gates pass now".to_owned()),
            false => ("NotReleasable", format!("the gates fail: {}", codes())),
        });
    }
    if new.phase == Overdue && old.phase != Overdue {
        told.push(("Overdue", format!("{} was to mend it by {}", owner(spec), due(spec))));
    }
    if new.phase == Released && old.phase != Released {
        told.push(("Released", ready(spec, gates, true).1));
    }
    told
}

fn owner(spec: &QuarantineSpec) -> &str {
    &spec.remediation.owner
}

const fn due(spec: &QuarantineSpec) -> &WrittenTime {
    &spec.remediation.due_by
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
                due_by: at(100).into(),
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

    fn why<'a>(status: &'a QuarantineStatus, kind: &str) -> &'a str {
        &status.conditions.iter().find(|c| c.type_ == kind).unwrap().reason
    }

    /// The status of an object that was just created, as its CRD has it.
    fn unobserved() -> QuarantineStatus {
        QuarantineStatus { observed_generation: Some(-1), ..QuarantineStatus::default() }
    }

    #[test]
    fn a_life() {
        use QuarantinePhase::{Active, Overdue, Released};
        let mut status = unobserved();
        let mut step = |release, gates, second| {
            status = render(&spec(release), &status, gates, Some(second), None, at(second));
            (status.phase, is_true(&status.conditions, type_::RELEASABLE), status.clone())
        };
        assert_eq!(step(false, Gates::Fail, 1).0, Active);
        assert_eq!(step(true, Gates::Fail, 2).0, Active, "a release needs gates that pass");
        let (phase, releasable, _) = step(false, Gates::Pass, 3);
        assert_eq!((phase, releasable), (Active, true), "gates that pass are no release");
        assert_eq!(step(false, Gates::Pass, 101).0, Overdue);
        let (phase, _, released) = step(true, Gates::Pass, 102);
        assert_eq!((phase, why(&released, type_::OVERDUE)), (Released, "Released"));
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
        let render = |old: &QuarantineStatus, second| {
            render(&spec(false), old, Gates::Fail, Some(1), Some("now".into()), at(second))
        };
        let first = render(&QuarantineStatus::default(), 1);
        assert_eq!(first.last_handled_reconcile_at.as_deref(), Some("now"));
        assert_eq!(render(&first, 2), first);
    }

    #[test]
    fn a_due_date_that_is_no_time_is_past() {
        let mut spec = spec(false);
        spec.remediation.due_by = WrittenTime::Unreadable("2026-12-01T00:00:00+99:99".into());
        let status = render(&spec, &unobserved(), Gates::Fail, Some(1), None, at(1));
        assert_eq!(status.phase, QuarantinePhase::Overdue);
        assert_eq!(why(&status, type_::OVERDUE), "DueDateUnreadable");
    }

    #[test]
    fn suspended_it_is_seen_and_holds_and_what_was_released_stays_so() {
        use QuarantinePhase::{Active, Overdue, Released};
        let suspended = |release, old: &QuarantineStatus, second| {
            render(&spec(release), old, Gates::NotAsked, Some(second), None, at(second))
        };
        let held = suspended(true, &unobserved(), 1);
        assert_eq!((held.phase, held.observed_generation), (Active, Some(1)));
        assert_eq!(why(&held, type_::READY), reason::SUSPENDED);
        assert_eq!(suspended(true, &held, 101).phase, Overdue, "the due date goes on");
        let released = render(&spec(true), &held, Gates::Pass, Some(2), None, at(2));
        let still = suspended(true, &released, 3);
        assert_eq!((still.phase, why(&still, type_::READY)), (Released, "Released"));
        assert_eq!(suspended(false, &still, 4).phase, Active, "without a release nothing is");
        assert_eq!(events(&still), ["Opened", "Released"]);
    }
}
