//! The profile of a service: what is asked of Prometheus, and what the answers may be. Read
//! strictly: an unknown member, a budget above the built-in one or a query without a window is an
//! error, since a profile that says less than its author thinks would let a release through.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::names::{ReleaseId, Service};
use super::profile_error::ProfileError;
use crate::domain::DatasetRef;

/// The one version that is read.
pub(super) const API_VERSION: &str = "lazaret.dev/evidence/v1";
/// Bytes of a profile.
const MAX_BYTES: usize = 64 << 10;
/// Bytes of a query.
const MAX_QUERY: usize = 4096;
/// Comparisons, datasets and checks, each.
const MAX_LIST: usize = 16;

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

    const fn may_have_a_budget(self) -> bool {
        !matches!(self, Self::Traffic | Self::Newest)
    }
}

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

/// The queries of one side of a comparison; both count requests in the window.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// Those that went wrong, or were slow.
    pub bad: String,
    /// All.
    pub total: String,
}

/// The canary held against the stable version.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Comparison {
    /// What is compared.
    pub name: String,
    /// The new version.
    pub canary: Side,
    /// The old one.
    pub stable: Side,
    /// The canary's share of bad requests may be so many times the stable version's.
    #[serde(default = "one")]
    pub relative_budget: f64,
    /// Requests that each side must have had.
    #[serde(default = "hundred")]
    pub min_samples: u32,
    /// How probable a difference by chance may be, to be taken for real.
    #[serde(default = "five_percent")]
    pub significance: f64,
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

/// A dataset version that the service depends on.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Dataset {
    slug: String,
    version_id: String,
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    api_version: String,
    service: String,
    window: String,
    staleness: String,
    min_samples: u32,
    #[serde(default)]
    on_no_data: OnNoData,
    signals: BTreeMap<Signal, String>,
    #[serde(default)]
    budgets: BTreeMap<Signal, f64>,
    #[serde(default)]
    comparisons: Vec<Comparison>,
    #[serde(default)]
    datasets: Vec<Dataset>,
    #[serde(default)]
    bundle: BundleDemand,
    #[serde(default)]
    policy_pack: Option<PackName>,
}

const fn one() -> f64 {
    1.0
}

const fn hundred() -> u32 {
    100
}

