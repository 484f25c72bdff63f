//! Gate F: the pack's tests pass, evidence resolves, and the dataset's contracts hold.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::contracts::Schemas;
use crate::dataset::layout::{DATASET, FIXTURES, SCHEMAS};
use crate::dataset::{Document, DocumentState, has_scheme};
use crate::domain::{Digest, Reason};

use super::codes;
use super::known::Known;

pub(super) fn check(known: &Known<'_>, tests_passed: usize) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if tests_passed == 0 {
        let message = "The policy pack has no test that passed, so nothing shows that it works.";
        reasons.push(codes::PACK_TESTS_MISSING.because(message));
    }
    evidence(known, &mut reasons);
    contracts(&known.facts.contracts, &mut reasons);
    reasons
}

fn evidence(known: &Known<'_>, reasons: &mut Vec<Reason>) {
    let refs = known.facts.dataset.value().and_then(|d| d.get("evidence_refs"));
    let Some(refs) = refs.and_then(Value::as_array).filter(|refs| !refs.is_empty()) else {
        let message = "dataset.json lists no evidence reference.";
        reasons.push(codes::EVIDENCE_MISSING.because(message).at(DATASET, "/evidence_refs"));
        return;
    };
    let mut resolved = 0;
    let mut broken = 0;
    for (index, reference) in refs.iter().enumerate() {
        let found = match reference.as_str() {
            None => Some(false),
            Some(url) if url.starts_with("https://") || url.starts_with("http://") => None,
            Some(digest) if digest.starts_with("sha256:") => {
                let digest = digest.parse::<Digest>().ok();
                let mut objects = known.facts.objects.values();
                Some(digest.is_some_and(|digest| objects.any(|o| o.digest == digest)))
            }
            Some(foreign) if has_scheme(foreign) && !foreign.starts_with("kfm://") => Some(false),
            Some(path) => {
                let path = known.names.resolve(DATASET, path);
                Some(path.is_some_and(|path| known.facts.objects.contains_key(&path)))
            }
        };
        match found {
            Some(true) => resolved += 1,
            None => {}
            Some(false) => {
                broken += 1;
                let message = format!("The evidence reference {reference} leads to no object.");
                let reason = codes::EVIDENCE_UNRESOLVED.because(message);
                reasons.push(reason.at(DATASET, format!("/evidence_refs/{index}")));
            }
        }
    }
    if resolved == 0 && broken == 0 {
        let message = "All evidence references are web addresses, which are not fetched.";
        reasons.push(codes::EVIDENCE_OFFLINE.because(message).at(DATASET, "/evidence_refs"));
    }
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
            other(path, document, reasons);
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

/// Contracts that are no schema and no fixture: OpenAPI documents are looked into, others only read.
fn other(path: &str, document: &Document, reasons: &mut Vec<Reason>) {
    let file = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let named = file.contains("openapi") || file.contains("swagger");
    let value = match &document.state {
        DocumentState::Value(value) => value,
        DocumentState::Invalid(message) => {
            let code = if named { &codes::OPEN_API_INVALID } else { &codes::CONTRACT_INVALID };
            reasons.push(code.because(format!("{path} is {message}.")).at(path, ""));
            return;
        }
        DocumentState::Missing => return,
    };
    if !named && value.get("openapi").is_none() && value.get("swagger").is_none() {
        return;
    }
    let version = value.get("openapi").and_then(Value::as_str).unwrap_or_default();
    let text = |pointer: &str| value.pointer(pointer).is_some_and(Value::is_string);
    let object = |name: &str| value.get(name).is_some_and(Value::is_object);
    let from_3_1 = !version.starts_with("3.0");
    for (holds, pointer, what) in [
        (version.starts_with("3."), "/openapi", "openapi must be a version string 3.x"),
        (text("/info/title"), "/info/title", "info.title must be a string"),
        (text("/info/version"), "/info/version", "info.version must be a string"),
        (
            object("paths") || (from_3_1 && value.get("paths").is_none() && object("webhooks")),
            "/paths",
            "paths must be an object",
        ),
    ] {
        if !holds {
            let message = format!("{path} is no OpenAPI document: {what}.");
            reasons.push(codes::OPEN_API_INVALID.because(message).at(path, pointer));
        }
    }
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
