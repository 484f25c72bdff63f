//! Lengths of time as Kubernetes writes them: `90s`, `5m`, `1h30m`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A positive length of time in Go's notation, as `metav1.Duration` is, without fractions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Duration(kube::core::Duration);

impl Duration {
    /// That many seconds.
    pub fn from_secs(seconds: u64) -> Self {
        Self(std::time::Duration::from_secs(seconds).into())
    }

    /// As the standard library's type.
    pub fn std(self) -> std::time::Duration {
        self.0.into()
    }

    /// As a span to add to a timestamp.
    pub fn signed(self) -> jiff::SignedDuration {
        jiff::SignedDuration::try_from(self.std()).unwrap_or(jiff::SignedDuration::MAX)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "maxLength": 32,
            "pattern": "^([0-9]+(ms|s|m|h))+$",
            "x-kubernetes-validations": [{
                "rule": "!self.matches('^([0-9]+(ms|s|m|h))+$') || duration(self) >= duration('1s')",
                "message": "a duration is at least 1s",
            }],
        })
    }
}
