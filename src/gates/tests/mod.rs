//! A workspace that passes, one change at a time, and the one code that each change must bring.

mod catalogs;
mod every_code;
mod evidence;
mod examples;
mod identity;
mod mending;
mod orders;
mod prov_constraints;
mod provenance;

use std::collections::{BTreeMap, BTreeSet};

use crate::dataset::testing::{Workspace, facts, workspace};
use crate::domain::{Digest, GateId, GateState, Reason, ReasonCode, Report};
use crate::policy::{PackIdentity, Verdict};

use super::judge;

pub(super) fn verdict() -> Verdict {
    Verdict {
        pack: PackIdentity { name: "pack".into(), digest: Digest::of(b"pack") },
        tests_passed: 1,
        denials: BTreeMap::new(),
        data: Default::default(),
        obligations: BTreeSet::new(),
    }
}

pub(super) fn now() -> jiff::Timestamp {
    "2026-11-21T00:00:00Z".parse().unwrap()
}

pub(super) fn report(workspace: &Workspace) -> Report {
    judge(&workspace.facts(), &verdict(), &[], now())
}

/// `GateCode` and where, for each reason.
fn found(report: &Report) -> Vec<String> {
    let mut found: Vec<String> = report
        .reasons()
        .map(|(gate, reason)| {
            let path = reason.path.as_deref().unwrap_or_default();
            let pointer = reason.pointer.as_deref().map(|p| format!("#{p}")).unwrap_or_default();
            format!("{gate} {} {path}{pointer}", reason.code)
        })
        .collect();
    found.sort();
    found
}

/// The change brings exactly these reasons.
#[track_caller]
pub(super) fn expect(change: impl FnOnce(&mut Workspace), expected: &[&str]) {
    let mut ws = workspace();
    change(&mut ws);
    let report = report(&ws);
    assert_eq!(found(&report), expected, "{:#?}", report.reasons().collect::<Vec<_>>());
    for (_, reason) in report.reasons() {
        assert!(reason.message.ends_with('.') && !reason.remedy.is_empty(), "{reason:?}");
    }
}

#[test]
fn a_whole_workspace_passes() {
    expect(|_| {}, &[]);
    let report = judge(&facts(), &verdict(), &[], now());
    assert!(report.passed());
    assert_eq!(report.gates[6].state, GateState::NotRequired);
}

#[test]
fn a_pack_adds_denials_to_any_gate_and_must_have_tests() {
    let facts = facts();
    for gate in GateId::ALL {
        let mut verdict = verdict();
        let code = ReasonCode::try_from("HouseRule".to_owned()).unwrap();
        verdict.denials.insert(gate, vec![Reason::new(code, "No.", "Ask.")]);
        let report = judge(&facts, &verdict, &[], now());
        assert_eq!(found(&report), [format!("{gate} HouseRule ")]);
        assert!(!report.passed());
    }
    let without = Verdict { tests_passed: 0, ..verdict() };
    assert_eq!(found(&judge(&facts, &without, &[], now())), ["F PackTestsMissing "]);
}
