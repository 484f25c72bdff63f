//! What a caller may name: a service of a namespace, and one of its releases. Both end up in queries
//! and paths, so that neither may hold anything that means something there.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is no such name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NameError {
    /// No service.
    #[error(
        "a service is <name> or <name>.<namespace>: each 1 to 63 lower-case letters, digits or '-', beginning and ending with a letter or digit"
    )]
    Service,
    /// No namespace is given, and the caller has none of its own.
    #[error("the caller belongs to no namespace: ask for <name>.<namespace>")]
    NoNamespace,
    /// No release.
    #[error(
        "a release id is a label's value: 1 to 63 letters, digits, '-', '_' or '.', beginning and ending with a letter or digit"
    )]
    Release,
}

/// A service of a namespace.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "Named", into = "Named")]
pub struct Service {
    namespace: String,
    name: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    namespace: String,
    name: String,
}

impl Service {
    /// Reads `<name>` or `<name>.<namespace>`; the first belongs to `home`.
    ///
    /// # Errors
    /// If it is neither, or there is no home.
    pub fn parse(text: &str, home: Option<&str>) -> Result<Self, NameError> {
        let (name, namespace) = match text.split_once('.') {
            Some((name, namespace)) => (name, Some(namespace)),
            None => (text, home),
        };
        if !is_label(name) {
            return Err(NameError::Service);
        }
        Self::new(namespace.ok_or(NameError::NoNamespace)?, name)
    }

    /// The service `name` of `namespace`.
    ///
    /// # Errors
    /// If one of them is no DNS label.
    pub fn new(namespace: &str, name: &str) -> Result<Self, NameError> {
        if !is_label(namespace) || !is_label(name) {
            return Err(NameError::Service);
        }
        Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its name there.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.name, self.namespace)
    }
}

impl TryFrom<Named> for Service {
    type Error = NameError;

    fn try_from(named: Named) -> Result<Self, NameError> {
        Self::new(&named.namespace, &named.name)
    }
}

impl From<Service> for Named {
    fn from(service: Service) -> Self {
        Self { namespace: service.namespace, name: service.name }
    }
}

/// Whether a text is a DNS label.
pub(super) fn is_label(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| plain(b) || b == b'-')
        && text.bytes().next().is_some_and(plain)
        && text.bytes().next_back().is_some_and(plain)
}

/// A release, as its `release-id` label says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReleaseId(String);

impl ReleaseId {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ReleaseId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let plain = |b: u8| b.is_ascii_alphanumeric();
        let ok = (1..=63).contains(&text.len())
            && text.bytes().all(|b| plain(b) || matches!(b, b'-' | b'_' | b'.'))
            && text.bytes().next().is_some_and(plain)
            && text.bytes().next_back().is_some_and(plain);
        if ok { Ok(Self(text.to_owned())) } else { Err(NameError::Release) }
    }
}

impl TryFrom<String> for ReleaseId {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<ReleaseId> for String {
    fn from(release: ReleaseId) -> Self {
        release.0
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_nothing_that_means_something_elsewhere() {
        let service = |text: &str, home| Service::parse(text, home).map(|s| s.to_string());
        assert_eq!(service("checkout", Some("shop")), Ok("checkout.shop".into()));
        assert_eq!(service("checkout.other", Some("shop")), Ok("checkout.other".into()));
        assert_eq!(service("checkout", None), Err(NameError::NoNamespace));
        let long = "a".repeat(64);
        for bad in ["", ".", "a.", ".a", "a.b.c", "A", "a_b", "-a", "a-", "a/b", "a\"", "ä", &long]
        {
            assert_eq!(service(bad, Some("shop")), Err(NameError::Service), "{bad:?}");
        }
        for good in ["1", "v1.2.3", "2026-02_a.B"] {
            assert_eq!(good.parse::<ReleaseId>().map(|r| r.to_string()).as_deref(), Ok(good));
        }
        for bad in ["", "-a", "a-", "a b", "a\"b", "a{b", "../a", "a/b", "a\n", "ä", &long] {
            assert_eq!(bad.parse::<ReleaseId>(), Err(NameError::Release), "{bad:?}");
        }
    }
}
