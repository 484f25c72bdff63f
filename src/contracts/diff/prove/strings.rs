//! Claims about strings.

use std::cell::RefCell;
use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::super::schemas::options;
use super::super::flat::Flat;
use super::super::keywords::FORMATS;

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
        || flat
            .patterns
            .iter()
            .any(|known| super::super::language::within(known, pattern) == Some(true))
}

/// Whether all strings have a format.
pub(super) fn has_format(flat: &Flat<'_>, format: &str) -> bool {
    let implied = |known: &&str| {
        matches!((*known, format), ("uri", "uri-reference") | ("iri", "iri-reference"))
    };
    !FORMATS.contains(&format) || flat.formats.contains(&format) || flat.formats.iter().any(implied)
}
