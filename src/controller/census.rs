//! How many objects there are and how they stand: counted, whenever somebody asks, from what the watches
//! hold.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use kube::runtime::reflector::Store;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use super::pack;
use crate::api::{DatasetPromotion, Phase, PolicyPack, Quarantine, QuarantinePhase};
use crate::policy::{PackStore, Unavailable};

const PHASES: [Phase; 7] = [
    Phase::Pending,
    Phase::Validating,
    Phase::AwaitingApproval,
    Phase::Publishing,
    Phase::Published,
    Phase::Quarantined,
    Phase::Withdrawn,
];

const QUARANTINE_PHASES: [QuarantinePhase; 3] =
    [QuarantinePhase::Active, QuarantinePhase::Overdue, QuarantinePhase::Released];

/// Whether a pack can judge.
#[derive(Clone, Copy, Debug)]
enum State {
    Fresh,
    Stale,
    NotLoaded,
}

const STATES: [State; 3] = [State::Fresh, State::Stale, State::NotLoaded];

/// The objects of the three watches, once these have begun.
#[derive(Clone, Default)]
pub(super) struct Census(Arc<OnceLock<Seen>>);

struct Seen {
    packs: Store<PolicyPack>,
    /// What is loaded of them.
    loaded: Arc<PackStore>,
    promotions: Store<DatasetPromotion>,
    quarantines: Store<Quarantine>,
}

impl Census {
    /// Counts these objects from now on.
    pub(super) fn begin(
        &self,
        packs: Store<PolicyPack>,
        loaded: Arc<PackStore>,
        promotions: Store<DatasetPromotion>,
        quarantines: Store<Quarantine>,
    ) {
        drop(self.0.set(Seen { packs, loaded, promotions, quarantines }));
    }
}

impl Seen {
    fn packs(&self, now: Timestamp) -> Vec<State> {
        let state =
            |object: &PolicyPack| match pack::key(object).map(|key| self.loaded.get(&key, now)) {
                Ok(Ok(_)) => State::Fresh,
                Ok(Err(Unavailable::Stale { .. })) => State::Stale,
                Ok(Err(Unavailable::NotLoaded)) | Err(_) => State::NotLoaded,
            };
        self.packs.state().iter().map(|object| state(object)).collect()
    }

    fn promotions(&self) -> Vec<Phase> {
        let phase = |p: &DatasetPromotion| p.status.as_ref().map_or(Phase::Pending, |s| s.phase);
        self.promotions.state().iter().map(|promotion| phase(promotion)).collect()
    }

    fn quarantines(&self) -> Vec<QuarantinePhase> {
        let phase = |q: &Quarantine| q.status.as_ref().map_or(QuarantinePhase::Active, |s| s.phase);
        self.quarantines.state().iter().map(|quarantine| phase(quarantine)).collect()
    }
}

impl Collector for Census {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let seen = self.0.get();
        let packs = seen.map(|seen| seen.packs(Timestamp::now())).unwrap_or_default();
        let help = "Policy packs by whether they can judge";
        gauge(&mut encoder, "policy_packs", help, "state", count(&STATES, &packs))?;
        let loaded = seen.map_or(0, |seen| seen.loaded.len());
        let help = "Policy packs in memory, stale ones included";
        encoder
            .encode_descriptor("policy_packs_loaded", help, None, MetricType::Gauge)?
            .encode_gauge(&i64::try_from(loaded).unwrap_or(i64::MAX))?;
        let promotions = seen.map(Seen::promotions).unwrap_or_default();
        let help = "DatasetPromotions by phase";
        gauge(&mut encoder, "dataset_promotions", help, "phase", count(&PHASES, &promotions))?;
        let quarantines = seen.map(Seen::quarantines).unwrap_or_default();
        let quarantines = count(&QUARANTINE_PHASES, &quarantines);
        gauge(&mut encoder, "quarantines", "Quarantines by phase", "phase", quarantines)
    }
}

impl fmt::Debug for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Census")
    }
}

/// How often each of `all` is among `found`; never is a number, too.
fn count<T: fmt::Debug>(all: &[T], found: &[T]) -> BTreeMap<String, i64> {
    let mut counts: BTreeMap<_, _> = all.iter().map(|one| (format!("{one:?}"), 0)).collect();
    for one in found {
        *counts.entry(format!("{one:?}")).or_default() += 1;
    }
    counts
}

fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &str,
    counts: BTreeMap<String, i64>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (value, count) in counts {
        ConstGauge::new(count).encode(family.encode_family(&[(label, value)])?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use kube::runtime::{reflector, watcher};
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;
    use serde_json::json;

    use super::*;

    fn page(census: &Census) -> String {
        let mut registry = Registry::with_prefix("lazaret");
        registry.register_collector(Box::new(census.clone()));
        let mut page = String::new();
        encode(&mut page, &registry).unwrap();
        page
    }

    #[test]
    fn objects_are_counted_as_the_watches_hold_them() {
        let census = Census::default();
        assert!(page(&census).contains("lazaret_quarantines{phase=\"Overdue\"} 0\n"));
        let quarantine = |name: &str, status: serde_json::Value| -> Quarantine {
            serde_json::from_value(json!({
                "apiVersion": "lazaret.dev/v1alpha1", "kind": "Quarantine",
                "metadata": { "namespace": "team", "name": name },
                "spec": {
                    "dataset": { "slug": "a", "versionId": "2026.0123abcd" },
                    "reasons": [{ "code": "Because", "message": "x" }],
                    "remediation": { "owner": "jane", "dueBy": "2026-12-01T00:00:00Z", "plan": "x" },
                },
                "status": status,
            }))
            .unwrap()
        };
        let (reader, mut writer) = reflector::store();
        let (packs, promotions) = (reflector::store().0, reflector::store().0);
        census.begin(packs, Arc::new(PackStore::new()), promotions, reader);
        for object in [
            quarantine("new", json!({ "observedGeneration": -1 })),
            quarantine("late", json!({ "phase": "Overdue" })),
            quarantine("later", json!({ "phase": "Overdue" })),
        ] {
            writer.apply_watcher_event(&watcher::Event::Apply(object));
        }
        let page = page(&census);
        for line in
            ["{phase=\"Active\"} 1\n", "{phase=\"Overdue\"} 2\n", "{phase=\"Released\"} 0\n"]
        {
            assert!(page.contains(&format!("lazaret_quarantines{line}")), "{page}");
        }
    }
}
