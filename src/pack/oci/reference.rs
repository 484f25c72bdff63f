//! `oci://registry[:port]/repository`, and which artifact in it: a tag, a range of versions or a
//! manifest's digest.

use std::fmt;

use semver::{Version as SemVer, VersionReq};

use super::SCHEME;
use crate::domain::Digest;

/// Why a reference cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// The text is no reference.
    #[error("{text:?} is no OCI reference: {why}; write oci://registry/repository:tag")]
    Invalid {
        /// The text.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A range that SemVer does not know.
    #[error("{range:?} is no SemVer range ({why}); write for instance ^1.2 or >=1.2, <2")]
    RangeInvalid {
        /// The range.
        range: String,
        /// What is wrong with it.
        why: String,
    },
}

impl ReferenceError {
    /// A short CamelCase name for conditions.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "ReferenceInvalid",
            Self::RangeInvalid { .. } => "RangeInvalid",
        }
    }
}

/// A repository in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    registry: String,
    path: String,
}

/// Which artifact of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// The one with this tag.
    Tag(String),
    /// The one with the highest tag in this range.
    Range(VersionReq),
    /// The one whose manifest has this digest.
    Digest(Digest),
}

impl Version {
    /// A range, as Cargo writes them.
    ///
    /// # Errors
    /// If it does not parse.
    pub fn range(text: &str) -> Result<Self, ReferenceError> {
        let parsed = VersionReq::parse(text);
        parsed.map(Self::Range).map_err(|error| ReferenceError::RangeInvalid {
            range: text.to_owned(),
            why: error.to_string(),
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => write!(f, ":{tag}"),
            Self::Range(range) => write!(f, " {range}"),
            Self::Digest(digest) => write!(f, "@{digest}"),
        }
    }
}

impl Repository {
    /// Reads `oci://registry[:port]/repository[:tag|@digest]`.
    ///
    /// # Errors
    /// If a part is missing or has a form that the distribution specification does not allow.
    pub fn parse(text: &str) -> Result<(Self, Option<Version>), ReferenceError> {
        let invalid = |why| ReferenceError::Invalid { text: text.to_owned(), why };
        let rest = text.strip_prefix(SCHEME).ok_or_else(|| invalid("it has no oci://"))?;
        if rest.len() > 512 {
            return Err(invalid("it is too long"));
        }
        let (registry, rest) =
            rest.split_once('/').ok_or_else(|| invalid("it names no repository"))?;
        if registry.contains('@') {
            return Err(invalid("credentials belong into a Secret"));
        }
        if !is_registry(registry) {
            return Err(invalid("the registry is no host[:port]"));
        }
        let (path, version) = match rest.split_once('@') {
            Some((path, digest)) => {
                let digest =
                    digest.parse().map_err(|_| invalid("the digest is no sha256:<hex>"))?;
                (path, Some(Version::Digest(digest)))
            }
            None => match rest.split_once(':') {
                Some((_, tag)) if !is_tag(tag) => return Err(invalid("the tag has a bad form")),
                Some((path, tag)) => (path, Some(Version::Tag(tag.to_owned()))),
                None => (rest, None),
            },
        };
        if path.len() > 255 || !path.split('/').all(is_component) {
            return Err(invalid("the repository's name has a bad form"));
        }
        let registry = registry.to_ascii_lowercase();
        let hub = matches!(registry.as_str(), "docker.io" | "index.docker.io");
        let path = match hub && !path.contains('/') {
            true => format!("library/{path}"),
            false => path.to_owned(),
        };
        let registry = if hub { "docker.io".to_owned() } else { registry };
        Ok((Self { registry, path }, version))
    }

    /// The registry's name: host and port.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository's name.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether the registry's name is one of this machine, however it is resolved.
    pub fn is_on_loopback(&self) -> bool {
        match &self.registry {
            v6 if v6.starts_with('[') => v6.split(']').next() == Some("[::1"),
            name => {
                let host = name.split(':').next().unwrap_or_default();
                let octets = host.split('.').filter(|octet| octet.parse::<u8>().is_ok()).count();
                host == "localhost"
                    || (host.starts_with("127.") && octets == 4 && host.split('.').count() == 4)
            }
        }
    }

    /// Where the registry's API is. Docker Hub's is elsewhere than its name says.
    pub(super) fn host(&self) -> &str {
        match self.registry.as_str() {
            "docker.io" => "registry-1.docker.io",
            other => other,
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.registry, self.path)
    }
}

fn is_registry(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((v6, port)) => (v6, port.strip_prefix(':').or(port.is_empty().then_some("1"))),
            None => return false,
        },
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, Some("1")),
        },
    };
    let allowed = |b: u8| match text.starts_with('[') {
        true => b.is_ascii_hexdigit() || matches!(b, b':' | b'.'),
        false => b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'),
    };
    !host.is_empty()
        && host.bytes().all(allowed)
        && port.is_some_and(|port| !port.starts_with('+') && port.parse::<u16>().is_ok())
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(text: &str) -> bool {
    let bytes = text.as_bytes();
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let separators = text.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    bytes.first().is_some_and(plain)
        && bytes.last().is_some_and(plain)
        && separators
            .filter(|s| !s.is_empty())
            .all(|s| matches!(s, "." | "_" | "__") || s.bytes().all(|b| b == b'-'))
}