const fn five_percent() -> f64 {
    0.05
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

impl Comparison {
    /// The four counts, by the names under which they are measured.
    pub(super) fn queries(&self) -> [(String, &str); 4] {
        let name = |part: &str| format!("{}/{part}", self.name);
        [
            (name("canaryBad"), &self.canary.bad),
            (name("canaryTotal"), &self.canary.total),
            (name("stableBad"), &self.stable.bad),
            (name("stableTotal"), &self.stable.total),
        ]
    }
}

impl Written {
    fn check(self, text: &str) -> Result<Profile, ProfileError> {
        let wrong = ProfileError::new;
        if self.api_version != API_VERSION {
            let message = format!("{:?} is not known", self.api_version);
            return Err(wrong("apiVersion", message, "Write lazaret.dev/evidence/v1."));
        }
        if Service::new("x", &self.service).is_err() {
            let message = format!("{:?} is no service name", self.service);
            return Err(wrong("service", message, "Name it as its Kubernetes Service."));
        }
        seconds("window", &self.window)?;
        let staleness = seconds("staleness", &self.staleness)?;
        if self.min_samples == 0 {
            let message = "figures without a single request say nothing".to_owned();
            return Err(wrong("minSamples", message, "Demand at least 1."));
        }
        let budgets = self.budgets()?;
        self.check_signals(&budgets)?;
        self.check_comparisons()?;
        if self.bundle.checks.len() > MAX_LIST || self.datasets.len() > MAX_LIST {
            let message = format!("checks and datasets are at most {MAX_LIST} each");
            return Err(wrong("profile", message, "Leave out what another check covers."));
        }
        let mut datasets = Vec::new();
        for (n, dataset) in self.datasets.iter().enumerate() {
            let flaw = |member: &str, error: crate::domain::IdError| {
                let remedy = "Copy both from the DatasetPromotion's spec.dataset.";
                ProfileError::new(format!("datasets[{n}].{member}"), error.to_string(), remedy)
            };
            datasets.push(DatasetRef {
                slug: dataset.slug.parse().map_err(|error| flaw("slug", error))?,
                version: dataset.version_id.parse().map_err(|error| flaw("versionId", error))?,
            });
        }
        Ok(Profile {
            text: text.to_owned(),
            service: self.service,
            window: self.window,
            staleness,
            min_samples: self.min_samples,
            on_no_data: self.on_no_data,
            signals: self.signals,
            budgets,
            comparisons: self.comparisons,
            datasets,
            bundle: self.bundle,
            policy_pack: self.policy_pack,
        })
    }

    /// The profile's budgets and the built-in ones: the tighter counts, and a looser one is a
    /// mistake that somebody should hear of.
    fn budgets(&self) -> Result<BTreeMap<Signal, f64>, ProfileError> {
        let mut budgets: BTreeMap<_, _> =
            Signal::ALL.into_iter().filter_map(|s| Some((s, s.built_in()?))).collect();
        budgets.retain(|signal, _| self.signals.contains_key(signal));
        for (signal, budget) in &self.budgets {
            let place = format!("budgets.{}", signal.name());
            let flaw = |message: String, remedy| ProfileError::new(place.clone(), message, remedy);
            if !signal.may_have_a_budget() {
                return Err(flaw("it has no budget".into(), "Use minSamples or staleness."));
            }
            if !budget.is_finite() || *budget < 0.0 {
                return Err(flaw("it is no positive number".into(), "Write a number."));
            }
            if let Some(most) = signal.built_in().filter(|most| budget > most) {
                let message = format!("{budget} is looser than the built-in {most}");
                return Err(flaw(message, "A profile only tightens; leave it out or lower it."));
            }
            if !self.signals.contains_key(signal) {
                return Err(flaw("there is no such signal".into(), "Add its query to signals."));
            }
            budgets.insert(*signal, *budget);
        }
        Ok(budgets)
    }

    fn check_signals(&self, budgets: &BTreeMap<Signal, f64>) -> Result<(), ProfileError> {
        let has = |signal: Signal| self.signals.contains_key(&signal);
        for (signal, why) in [
            (Signal::ErrorRate, "a service that only fails fast would pass"),
            (Signal::Traffic, "nobody could tell how much is behind the figures"),
            (Signal::Newest, "figures of yesterday would pass for those of today"),
        ] {
            if !has(signal) {
                let place = format!("signals.{}", signal.name());
                return Err(ProfileError::new(place, format!("it is missing: {why}"), ADD));
            }
        }
        if !has(Signal::ReadP95Ms) && !has(Signal::WriteP95Ms) {
            let message = "neither readP95Ms nor writeP95Ms is measured";
            return Err(ProfileError::new("signals", message, ADD));
        }
        for (signal, text) in &self.signals {
            query(&format!("signals.{}", signal.name()), text, *signal != Signal::Newest)?;
            if signal.may_have_a_budget()
                && !budgets.contains_key(signal)
                && !matches!(signal, Signal::P99Ms | Signal::IngestPerThousandUsd)
            {
                let place = format!("budgets.{}", signal.name());
                return Err(ProfileError::new(place, "it is missing", "Say what may be."));
            }
        }
        Ok(())
    }

    fn check_comparisons(&self) -> Result<(), ProfileError> {
        if self.comparisons.len() > MAX_LIST {
            let message = format!("there are more than {MAX_LIST}");
            return Err(ProfileError::new("comparisons", message, "Compare less."));
        }
        let mut names = BTreeSet::new();
        for (n, comparison) in self.comparisons.iter().enumerate() {
            let at = |member: &str| format!("comparisons[{n}].{member}");
            let flaw = |member: &str, message: &str, remedy| {
                Err(ProfileError::new(at(member), message, remedy))
            };
            if Service::new("x", &comparison.name).is_err() || !names.insert(&comparison.name) {
                let message = "it is no name, or another comparison has it";
                return flaw("name", message, "Write lower-case letters, digits and '-'.");
            }
            if !(1.0..=10.0).contains(&comparison.relative_budget) {
                return flaw("relativeBudget", "it is not from 1 to 10", "1.5 is a good start.");
            }
            if comparison.min_samples < 20 {
                let message = "fewer than 20 requests tell nothing apart";
                return flaw("minSamples", message, "Demand 100 or more.");
            }
            if !(0.001..=0.2).contains(&comparison.significance) {
                return flaw("significance", "it is not from 0.001 to 0.2", "0.05 is usual.");
            }
            for (name, text) in comparison.queries() {
                query(&format!("comparisons[{n}]: {name}"), text, true)?;
            }
        }
        Ok(())
    }
}

const ADD: &str = "Add its query to signals; docs/evidence.md has one for each.";

fn query(place: &str, text: &str, windowed: bool) -> Result<(), ProfileError> {
    let flaw = |message: String, remedy| Err(ProfileError::new(place, message, remedy));
    if text.trim().is_empty() || text.len() > MAX_QUERY {
        return flaw(format!("a query has 1 to {MAX_QUERY} bytes"), "Write PromQL.");
    }
    // A window of its own would not be the one that minSamples and the snapshot speak of.
    if windowed && !text.contains("{{window}}") {
        return flaw("it does not use {{window}}".into(), "Write [{{window}}] as its range.");
    }
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let inner = &rest[at + 2..];
        let name = inner.find("}}").map(|end| &inner[..end]);
        match name {
            Some("service" | "namespace" | "releaseId" | "window") => {}
            _ => {
                let message = format!("{{{{{}}}}} is nothing", name.unwrap_or_default());
                return flaw(message, "There are service, namespace, releaseId and window.");
            }
        }
        rest = inner;
    }
    Ok(())
}

fn seconds(place: &str, text: &str) -> Result<u64, ProfileError> {
    let found = text.split_at_checked(text.len().saturating_sub(1)).and_then(|(digits, unit)| {
        let factor = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return None,
        };
        let plain = digits.bytes().all(|b| b.is_ascii_digit());
        let number: u64 = digits.parse().ok().filter(|_| plain && digits.len() <= 5)?;
        Some(number * factor).filter(|seconds| (5..=86_400).contains(seconds))
    });
    let message = || format!("{text:?} is no time from 5s to 24h");
    found.ok_or_else(|| ProfileError::new(place, message(), "Write 90s, 5m or 1h."))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(in super::super) const GOOD: &str = include_str!("../../examples/argo/profile.yaml");

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
