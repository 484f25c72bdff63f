//! Smoke reports: what a short performance or accessibility check measured, against the pack's
//! budgets (`data.smoke.budgets`: metric → `{"min": n}`, `{"max": n}` or both).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::dataset::layout::ATTESTATIONS;
use crate::domain::Reason;

use super::codes;
use crate::domain::pointer::escaped;

pub(super) struct Smoke<'a> {
    budgets: BTreeMap<&'a str, &'a Value>,
    measured: BTreeSet<String>,
    /// How many reports there were.
    pub(super) seen: usize,
}

impl<'a> Smoke<'a> {
    pub(super) fn new(data: &'a Value) -> Self {
        let budgets = data.pointer("/smoke/budgets").and_then(Value::as_object);
        let budgets = budgets.into_iter().flatten().map(|(name, b)| (name.as_str(), b)).collect();
        Self { budgets, measured: BTreeSet::new(), seen: 0 }
    }

    /// Judges a document if it is a smoke report, and tells whether it is one.
    pub(super) fn look(&mut self, path: &str, value: &Value, reasons: &mut Vec<Reason>) -> bool {
        let metrics = match Metrics::read(value) {
            None => return false,
            Some(Ok(metrics)) => metrics,
            Some(Err((pointer, what))) => {
                self.seen += 1;
                let message = format!("{path} is no smoke report: {what}.");
                reasons.push(codes::SMOKE_REPORT_INVALID.because(message).at(path, pointer));
                return true;
            }
        };
        self.seen += 1;
        if metrics.failed {
            let message = format!("{path} says itself that the check did not pass.");
            reasons.push(codes::SMOKE_BUDGET_EXCEEDED.because(message).at(path, "/status"));
        }
        for (name, (measured, pointer)) in metrics.values {
            let Some(budget) = self.budgets.get(name.as_str()) else { continue };
            let bound = |end: &str| budget.get(end).and_then(Value::as_f64);
            let (min, max) = (bound("min"), bound("max"));
            // A budget that cannot be read is kept by nothing.
            let kept = (min.is_some() || max.is_some())
                && min.is_none_or(|min| measured >= min)
                && max.is_none_or(|max| measured <= max);
            if !kept {
                let message = format!("{name} is {measured}; the pack allows {}.", words(min, max));
                reasons.push(codes::SMOKE_BUDGET_EXCEEDED.because(message).at(path, pointer));
            }
            self.measured.insert(name);
        }
        true
    }

    /// Budgets that nothing was measured against.
    pub(super) fn missing(&self, reasons: &mut Vec<Reason>) {
        for name in self.budgets.keys().filter(|name| !self.measured.contains(**name)) {
            let message = format!("No smoke report under {ATTESTATIONS} says {name}.");
            reasons.push(codes::SMOKE_REPORT_MISSING.because(message).in_file(ATTESTATIONS));
        }
    }
}

struct Metrics {
    failed: bool,
    values: BTreeMap<String, (f64, String)>,
}

impl Metrics {
    /// Reads `lazaret_smoke_report_version` v1, or a report of Lighthouse: its categories' scores as
    /// `<id>.score`, its audits' values as `<id>`.
    fn read(value: &Value) -> Option<Result<Self, (&'static str, &'static str)>> {
        if value.get("lighthouseVersion").is_some() {
            return Some(Ok(Self::lighthouse(value)));
        }
        let version = value.get("lazaret_smoke_report_version")?;
        if version != "v1" {
            return Some(Err(("/lazaret_smoke_report_version", "its version is not v1")));
        }
        let failed = match value["status"].as_str() {
            Some("pass") => false,
            Some("fail") => true,
            _ => return Some(Err(("/status", "status is neither pass nor fail"))),
        };
        let Some(metrics) = value["metrics"].as_object().filter(|metrics| !metrics.is_empty())
        else {
            return Some(Err(("/metrics", "it has no metrics")));
        };
        let mut values = BTreeMap::new();
        for (name, measured) in metrics {
            let Some(measured) = measured.as_f64() else {
                return Some(Err(("/metrics", "a metric is no number")));
            };
            values.insert(name.clone(), (measured, format!("/metrics/{}", escaped(name))));
        }
        Some(Ok(Self { failed, values }))
    }

    fn lighthouse(value: &Value) -> Self {
        let mut values = BTreeMap::new();
        for (list, member, suffix) in
            [("categories", "score", ".score"), ("audits", "numericValue", "")]
        {
            for (id, entry) in value[list].as_object().into_iter().flatten() {
                if let Some(measured) = entry[member].as_f64() {
                    let pointer = format!("/{list}/{}/{member}", escaped(id));
                    values.insert(format!("{id}{suffix}"), (measured, pointer));
                }
            }
        }
        Self { failed: value.get("runtimeError").is_some(), values }
    }
}

/// A budget as people say it.
fn words(min: Option<f64>, max: Option<f64>) -> String {
    match (min, max) {
        (None, None) => "nothing, for its budget has neither min nor max".to_owned(),
        (Some(min), None) => format!("no less than {min}"),
        (None, Some(max)) => format!("no more than {max}"),
        (Some(min), Some(max)) => format!("{min} to {max}"),
    }
}
