//! Why something was denied: a stable code, a sentence, a place, a remedy.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A stable, documented name for a cause of denial, in Kubernetes' CamelCase for reasons. Codes of
/// the built-in gates are constants here; a policy pack brings its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReasonCode(Cow<'static, str>);

/// The text is no reason code.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a reason code is CamelCase: 3 to 64 letters and digits, the first an upper-case letter")]
pub struct CodeError;

impl ReasonCode {
    /// A built-in code. Only for constants: the text is not checked.
    pub const fn builtin(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ReasonCode {
    type Error = CodeError;

    fn try_from(text: String) -> Result<Self, CodeError> {
        let ok = (3..=64).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_uppercase())
            && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if ok { Ok(Self(Cow::Owned(text))) } else { Err(CodeError) }
    }
}

impl From<ReasonCode> for String {
    fn from(code: ReasonCode) -> Self {
        code.0.into_owned()
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One finding against a dataset.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Reason {
    /// What kind of finding.
    pub code: ReasonCode,
    /// The file in the workspace that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Where in that file (RFC 6901 JSON pointer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// One sentence that a person understands.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Reason {
    /// A finding that no single file shows.
    pub fn new(code: ReasonCode, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code, path: None, pointer: None, message: message.into(), remedy: remedy.into() }
    }

    /// Names the file.
    #[must_use]
    pub fn in_file(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Names the file and the place in it.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>, pointer: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self.pointer = Some(pointer.into());
        self
    }
}
