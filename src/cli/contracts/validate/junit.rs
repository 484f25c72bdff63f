//! JUnit XML, as CI systems take it: a suite a module, a test case a file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::super::super::report::escaped;
use super::{Report, sentence};
use crate::law::{Finding, MANIFEST, Severity};

pub(super) fn render(report: &Report<'_>) -> String {
    let mut wrong: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    let errors = report.validation.findings.iter();
    for finding in errors.filter(|one| one.severity == Severity::Error) {
        wrong.entry(&finding.file).or_default().push(finding);
    }
    // What belongs to no module: contracts.yaml itself, and files that only a finding names.
    let mut known: BTreeSet<&str> =
        report.modules.iter().flat_map(|(_, files)| files).copied().collect();
    let mut rest = vec![MANIFEST];
    known.insert(MANIFEST);
    rest.extend(wrong.keys().filter(|file| !known.contains(*file)));
    let suites = std::iter::once(("", rest)).chain(report.modules.clone());
    let suites: Vec<_> = suites.collect();
    let failures = |files: &[&str]| files.iter().filter(|file| wrong.contains_key(*file)).count();
    let total = |count: &dyn Fn(&[&str]) -> usize| -> usize {
        suites.iter().map(|(_, files)| count(files)).sum()
    };
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (tests, failed) = (total(&|files| files.len()), total(&failures));
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<testsuites name=\"lazaret contracts\" tests=\"{tests}\" failures=\"{failed}\" errors=\"0\">"
    );
    for (module, files) in &suites {
        let name = match *module {
            "" => escaped(report.name),
            module => escaped(&format!("{}/{module}", report.name)),
        };
        let (tests, failed) = (files.len(), failures(files));
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failed}\" errors=\"0\">"
        );
        for file in files {
            let path = escaped(&report.path(file));
            let _ =
                write!(out, "    <testcase classname=\"{name}\" name=\"{path}\" file=\"{path}\"");
            let Some(findings) = wrong.get(*file) else {
                out.push_str("/>\n");
                continue;
            };
            out.push_str(">\n");
            for finding in findings {
                let line = finding.line.map_or_else(String::new, |line| format!(":{line}"));
                let _ = writeln!(
                    out,
                    "      <failure type=\"{}\" message=\"{}\">{path}{line}\n{}</failure>",
                    finding.rule,
                    escaped(&finding.message),
                    escaped(&sentence(finding)),
                );
            }
            out.push_str("    </testcase>\n");
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}
