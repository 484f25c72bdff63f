//! SARIF 2.1.0 (OASIS), as code scanning services take it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::Report;

pub(super) fn render(report: &Report) -> String {
    let mut rules = BTreeMap::new();
    for (gate, reason) in report.reasons() {
        rules.entry(reason.code.as_str()).or_insert_with(|| {
            json!({
                "id": reason.code,
                "shortDescription": { "text": format!("gate {gate} ({})", gate.name()) },
                "help": { "text": reason.remedy },
                "properties": { "gate": gate },
            })
        });
    }
    let index: BTreeMap<_, _> = rules.keys().enumerate().map(|(n, code)| (*code, n)).collect();
    let results: Vec<Value> = report
        .reasons()
        .map(|(gate, reason)| {
            // A finding about what is not there is shown where it should be: in the workspace.
            let path = reason.path.as_deref().unwrap_or("dataset.json");
            let mut location = json!({
                "physicalLocation": { "artifactLocation": { "uri": uri(path) } },
            });
            if let Some(pointer) = &reason.pointer {
                location["logicalLocations"] = json!([{ "fullyQualifiedName": pointer }]);
            }
            json!({
                "ruleId": reason.code,
                "ruleIndex": index.get(reason.code.as_str()),
                "level": "error",
                "message": { "text": format!("{} Remedy: {}", sentence(&reason.message), reason.remedy) },
                "locations": [location],
                "properties": { "gate": gate },
            })
        })
        .collect();
    log(&rules.into_values().collect::<Vec<_>>(), &results)
}

/// The log of one run: the rules that it knows, and what it found.
pub(in crate::cli) fn log(rules: &[Value], results: &[Value]) -> String {
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "lazaret",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// A relative URI reference (RFC 3986) for a workspace path.
pub(in crate::cli) fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("processed/a b%.csv"), "processed/a%20b%25.csv");
    }
}
