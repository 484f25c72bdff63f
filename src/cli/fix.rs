//! `lazaret validate --fix`: mends what is mechanical, shows the patch, and proves it by running the
//! gates over the mended workspace.

use std::collections::BTreeMap;
use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::json;

use super::args::{Output, Subject};
use super::catalog::texts;
use super::exit::{DENIED, Failure};
use super::policy::Judge;
use super::workspace::{folder, write};
use crate::dataset::Facts;
use crate::domain::{GateId, GateReport, GateState, Reason, Report};
use crate::gates::draft::{Known, completed};
use crate::gates::{Mends, judge};
use crate::policy;
use crate::promotion::Assessment;

/// Lines of the patch around what changed.
const CONTEXT: usize = 3;

pub(super) fn fix(
    subject: &Subject,
    judged: &Judge,
    assessment: &Assessment,
    dry_run: bool,
) -> Result<ExitCode, Failure> {
    if matches!(subject.output, Output::Sarif | Output::Junit) {
        return Err(Failure::usage("--fix reports as human or json only"));
    }
    let folder = folder(&subject.workspace)?;
    let texts = texts(&folder, &assessment.facts)?;
    let mends = completed(&assessment.facts, &Known::default(), &texts, false);
    let mended: Facts = mends.files.iter().fold(Facts::clone(&assessment.facts), |facts, mend| {
        facts.revised(&mend.path, mend.text.as_bytes())
    });
    let verdict = policy::evaluate(&judged.pack, &judged.name, &mended.policy_input())
        .map_err(|error| Failure::undecided(format!("policy: {error}")))?;
    let required: Vec<GateId> = subject.require_gates.iter().map(|_| GateId::G).collect();
    let now = Timestamp::now();
    let gates = judge(&assessment.facts, &assessment.verdict, &required, now);
    let beyond = beyond(&assessment.report, &gates);
    let after = with(judge(&mended, &verdict, &required, now), beyond);
    if !dry_run {
        for mend in &mends.files {
            write(&folder.join(&mend.path), mend.text.as_bytes())?;
        }
    }
    let patch = patch(&mends, &texts);
    match subject.output {
        Output::Json => {
            sayln!("{:#}", machine(&mends, &patch, &assessment.report, &after, dry_run))
        }
        _ => say!("{}", human(&mends, &patch, &assessment.report, &after, dry_run)),
    }
    let lies_there = if dry_run { &assessment.report } else { &after };
    Ok(if lies_there.passed() { ExitCode::SUCCESS } else { ExitCode::from(DENIED) })
}

/// What the assessment found beyond the gates, in the ledger or in a spec that was given: no mend of
/// a document changes that.
fn beyond(report: &Report, gates: &Report) -> Vec<Reason> {
    let known: Vec<&Reason> = gates.reasons().map(|(_, reason)| reason).collect();
    let found = report.reasons().map(|(_, reason)| reason);
    found.filter(|reason| !known.contains(reason)).cloned().collect()
}

fn with(mut report: Report, beyond: Vec<Reason>) -> Report {
    if let Some(gate) = report.gates.iter_mut().find(|gate| gate.id == GateId::A)
        && !beyond.is_empty()
    {
        let reasons = gate.reasons.iter().cloned().chain(beyond).collect();
        *gate = GateReport::from_reasons(GateId::A, reasons);
    }
    report
}

pub(super) fn patch(mends: &Mends, texts: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    for mend in &mends.files {
        let before = texts.get(&mend.path).map_or("", String::as_str);
        let diff = similar::TextDiff::from_lines(before, &mend.text);
        let (old, new) = (format!("a/{}", mend.path), format!("b/{}", mend.path));
        out.push_str(&diff.unified_diff().context_radius(CONTEXT).header(&old, &new).to_string());
    }
    out
}

/// The gates that failed before and pass now.
fn turned(before: &Report, after: &Report) -> Vec<GateId> {
    let passes = |report: &Report, id: GateId| {
        report.gates.iter().any(|gate| gate.id == id && gate.state != GateState::Failed)
    };
    GateId::ALL.into_iter().filter(|id| !passes(before, *id) && passes(after, *id)).collect()
}

fn letters(gates: &[GateId]) -> String {
    gates.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn human(mends: &Mends, patch: &str, before: &Report, after: &Report, dry_run: bool) -> String {
    let mut out = patch.to_owned();
    for mend in &mends.files {
        for step in &mend.steps {
            out.push_str(&format!("{}: {step}\n", mend.path));
        }
    }
    for left in &mends.left {
        out.push_str(&format!("left alone: {left}\n"));
    }
    let turned = turned(before, after);
    let (count, left) = (before.reasons().count(), after.reasons().count());
    out.push_str(&match (mends.files.is_empty(), turned.is_empty()) {
        (true, _) => "nothing to mend by machine\n".to_owned(),
        (false, true) => format!("{count} findings before, {left} after; no gate turns green\n"),
        (false, false) => {
            format!(
                "{count} findings before, {left} after; gate {} turns green\n",
                letters(&turned)
            )
        }
    });
    for (gate, reason) in after.reasons() {
        let place = reason.path.as_deref().unwrap_or("the workspace");
        out.push_str(&format!("left for a person: gate {gate} {} {place}\n", reason.code));
    }
    if dry_run {
        out.push_str("dry run: nothing was written\n");
    } else if !mends.files.is_empty() {
        out.push_str(&format!("{} files written\n", mends.files.len()));
    }
    out
}

fn machine(
    mends: &Mends,
    patch: &str,
    before: &Report,
    after: &Report,
    dry_run: bool,
) -> serde_json::Value {
    let files = mends.files.iter().map(|mend| json!({ "path": mend.path, "steps": mend.steps }));
    json!({
        "files": files.collect::<Vec<_>>(),
        "leftAlone": mends.left,
        "patch": patch,
        "before": before.gates,
        "after": after.gates,
        "turnedGreen": turned(before, after),
        "written": !dry_run,
    })
}
