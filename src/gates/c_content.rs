//! Gate C, the bytes: what would be published is as coarse as the plan says, and lacks what it drops.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::dataset::{Coordinates, Findings, Rules, inspect_json, is_published, normal};
use crate::domain::Reason;

use super::codes;
use super::known::Known;

/// Metres in a degree of latitude, with a hundredth of play.
const METRES: f64 = 111_320.0 * 1.01;

/// Holds the objects against the plan: all of them if the label demands a plan, otherwise those
/// that the plan names.
pub(super) fn check(known: &Known<'_>, plan_path: &str, plan: &Value, all: bool) -> Vec<Reason> {
    let Some(rules) = known.facts.content_rules() else {
        if !all {
            return Vec::new();
        }
        let message = "The redaction plan names nothing that the bytes can be held against.";
        return vec![codes::REDACTION_UNCHECKABLE.because(message).at(plan_path, "/parameters")];
    };
    let mut reasons = Vec::new();
    reasons.extend(coarser_in_words(plan_path, plan, &rules));
    let outputs = plan.get("outputs").and_then(Value::as_array);
    let outputs: BTreeSet<String> =
        outputs.into_iter().flatten().filter_map(|path| normal(path.as_str()?)).collect();
    let documents: BTreeSet<&str> = known.facts.documents().map(|d| d.path.as_str()).collect();
    let data = known.facts.objects.keys().map(String::as_str);
    let data = data.filter(|path| is_published(path) && !documents.contains(path));
    for path in data.filter(|path| all || outputs.contains(*path)) {
        let Some(content) = known.facts.content.get(path) else {
            let message = format!("{path} was not looked into.");
            reasons.push(codes::CONTENT_UNCHECKABLE.because(message).in_file(path));
            continue;
        };
        if let Some(why) = &content.unreadable {
            let message = format!("{path} cannot be held against the redaction plan: {why}.");
            reasons.push(codes::CONTENT_UNCHECKABLE.because(message).in_file(path));
        }
        if content.too_fine.count > 0 {
            let message = format!("{path} has {}.", fine(&rules, &content.too_fine));
            reasons.push(codes::COORDINATE_TOO_FINE.because(message).in_file(path));
        }
        if content.dropped.count > 0 {
            let places = content.dropped.first.join("; ");
            let message = format!(
                "{path} still has what the redaction plan drops: {places}{}.",
                more(&content.dropped)
            );
            reasons.push(codes::COLUMN_NOT_DROPPED.because(message).in_file(path));
        }
    }
    if all {
        published_documents(known, &rules, &mut reasons);
    }
    reasons
}

/// Catalogs, receipts and the rest are published too, and may tell places of their own. What cannot
/// be read of them is another gate's to deny.
fn published_documents(known: &Known<'_>, rules: &Rules, reasons: &mut Vec<Reason>) {
    for document in known.facts.documents().filter(|document| is_published(&document.path)) {
        let Some(value) = document.value() else { continue };
        let found = inspect_json(rules, value).too_fine;
        if let Some(first) = found.first.first() {
            let message = format!("{} has {}.", document.path, fine(rules, &found));
            reasons.push(codes::COORDINATE_TOO_FINE.because(message).at(&document.path, first));
        }
    }
}

fn fine(rules: &Rules, found: &Findings) -> String {
    let (count, places) = (found.count, found.first.join("; "));
    let plural = if count == 1 { "" } else { "s" };
    let plan = match rules.coordinates {
        Coordinates::Steps { step, .. } => format!("finer than the plan's {step} degrees"),
        Coordinates::None | Coordinates::Any => "for which the plan names no precision".to_owned(),
    };
    format!("{count} place{plural} {plan}: {places}{}", more(found))
}

fn more(found: &Findings) -> &'static str {
    let shown = u64::try_from(found.first.len()).unwrap_or(u64::MAX);
    if found.count > shown { "; and more" } else { "" }
}

/// A plan that tells people larger cells than the bytes are held against.
fn coarser_in_words(path: &str, plan: &Value, rules: &Rules) -> Option<Reason> {
    let metres = plan.get("parameters")?.get("cell_size_m")?.as_f64()?;
    let Coordinates::Steps { step, .. } = rules.coordinates else { return None };
    (metres > step * METRES).then(|| {
        let message =
            format!("cell_size_m says {metres} m, but a cell of {step} degrees is smaller.");
        codes::REDACTION_PLAN_INVALID.because(message).at(path, "/parameters/cell_size_m")
    })
}
