//! Identities: an issuer and a subject, each exact or by an expression of the whole text.

use std::fmt;

use regex::{Regex, RegexBuilder};

use super::TrustError;

/// An OIDC issuer and a subject that it vouches for.
#[derive(Clone, Debug)]
pub struct Identity {
    issuer: Matcher,
    subject: Matcher,
}

impl Identity {
    /// An identity of literals or regular expressions, exactly one for issuer and one for subject.
    /// An expression must match the whole text.
    ///
    /// # Errors
    /// If one is missing, given twice, or no regular expression.
    pub fn new(
        issuer: Option<&str>,
        issuer_regexp: Option<&str>,
        subject: Option<&str>,
        subject_regexp: Option<&str>,
    ) -> Result<Self, TrustError> {
        Ok(Self {
            issuer: Matcher::new("issuer", issuer, issuer_regexp)?,
            subject: Matcher::new("subject", subject, subject_regexp)?,
        })
    }

    /// Whether a certificate's claims are this identity.
    pub fn matches(&self, issuer: &str, subject: &str) -> bool {
        self.issuer.matches(issuer) && self.subject.matches(subject)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.subject, self.issuer)
    }
}

#[derive(Clone, Debug)]
enum Matcher {
    Exact(String),
    Whole { regex: Regex, source: String },
}

impl Matcher {
    fn new(
        field: &'static str,
        exact: Option<&str>,
        regexp: Option<&str>,
    ) -> Result<Self, TrustError> {
        match (exact.filter(|s| !s.is_empty()), regexp.filter(|s| !s.is_empty())) {
            (Some(text), None) => Ok(Self::Exact(text.to_owned())),
            (None, Some(source)) => {
                let invalid =
                    |e: regex::Error| TrustError::RegExpInvalid { field, message: e.to_string() };
                let compile =
                    |text: &str| RegexBuilder::new(text).size_limit(1 << 18).nest_limit(50).build();
                // Alone first: `a)|(b` parses only once it is wrapped.
                compile(source).map_err(invalid)?;
                let regex = compile(&format!("^(?:{source})$")).map_err(invalid)?;
                Ok(Self::Whole { regex, source: source.to_owned() })
            }
            _ => Err(TrustError::IdentityIncomplete(field)),
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Whole { regex, .. } => regex.is_match(text),
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) => f.write_str(text),
            Self::Whole { source, .. } => write!(f, "/{source}/"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_match_the_whole_text() {
        let whole =
            |source, text| Matcher::new("subject", None, Some(source)).unwrap().matches(text);
        assert!(whole("https://github.com/lazaret/.*", "https://github.com/lazaret/packs"));
        assert!(!whole("github.com/lazaret", "https://github.com/lazaret/packs"));
        assert!(!whole("a|b", "ab"));
        assert!(!whole("a", "a\n"));
        assert!(!whole("a", "x\na\ny"));
        assert!(!whole("(?m)a", "x\na\ny"));
    }

    #[test]
    fn an_identity_is_complete_or_refused() {
        let identity = |a, b, c, d| Identity::new(a, b, c, d).map(|_| ()).unwrap_err().reason();
        assert_eq!(identity(None, None, Some("s"), None), "IdentityInvalid");
        assert_eq!(identity(Some("i"), Some("i"), Some("s"), None), "IdentityInvalid");
        assert_eq!(identity(Some(""), None, Some("s"), None), "IdentityInvalid");
        for bad in ["(", "a)|(.*", "(?x)a#", "(?:a{1000}){1000}"] {
            assert_eq!(identity(Some("i"), None, None, Some(bad)), "IdentityInvalid", "{bad}");
        }
    }
}
