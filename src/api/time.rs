//! Points in time that people write.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time as somebody wrote it. The API server takes texts for a `date-time` that are none, such
/// as `2026-01-01T00:00:00+99:99`. They are read all the same, and mean no time: one object that cannot be
/// read would keep the controller from seeing all the others of its kind, whoever's they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WrittenTime {
    /// This one.
    At(Timestamp),
    /// None; what was written instead.
    Unreadable(String),
}

impl WrittenTime {
    /// When, if it is a time.
    pub const fn at(&self) -> Option<Timestamp> {
        match self {
            Self::At(time) => Some(*time),
            Self::Unreadable(_) => None,
        }
    }
}

impl From<Timestamp> for WrittenTime {
    fn from(time: Timestamp) -> Self {
        Self::At(time)
    }
}

impl fmt::Display for WrittenTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(time) => time.fmt(f),
            Self::Unreadable(text) => text.fmt(f),
        }
    }
}

impl Serialize for WrittenTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::At(time) => Time(*time).serialize(serializer),
            Self::Unreadable(text) => text.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for WrittenTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(text.parse().map_or_else(|_| Self::Unreadable(text), Self::At))
    }
}

impl JsonSchema for WrittenTime {
    fn schema_name() -> Cow<'static, str> {
        Time::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Time::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_server_lets_through_never_fails_to_be_read() {
        for (text, is_a_time) in [
            ("2026-12-01T00:00:00Z", true),
            ("2026-12-01T00:00:00.123456+01:00", true),
            // Each was taken by an API server.
            ("2026-12-01T00:00:00+99:99", false),
            ("2026-12-01T00:00:00x1Z", false),
            ("2026-12-01T00:00:00.1234567890123Z", false),
            ("9999-12-31T23:59:59-23:59", false),
        ] {
            let read: WrittenTime = serde_json::from_value(text.into()).unwrap();
            assert_eq!(read.at().is_some(), is_a_time, "{text}");
            let again: WrittenTime =
                serde_json::from_value(serde_json::to_value(&read).unwrap()).unwrap();
            assert_eq!(again.at().is_some(), is_a_time, "{text}");
        }
    }
}
