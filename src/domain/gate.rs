//! What the gates say.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Reason;

/// One of the seven promotion gates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum GateId {
    /// Identity and versioning.
    A,
    /// Licensing and rights.
    B,
    /// Sensitivity and redaction.
    C,
    /// Catalogs: DCAT, STAC, PROV.
    D,
    /// Run receipts and checksums.
    E,
    /// Policy and contract tests.
    F,
    /// Supply-chain provenance and smoke reports.
    G,
}

impl GateId {
    /// All gates in order.
    pub const ALL: [Self; 7] = [Self::A, Self::B, Self::C, Self::D, Self::E, Self::F, Self::G];

    /// The gate's short name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "identity",
            Self::B => "rights",
            Self::C => "sensitivity",
            Self::D => "catalogs",
            Self::E => "receipts",
            Self::F => "policy",
            Self::G => "provenance",
        }
    }

    /// The lower-case letter, as policy packs spell it in `data.lazaret.gates.<letter>.deny`.
    pub const fn letter(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::C => "c",
            Self::D => "d",
            Self::E => "e",
            Self::F => "f",
            Self::G => "g",
        }
    }
}

impl fmt::Display for GateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// How a gate ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum GateState {
    /// All that the gate demands holds.
    Passed,
    /// The gate was not required and nothing was there to check.
    NotRequired,
    /// Something that the gate demands does not hold.
    Failed,
}

/// One gate's outcome, with every reason that it found, in a stable order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GateReport {
    /// Which gate.
    pub id: GateId,
    /// How it ended.
    pub state: GateState,
    /// Why it failed; empty unless it did.
    pub reasons: Vec<Reason>,
}

/// Reasons that one gate lists.
const MAX_REASONS: usize = 1000;

impl GateReport {
    /// A report that passes exactly if there is no reason against it. Reasons are sorted and
    /// repeated ones dropped, so that the same findings always make the same report. Of very many
    /// the first are listed and the rest counted: nobody reads one for each of 200,000 files.
    pub fn from_reasons(id: GateId, mut reasons: Vec<Reason>) -> Self {
        reasons.sort();
        reasons.dedup();
        let rest = reasons.len().saturating_sub(MAX_REASONS);
        reasons.truncate(MAX_REASONS);
        if let Some(last) = reasons.last_mut().filter(|_| rest > 0) {
            last.message = format!("{} (and {rest} more findings of this gate)", last.message);
        }
        reasons.shrink_to_fit();
        let state = if reasons.is_empty() { GateState::Passed } else { GateState::Failed };
        Self { id, state, reasons }
    }

    /// A report of a gate that nobody required and that had nothing to look at.
    pub const fn not_required(id: GateId) -> Self {
        Self { id, state: GateState::NotRequired, reasons: Vec::new() }
    }
}

/// The outcome of all gates, A to G in order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// One entry a gate.
    pub gates: Vec<GateReport>,
}

impl Report {
    /// Whether every gate let the dataset pass.
    pub fn passed(&self) -> bool {
        GateId::ALL.into_iter().all(|id| {
            self.gates.iter().any(|gate| gate.id == id && gate.state != GateState::Failed)
        }) && self.gates.iter().all(|gate| gate.state != GateState::Failed)
    }

    /// Every reason of every failed gate, in order.
    pub fn reasons(&self) -> impl Iterator<Item = (GateId, &Reason)> {
        self.gates.iter().flat_map(|gate| gate.reasons.iter().map(move |reason| (gate.id, reason)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_many_reasons_the_first_are_listed_and_the_rest_counted() {
        let code = crate::domain::ReasonCode::builtin("Orphan");
        let reason = |n: usize| Reason::new(code.clone(), format!("{n:06}"), "mend it");
        for (found, listed, tail) in
            [(3, 3, "000002"), (1000, 1000, "000999"), (1200, 1000, "200 more")]
        {
            let report =
                GateReport::from_reasons(GateId::E, (0..found).rev().map(reason).collect());
            assert_eq!((report.state, report.reasons.len()), (GateState::Failed, listed));
            assert!(
                report.reasons[listed - 1].message.contains(tail),
                "{:?}",
                report.reasons.last()
            );
            assert_eq!(report.reasons[0].message, "000000");
        }
    }
}
