//! For people: by file.

use std::fmt::Write as _;

use super::Report;
use crate::law::Severity;

pub(super) fn render(report: &Report<'_>) -> String {
    let mut out = String::new();
    let shown = report.validation.findings.iter();
    let shown = shown.filter(|one| report.verbose || one.severity > Severity::Note);
    let mut file = "";
    for finding in shown {
        // Writing to a string cannot fail.
        if finding.file != file {
            file = &finding.file;
            let _ = writeln!(out, "{}", report.path(file));
        }
        let severity = match finding.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
            Severity::Note => "NOTE",
        };
        let line = finding.line.map_or_else(String::new, |line| format!("line {line} "));
        let at = format!("{line}{}", finding.pointer);
        let _ = writeln!(out, "{severity:<7} {:<28} {}", finding.rule, at.trim_end());
        let _ = writeln!(out, "        {}", finding.message);
        let _ = writeln!(out, "        → {}", finding.remedy);
    }
    if report.verbose {
        for refusal in &report.validation.refusals {
            let _ = writeln!(out, "{}", report.path(&refusal.file));
            for because in &refusal.because {
                let _ = writeln!(out, "        is refused, as it must be: {because}");
            }
        }
    }
    let _ = writeln!(out, "{}", report.summary());
    out
}
