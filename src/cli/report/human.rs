//! For people: a table that fits 80 columns, with the remedy under each failure.

use std::fmt::Write as _;

use super::{Conclusion, Finished};
use crate::cli::say::printable;
use crate::domain::{GateState, Reason};
use crate::promotion::{Plan, Published};

const WIDTH: usize = 80;

/// Colours, or none.
#[derive(Clone, Copy)]
pub(super) struct Style {
    good: &'static str,
    bad: &'static str,
    dim: &'static str,
    off: &'static str,
}

impl Style {
    pub(super) const fn of(colour: bool) -> Self {
        if colour {
            Self { good: "\x1b[32m", bad: "\x1b[1;31m", dim: "\x1b[2m", off: "\x1b[0m" }
        } else {
            Self { good: "", bad: "", dim: "", off: "" }
        }
    }
}

pub(super) fn render(finished: &Finished<'_>, style: Style) -> String {
    let Style { good, bad, dim, off } = style;
    let assessment = finished.assessment;
    let requested = &assessment.facts.requested;
    let mut out = String::new();
    let bytes: u64 = assessment.facts.objects.values().map(|object| object.size).sum();
    let name = format!("{} {}", requested.dataset_slug, requested.dataset_version_id);
    line(&mut out, &printable(&name));
    line(
        &mut out,
        &format!(
            "{dim}{} objects, {}, for {}\npolicy {}, {} tests{}{off}",
            assessment.facts.objects.len(),
            size(bytes),
            requested.intended_use,
            assessment.verdict.pack.digest.short(),
            assessment.verdict.tests_passed,
            if finished.judge.signed { "" } else { ", unsigned" },
        ),
    );
    out.push('\n');
    for gate in &assessment.report.gates {
        let (colour, word) = match gate.state {
            GateState::Passed => (good, "passed"),
            GateState::NotRequired => (dim, "not required"),
            GateState::Failed => (bad, "FAILED"),
        };
        line(&mut out, &format!("  {}  {:<12} {colour}{word}{off}", gate.id, gate.id.name()));
        for reason in &gate.reasons {
            finding(&mut out, reason, style);
        }
    }
    out.push('\n');
    conclusion(&mut out, finished, style);
    out
}

fn finding(out: &mut String, reason: &Reason, Style { bad, dim, off, .. }: Style) {
    line(out, &format!("     {bad}{}{off}", reason.code));
    if let Some(path) = &reason.path {
        let pointer = reason.pointer.as_deref().filter(|pointer| !pointer.is_empty());
        let place = pointer.map_or_else(|| path.clone(), |pointer| format!("{path}#{pointer}"));
        wrapped(out, "       ", "       ", &place, dim, off);
    }
    wrapped(out, "       ", "       ", &reason.message, "", "");
    wrapped(out, "       → ", "         ", &reason.remedy, dim, off);
}

fn conclusion(out: &mut String, finished: &Finished<'_>, Style { good, bad, off, .. }: Style) {
    let report = &finished.assessment.report;
    let plan = finished.assessment.plan.as_ref();
    match &finished.conclusion {
        Conclusion::Valid => {
            line(out, &format!("{good}PASSED{off}"));
            if let Some(plan) = plan {
                line(out, &format!("plan {}", plan.digest()));
            }
        }
        Conclusion::Denied => {
            let failed = report.gates.iter().filter(|g| g.state == GateState::Failed);
            let gates: Vec<_> = failed.map(|g| g.id.to_string()).collect();
            let findings = report.reasons().count();
            let noun = if findings == 1 { "finding" } else { "findings" };
            let text = format!(
                "{bad}DENIED{off}: {findings} {noun} at gate {}; nothing was published",
                gates.join(", ")
            );
            line(out, &text);
        }
        Conclusion::OtherPlan { expected } => {
            line(out, &format!("{bad}DENIED{off}: the plan is not the one that was approved"));
            line(out, &format!("approved {expected}"));
            if let Some(plan) = plan {
                line(out, &format!("is now   {}", plan.digest()));
            }
        }
        Conclusion::Unapproved { missing, dry_run } => {
            if let (Some(plan), true) = (plan, dry_run) {
                files(out, plan);
            }
            line(out, &format!("{bad}NOT APPROVED{off}"));
            wrapped(out, "", "", &missing.to_string(), "", "");
            let role = missing.role;
            wrapped(
                out,
                "→ ",
                "  ",
                &format!("have a {role} run it with --approver and --approver-role {role}"),
                "",
                "",
            );
        }
        Conclusion::DryRun => {
            if let Some(plan) = plan {
                files(out, plan);
            }
            line(out, &format!("{good}PASSED{off}: dry run, nothing was written"));
        }
        Conclusion::Published(published) => done(out, plan, published, good, off),
    }
}

fn files(out: &mut String, plan: &Plan) {
    line(out, "would be written:");
    for file in plan.files() {
        line(out, &format!("  {}/{}", plan.dataset().prefix(), file.path));
        line(out, &format!("    {}  {}", file.digest, size(file.size)).replace("sha256:", ""));
    }
    line(out, &format!("  {}/promotion_receipt.json", plan.dataset().prefix()));
    line(out, &format!("  {}/promotion_manifest.json", plan.dataset().prefix()));
    line(out, &format!("  {}/attestations/_promotion/…", plan.dataset().prefix()));
    line(out, &format!("  {}/current.json", plan.dataset().slug));
    line(out, &format!("{} objects, {}", plan.files().len(), size(plan.bytes())));
    line(out, &format!("plan {}", plan.digest()));
    out.push('\n');
}

fn done(out: &mut String, plan: Option<&Plan>, published: &Published, good: &str, off: &str) {
    let objects = plan.map_or(0, |plan| plan.files().len());
    let bytes = plan.map_or(0, Plan::bytes);
    line(out, &format!("{good}PUBLISHED{off}: {objects} objects, {}", size(bytes)));
    if let Some(plan) = plan {
        line(out, &format!("plan      {}", plan.digest()));
    }
    line(out, &format!("manifest  {}", published.manifest_digest));
    line(out, &format!("          {}", published.manifest_url));
    let entry = published.ledger.entry.sequence;
    line(out, &format!("ledger    entry {entry}, {}", published.ledger.digest.short()));
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

/// Breaks `text` at spaces so that lines keep within the width; a word that is longer than a line
/// (a path, a digest) stays whole, since a broken one cannot be copied.
fn wrapped(out: &mut String, first: &str, rest: &str, text: &str, on: &str, off: &str) {
    let mut current = String::new();
    let mut indent = first;
    let mut flush = |current: &mut String, indent: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{indent}{on}{current}{off}");
        current.clear();
    };
    for word in printable(text).split_whitespace() {
        let width = indent.chars().count() + current.chars().count() + 1 + word.chars().count();
        if !current.is_empty() && width > WIDTH {
            flush(&mut current, indent);
            indent = rest;
        }
        if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(word);
    }
    flush(&mut current, indent);
}

/// Bytes for people: binary units, one decimal.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_within_the_width() {
        let mut out = String::new();
        wrapped(&mut out, "  → ", "    ", &"some words ".repeat(40), "", "");
        assert!(out.lines().all(|l| l.chars().count() <= WIDTH), "{out}");
        assert_eq!(out.split_whitespace().filter(|w| *w == "words").count(), 40);
    }

    #[test]
    fn sizes() {
        for (bytes, text) in [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (1 << 30, "1.0 GiB")]
        {
            assert_eq!(size(bytes), text);
        }
    }
}
