//! OpenAPI 3.0 and 3.1, in one file or several: valid by the official schema, references that lead somewhere,
//! examples that hold, and operations that say how they fail and who may call them.

mod dialect;
mod examples;
mod files;
mod operations;
mod references;

use serde_json::Value;

use super::context::Context;
use super::{EACH, Validation, rules};
use crate::contracts::{Format, official_violations};
use crate::law::set::Contract;

pub(super) use dialect::as_2020_12;
pub(super) use files::{Apis, apis};

fn version(document: &Value) -> &str {
    document.get("openapi").and_then(Value::as_str).unwrap_or_default()
}

/// Which OpenAPI a document is.
fn format(document: &Value) -> Option<Format> {
    let minor = |minor: &str| {
        let rest = version(document).strip_prefix(minor).and_then(|rest| rest.strip_prefix('.'));
        rest.is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|b| b.is_ascii_digit()))
    };
    match () {
        () if minor("3.0") => Some(Format::OpenApi30),
        () if minor("3.1") => Some(Format::OpenApi31),
        () => None,
    }
}

pub(super) fn check(context: &Context<'_>, contract: &Contract) -> Validation {
    let path = contract.path.as_str();
    let mut all = Validation::default();
    let Some(document) = context.document(path) else { return all };
    let root = format(document);
    if root.is_none() && !context.apis.contains_key(path) {
        let text = match document.get("openapi") {
            Some(_) => "openapi must be a version 3.0.x or 3.1.x",
            None => "it says no version of openapi, and no API of the set refers to it",
        };
        all.findings.push(rules::OPENAPI.at(path, "/openapi", text));
        return all;
    }
    let invalid = root.map(|root| official_violations(root, document)).unwrap_or_default();
    for violation in invalid.iter().take(EACH) {
        let place = if violation.pointer.is_empty() { "it" } else { &violation.pointer };
        let text = format!("{place} {}", violation.message);
        all.findings.push(rules::OPENAPI.at(path, &violation.pointer, text));
    }
    if !invalid.is_empty() {
        return all;
    }
    let broken = references::broken(context, path, document);
    let sound = broken.is_empty();
    all.findings.extend(broken.into_iter().take(EACH));
    all.findings.extend(files::forms(context, path, document).into_iter().take(EACH));
    if root.is_some() {
        operations::check(context, path, document, &mut all.findings);
    }
    // Schemas with a reference to nothing judge nothing.
    if sound {
        examples::check(context, path, document, &mut all);
    }
    all
}
