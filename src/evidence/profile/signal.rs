//! What may be measured of a release, and what of it nobody may exceed.

use serde::Deserialize;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Signal {
    /// 95 of 100 reads are answered within so many milliseconds.
    ReadP95Ms,
    /// The same of writes.
    WriteP95Ms,
    /// 99 of 100 requests are answered within so many milliseconds.
    P99Ms,
    /// Failed requests of all, from 0 to 1.
    ErrorRate,
    /// Requests in the window: how much is behind the other figures.
    Traffic,
    /// When the newest sample was taken, in seconds since 1970.
    Newest,
    /// Dollars for a million GraphQL calls.
    GraphqlPerMillionUsd,
    /// Dollars for a thousand ingested records.
    IngestPerThousandUsd,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ReadP95Ms,
        Self::WriteP95Ms,
        Self::P99Ms,
        Self::ErrorRate,
        Self::Traffic,
        Self::Newest,
        Self::GraphqlPerMillionUsd,
        Self::IngestPerThousandUsd,
    ];

    /// Its name in profiles, records and policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadP95Ms => "readP95Ms",
            Self::WriteP95Ms => "writeP95Ms",
            Self::P99Ms => "p99Ms",
            Self::ErrorRate => "errorRate",
            Self::Traffic => "traffic",
            Self::Newest => "newest",
            Self::GraphqlPerMillionUsd => "graphqlPerMillionUsd",
            Self::IngestPerThousandUsd => "ingestPerThousandUsd",
        }
    }

    /// What nobody may exceed, whatever the profile says. Profile and policy only tighten it.
    pub const fn built_in(self) -> Option<f64> {
        match self {
            Self::ReadP95Ms => Some(350.0),
            Self::WriteP95Ms => Some(700.0),
            Self::ErrorRate => Some(0.02),
            Self::GraphqlPerMillionUsd => Some(2.0),
            _ => None,
        }
    }

    /// Whether there is anything to exceed.
    pub(super) const fn may_have_a_budget(self) -> bool {
        !matches!(self, Self::Traffic | Self::Newest)
    }
}
