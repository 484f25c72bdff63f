//! Findings where reviewers see them: beside the lines of a change.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Report, sentence};
use crate::domain::Digest;
use crate::law::{Finding, Severity};

/// GitHub's workflow commands, and what came of it for whoever reads the log.
pub(super) fn github(report: &Report<'_>) -> String {
    let mut out = String::new();
    for finding in &report.validation.findings {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let line = finding.line.map_or_else(String::new, |line| format!(",line={line}"));
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "::{command} file={}{line},title={}::{}",
            property(&report.path(&finding.file)),
            property(finding.rule),
            data(&sentence(finding)),
        );
    }
    let _ = writeln!(out, "{}", data(&report.summary()));
    out
}

/// A message: what would end the line, and the escape itself.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property: also what would end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// GitLab's Code Quality report.
pub(super) fn gitlab(report: &Report<'_>) -> String {
    let one = |finding: &Finding| {
        let severity = match finding.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
            Severity::Note => "info",
        };
        let path = report.path(&finding.file);
        // Without the line: a finding that only moved is no new one.
        let same = [&path, finding.rule, &finding.pointer, &finding.message].join("\n");
        json!({
            "description": sentence(finding),
            "check_name": finding.rule,
            "fingerprint": Digest::of(same.as_bytes()).to_string().replace("sha256:", ""),
            "severity": severity,
            "location": { "path": path, "lines": { "begin": finding.line.unwrap_or(1) } },
        })
    };
    let all: Vec<Value> = report.validation.findings.iter().map(one).collect();
    format!("{:#}\n", Value::Array(all))
}
