//! Names of datasets and of their versions.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Why a text is not a dataset slug or version id. The message shows the pattern.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum IdError {
    /// Not a slug.
    #[error("a dataset slug matches {pattern}: 1 to 63 lower-case letters, digits, '-' or '_', beginning and ending with a letter or digit", pattern = DatasetSlug::PATTERN)]
    Slug,
    /// Not a version id.
    #[error("a dataset version id matches {pattern}: a calendar period (YYYY, YYYY-MM or YYYY-MM-DD), a dot, and the first 8 hex digits of the spec hash", pattern = DatasetVersionId::PATTERN)]
    Version,
    /// The period of a version id is no date of the calendar.
    #[error("the period of the dataset version id is not a date of the calendar")]
    Calendar,
}

/// A dataset's stable name, for instance `noaa-seattle-weather`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DatasetSlug(String);

impl DatasetSlug {
    /// What a slug must match.
    pub const PATTERN: &'static str = "^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$";

    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DatasetSlug {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let edge = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let inner = |b: u8| edge(b) || b == b'-' || b == b'_';
        let bytes = text.as_bytes();
        let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else {
            return Err(IdError::Slug);
        };
        let ok = bytes.len() <= 63 && edge(first) && edge(last) && bytes.iter().all(|&b| inner(b));
        if ok { Ok(Self(text.to_owned())) } else { Err(IdError::Slug) }
    }
}

/// One immutable version of a dataset: a calendar period and the beginning of its spec hash, for
/// instance `2026-02.abcd1234`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DatasetVersionId(String);

impl DatasetVersionId {
    /// What a version id must match.
    pub const PATTERN: &'static str = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?\\.[0-9a-f]{8}$";

    /// The version id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 8 hexadecimal digits after the dot, which begin the spec hash.
    pub fn hash_prefix(&self) -> &str {
        self.0.rsplit_once('.').map_or("", |(_, hash)| hash)
    }
}

impl FromStr for DatasetVersionId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (period, hash) = text.split_once('.').ok_or(IdError::Version)?;
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if hash.len() != 8 || !hash.bytes().all(hex) {
            return Err(IdError::Version);
        }
        let mut numbers = [0_i16, 1, 1];
        let parts: Vec<&str> = period.split('-').collect();
        if parts.len() > 3 {
            return Err(IdError::Version);
        }
        for (index, part) in parts.iter().enumerate() {
            let width = if index == 0 { 4 } else { 2 };
            if part.len() != width || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(IdError::Version);
            }
            numbers[index] = part.parse().map_err(|_| IdError::Version)?;
        }
        let [year, month, day] = numbers;
        let small = |n: i16| i8::try_from(n).map_err(|_| IdError::Calendar);
        Date::new(year, small(month)?, small(day)?).map_err(|_| IdError::Calendar)?;
        Ok(Self(text.to_owned()))
    }
}

macro_rules! text_value {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}
text_value!(DatasetSlug);
text_value!(DatasetVersionId);

/// A dataset version, fully named.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DatasetRef {
    /// Which dataset.
    pub slug: DatasetSlug,
    /// Which version of it.
    pub version: DatasetVersionId,
}

impl DatasetRef {
    /// `<slug>/<versionId>`: the prefix under which the version's objects are published.
    pub fn prefix(&self) -> String {
        format!("{}/{}", self.slug, self.version)
    }
}

impl fmt::Display for DatasetRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.slug, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for good in ["a", "example_dataset", "noaa-seattle-weather", "0x", &"a".repeat(63)] {
            assert!(good.parse::<DatasetSlug>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a b", "a/b", "..", "a.b", "é", &"a".repeat(64)] {
            assert_eq!(bad.parse::<DatasetSlug>(), Err(IdError::Slug), "{bad}");
        }
    }

    #[test]
    fn version_ids() {
        for good in ["2026-02.abcd1234", "2026.00000000", "2024-02-29.0123abcd"] {
            assert!(good.parse::<DatasetVersionId>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "2026-02",
            "2026-02.abcd123",
            "2026-02.ABCD1234",
            "26-02.abcd1234",
            "2026-2.abcd1234",
            "2026-02-01-01.abcd1234",
            "+026.abcd1234",
        ] {
            assert_eq!(bad.parse::<DatasetVersionId>(), Err(IdError::Version), "{bad}");
        }
        for bad in ["2026-13.abcd1234", "2025-02-29.abcd1234", "2026-00.abcd1234"] {
            assert_eq!(bad.parse::<DatasetVersionId>(), Err(IdError::Calendar), "{bad}");
        }
    }
}
