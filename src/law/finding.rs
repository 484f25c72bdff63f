//! What is wrong with a contract set, for whoever reads the report.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; changes no verdict.
    Note,
    /// Worth mending; changes no verdict.
    Warning,
    /// The set is not sound.
    Error,
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The file, as a path of the set.
    pub file: String,
    /// Where in it (RFC 6901), if it is a document.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pointer: String,
    /// The line, from 1, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What kind: stable, in kebab case (`schema-does-not-compile`).
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, as a sentence.
    pub message: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}
