//! What the server counts. Every label has a bounded set of values.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// A route and how its answer began.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(super) struct RouteStatus {
    /// One of the routes of [`super::guard::label`].
    pub route: &'static str,
    /// `2xx` to `5xx`.
    pub status: &'static str,
}

/// A route.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(super) struct Route {
    /// One of the routes of [`super::guard::label`].
    pub route: &'static str,
}

/// Why somebody was turned away.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(super) struct Refusal {
    /// `rate`, `body`, `connections` or `connections_of_address`.
    pub reason: &'static str,
}

/// What the server counts. Cheap to clone.
#[derive(Clone, Default)]
pub struct ServerMetrics {
    pub(super) requests: Family<RouteStatus, Counter>,
    pub(super) bytes: Family<Route, Counter>,
    pub(super) in_flight: Gauge,
    pub(super) connections: Gauge,
    pub(super) refused: Family<Refusal, Counter>,
    pub(super) tls_reload_failures: Counter,
}

impl ServerMetrics {
    /// Registers the metrics.
    pub fn new(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix("lazaret_http");
        let metrics = Self::default();
        // Counts nothing of everything: what happens first is an increase, too.
        for reason in ["rate", "body", "connections", "connections_of_address"] {
            drop(metrics.refused.get_or_create(&Refusal { reason }));
        }
        let (route, status) = ("other", "5xx");
        drop(metrics.requests.get_or_create(&RouteStatus { route, status }));
        drop(metrics.bytes.get_or_create(&Route { route }));
        let m = metrics.clone();
        registry.register("requests", "Requests by route and class of status", m.requests);
        registry.register_with_unit(
            "response_body",
            "Bytes of bodies handed to the network, by route",
            Unit::Bytes,
            m.bytes,
        );
        registry.register("in_flight", "Requests whose answer is not sent yet", m.in_flight);
        registry.register("connections", "Open connections", m.connections);
        registry.register("refused", "Requests and connections turned away", m.refused);
        registry.register(
            "tls_reload_failures",
            "Changed certificate files that could not be used",
            m.tls_reload_failures,
        );
        metrics
    }

    pub(super) fn refuse(&self, reason: &'static str) {
        self.refused.get_or_create(&Refusal { reason }).inc();
    }
}

/// Adds one to a gauge for as long as it lives.
pub(super) struct Held(Gauge);

impl Held {
    pub(super) fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}
