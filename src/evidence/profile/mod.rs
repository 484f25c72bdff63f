//! The profile of a service: what is asked of Prometheus, and what the answers may be. Read
//! strictly: an unknown member, a budget above the built-in one or a query without a window is an
//! error, since a profile that says less than its author thinks would let a release through.

mod comparison;
mod error;
mod signal;
mod text;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::names::{ReleaseId, Service};
use crate::domain::DatasetRef;

pub use comparison::Comparison;
pub use error::ProfileError;
pub use signal::Signal;
use written::Written;

/// Bytes of a profile.
const MAX_BYTES: usize = 64 << 10;

/// What the absence of data means for Argo. It is never *ok*.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnNoData {
    /// Failed.
    #[default]
    NotOk,
    /// Neither failed nor ok: a template that reads `verdict` pauses the rollout.
    Inconclusive,
}

/// What of a release's evidence bundle is demanded.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleDemand {
    /// Whether there must be one.
    #[serde(default)]
    pub required: bool,
    /// Checks that must be in it. Every check in it must have passed, named here or not.
    #[serde(default)]
    pub checks: BTreeSet<String>,
}

/// A pack that may deny as well.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackName {
    /// Its name.
    pub name: String,
    /// Its namespace; the profile's own if unset. Another one must grant its use.
    #[serde(default)]
    pub namespace: Option<String>,
}

/// A profile that was read. Only [`Profile::parse`] makes one.
#[derive(Clone, PartialEq, Debug)]
pub struct Profile {
    text: String,
    /// The service's name.
    pub service: String,
    /// Over how long it is measured, as Prometheus writes it.
    pub window: String,
    /// How old the newest sample may be, in seconds.
    pub staleness: u64,
    /// Requests that the window must hold.
    pub min_samples: u32,
    /// What the absence of data means.
    pub on_no_data: OnNoData,
    /// What is asked.
    pub signals: BTreeMap<Signal, String>,
    /// What may be, built-in budgets included.
    pub budgets: BTreeMap<Signal, f64>,
    /// Canary against stable.
    pub comparisons: Vec<Comparison>,
    /// Data that must be published.
    pub datasets: Vec<DatasetRef>,
    /// What pipelines must have recorded.
    pub bundle: BundleDemand,
    /// The pack that may deny.
    pub policy_pack: Option<PackName>,
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        if text.len() > MAX_BYTES {
            let message = format!("it is larger than {MAX_BYTES} bytes");
            return Err(ProfileError::new("profile", message, "Leave out what is not needed."));
        }
        let flaw = |error: yaml_serde::Error| {
            let place = error.location().map_or_else(
                || "profile".to_owned(),
                |at| format!("line {}, column {}", at.line(), at.column()),
            );
            ProfileError::new(place, error.to_string(), "docs/evidence.md shows every member.")
        };
        // As a plain value first: it refuses a member that stands twice, a map of queries would not.
        yaml_serde::from_str::<yaml_serde::Value>(text).map_err(flaw)?;
        yaml_serde::from_str::<Written>(text).map_err(flaw)?.check(text)
    }

    /// The text that it was read from, for the record.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every query by the name of what it measures, filled in for a release.
    pub fn queries(&self, service: &Service, release: &ReleaseId) -> BTreeMap<String, String> {
        let fill = |query: &str| self.fill(query, service, release);
        let mut queries: BTreeMap<_, _> =
            self.signals.iter().map(|(signal, q)| (signal.name().to_owned(), fill(q))).collect();
        for comparison in &self.comparisons {
            let named = comparison.queries();
            queries.extend(named.into_iter().map(|(name, query)| (name, fill(query))));
        }
        queries
    }

    /// What is filled in has no quote and no brace ([`ReleaseId`], [`Service`]).
    fn fill(&self, query: &str, service: &Service, release: &ReleaseId) -> String {
        query
            .replace("{{service}}", service.name())
            .replace("{{namespace}}", service.namespace())
            .replace("{{releaseId}}", release.as_str())
            .replace("{{window}}", &self.window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = include_str!("../../../examples/argo/profile.yaml");

    #[test]
    fn the_example_is_read_and_its_queries_are_filled_in() {
        let profile = Profile::parse(GOOD).unwrap();
        assert_eq!(profile.budgets[&Signal::ErrorRate], 0.02);
        assert_eq!(profile.budgets[&Signal::ReadP95Ms], 300.0, "the profile tightened it");
        let service = Service::new("shop", "checkout").unwrap();
        let queries = profile.queries(&service, &"v7".parse().unwrap());
        for (name, query) in &queries {
            assert!(!query.contains("{{"), "{name}: {query}");
        }
        assert!(queries["traffic"].contains("[5m]"), "{}", queries["traffic"]);
        assert!(queries["traffic"].contains("release_id=\"v7\""), "{}", queries["traffic"]);
        assert!(queries.contains_key("errors/canaryBad"), "{queries:?}");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let cases: &[(&str, &str, &str)] = &[
            ("lazaret.dev/evidence/v1", "lazaret.dev/evidence/v2", "apiVersion"),
            ("service: checkout", "service: Check", "service"),
            ("window: 5m", "window: 5x", "window"),
            ("window: 5m", "window: 1s", "window"),
            ("staleness: 1m", "staleness: 1d", "staleness"),
            ("minSamples: 200", "minSamples: 0", "minSamples"),
            ("minSamples: 200", "minSamples: -1", "minSamples"),
            ("minSamples: 200", "minSample: 200", "minSample"),
            ("  readP95Ms: 300", "  readP95Ms: 351", "looser than the built-in 350"),
            ("  readP95Ms: 300", "  readP95Ms: .nan", "budgets.readP95Ms"),
            ("  readP95Ms: 300", "  traffic: 300", "budgets.traffic"),
            ("  readP95Ms: 300", "  ingestPerThousandUsd: 1", "no such signal"),
            ("  newest: |", "  p99Ms: |", "signals"),
            ("[{{window}}]", "[10m]", "{{window}}"),
            ("{{releaseId}}", "{{release}}", "is nothing"),
            ("relativeBudget: 1.5", "relativeBudget: 0.5", "relativeBudget"),
            ("significance: 0.05", "significance: 0.5", "significance"),
            ("slug: seattle-weather", "slug: Seattle!", "datasets[0].slug"),
            ("service: checkout", "service: checkout\nservice: checkout", "service"),
            ("  readP95Ms: 300", "  readP95Ms: 300\n  readP95Ms: 200", "readP95Ms"),
        ];
        for (from, to, said) in cases {
            assert!(GOOD.contains(from), "{from}");
            let error = Profile::parse(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.to_string().contains(said), "{to}: {error}");
            assert!(!error.place.is_empty() && !error.remedy.is_empty());
        }
        assert!(Profile::parse("").is_err());
        assert!(Profile::parse(&" ".repeat(MAX_BYTES + 1)).is_err());
    }
}
