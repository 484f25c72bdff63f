//! What differs, for people.

use std::fmt::Write as _;

use super::super::super::say::printable;
use crate::contracts::Change;
use crate::law::compare::{Row, SetReport, Status};

/// Two sets.
pub(super) fn set(report: &SetReport) -> String {
    let mut text = String::new();
    for row in &report.contracts {
        let _ = write!(text, "{} ({})", row.id, row.status.name());
        if let Some(was) = &row.was {
            let _ = write!(text, ", was {was}");
        }
        if !row.consumers.is_empty() {
            let names: Vec<&str> = row.consumers.iter().map(|one| one.name.as_str()).collect();
            let _ = write!(text, ", used by {}", names.join(", "));
        }
        text.push('\n');
        if row.comparison.changes.is_empty() && row.status == Status::Changed {
            text.push_str("SAFE      nothing that anybody would notice\n");
        }
        row.comparison.changes.iter().for_each(|change| describe(&mut text, change, Some(row)));
    }
    counts(&mut text, report);
    printable(&text)
}

/// Files.
pub(super) fn pairs(report: &SetReport) -> String {
    let mut text = String::new();
    for row in &report.contracts {
        if !row.id.is_empty() {
            let _ = writeln!(text, "{}", row.id);
        }
        row.comparison.changes.iter().for_each(|change| describe(&mut text, change, None));
    }
    counts(&mut text, report);
    printable(&text)
}

fn counts(text: &mut String, report: &SetReport) {
    let [breaking, risky, safe] = report.counts();
    if breaking + risky + safe == 0 {
        text.push_str("no differences\n");
    } else {
        let _ = writeln!(text, "{breaking} breaking, {risky} risky, {safe} safe");
    }
}

fn describe(text: &mut String, change: &Change, row: Option<&Row>) {
    let at = change.new.as_ref().or(change.old.as_ref());
    let mut place = String::new();
    if let Some(at) = at {
        // What stands in another file of the set.
        if row.is_some_and(|row| row.path != at.document) {
            let _ = write!(place, "{}: ", at.document);
        }
        place.push_str(if at.pointer.is_empty() { "/" } else { &at.pointer });
    }
    let _ = writeln!(text, "{:<9} {:<32} {place}", change.class.name(), change.rule);
    let _ = writeln!(text, "          {}", change.message);
    if let Some(witness) = &change.witness {
        let (accepts, refuses) = match witness.accepted_by_old {
            true => ("old", "new"),
            false => ("new", "old"),
        };
        let _ = writeln!(text, "          the {accepts} schema accepts  {}", witness.instance);
        for reason in &witness.refused_because {
            let _ = writeln!(text, "          the {refuses} one refuses it  {reason}");
        }
    }
    if !change.remedy.is_empty() {
        let _ = writeln!(text, "          → {}", change.remedy);
    }
}
