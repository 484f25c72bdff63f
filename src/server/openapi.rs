//! The contract of all routes, at `/openapi.json`. It is kept as YAML in `contracts/api/`.

use std::sync::LazyLock;

use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;

use super::packs::json_document;

/// The contract as it is written.
pub const OPENAPI_YAML: &str = include_str!("../../contracts/api/policy-packs.openapi.yaml");

static OPENAPI_JSON: LazyLock<Option<Bytes>> = LazyLock::new(|| {
    let document: serde_json::Value = yaml_serde::from_str(OPENAPI_YAML).ok()?;
    Some(document.to_string().into())
});

pub(super) async fn openapi(method: Method, request: HeaderMap) -> Response {
    match OPENAPI_JSON.as_ref() {
        Some(document) => json_document(document.clone()).answer(&method, &request),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
