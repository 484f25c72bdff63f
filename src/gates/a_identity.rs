//! Gate A: the version is what its name says, and was not published with other bytes.

use serde_json::Value;

use crate::contracts::{SchemaName, violations};
use crate::dataset::{DocumentState, Facts, Published, layout};
use crate::domain::{DatasetSlug, DatasetVersionId, Reason, SpecHash};

use super::b_licence::is_placeholder;
use super::codes;

pub(super) fn check(facts: &Facts) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if let Err(error) = facts.requested.dataset_slug.parse::<DatasetSlug>() {
        let slug = &facts.requested.dataset_slug;
        reasons.push(codes::SLUG_INVALID.because(format!("{slug:?} is no slug: {error}.")));
    }
    let version = facts.requested.dataset_version_id.parse::<DatasetVersionId>();
    if let Err(error) = &version {
        let id = &facts.requested.dataset_version_id;
        reasons
            .push(codes::VERSION_ID_INVALID.because(format!("{id:?} is no version id: {error}.")));
    }
    let spec = spec(facts, &mut reasons);
    if let (Some(hash), Ok(version)) = (spec, &version)
        && version.hash_prefix() != hash.prefix()
    {
        let message = format!(
            "{version} ends in {}, but the spec hash begins with {}.",
            version.hash_prefix(),
            hash.prefix()
        );
        reasons.push(codes::VERSION_PREFIX_MISMATCH.because(message).in_file(layout::SPEC));
    }
    dataset(facts, spec, &mut reasons);
    if let Some(published) = &facts.published {
        immutable(facts, published, spec, &mut reasons);
    }
    reasons
}

fn spec(facts: &Facts, reasons: &mut Vec<Reason>) -> Option<SpecHash> {
    let invalid = |message: String| codes::SPEC_INVALID.because(message).at(layout::SPEC, "");
    match &facts.spec.state {
        DocumentState::Missing => {
            let message = "spec.json is missing, so there is no spec hash.";
            reasons.push(codes::SPEC_MISSING.because(message).in_file(layout::SPEC));
            None
        }
        DocumentState::Invalid(message) => {
            reasons.push(invalid(format!("spec.json is {message}.")));
            None
        }
        DocumentState::Value(value) if !value.is_object() => {
            reasons.push(invalid("spec.json is no JSON object.".to_owned()));
            None
        }
        DocumentState::Value(value) => {
            SpecHash::of(value).map_err(|e| reasons.push(invalid(format!("spec.json: {e}.")))).ok()
        }
    }
}

/// Members of `dataset.json` that other gates judge.
const ELSEWHERE: &[&str] = &["/rights", "/policy_label", "/redaction_plan", "/evidence_refs"];

/// Where a person has yet to say something.
fn placeholders(dataset: &Value) -> Vec<String> {
    let contacts = dataset["contacts"].as_array().map_or(0, Vec::len);
    let mut places = vec!["/title".to_owned(), "/description".to_owned()];
    places.extend((0..contacts).map(|index| format!("/contacts/{index}/principal")));
    let says_nothing = |at: &String| {
        let text = dataset.pointer(at).and_then(Value::as_str);
        text.is_some_and(|text| !text.is_empty() && is_placeholder(text))
    };
    places.into_iter().filter(says_nothing).collect()
}

/// Whether the request has the same bad name, of which it was told already.
fn told(facts: &Facts, dataset: &Value, pointer: &str) -> bool {
    let asked = match pointer {
        "/dataset_slug" => &facts.requested.dataset_slug,
        "/dataset_version_id" => &facts.requested.dataset_version_id,
        _ => return false,
    };
    dataset.pointer(pointer).and_then(Value::as_str) == Some(asked)
}

fn dataset(facts: &Facts, spec: Option<SpecHash>, reasons: &mut Vec<Reason>) {
    let value = match &facts.dataset.state {
        DocumentState::Missing => {
            let message = "dataset.json is missing.";
            reasons.push(codes::DATASET_MISSING.because(message).in_file(layout::DATASET));
            return;
        }
        DocumentState::Invalid(message) => {
            let message = format!("dataset.json is {message}.");
            reasons.push(codes::DATASET_INVALID.because(message).at(layout::DATASET, ""));
            return;
        }
        DocumentState::Value(value) => value,
    };
    let mut bad = Vec::new();
    for violation in violations(SchemaName::Dataset, value) {
        let pointer = violation.pointer;
        let under = |top: &&str| {
            pointer.strip_prefix(*top).is_some_and(|r| r.is_empty() || r.starts_with('/'))
        };
        if ELSEWHERE.iter().any(under) || told(facts, value, &pointer) {
            continue;
        }
        let message =
            format!("{} {}.", if pointer.is_empty() { "It" } else { &pointer }, violation.message);
        reasons.push(codes::DATASET_INVALID.because(message).at(layout::DATASET, &pointer));
        bad.push(pointer);
    }
    for pointer in placeholders(value) {
        let message = format!("{pointer} is a placeholder.");
        let remedy = "Write into dataset.json what is true of this data; only a person can.";
        let reason = Reason::new(codes::DATASET_INVALID.reason_code(), message, remedy);
        reasons.push(reason.at(layout::DATASET, &pointer));
    }
    let text = |name: &str| {
        let pointer = format!("/{name}");
        let ok = !bad.contains(&pointer);
        value.get(name).and_then(|v| v.as_str()).filter(|_| ok)
    };
    for (name, asked) in [
        ("dataset_slug", &facts.requested.dataset_slug),
        ("dataset_version_id", &facts.requested.dataset_version_id),
    ] {
        if let Some(found) = text(name).filter(|found| found != asked) {
            let message = format!("{name} is {found:?}, but {asked:?} was asked for.");
            let reason = codes::DATASET_MISMATCH.because(message);
            reasons.push(reason.at(layout::DATASET, format!("/{name}")));
        }
    }
    if let (Some(found), Some(hash)) = (text("spec_hash"), spec)
        && found != hash.to_string()
    {
        let message = format!("spec_hash is {found}, but spec.json hashes to {hash}.");
        reasons.push(codes::SPEC_HASH_MISMATCH.because(message).at(layout::DATASET, "/spec_hash"));
    }
}

fn immutable(
    facts: &Facts,
    published: &Published,
    spec: Option<SpecHash>,
    reasons: &mut Vec<Reason>,
) {
    let changed = published
        .files
        .iter()
        .filter(|(path, digest)| facts.published_digest(path) != Some(**digest))
        .map(|(path, _)| path.as_str());
    let added = [layout::PROCESSED, "catalog/"]
        .into_iter()
        .flat_map(|prefix| facts.under(prefix))
        .filter(|path| !published.files.contains_key(*path));
    let other: Vec<&str> = changed.chain(added).collect();
    let version = &facts.requested.dataset_version_id;
    let message = match other.as_slice() {
        [] if spec.is_some_and(|hash| hash.to_string() != published.spec_hash) => {
            format!("{version} is already published from another spec.")
        }
        [] => return,
        [one] => format!("{version} is already published, with another {one}."),
        [first, rest @ ..] => {
            format!("{version} is already published; {first} and {} more differ.", rest.len())
        }
    };
    let reason = codes::VERSION_ALREADY_PUBLISHED.because(message);
    reasons.push(match other.first() {
        Some(path) => reason.in_file(*path),
        None => reason.in_file(layout::SPEC),
    });
}
