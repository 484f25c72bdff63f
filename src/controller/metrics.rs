//! What the controller counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::census::Census;
use crate::domain::GateId;

/// Which kind a sample is about.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub struct Kind {
    /// `PolicyPack`, `DatasetPromotion` or `Quarantine`.
    pub kind: &'static str,
}

/// How something ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub struct KindOutcome {
    /// `PolicyPack`, `DatasetPromotion` or `Quarantine`.
    pub kind: &'static str,
    /// A short name of a bounded set.
    pub outcome: &'static str,
}

/// Which gate denied.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub struct GateLabel {
    /// `a` to `g`.
    pub gate: &'static str,
}

/// All of the controller's metrics. Cheap to clone; every label has a bounded set of values.
#[derive(Clone)]
pub struct Metrics {
    pub(super) reconciliations: Family<KindOutcome, Counter>,
    pub(super) duration: Family<Kind, Histogram, fn() -> Histogram>,
    pub(super) denials: Family<GateLabel, Counter>,
    pub(super) published: Counter,
    pub(super) published_bytes: Counter,
    pub(super) withdrawn: Counter,
    pub(super) watch_errors: Family<Kind, Counter>,
    /// Promotions that wait for a core.
    pub(super) queued: Gauge,
    pub(super) census: Census,
}

impl Metrics {
    /// Registers the metrics.
    pub fn new(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix("lazaret");
        let seconds: fn() -> Histogram = || Histogram::new(exponential_buckets(0.005, 2.0, 14));
        let metrics = Self {
            reconciliations: Family::default(),
            duration: Family::new_with_constructor(seconds),
            denials: Family::default(),
            published: Counter::default(),
            published_bytes: Counter::default(),
            withdrawn: Counter::default(),
            watch_errors: Family::default(),
            queued: Gauge::default(),
            census: Census::default(),
        };
        // Counts nothing of everything: what happens first is an increase, too.
        for kind in ["PolicyPack", "DatasetPromotion", "Quarantine"] {
            drop(metrics.reconciliations.get_or_create(&KindOutcome { kind, outcome: "ok" }));
            drop(metrics.duration.get_or_create(&Kind { kind }));
            drop(metrics.watch_errors.get_or_create(&Kind { kind }));
        }
        for gate in GateId::ALL {
            drop(metrics.denials.get_or_create(&GateLabel { gate: gate.letter() }));
        }
        let m = metrics.clone();
        registry.register(
            "reconciliations",
            "Reconciliations by kind and outcome",
            m.reconciliations,
        );
        registry.register_with_unit(
            "reconcile_duration",
            "How long reconciliations took",
            Unit::Seconds,
            m.duration,
        );
        registry.register("gate_denials", "Denials by gate", m.denials);
        registry.register("publications", "Dataset versions published", m.published);
        registry.register_with_unit(
            "published",
            "Bytes written by publications",
            Unit::Bytes,
            m.published_bytes,
        );
        registry.register("withdrawals", "Dataset versions withdrawn", m.withdrawn);
        registry.register("watch_errors", "Errors of watches on the API server", m.watch_errors);
        registry.register(
            "promotions_queued",
            "DatasetPromotions that wait for a core to be hashed and judged on",
            m.queued,
        );
        registry.register_collector(Box::new(m.census));
        let build = Family::<[(&'static str, &'static str); 1], Gauge>::default();
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        registry.register("build_info", "What is running", build);
        metrics
    }
}
