//! Health for a terminal.

use std::fmt::Write as _;

use super::{Drift, Health, Leaving, State};
use crate::law::Severity;

/// Findings that are shown; the rest is counted.
const MAX_FINDINGS: usize = 20;

pub(super) fn text(health: &Health) -> String {
    let mut out =
        format!("Contracts of {} on {}: {}\n", health.set, health.today, word(health.state));
    let _ = writeln!(
        out,
        "{} of {} contracts covered, {}, {}",
        health.covered,
        health.contracts.len(),
        count(health.errors, "error"),
        count(health.warnings, "warning"),
    );
    modules(&mut out, health);
    freeze(&mut out, health);
    if !health.deprecations.is_empty() {
        out.push_str("\nON THE WAY OUT\n");
        for one in &health.deprecations {
            let _ = writeln!(out, "  {}\n      {}; use {}", named(one), when(one), one.replacement);
        }
    }
    let bare: Vec<_> = health.contracts.iter().filter(|one| !one.lacks.is_empty()).collect();
    if !bare.is_empty() {
        out.push_str("\nNOT COVERED\n");
        for one in bare {
            let _ = writeln!(out, "  {}: {}", one.id, one.lacks);
        }
    }
    if !health.findings.is_empty() {
        out.push_str("\nFINDINGS\n");
        for one in health.findings.iter().take(MAX_FINDINGS) {
            let line = one.line.map(|line| format!(":{line}")).unwrap_or_default();
            let _ = writeln!(
                out,
                "  {:<7}  {}{line}{}  {}\n           {}",
                severity(one.severity),
                one.file,
                one.pointer,
                one.rule,
                one.message
            );
        }
        if let Some(more) = health.findings.len().checked_sub(MAX_FINDINGS).filter(|more| *more > 0)
        {
            let _ = writeln!(out, "  and {more} more: lazaret contracts validate");
        }
    }
    out
}

fn modules(out: &mut String, health: &Health) {
    let mut rows =
        vec![["MODULE", "VERSION", "RELEASED", "COVERED", "SINCE THE FREEZE"].map(str::to_owned)];
    for one in &health.modules {
        rows.push([
            one.name.clone(),
            one.version.as_ref().map_or_else(|| "?".into(), ToString::to_string),
            one.released.map_or_else(|| "?".into(), |date| date.to_string()),
            format!("{} of {}", one.covered, one.contracts),
            since(one.drifted, health.freeze.is_some()),
        ]);
    }
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 4] = std::array::from_fn(width);
    out.push('\n');
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        let _ = writeln!(out, "{}{}", line, row[4]);
    }
}

fn freeze(out: &mut String, health: &Health) {
    let Some(freeze) = &health.freeze else {
        out.push_str("\nLAST FREEZE  none; `lazaret contracts freeze` makes one\n");
        return;
    };
    let date = freeze.date.map(|date| format!(", {date}")).unwrap_or_default();
    let _ = writeln!(out, "\nLAST FREEZE  {}{date}", freeze.name);
    for one in &health.contracts {
        if let Some(word) = drift(one.drift) {
            let _ = writeln!(out, "  {word:<7}  {}", one.id);
        }
    }
    for id in &freeze.removed {
        let _ = writeln!(out, "  removed  {id}");
    }
}

pub(super) const fn word(state: State) -> &'static str {
    match state {
        State::Sound => "sound",
        State::Attention => "asks for attention",
        State::Broken => "broken",
    }
}

pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// Nothing is said of what is as it was.
pub(super) const fn drift(drift: Drift) -> Option<&'static str> {
    match drift {
        Drift::Unfrozen | Drift::Same => None,
        Drift::Changed => Some("changed"),
        Drift::New => Some("new"),
    }
}

pub(super) fn since(drifted: usize, frozen: bool) -> String {
    match (drifted, frozen) {
        (_, false) => "never frozen".to_owned(),
        (0, true) => "as it was".to_owned(),
        (n, true) => format!("{n} changed"),
    }
}

pub(super) fn count(n: usize, what: &str) -> String {
    match n {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

pub(super) fn named(one: &Leaving) -> String {
    match one.at.as_str() {
        "" => one.contract.clone(),
        at => format!("{} at {at}", one.contract),
    }
}

pub(super) fn when(one: &Leaving) -> String {
    match (one.due, one.releases_left) {
        (true, _) => format!("may go since {}", one.not_before),
        (false, 0) => format!("may go on {}", one.not_before),
        (false, 1) => format!("may go after 1 more release, not before {}", one.not_before),
        (false, n) => format!("may go after {n} more releases, not before {}", one.not_before),
    }
}
