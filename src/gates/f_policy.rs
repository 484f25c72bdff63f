//! Gate F: the pack's tests pass, evidence resolves, and the dataset's contracts hold.

use std::collections::BTreeMap;

use crate::contracts::Schemas;
use crate::dataset::layout::{FIXTURES, SCHEMAS};
use crate::dataset::{Document, DocumentState};
use crate::domain::Reason;
use crate::policy::Verdict;

use super::known::Known;
use super::{codes, f_api, f_evidence};

pub(super) fn check(known: &Known<'_>, verdict: &Verdict) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if verdict.tests_passed == 0 {
        let message = "The policy pack has no test that passed, so nothing shows that it works.";
        reasons.push(codes::PACK_TESTS_MISSING.because(message));
    }
    f_evidence::check(known, &verdict.data, &mut reasons);
    contracts(&known.facts.contracts, &mut reasons);
    reasons
}

fn contracts(documents: &BTreeMap<String, Document>, reasons: &mut Vec<Reason>) {
    let named =
        |path: &str| Some(path.strip_prefix(SCHEMAS)?.strip_suffix(".schema.json")?.to_owned());
    let schemas = documents.iter().filter_map(|(path, d)| Some((path.as_str(), d, named(path)?)));
    let all = Schemas::new(schemas.clone().filter_map(|(path, d, _)| Some((path, d.value()?))));
    let mut compiled = BTreeMap::new();
    for (path, document, name) in schemas {
        let schema = match &document.state {
            DocumentState::Value(_) => all.compile(path),
            DocumentState::Invalid(message) => Err(message.clone()),
            DocumentState::Missing => Err("missing".to_owned()),
        };
        // A fixture of a broken schema is no orphan; the schema's own reason suffices.
        compiled.insert(
            name,
            match schema {
                Ok(schema) => Some(schema),
                Err(error) => {
                    let message = format!("The schema does not compile: {error}.");
                    reasons.push(codes::CONTRACT_INVALID.because(message).at(path, ""));
                    None
                }
            },
        );
    }
    for (path, document) in documents {
        if let Some(fixture) = path.strip_prefix(FIXTURES) {
            let Some((name, should_hold)) = fixture_of(fixture) else {
                let message = format!("{path} is named neither .valid nor .invalid.");
                reasons.push(codes::FIXTURE_ORPHAN.because(message).in_file(path));
                continue;
            };
            let Some(schema) = compiled.get(name) else {
                let message = format!("There is no schema {SCHEMAS}{name}.schema.json for {path}.");
                reasons.push(codes::FIXTURE_ORPHAN.because(message).in_file(path));
                continue;
            };
            let Some(schema) = schema else { continue };
            let found = match &document.state {
                DocumentState::Value(value) => schema
                    .violations(value)
                    .first()
                    .map(|v| (v.pointer.clone(), format!("{} {}", v.pointer, v.message))),
                DocumentState::Invalid(message) => Some((String::new(), message.clone())),
                DocumentState::Missing => Some((String::new(), "missing".to_owned())),
            };
            match (found, should_hold) {
                (Some((pointer, what)), true) => {
                    let message = format!("The fixture should be valid by {name}, but: {what}.");
                    reasons.push(codes::FIXTURE_FAILED.because(message).at(path, pointer));
                }
                (None, false) => {
                    let message = format!("The fixture should be invalid, but {name} accepts it.");
                    reasons.push(codes::FIXTURE_FAILED.because(message).at(path, ""));
                }
                _ => {}
            }
        } else if named(path).is_none() {
            f_api::check(path, document, reasons);
        }
    }
}

/// The schema's name and whether the fixture should be valid.
fn fixture_of(file: &str) -> Option<(&str, bool)> {
    let stem = file.strip_suffix(".json")?;
    let valid = stem.rfind(".valid").map(|at| (at, true));
    let invalid = stem.rfind(".invalid").map(|at| (at, false));
    let (at, should_hold) = valid.max(invalid)?;
    Some((stem.get(..at)?, should_hold))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixture_names() {
        for (file, expected) in [
            ("a.valid.json", Some(("a", true))),
            ("a.valid-2.json", Some(("a", true))),
            ("a.v1.invalid-no-id.json", Some(("a.v1", false))),
            ("a.json", None),
            ("a.valid.txt", None),
        ] {
            assert_eq!(fixture_of(file), expected, "{file}");
        }
    }
}
