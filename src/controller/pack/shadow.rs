//! A new revision is tried on what the loaded one judged last, before it takes its place.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::super::Context;
use crate::api::{Flip, PolicyPack, PolicyPackSpec, Shadow, ShadowStatus, Side};
use crate::policy::{Change, CompiledPack, Said, compare};

/// How long trying a revision out may take.
const TIME: Duration = Duration::from_secs(20);
/// Verdicts that the status lists.
const MAX_FLIPS: usize = 20;
/// Reason codes that the status lists of each.
const MAX_CODES: usize = 8;

/// What a new revision would change.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Shadowed {
    from: String,
    to: String,
    recorded: usize,
    compared: usize,
    undecided: usize,
    flipped: usize,
    flips: Vec<Flip>,
}

/// Compares a revision with the one that is loaded, or was before this process began. `None` if
/// there is nothing that it takes the place of.
pub(super) fn try_out(
    pack: &PolicyPack,
    ctx: &Context,
    key: &str,
    new: &CompiledPack,
) -> Option<Shadowed> {
    let to = new.digest().to_string();
    let loaded = ctx.packs.peek(key).map(|(loaded, _)| loaded);
    let before = pack.status.as_ref().and_then(|status| status.history.first());
    let from = match (&loaded, before) {
        (Some(loaded), _) => loaded.digest().to_string(),
        (None, Some(before)) => before.digest.clone(),
        (None, None) => return None,
    };
    if from == to {
        return None;
    }
    let facts = ctx.facts.of(key);
    let mut seen = Shadowed { from, to, recorded: facts.len(), ..Shadowed::default() };
    let begun = Instant::now();
    if let Some(old) = loaded {
        for fact in facts.iter().take_while(|_| begun.elapsed() < TIME) {
            seen.compared += 1;
            match compare(&old, new, &fact.input) {
                Some(changes) => seen.add(&fact.subject, &changes),
                None => seen.undecided += 1,
            }
        }
    }
    Some(seen)
}

/// Whether the revision may not be loaded before somebody approved it. What could not be
/// compared is not known, and that is no reason to go on.
pub(super) fn must_wait(spec: &PolicyPackSpec, seen: &Shadowed) -> bool {
    spec.shadow == Shadow::RequireApproval
        && spec.approved_revision.as_ref() != Some(&seen.to)
        && (seen.flipped > 0
            || seen.undecided > 0
            || seen.compared == 0
            || seen.compared < seen.recorded)
}

impl Shadowed {
    fn add(&mut self, promotion: &str, changes: &[Change]) {
        for change in changes.iter().filter(|change| change.flips()) {
            self.flipped += 1;
            if self.flips.len() < MAX_FLIPS {
                let codes = change.gone.iter().chain(&change.new).take(MAX_CODES);
                self.flips.push(Flip {
                    promotion: promotion.to_owned(),
                    gate: change.gate.to_string(),
                    from: side(change.from),
                    to: side(change.to),
                    codes: codes.cloned().collect(),
                });
            }
        }
    }

    /// What is waited for, or was found, in one sentence.
    pub(super) fn sentence(&self) -> String {
        let to = self.to.get(..19).unwrap_or(&self.to);
        match (self.compared, self.flipped) {
            (0, _) => {
                format!("revision {to} could not be compared: no facts were judged since the start")
            }
            (compared, flipped) => {
                let mut text =
                    format!("revision {to} turns {flipped} verdicts on {compared} recorded facts");
                if compared < self.recorded {
                    let more = self.recorded - compared;
                    text.push_str(&format!("; for {more} more there was no time"));
                }
                if self.undecided > 0 {
                    let none = self.undecided;
                    text.push_str(&format!("; on {none} neither revision gave an answer"));
                }
                text
            }
        }
    }

    /// For the status.
    pub(super) fn status(&self, waiting: bool, now: Timestamp) -> ShadowStatus {
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        ShadowStatus {
            from: self.from.clone(),
            to: self.to.clone(),
            recorded: number(self.recorded),
            compared: number(self.compared),
            undecided: number(self.undecided),
            flipped: number(self.flipped),
            waiting,
            flips: self.flips.clone(),
            at: Time(now),
        }
    }
}

const fn side(said: Said) -> Side {
    match said {
        Said::Pass => Side::Pass,
        Said::Deny => Side::Deny,
        Said::Failed => Side::Failed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::GateId;

    fn spec(shadow: &str, approved: Option<&str>) -> PolicyPackSpec {
        let mut spec = json!({
            "source": { "http": { "url": "https://packs.example.org/p.tar" } },
            "verify": { "keys": [{ "secretRef": { "name": "k" } }] },
            "shadow": shadow,
        });
        if let Some(approved) = approved {
            spec["approvedRevision"] = json!(approved);
        }
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn it_waits_for_what_is_turned_or_unknown_until_that_very_revision_is_approved() {
        let seen = |compared, flipped| Shadowed {
            from: "sha256:aa".into(),
            to: "sha256:bb".into(),
            recorded: 3,
            compared,
            flipped,
            ..Shadowed::default()
        };
        for (shadow, approved, compared, flipped, waits) in [
            ("Report", None, 3, 2, false),
            ("Report", None, 0, 0, false),
            ("RequireApproval", None, 3, 0, false),
            ("RequireApproval", None, 2, 0, true),
            ("RequireApproval", None, 3, 1, true),
            ("RequireApproval", None, 0, 0, true),
            ("RequireApproval", Some("sha256:aa"), 3, 1, true),
            ("RequireApproval", Some("sha256:bb"), 3, 1, false),
            ("RequireApproval", Some("sha256:bb"), 0, 0, false),
        ] {
            let is = must_wait(&spec(shadow, approved), &seen(compared, flipped));
            assert_eq!(is, waits, "{shadow} {approved:?} {compared} {flipped}");
        }
        let silent = Shadowed { undecided: 1, ..seen(3, 0) };
        assert!(must_wait(&spec("RequireApproval", None), &silent));
    }

    #[test]
    fn only_turned_verdicts_are_listed_and_not_too_many() {
        let change = |from, to| Change {
            gate: GateId::B,
            from,
            to,
            gone: Vec::new(),
            new: vec!["LicenceUnclear".into()],
        };
        let mut seen = Shadowed { compared: 1, ..Shadowed::default() };
        seen.add("a/x", &[change(Said::Deny, Said::Failed)]);
        assert_eq!(seen.flipped, 0);
        for _ in 0..2 * MAX_FLIPS {
            seen.add("a/x", &[change(Said::Pass, Said::Deny)]);
        }
        assert_eq!((seen.flipped, seen.flips.len()), (2 * MAX_FLIPS, MAX_FLIPS));
        assert_eq!((seen.flips[0].from, seen.flips[0].to), (Side::Pass, Side::Deny));
    }
}
