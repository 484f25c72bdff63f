//! API contracts of a dataset: OpenAPI documents are valid by the official schema and refer to what
//! is there; GraphQL schemas parse and hold together.

use apollo_compiler::parser::Parser;
use serde_json::Value;

use crate::contracts::{Format, official_violations};
use crate::dataset::{Document, DocumentState};
use crate::domain::Reason;

use super::codes;

/// Bounds for GraphQL: a stranger's text must not cost us our stack or our afternoon.
const TOKENS: usize = 100_000;
const DEPTH: usize = 100;
/// Findings about one document.
const FINDINGS: usize = 10;

/// A contract that is no schema and no fixture. OpenAPI and GraphQL are judged; others only read.
pub(super) fn check(path: &str, document: &Document, reasons: &mut Vec<Reason>) {
    let file = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let named = file.contains("openapi") || file.contains("swagger");
    let value = match &document.state {
        DocumentState::Value(value) => value,
        DocumentState::Invalid(message) => {
            let code = match () {
                () if is_graphql(path) => &codes::GRAPHQL_INVALID,
                () if named => &codes::OPEN_API_INVALID,
                () => &codes::CONTRACT_INVALID,
            };
            reasons.push(code.because(format!("{path} is {message}.")).at(path, ""));
            return;
        }
        DocumentState::Missing => return,
    };
    if let (true, Some(text)) = (is_graphql(path), value.as_str()) {
        graphql(path, text, reasons);
    } else if named || value.get("openapi").is_some() || value.get("swagger").is_some() {
        open_api(path, value, reasons);
    }
}

fn is_graphql(path: &str) -> bool {
    [".graphql", ".graphqls", ".gql"].iter().any(|end| path.ends_with(end))
}

fn open_api(path: &str, value: &Value, reasons: &mut Vec<Reason>) {
    let mut say = |pointer: String, what: String| {
        let message = format!("{path} is no OpenAPI document: {what}.");
        reasons.push(codes::OPEN_API_INVALID.because(message).at(path, pointer));
    };
    let version = value.get("openapi").and_then(Value::as_str).unwrap_or_default();
    let minor = |minor: &str| {
        let rest = version.strip_prefix(minor).and_then(|rest| rest.strip_prefix('.'));
        rest.is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|b| b.is_ascii_digit()))
    };
    let format = if minor("3.0") {
        Format::OpenApi30
    } else if minor("3.1") {
        Format::OpenApi31
    } else {
        say("/openapi".into(), "openapi must be a version 3.0.x or 3.1.x".into());
        return;
    };
    let found = official_violations(format, value);
    for violation in found.iter().take(FINDINGS) {
        let place = if violation.pointer.is_empty() { "it" } else { &violation.pointer };
        say(violation.pointer.clone(), format!("{place} {}", violation.message));
    }
    if found.is_empty() {
        let mut broken = Vec::new();
        references(value, value, &mut String::new(), &mut broken);
        for (pointer, target) in broken.into_iter().take(FINDINGS) {
            say(pointer, format!("{target} leads nowhere in it"));
        }
    }
}

/// References into the document itself that lead nowhere.
fn references(
    root: &Value,
    value: &Value,
    pointer: &mut String,
    broken: &mut Vec<(String, String)>,
) {
    let length = pointer.len();
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                // What an example shows is data, not a reference.
                if matches!(name.as_str(), "example" | "examples" | "default" | "const" | "enum") {
                    continue;
                }
                pointer.push('/');
                pointer.push_str(&crate::domain::pointer::escaped(name));
                match member.as_str().filter(|_| name == "$ref") {
                    Some(target) => {
                        let inner =
                            target.strip_prefix('#').filter(|t| t.is_empty() || t.starts_with('/'));
                        let decoded =
                            inner.map(|inner| inner.replace("%7B", "{").replace("%7D", "}"));
                        if decoded.is_some_and(|inner| root.pointer(&inner).is_none()) {
                            broken.push((pointer.clone(), target.to_owned()));
                        }
                    }
                    None => references(root, member, pointer, broken),
                }
                pointer.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                references(root, item, pointer, broken);
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}

fn graphql(path: &str, text: &str, reasons: &mut Vec<Reason>) {
    let mut parser = Parser::new().token_limit(TOKENS).recursion_limit(DEPTH);
    let errors = match parser.parse_schema(text, path) {
        Ok(schema) => schema.validate().err().map(|found| found.errors),
        Err(found) => Some(found.errors),
    };
    let Some(errors) = errors else { return };
    for diagnostic in errors.iter().take(FINDINGS) {
        let place = diagnostic.line_column_range().map(|range| range.start);
        let place = place.map_or_else(String::new, |at| format!(" at {}:{}", at.line, at.column));
        let what = diagnostic.error.to_string();
        let what = what.lines().next().unwrap_or_default().trim_end_matches('.');
        let message = format!("{path} is no GraphQL schema{place}: {what}.");
        reasons.push(codes::GRAPHQL_INVALID.because(message).in_file(path));
    }
}
