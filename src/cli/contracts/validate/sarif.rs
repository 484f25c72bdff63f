//! SARIF 2.1.0 (OASIS), as code scanning services take it.

use serde_json::{Value, json};

use super::super::super::report::{sarif_log, uri};
use super::{Report, sentence};
use crate::law::Severity;
use crate::law::check;
use crate::law::validate::{RULES, Rule};

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

pub(super) fn render(report: &Report<'_>) -> String {
    let known: Vec<&Rule> = RULES.iter().chain(check::RULES).collect();
    let rules: Vec<Value> = known
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id,
                "shortDescription": { "text": rule.meaning },
                "help": { "text": rule.remedy },
                "defaultConfiguration": { "level": level(rule.severity) },
            })
        })
        .collect();
    let results: Vec<Value> = report
        .validation
        .findings
        .iter()
        .map(|finding| {
            let mut place =
                json!({ "artifactLocation": { "uri": uri(&report.path(&finding.file)) } });
            if let Some(line) = finding.line {
                place["region"] = json!({ "startLine": line });
            }
            let mut location = json!({ "physicalLocation": place });
            if !finding.pointer.is_empty() {
                location["logicalLocations"] = json!([{ "fullyQualifiedName": finding.pointer }]);
            }
            json!({
                "ruleId": finding.rule,
                "ruleIndex": known.iter().position(|rule| rule.id == finding.rule),
                "level": level(finding.severity),
                "message": { "text": sentence(finding) },
                "locations": [location],
            })
        })
        .collect();
    sarif_log(&rules, &results)
}
