//! Which decision speaks for a change: only one that names exactly these bytes, on both sides.

use super::super::decision::{Decision, Verdict};
use super::super::finding::{Finding, Severity};
use super::{Case, Duty, Item};
use crate::domain::Digest;

/// A decision file.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Its path in the set.
    pub file: String,
    /// What it says, or why it says nothing.
    pub decision: Result<Decision, String>,
    /// Whether a signature by somebody who counts is on it, or why not.
    pub signed: Result<(), String>,
}

/// What was decided about a change.
#[derive(Clone, Debug)]
pub enum Standing {
    /// It may go on.
    Approved(Box<Decision>),
    /// Somebody said no.
    Denied(Box<Decision>),
    /// Somebody said yes, but that does not count.
    Refused(Vec<String>),
    /// Nobody said anything about these bytes.
    Silent {
        /// Decisions about other bytes.
        others: usize,
        /// The digests that one would have to name.
        sides: (Digest, Digest),
    },
}

/// What was decided about the change between these sides. Somebody's no outweighs everybody's yes: it is
/// overcome by changing the contracts, or by taking the record back.
pub(super) fn standing(case: &Case<'_>, sides: (Digest, Digest)) -> Standing {
    let (mut refused, mut others, mut approved) = (Vec::new(), 0, None);
    for submission in case.submissions {
        let Ok(decision) = &submission.decision else { continue };
        if (decision.before.digest, decision.after.digest) != sides {
            others += 1;
            continue;
        }
        let why = match flaw(case, submission, decision) {
            Some(why) => why,
            None if decision.decision == Verdict::Deny => {
                return Standing::Denied(Box::new(decision.clone()));
            }
            None => {
                approved.get_or_insert_with(|| Box::new(decision.clone()));
                continue;
            }
        };
        refused.push(format!("{}: {why}", submission.file));
    }
    match approved {
        Some(decision) => Standing::Approved(decision),
        None if refused.is_empty() => Standing::Silent { others, sides },
        None => Standing::Refused(refused),
    }
}

/// Why a decision about these bytes does not count.
fn flaw(case: &Case<'_>, submission: &Submission, decision: &Decision) -> Option<String> {
    if case.signed
        && let Err(why) = &submission.signed
    {
        return Some(format!("no signature that counts: {why}"));
    }
    if decision.set != case.new.manifest.name {
        return Some(format!("it is about the set {}", decision.set));
    }
    if decision.expires_at.is_some_and(|end| end <= case.now) {
        return Some("it has expired".into());
    }
    // By days, since that is what --today tells.
    let day = |time| jiff::tz::TimeZone::UTC.to_datetime(time).date();
    if day(decision.decided_at) > case.today() {
        return Some("it was decided in the future".into());
    }
    if decision.decision == Verdict::Deny {
        return None;
    }
    let rows = &case.report.contracts;
    for row in rows {
        let listed = decision.contracts.iter().find(|listed| listed.id == row.id);
        let same =
            listed.is_some_and(|listed| (listed.before, listed.after) == (row.before, row.after));
        if !same {
            return Some(format!("it does not name the digests of {}", row.id));
        }
        if listed.is_some_and(|listed| listed.class < row.comparison.class) {
            return Some(format!(
                "it takes {} for less than {}",
                row.id,
                row.comparison.class.name()
            ));
        }
    }
    if decision.contracts.len() != rows.len() {
        return Some("it names contracts that do not change".into());
    }
    let open = |action: &&super::super::decision::Action| {
        action.done.as_ref().is_none_or(|done| done.evidence.trim().is_empty())
    };
    let open: Vec<&str> = match decision.decision {
        Verdict::ApproveWithConditions => {
            decision.required_actions.iter().filter(open).map(|a| a.description.as_str()).collect()
        }
        _ => vec![],
    };
    (!open.is_empty()).then(|| format!("conditions that nobody has met: {}", open.join("; ")))
}

impl Standing {
    pub(super) fn item(&self) -> Item {
        let unmet = |rule, message: String, remedy: &str| {
            Item::unmet(Duty::Decision, (rule, ""), message, remedy)
        };
        match self {
            Self::Approved(decision) => {
                let emergency = if decision.emergency { ", as an emergency" } else { "" };
                let (id, by) = (&decision.decision_id, &decision.decided_by);
                Item::met(Duty::Decision, format!("{id}: approved by {by}{emergency}"))
            }
            Self::Denied(decision) => unmet(
                "decision-denied",
                format!(
                    "{}: denied by {}: {}",
                    decision.decision_id,
                    decision.decided_by,
                    decision.reasons.join("; ")
                ),
                "change the contracts, or have the decision taken back",
            ),
            Self::Refused(why) => unmet(
                "decision-refused",
                why.join("; "),
                "mend what is said, or decide anew: `lazaret contracts decide`",
            ),
            Self::Silent { others, sides: (before, after) } => unmet(
                "decision-missing",
                format!(
                    "no decision names {before} before and {after} after ({others} name others)"
                ),
                "have somebody decide: `lazaret contracts decide --approve --reason …`",
            ),
        }
    }
}

/// What lies among the decisions and is none.
pub(super) fn unreadable(submissions: &[Submission]) -> Vec<Finding> {
    let finding = |submission: &Submission| {
        let why = submission.decision.as_ref().err()?;
        Some(Finding {
            file: submission.file.clone(),
            pointer: String::new(),
            line: None,
            rule: "decision-unreadable",
            severity: Severity::Warning,
            message: format!("no decision: {why}"),
            remedy: "remove it, or decide anew".into(),
        })
    };
    submissions.iter().filter_map(finding).collect()
}
