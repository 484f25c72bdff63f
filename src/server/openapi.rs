//! The contract of all routes, at `/openapi.json`. It is kept as YAML in `contracts/api/`.

use std::sync::LazyLock;

use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;

use super::packs::json_document;

/// The contract as it is written.
pub const OPENAPI_YAML: &str = include_str!("../../contracts/api/policy-packs.openapi.yaml");

static OPENAPI: LazyLock<Option<Bytes>> = LazyLock::new(|| as_json(OPENAPI_YAML));

/// A contract in JSON, whatever it is written in.
pub(super) fn as_json(yaml: &str) -> Option<Bytes> {
    let document: serde_json::Value = yaml_serde::from_str(yaml).ok()?;
    Some(document.to_string().into())
}

pub(super) async fn openapi(method: Method, request: HeaderMap) -> Response {
    answer(OPENAPI.as_ref(), &method, &request)
}

/// Answers with a contract.
pub(super) fn answer(document: Option<&Bytes>, method: &Method, request: &HeaderMap) -> Response {
    match document {
        Some(document) => json_document(document.clone()).answer(method, request),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
