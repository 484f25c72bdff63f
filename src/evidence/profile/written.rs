//! A profile as it is written, and whether it makes sense.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::names::is_label;
use super::comparison::{self, Comparison};
use super::error::ProfileError;
use super::signal::Signal;
use super::text::{query, seconds};
use super::{BundleDemand, OnNoData, PackName, Profile};
use crate::domain::{DatasetRef, IdError};

/// The one version that is read.
const API_VERSION: &str = "lazaret.dev/evidence/v1";
/// Comparisons, datasets and checks, each.
pub(super) const MAX_LIST: usize = 16;
/// What to do about a query that is not there.
const ADD: &str = "Add its query to signals; docs/evidence.md has one for each.";

/// A dataset version that the service depends on.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Dataset {
    slug: String,
    version_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Written {
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

impl Written {
    /// The profile that was meant.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub(super) fn check(self, text: &str) -> Result<Profile, ProfileError> {
        let wrong = ProfileError::new;
        if self.api_version != API_VERSION {
            let message = format!("{:?} is not known", self.api_version);
            return Err(wrong("apiVersion", message, "Write lazaret.dev/evidence/v1."));
        }
        if !is_label(&self.service) {
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
        comparison::check(&self.comparisons)?;
        if self.bundle.checks.len() > MAX_LIST || self.datasets.len() > MAX_LIST {
            let message = format!("checks and datasets are at most {MAX_LIST} each");
            return Err(wrong("profile", message, "Leave out what another check covers."));
        }
        let mut datasets = Vec::new();
        for (n, dataset) in self.datasets.iter().enumerate() {
            let flaw = |member: &str, error: IdError| {
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
}
