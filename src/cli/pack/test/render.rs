//! The report of a pack's tests, for people and for machines.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::super::super::report::escaped;
use super::super::super::snippet::snippet;
use crate::pack::Files;
use crate::policy::{FileCoverage, TestReport, TestResult};

/// Covered lines of all that could be, in percent.
pub(super) fn percent(report: &TestReport) -> f64 {
    let sum = |count: fn(&FileCoverage) -> usize| report.coverage.iter().map(count).sum::<usize>();
    share(sum(|file| file.covered.len()), sum(|file| file.uncovered.len()))
}

fn share(covered: usize, uncovered: usize) -> f64 {
    match covered + uncovered {
        0 => 100.0,
        all => 100.0 * covered as f64 / all as f64,
    }
}

/// `1-3, 7`.
fn ranges(lines: &[u32]) -> String {
    let mut found: Vec<(u32, u32)> = Vec::new();
    for &line in lines {
        match found.last_mut() {
            Some((_, last)) if *last + 1 == line => *last = line,
            _ => found.push((line, line)),
        }
    }
    let show = |(first, last): &(u32, u32)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    found.iter().map(show).collect::<Vec<_>>().join(", ")
}

fn failed(report: &TestReport) -> usize {
    report.tests.iter().filter(|test| test.failure.is_some()).count()
}

// Writing to a string cannot fail.
pub(super) fn human(report: &TestReport, files: &Files, verbose: bool) -> String {
    let mut out = String::new();
    for test in &report.tests {
        if test.failure.is_some() || verbose {
            one(&mut out, test, files);
        }
    }
    let failed = failed(report);
    let _ = writeln!(out, "{} passed, {failed} failed", report.tests.len() - failed);
    if !report.coverage.is_empty() {
        let _ = writeln!(out, "{:.1} % of the lines covered", percent(report));
    }
    for file in &report.coverage {
        let percent = share(file.covered.len(), file.uncovered.len());
        let _ = write!(out, "  {:5.1} %  {}", percent, file.file);
        let lines = ranges(&file.uncovered);
        let _ = match lines.is_empty() {
            true => writeln!(out),
            false => writeln!(out, "  not covered: {lines}"),
        };
    }
    out
}

fn one(out: &mut String, test: &TestResult, files: &Files) {
    let micros = test.took.as_secs_f64() * 1000.0;
    match &test.failure {
        None => drop(writeln!(out, "PASS  {}  ({micros:.1} ms)", test.name)),
        Some(failure) => {
            let _ = writeln!(out, "FAIL  {} {failure}  ({micros:.1} ms)", test.name);
            let shown = snippet(files, test.failed_at.as_ref().unwrap_or(&test.place));
            for line in shown.lines() {
                let _ = writeln!(out, "      {line}");
            }
            if test.failed_at.is_some() {
                let _ = writeln!(out, "      this is the first expression that does not hold");
            }
        }
    }
    for line in &test.prints {
        let _ = writeln!(out, "      print {line}");
    }
}

pub(super) fn json(report: &TestReport) -> String {
    let tests: Vec<_> = report
        .tests
        .iter()
        .map(|test| {
            let at = test.failed_at.as_ref();
            json!({
                "name": test.name,
                "passed": test.failure.is_none(),
                "failure": test.failure,
                "file": test.place.file, "line": test.place.line, "column": test.place.column,
                "failedAt": at.map(|at| json!({"file": at.file, "line": at.line, "column": at.column})),
                "prints": test.prints,
                "seconds": test.took.as_secs_f64(),
            })
        })
        .collect();
    let mut whole = json!({
        "passed": report.tests.len() - failed(report),
        "failed": failed(report),
        "tests": tests,
    });
    if !report.coverage.is_empty() {
        whole["coverage"] = json!({"percent": percent(report), "files": report.coverage});
    }
    format!("{whole:#}")
}

pub(super) fn junit(report: &TestReport, pack: &Path) -> String {
    let totals = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\"",
        report.tests.len(),
        failed(report)
    );
    let name = escaped(&pack.display().to_string());
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites name=\"lazaret pack test\" {totals}>");
    let _ = writeln!(out, "  <testsuite name=\"{name}\" {totals}>");
    for test in &report.tests {
        let (package, rule) = test.name.rsplit_once('.').unwrap_or(("", &test.name));
        let _ = write!(
            out,
            "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\" time=\"{:.6}\"",
            escaped(package),
            escaped(rule),
            escaped(&test.place.file),
            test.place.line,
            test.took.as_secs_f64()
        );
        let prints = escaped(&test.prints.join("; "));
        match &test.failure {
            None if test.prints.is_empty() => out.push_str("/>\n"),
            failure => {
                out.push_str(">\n");
                if let Some(failure) = failure {
                    let at = test.failed_at.as_ref().unwrap_or(&test.place);
                    let message = escaped(failure);
                    let _ = writeln!(
                        out,
                        "      <failure message=\"{message}\">{}</failure>",
                        escaped(&at.to_string())
                    );
                }
                let _ = writeln!(out, "      <system-out>{prints}</system-out>\n    </testcase>");
            }
        }
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined() {
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), "1-3, 7, 9-10");
        assert_eq!(ranges(&[]), "");
        assert!((share(3, 1) - 75.0).abs() < 1e-9);
        assert!((share(0, 0) - 100.0).abs() < 1e-9);
    }
}
