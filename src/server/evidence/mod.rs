//! Evidence over HTTP: `/graphql` and `/v1/evidence/{service}/{releaseId}`, on a listener of their own.
//!
//! Argo's web provider takes any 2xx answer that is no JSON for a success. So nothing here gives
//! one, on no path, by no method, in no error ([`json_only`]).

mod accept;
mod auth;
mod body;
mod graphql;
mod json_only;
mod rest;

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use bytes::Bytes;

use super::guard::{Guard, guard};
use super::limits::Limiter;
use super::openapi::{answer, as_json};
use super::problem::Problem;
use crate::evidence::{Desk, Doorman};
use crate::pack::Authority;

pub use graphql::sdl as evidence_sdl;

/// The contract of this listener, as it is written.
pub const EVIDENCE_OPENAPI_YAML: &str =
    include_str!("../../../contracts/api/evidence.openapi.yaml");

static OPENAPI: LazyLock<Option<Bytes>> = LazyLock::new(|| as_json(EVIDENCE_OPENAPI_YAML));

/// What the routes of evidence need.
pub struct Evidence {
    desk: Arc<Desk>,
    doorman: Arc<dyn Doorman>,
    authorities: Vec<Authority>,
    limiter: Option<Limiter>,
    started: Instant,
    schema: graphql::Schema,
    graphiql: bool,
}

impl Evidence {
    /// `rate` requests a second of one caller in the long run (0: any number), `burst` at once. Who
    /// signs as one of `authorities` may record bundles without a token. `graphiql` is for
    /// development: a page on which queries are tried.
    pub fn new(
        desk: Arc<Desk>,
        doorman: Arc<dyn Doorman>,
        authorities: Vec<Authority>,
        (rate, burst): (u32, u32),
        graphiql: bool,
    ) -> Arc<Self> {
        Arc::new(Self {
            desk,
            doorman,
            authorities,
            limiter: Limiter::new(rate, burst),
            started: Instant::now(),
            schema: graphql::schema(),
            graphiql,
        })
    }
}

/// The routes of the listener for evidence.
pub fn evidence_router(evidence: &Arc<Evidence>, around: Arc<Guard>) -> Router {
    let mut router = Router::new()
        .route("/graphql", post(graphql::graphql))
        .route("/v1/evidence/{service}/{release}", get(rest::read).put(rest::record))
        .with_state(Arc::clone(evidence))
        .route("/openapi.json", get(openapi));
    if evidence.graphiql {
        router = router.route("/graphiql", get(graphql::graphiql));
    }
    router
        .fallback(async || StatusCode::NOT_FOUND.into_response())
        .method_not_allowed_fallback(async || -> Problem {
            let detail = "this path is not asked by this method; the contract is at /openapi.json";
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", detail)
        })
        .layer(DefaultBodyLimit::max(body::MAX_BODY))
        .layer(from_fn_with_state(around, guard))
        .layer(from_fn(json_only::json_only))
}

async fn openapi(method: Method, request: HeaderMap) -> Response {
    answer(OPENAPI.as_ref(), &method, &request)
}
