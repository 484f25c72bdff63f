//! `/healthz`, `/readyz` and `/metrics`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::problem::Problem;

/// What is true now is not kept for later.
const NO_STORE: &str = "no-store";

/// Whether the process has what it needs to work; asked at each `/readyz`.
pub type Readiness = Arc<dyn Fn() -> bool + Send + Sync>;

/// What the process tells of itself.
#[derive(Clone)]
pub struct Health {
    /// All metrics.
    pub registry: Arc<Registry>,
    /// Whether it is ready.
    pub ready: Readiness,
    /// What it lacks while it is not.
    pub waiting_for: &'static str,
}

pub(super) fn routes(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(async || ([(header::CACHE_CONTROL, NO_STORE)], "ok\n")))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(health)
}

async fn readyz(State(health): State<Health>) -> Response {
    if (health.ready)() {
        return ([(header::CACHE_CONTROL, NO_STORE)], "ok\n").into_response();
    }
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "NotReady", health.waiting_for);
    problem.retry_after(1).into_response()
}

async fn metrics(State(health): State<Health>) -> Response {
    let mut text = String::new();
    match encode(&mut text, &health.registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, NO_STORE)], text)
                .into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
