//! What evidence asks of the cluster. Profiles are watched, since each question begins with one.
//! Quarantines, promotions and packs are read from the API server when a decision is made: a watch
//! that lags must not let a release through.

mod doorman;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt as _;
use kube::api::Api;
use kube::runtime::{WatchStreamExt as _, reflector, watcher};
use tokio::task::JoinHandle;

use super::wiring::scoped;
use super::{Context, of_version, promotion, watching};
use crate::api::{DatasetPromotion, DatasetSelector, PackReference, Phase, Quarantine};
use crate::domain::DatasetRef;
use crate::evidence::{DatasetState, Judge, PackName, Profile, ProfileFact, Service, World};

pub use doorman::ClusterDoorman;

/// The label of ConfigMaps that hold a profile.
pub const PROFILE_LABEL: &str = "lazaret.dev/evidence-profile";
/// The key under which it lies there.
pub const PROFILE_KEY: &str = "profile.yaml";
/// How long the API server may take for the datasets of one decision.
const PATIENCE: Duration = Duration::from_secs(10);

/// The cluster, as evidence sees it.
pub struct ClusterWorld {
    ctx: Arc<Context>,
    profiles: reflector::Store<ConfigMap>,
    watch: JoinHandle<()>,
}

impl ClusterWorld {
    /// Begins to watch profiles. Until their first list is there, no service has one.
    pub fn new(ctx: Arc<Context>) -> Self {
        let (profiles, writer) = reflector::store();
        let labelled = watcher::Config::default().labels(&format!("{PROFILE_LABEL}=true"));
        let stream = watcher(scoped::<ConfigMap>(&ctx), labelled)
            .backoff(watching::WatchBackoff::default())
            .reflect(writer);
        let watch = tokio::spawn(async move {
            stream
                .for_each(async |event| {
                    if let Err(error) = event {
                        tracing::warn!(%error, "cannot watch evidence profiles; trying again");
                    }
                })
                .await;
        });
        Self { ctx, profiles, watch }
    }

    async fn dataset(&self, namespace: &str, dataset: &DatasetRef) -> DatasetState {
        let selector = DatasetSelector {
            slug: dataset.slug.to_string(),
            version_id: dataset.version.to_string(),
        };
        let wanted = of_version(&selector);
        let client = || self.ctx.client.clone();
        let quarantines = Api::<Quarantine>::namespaced(client(), namespace);
        let promotions = Api::<DatasetPromotion>::namespaced(client(), namespace);
        let asked = async { tokio::try_join!(quarantines.list(&wanted), promotions.list(&wanted)) };
        let (quarantines, promotions) = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::warn!(%error, "cannot look at datasets");
                return DatasetState::Unknown("the API server failed or refused".to_owned());
            }
            Err(_) => return DatasetState::Unknown("no answer of the API server".to_owned()),
        };
        let mut held: Vec<_> = quarantines
            .iter()
            .filter(|q| !promotion::is_released(q))
            .map(|q| q.name_any())
            .collect();
        held.sort();
        if !held.is_empty() {
            return DatasetState::Quarantined(held);
        }
        let mut phases: Vec<_> = promotions
            .iter()
            .map(|p| p.status.as_ref().map_or(Phase::Pending, |s| s.phase))
            .collect();
        if phases.contains(&Phase::Published) {
            return DatasetState::Published;
        }
        phases.sort_by_key(|phase| format!("{phase:?}"));
        let phases: Vec<_> = phases.iter().map(|phase| format!("{phase:?}")).collect();
        DatasetState::Not(match phases.is_empty() {
            true => "no DatasetPromotion is about it".to_owned(),
            false => phases.join(", "),
        })
    }
}

impl Drop for ClusterWorld {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

#[async_trait]
impl World for ClusterWorld {
    fn profile(&self, service: &Service) -> ProfileFact {
        let maps = self.profiles.state();
        let mut found: Vec<(String, &str)> = maps
            .iter()
            .filter(|map| map.namespace().as_deref() == Some(service.namespace()))
            .filter_map(|map| {
                let text = map.data.as_ref()?.get(PROFILE_KEY)?;
                is_about(text, service.name()).then(|| (map.name_any(), text.as_str()))
            })
            .collect();
        found.sort();
        match found.as_slice() {
            [] => ProfileFact::Missing,
            [(_, text)] => ProfileFact::Found((*text).to_owned()),
            _ => ProfileFact::Several(found.into_iter().map(|(name, _)| name).collect()),
        }
    }

    async fn datasets(
        &self,
        namespace: &str,
        datasets: &[DatasetRef],
    ) -> BTreeMap<String, DatasetState> {
        let states = datasets
            .iter()
            .map(async |dataset| (dataset.prefix(), self.dataset(namespace, dataset).await));
        futures::future::join_all(states).await.into_iter().collect()
    }

    async fn pack(&self, namespace: &str, pack: &PackName) -> Result<Judge, String> {
        let reference =
            PackReference { name: pack.name.clone(), namespace: pack.namespace.clone() };
        let judge = promotion::judge(&self.ctx, namespace, &reference, Timestamp::now());
        let asked = tokio::time::timeout(PATIENCE, judge).await;
        let found = asked.map_err(|_| "no answer of the API server".to_owned())?;
        let judge = found.map_err(|_| "the API server failed or refused".to_owned())??;
        Ok(Judge { name: judge.name, pack: judge.pack })
    }
}

/// Whether a profile is about a service. One that cannot be read is, if it says so all the same: its
/// author should hear what is wrong with it.
fn is_about(text: &str, service: &str) -> bool {
    // Most profiles are about others, and each question looks at all of a namespace.
    if !text.contains(service) {
        return false;
    }
    if let Ok(profile) = Profile::parse(text) {
        return profile.service == service;
    }
    if let Ok(value) = yaml_serde::from_str::<yaml_serde::Value>(text) {
        return value.get("service").and_then(|name| name.as_str()) == Some(service);
    }
    let quotes = ['"', '\''];
    text.lines().filter_map(|line| line.strip_prefix("service:")).any(|rest| {
        let name = rest.split(" #").next().unwrap_or_default();
        name.trim().trim_matches(quotes) == service
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_profile_is_still_about_its_service() {
        let good = include_str!("../../../examples/argo/profile.yaml");
        assert!(is_about(good, "checkout") && !is_about(good, "other"));
        let broken = good.replace("window: 5m", "window: soon");
        assert!(is_about(&broken, "checkout") && !is_about(&broken, "other"));
        for (from, to) in [
            ("service: checkout", "service: 'checkout' # ours"),
            ("service: checkout", "'service': checkout"),
            ("  newest: |", " newest: |"),
        ] {
            assert!(broken.contains(from), "{from}");
            let broken = broken.replace(from, to);
            assert!(is_about(&broken, "checkout") && !is_about(&broken, "check"), "{to}");
        }
        assert!(!is_about("", "checkout"));
    }
}
