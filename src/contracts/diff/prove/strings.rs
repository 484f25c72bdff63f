//! Claims about strings.

use std::cell::RefCell;
use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::super::schemas::options;
use super::super::flat::Flat;
use super::super::keywords::FORMATS;
use super::super::language::{self, Found};

thread_local! {
    static PATTERNS: RefCell<HashMap<String, Option<jsonschema::Validator>>> = RefCell::default();
}
const MAX_PATTERNS: usize = 1_000;

/// Whether a text matches, by the same engine that judges instances; `None` if the pattern does not
/// compile.
pub(in super::super) fn is_match(pattern: &str, text: &str) -> Option<bool> {
    PATTERNS.with_borrow_mut(|known| {
        if known.len() > MAX_PATTERNS {
            known.clear();
        }
        let judge = known
            .entry(pattern.to_owned())
            .or_insert_with(|| options().build(&json!({ "pattern": pattern })).ok());
        Some(judge.as_ref()?.is_valid(&Value::String(text.to_owned())))
    })
}

/// Whether all strings match.
pub(super) fn matches(flat: &Flat<'_>, pattern: &str) -> bool {
    matches!(pattern, "" | ".*" | "^.*" | "^" | "$")
        || flat.patterns.contains(&pattern)
        || flat.patterns.iter().any(|known| language::within(known, pattern) == Some(true))
        || together(flat, pattern)
}

/// Whether what matches all that is known, lengths as well, matches.
fn together(flat: &Flat<'_>, pattern: &str) -> bool {
    let bounds = bounds(flat);
    let known: Vec<&str> = flat.patterns.iter().copied().chain(bounds.as_deref()).collect();
    (known.len() > 1 || bounds.is_some()) && language::find(&known, &[pattern]) == Found::Nothing
}

/// Whether no string is shorter.
pub(super) fn at_least(flat: &Flat<'_>, length: u64) -> bool {
    flat.min_length >= length || (!flat.patterns.is_empty() && within(flat, length, None))
}

/// Whether no string is longer.
pub(super) fn at_most(flat: &Flat<'_>, length: u64) -> bool {
    flat.max_length.is_some_and(|max| max <= length)
        || (!flat.patterns.is_empty() && within(flat, 0, Some(length)))
}

/// Whether the patterns leave no other lengths.
fn within(flat: &Flat<'_>, least: u64, most: Option<u64>) -> bool {
    lengths(least, most)
        .is_some_and(|lengths| language::find(&flat.patterns, &[&lengths]) == Found::Nothing)
}

/// Lengths for which patterns are made.
const LARGEST: u64 = 40;

/// What is known of lengths as a pattern, as far as it is short.
pub(in super::super) fn bounds(flat: &Flat<'_>) -> Option<String> {
    let most = flat.max_length.filter(|most| *most <= LARGEST);
    let least = flat.min_length.min(LARGEST);
    lengths(least, most).filter(|_| least > 0 || most.is_some())
}

/// Exactly these lengths as a pattern.
fn lengths(least: u64, most: Option<u64>) -> Option<String> {
    (least <= LARGEST && most.is_none_or(|most| most <= LARGEST)).then(|| {
        let most = most.map(|most| most.to_string()).unwrap_or_default();
        format!("^[\\s\\S]{{{least},{most}}}$")
    })
}

/// Whether all strings have a format.
pub(super) fn has_format(flat: &Flat<'_>, format: &str) -> bool {
    let implied = |known: &&str| {
        matches!((*known, format), ("uri", "uri-reference") | ("iri", "iri-reference"))
    };
    !FORMATS.contains(&format) || flat.formats.contains(&format) || flat.formats.iter().any(implied)
}
