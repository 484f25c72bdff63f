//! Differences as SARIF 2.1.0, for code scanning.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::super::report::{sarif_log, uri};
use crate::contracts::{Change, Class};
use crate::law::compare::{Row, SetReport};

const fn level(class: Class) -> &'static str {
    match class {
        Class::Breaking => "error",
        Class::Risky => "warning",
        Class::Safe => "note",
    }
}

/// `file` gives the file of a row as whoever reads the report finds it.
pub(super) fn render(report: &SetReport, file: &dyn Fn(&Row, &Change) -> String) -> String {
    let changes = || {
        let rows = report.contracts.iter();
        rows.flat_map(|row| row.comparison.changes.iter().map(move |change| (row, change)))
    };
    let names: BTreeSet<&str> = changes().map(|(_, change)| change.rule.as_str()).collect();
    let rules: Vec<Value> = names
        .iter()
        .map(|name| json!({ "id": name, "shortDescription": { "text": name.replace('-', " ") } }))
        .collect();
    let result = |(row, change): (&Row, &Change)| {
        let mut location = json!({
            "physicalLocation": { "artifactLocation": { "uri": uri(&file(row, change)) } },
        });
        let at = change.new.as_ref().or(change.old.as_ref());
        if let Some(at) = at.filter(|at| !at.pointer.is_empty()) {
            location["logicalLocations"] = json!([{ "fullyQualifiedName": at.pointer }]);
        }
        let remedy = if change.remedy.is_empty() {
            String::new()
        } else {
            format!(" → {}", change.remedy)
        };
        json!({
            "ruleId": change.rule,
            "ruleIndex": names.iter().position(|name| *name == change.rule),
            "level": level(change.class),
            "message": { "text": format!("{}: {}{remedy}", change.class.name(), change.message) },
            "locations": [location],
            "properties": { "contract": row.id, "class": change.class },
        })
    };
    let results: Vec<Value> = changes().map(result).collect();
    sarif_log(&rules, &results)
}
