//! What a process answers over HTTP: packs and OPA bundles from the shelf, evidence, health,
//! readiness, metrics, and the contract of all that. Knows no kube client.

mod client;
mod conditional;
mod connections;
mod counted;
mod evidence;
mod guard;
mod health;
mod host;
mod http_date;
mod limits;
mod listen;
mod metrics;
mod opa;
mod openapi;
mod packs;
mod patience;
mod problem;
mod pulse;
mod range;
mod representation;
mod tls;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse as _;
use axum::routing::get;
use tokio::sync::watch;

pub use evidence::{EVIDENCE_OPENAPI_YAML, Evidence, evidence_router, evidence_sdl};
pub use guard::Guard;
pub use health::{Health, Readiness};
pub use listen::{ConnectionLimits, Listening, listen};
pub use metrics::ServerMetrics;
pub use openapi::OPENAPI_YAML;
pub use tls::{Tls, TlsError};

use crate::pack::Shelf;

/// What is served of packs.
#[derive(Clone)]
pub struct Packs {
    /// The packs.
    pub shelf: Arc<Shelf>,
    /// Becomes true when the process is about to end: then nobody is kept waiting.
    pub draining: watch::Receiver<bool>,
}

/// The routes of one listener: what it tells of the process, what it serves of packs.
pub fn router(health: Option<Health>, packs: Option<Packs>, guard: Arc<Guard>) -> Router {
    let mut router = Router::new().route("/openapi.json", get(openapi::openapi));
    if let Some(health) = health {
        router = router.merge(health::routes(health));
    }
    if let Some(Packs { shelf, draining }) = packs {
        let bundles = opa::Bundles { shelf: Arc::clone(&shelf), draining };
        let opa =
            Router::new().route("/v1/opa/bundles/{file}", get(opa::bundle)).with_state(bundles);
        let packs = Router::new()
            .route("/v1/policy/packs", get(packs::list))
            .route("/v1/policy/packs/{id}", get(packs::pack))
            .route("/v1/policy/packs/{id}/attestation", get(packs::attestation))
            .with_state(shelf);
        router = router.merge(opa).merge(packs);
    }
    router
        .fallback(async || StatusCode::NOT_FOUND.into_response())
        .layer(from_fn_with_state(guard, guard::guard))
}
