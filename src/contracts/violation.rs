//! What a document violates, in words.

use crate::domain::pointer::join;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

/// One place where a document is not what its schema says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Violation {
    /// Where (RFC 6901). A missing member is named where it should be.
    pub pointer: String,
    /// What is wrong there, as the end of a sentence that begins with the place.
    pub message: String,
}

impl Violation {
    /// No more than this many are told at once.
    pub const MAX: usize = 50;

    /// More than this many are not even sorted.
    const MAX_READ: usize = 5_000;

    /// What is wrong at a place.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }

    /// The schema itself is at fault; fails closed.
    pub(super) fn of_schema(name: &str, error: &str) -> Self {
        Self::new("", format!("cannot be judged: the schema {name} does not compile: {error}"))
    }
}

/// Everything that `value` violates, sorted and bounded.
pub(super) fn collect(validator: &Validator, value: &Value) -> Vec<Violation> {
    collect_from(validator.iter_errors(value))
}

/// Errors in words, sorted and bounded.
pub(super) fn collect_from<'i>(
    errors: impl Iterator<Item = ValidationError<'i>>,
) -> Vec<Violation> {
    let mut found = Vec::new();
    for error in errors.take(Violation::MAX_READ) {
        explain(&error, &mut found);
    }
    found.sort();
    found.dedup();
    found.truncate(Violation::MAX);
    found
}

/// Cuts what may be long.
pub(super) fn short(text: &str) -> String {
    const LIMIT: usize = 300;
    if text.chars().count() <= LIMIT {
        return text.to_owned();
    }
    let head: String = text.chars().take(LIMIT).collect();
    format!("{head}…")
}

fn explain(error: &ValidationError<'_>, found: &mut Vec<Violation>) {
    let place = error.instance_path().as_str().to_owned();
    let message = match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            found.push(Violation::new(join(&place, name), "is missing"));
            return;
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            for name in unexpected {
                found.push(Violation::new(join(&place, name), "is not a known member"));
            }
            return;
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            // Of the branches for this kind of thing, the one that went furthest is most likely meant.
            let depth = |branch: &Vec<ValidationError<'_>>| branch.iter().map(reach).max();
            let meant = context.iter().max_by_key(|branch| {
                (!branch.iter().any(is_other_kind), depth(branch), std::cmp::Reverse(branch.len()))
            });
            match meant {
                Some(branch) if depth(branch) > Some(place.matches('/').count()) => {
                    for inner in branch {
                        explain(inner, found);
                    }
                    return;
                }
                _ => "has none of the allowed forms".to_owned(),
            }
        }
        ValidationErrorKind::OneOfMultipleValid { .. } => {
            "has several forms of which only one may hold".to_owned()
        }
        ValidationErrorKind::Enum { options } => format!("is none of {}", list(options)),
        ValidationErrorKind::Constant { expected_value } => format!("is not {expected_value}"),
        ValidationErrorKind::Format { format } => format!("is not a {format}"),
        ValidationErrorKind::Pattern { pattern } => format!("does not match {pattern}"),
        ValidationErrorKind::MinLength { limit } => {
            format!("is shorter than {limit} character{}", plural(*limit))
        }
        ValidationErrorKind::MaxLength { limit } => {
            format!("is longer than {limit} character{}", plural(*limit))
        }
        ValidationErrorKind::MinItems { limit } => {
            format!("has fewer than {limit} item{}", plural(*limit))
        }
        ValidationErrorKind::MaxItems { limit } => {
            format!("has more than {limit} item{}", plural(*limit))
        }
        ValidationErrorKind::Contains => "lacks an item that must be there".to_owned(),
        ValidationErrorKind::UniqueItems => "has an item twice".to_owned(),
        ValidationErrorKind::Not { .. } | ValidationErrorKind::FalseSchema => {
            "is not allowed here".to_owned()
        }
        ValidationErrorKind::Type { kind } => match kind {
            TypeKind::Single(one) => format!("is not of type {one}"),
            TypeKind::Multiple(many) => {
                let names: Vec<String> = many.iter().map(|t| t.to_string()).collect();
                format!("is not of type {}", names.join(" or "))
            }
        },
        _ => {
            let text = error.masked_with("it").to_string();
            text.strip_prefix("it ").unwrap_or(&text).to_owned()
        }
    };
    found.push(Violation::new(place, short(&message)));
}

/// How deep in the document an error or one of its branches is.
fn reach(error: &ValidationError<'_>) -> usize {
    let own = error.instance_path().as_str().matches('/').count();
    match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            context.iter().flatten().map(reach).max().unwrap_or_default().max(own)
        }
        _ => own,
    }
}

/// Whether a branch is for things of another `type`.
fn is_other_kind(error: &ValidationError<'_>) -> bool {
    matches!(error.kind(), ValidationErrorKind::Constant { .. })
        && error.instance_path().as_str().ends_with("/type")
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn list(options: &Value) -> String {
    match options.as_array() {
        Some(items) => items.iter().map(Value::to_string).collect::<Vec<_>>().join(", "),
        None => options.to_string(),
    }
}