pub(super) fn is_tag(text: &str) -> bool {
    let bytes = text.as_bytes();
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    bytes.len() <= 128
        && bytes.first().is_some_and(word)
        && bytes.iter().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

/// The highest of `tags` in the range; a leading `v` is overlooked, and what is no version too.
/// Pre-releases count only if the range names one. Of two spellings of one version the one without
/// `v` wins, so that the answer does not depend on their order.
pub fn highest<'a>(tags: impl IntoIterator<Item = &'a str>, range: &VersionReq) -> Option<&'a str> {
    tags.into_iter()
        .filter_map(|tag| {
            let version = SemVer::parse(tag.strip_prefix('v').unwrap_or(tag)).ok()?;
            range.matches(&version).then_some((version, !tag.starts_with('v'), tag))
        })
        .max()
        .map(|(_, _, tag)| tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_refused() {
        let read = |text: &str| {
            let (repository, version) = Repository::parse(text).ok()?;
            Some(format!("{repository}{}", version.map(|v| v.to_string()).unwrap_or_default()))
        };
        let digest = Digest::of(b"x");
        for text in [
            "oci://registry.example.org/packs/default",
            "oci://registry.example.org:5000/a/b/c_d/e--f/g__h:v1.2",
            "oci://127.0.0.1:5000/a:latest",
            "oci://[::1]:5000/a",
            "oci://[fd00::1]/a",
            &format!("oci://r/a@{digest}"),
        ] {
            assert_eq!(read(text).as_deref(), Some(text));
        }
        assert_eq!(read("oci://docker.io/a").as_deref(), Some("oci://docker.io/library/a"));
        assert_eq!(read("oci://index.docker.io/a/b").as_deref(), Some("oci://docker.io/a/b"));
        assert_eq!(read("oci://R.Example/a").as_deref(), Some("oci://r.example/a"));
        for text in [
            "https://r/a",
            "oci://",
            "oci://r",
            "oci://r/",
            "oci:///a",
            "oci://r//a",
            "oci://r/a/",
            "oci://r/A",
            "oci://r/a..b",
            "oci://r/../b",
            "oci://r/a___b",
            "oci://r/-a",
            "oci://r/a:",
            "oci://r/a:-x",
            "oci://r/a:x/y",
            "oci://r/a@sha256:00",
            "oci://r/a@md5:00",
            "oci://me:pw@r/a",
            "oci://r:99999/a",
            "oci://r:/a",
            "oci://r:+1/a",
            "oci://r x/a",
            "oci://[::1/a",
            "oci://[]/a",
            "oci://r/a?b",
            "oci://r/a#b",
            "oci://r/a%2f",
            "oci://r/a\n",
            "oci://r?/a",
            "oci://r\\x/a",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&format!("oci://r/{}", "a".repeat(256))), None);
        assert_eq!(read(&format!("oci://r/a:{}", "a".repeat(129))), None);
    }

    #[test]
    fn of_a_range_the_highest_version() {
        let tags = [
            "latest",
            "1.2.0",
            "v1.10.0",
            "1.9.9",
            "2.0.0",
            "v2.0.0",
            "2.1.0-rc.1",
            "1.2",
            "sha256-abc.sig",
            "1.11.0-alpha",
            "01.99.0",
            "vv1.99.0",
        ];
        for (range, expected) in [
            ("^1.2", Some("v1.10.0")),
            ("~1.2", Some("1.2.0")),
            (">=1, <2", Some("v1.10.0")),
            ("*", Some("2.0.0")),
            (">=2", Some("2.0.0")),
            (">=2.1.0-rc.0", Some("2.1.0-rc.1")),
            ("=1.11.0-alpha", Some("1.11.0-alpha")),
            ("^3", None),
        ] {
            let Ok(Version::Range(parsed)) = Version::range(range) else { panic!("{range}") };
            assert_eq!(highest(tags, &parsed), expected, "{range}");
            let mut turned = tags;
            turned.reverse();
            assert_eq!(highest(turned, &parsed), expected, "{range}");
        }
        for range in ["", "x.y", "^", "latest", "1 || 2"] {
            assert_eq!(Version::range(range).unwrap_err().reason(), "RangeInvalid", "{range}");
        }
    }
}
