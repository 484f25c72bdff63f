//! What another revision says of the same facts: gate by gate, and which reason codes differ.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::compile::CompiledPack;
use super::evaluate::evaluate;
use super::{EvalError, Verdict};
use crate::domain::GateId;

/// What a pack said of one gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Said {
    /// Nothing was denied.
    Pass,
    /// Something was.
    Deny,
    /// No answer was had, which means deny.
    Failed,
}

/// A gate on which two revisions differ.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Which gate.
    pub gate: GateId,
    /// What the old revision says.
    pub from: Said,
    /// What the new one says.
    pub to: Said,
    /// Reason codes that only the old one gives; of a failure its reason.
    pub gone: Vec<String>,
    /// Reason codes that only the new one gives.
    pub new: Vec<String>,
}

impl Change {
    /// Whether the verdict turns: from pass to denial or back. Between two ways of denying it does not.
    pub const fn flips(&self) -> bool {
        matches!(self.from, Said::Pass) != matches!(self.to, Said::Pass)
    }
}

/// Where two revisions differ on one input, in order of the gates; `None` if neither gives an answer.
pub fn compare(old: &CompiledPack, new: &CompiledPack, input: &Value) -> Option<Vec<Change>> {
    differences(&evaluate(old, "old", input), &evaluate(new, "new", input))
}

fn differences(
    old: &Result<Verdict, EvalError>,
    new: &Result<Verdict, EvalError>,
) -> Option<Vec<Change>> {
    let gates: BTreeSet<GateId> = match (old, new) {
        (Err(_), Err(_)) => return None,
        (Ok(old), Ok(new)) => old.denials.keys().chain(new.denials.keys()).copied().collect(),
        // No answer denies at every gate.
        _ => GateId::ALL.into_iter().collect(),
    };
    let one = |gate| {
        let ((from, before), (to, after)) = (said(old, gate), said(new, gate));
        let only = |these: &BTreeSet<String>, those: &BTreeSet<String>| {
            these.difference(those).cloned().collect::<Vec<_>>()
        };
        let (gone, new) = (only(&before, &after), only(&after, &before));
        let same = from == to && gone.is_empty() && new.is_empty();
        (!same).then_some(Change { gate, from, to, gone, new })
    };
    Some(gates.into_iter().filter_map(one).collect())
}

fn said(verdict: &Result<Verdict, EvalError>, gate: GateId) -> (Said, BTreeSet<String>) {
    match verdict {
        Err(error) => (Said::Failed, BTreeSet::from([error.reason().to_owned()])),
        Ok(verdict) => match verdict.denials.get(&gate) {
            Some(reasons) if !reasons.is_empty() => {
                let codes = reasons.iter().map(|reason| reason.code.to_string());
                (Said::Deny, codes.collect())
            }
            _ => (Said::Pass, BTreeSet::new()),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::{Digest, Reason, ReasonCode};
    use crate::policy::PackIdentity;

    fn verdict(denials: &[(GateId, &[&str])]) -> Result<Verdict, EvalError> {
        let reason = |code: &&str| {
            let code = ReasonCode::try_from((*code).to_owned()).unwrap();
            Reason::new(code, "because", "mend it")
        };
        let denials: BTreeMap<_, Vec<_>> = denials
            .iter()
            .map(|(gate, codes)| (*gate, codes.iter().map(reason).collect()))
            .collect();
        let pack = PackIdentity { name: "p".into(), digest: Digest::of(b"p") };
        Ok(Verdict {
            pack,
            tests_passed: 1,
            denials,
            data: Default::default(),
            obligations: Default::default(),
        })
    }

    #[test]
    fn a_gate_that_only_one_side_denies_flips() {
        let old = verdict(&[(GateId::A, &[]), (GateId::B, &["LicenceUnclear"])]);
        let new = verdict(&[(GateId::B, &["LicenceUnclear"]), (GateId::C, &["NoPlan"])]);
        let seen = differences(&old, &new).unwrap();
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert_eq!((seen[0].gate, seen[0].from, seen[0].to), (GateId::C, Said::Pass, Said::Deny));
        assert_eq!(seen[0].new, ["NoPlan"]);
        assert!(seen[0].flips());
    }

    #[test]
    fn other_reasons_for_the_same_denial_are_a_change_but_no_flip() {
        let old = verdict(&[(GateId::B, &["LicenceUnclear", "NoHolder"])]);
        let new = verdict(&[(GateId::B, &["LicenceUnclear", "NoAttribution"])]);
        let seen = differences(&old, &new).unwrap();
        assert_eq!(
            (&seen[0].gone[..], &seen[0].new[..]),
            (&["NoHolder".to_owned()][..], &["NoAttribution".to_owned()][..])
        );
        assert!(!seen[0].flips());
    }

    #[test]
    fn no_answer_denies_everywhere() {
        let failed = Err(EvalError::Undefined("data.lazaret.gates.a.deny".into()));
        let seen = differences(&verdict(&[(GateId::B, &["LicenceUnclear"])]), &failed).unwrap();
        assert_eq!(seen.len(), GateId::ALL.len());
        let turned: Vec<_> = seen.iter().filter(|change| change.flips()).map(|c| c.gate).collect();
        assert!(!turned.contains(&GateId::B) && turned.len() == GateId::ALL.len() - 1);
        assert_eq!(differences(&failed, &failed), None);
    }
}
