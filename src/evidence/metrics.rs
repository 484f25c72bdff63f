//! What the desk counts. No label names a service or a release: every label has a bounded set of
//! values.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::codes;
use super::decision::{Decision, Outcome};
use super::facts::Measure;

/// Stands for the codes of packs, which make them at will.
const POLICY: &str = "Policy";

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct OutcomeLabel {
    /// `pass`, `fail` or `inconclusive`; of a query `number`, `nothing`, `several`, `not_finite` or
    /// `failed`.
    outcome: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct ReasonLabel {
    /// A built-in code, or `Policy` for those of packs.
    reason: &'static str,
}

/// What the desk counts. Cheap to clone.
#[derive(Clone)]
pub struct EvidenceMetrics {
    asked: Counter,
    decisions: Family<OutcomeLabel, Counter>,
    reasons: Family<ReasonLabel, Counter>,
    duration: Histogram,
    queries: Family<OutcomeLabel, Counter>,
    source: Histogram,
}

impl Default for EvidenceMetrics {
    fn default() -> Self {
        let seconds = || Histogram::new(exponential_buckets(0.005, 2.0, 14));
        Self {
            asked: Counter::default(),
            decisions: Family::default(),
            reasons: Family::default(),
            duration: seconds(),
            queries: Family::default(),
            source: seconds(),
        }
    }
}

impl EvidenceMetrics {
    /// Registers the metrics.
    pub fn new(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix("lazaret_evidence");
        let metrics = Self::default();
        metrics.begin();
        let m = metrics.clone();
        registry.register("asked", "Answers given, old decisions given again included", m.asked);
        registry.register("decisions", "Decisions by outcome", m.decisions);
        registry.register("reasons", "Reasons of decisions that are not ok, by code", m.reasons);
        registry.register_with_unit(
            "decision_duration",
            "How long decisions took, from the question to the record",
            Unit::Seconds,
            m.duration,
        );
        registry.register("queries", "Queries to Prometheus by outcome", m.queries);
        registry.register_with_unit(
            "source_duration",
            "How long all queries of a decision took",
            Unit::Seconds,
            m.source,
        );
        metrics
    }

    /// Counts nothing of everything: what happens first is an increase, too.
    fn begin(&self) {
        for outcome in ["pass", "fail", "inconclusive"] {
            drop(self.decisions.get_or_create(&OutcomeLabel { outcome }));
        }
        for outcome in ["number", "not_finite", "nothing", "several", "failed"] {
            drop(self.queries.get_or_create(&OutcomeLabel { outcome }));
        }
        for reason in codes::ALL.iter().map(|code| code.code).chain([POLICY]) {
            drop(self.reasons.get_or_create(&ReasonLabel { reason }));
        }
    }

    pub(super) fn asked(&self) {
        self.asked.inc();
    }

    pub(super) fn measured<'a>(&self, measures: impl Iterator<Item = &'a Measure>, took: Duration) {
        self.source.observe(took.as_secs_f64());
        for measure in measures {
            let outcome = match measure {
                Measure::Number(_) => "number",
                Measure::NotFinite(_) => "not_finite",
                Measure::Nothing => "nothing",
                Measure::Several(_) => "several",
                Measure::Failed(_) => "failed",
            };
            self.queries.get_or_create(&OutcomeLabel { outcome }).inc();
        }
    }

    pub(super) fn decided(&self, decision: &Decision, took: Duration) {
        self.duration.observe(took.as_secs_f64());
        let outcome = match decision.verdict {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::Inconclusive => "inconclusive",
        };
        self.decisions.get_or_create(&OutcomeLabel { outcome }).inc();
        for reason in &decision.reasons {
            let builtin = codes::ALL.iter().find(|code| code.code == reason.code.as_str());
            let reason = builtin.map_or(POLICY, |code| code.code);
            self.reasons.get_or_create(&ReasonLabel { reason }).inc();
        }
    }
}
