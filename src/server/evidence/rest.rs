//! `GET` and `PUT /v1/evidence/{service}/{releaseId}`.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::super::problem::Problem;
use super::Evidence;
use super::auth::{named, unknown};
use super::body::{media_type, whole};
use super::graphql::{EvidenceOk, internal};
use crate::evidence::{Act, Bundle, BundleError, Caller, Put};
use crate::pack::BUNDLE_MEDIA_TYPE;

pub(super) async fn read(
    State(evidence): State<Arc<Evidence>>,
    Path((service, release)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = evidence.caller(&headers).await?;
    let (service, release) = evidence.admitted(&caller, Act::Read, &service, &release).await?;
    let answer = evidence.desk.ask(&service, &release).await;
    let text = serde_json::to_string(&EvidenceOk::of(&answer)).map_err(|_| internal())?;
    Ok(json_text(StatusCode::OK, text))
}

pub(super) async fn record(
    State(evidence): State<Arc<Evidence>>,
    Path((service, release)): Path<(String, String)>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let kind = media_type(&headers);
    let signed = kind == BUNDLE_MEDIA_TYPE;
    // A signature that counts stands for a token; a bundle is small enough to look.
    let (service, release) = if signed && !headers.contains_key(header::AUTHORIZATION) {
        if evidence.authorities.is_empty() {
            return Err(unknown());
        }
        named(&Caller::default(), &service, &release)?
    } else {
        let caller = evidence.caller(&headers).await?;
        evidence.admitted(&caller, Act::Record, &service, &release).await?
    };
    if !signed && kind != "application/json" {
        let detail = format!("a bundle is application/json or {BUNDLE_MEDIA_TYPE}");
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Problem::new(status, "MediaTypeUnknown", detail));
    }
    let body = whole(request).await?;
    let checked = match signed {
        true => Bundle::verify(&body, &service, &release, &evidence.authorities),
        false => Bundle::parse(&body, &service, &release),
    };
    checked.map_err(|error| refused(&error))?;
    let put = evidence.desk.shelf().put(&service, &release, &body).await.map_err(|error| {
        tracing::warn!(reason = error.reason(), %error, "a bundle is not recorded");
        let detail = "the evidence store failed; record it again";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Problem::new(status, "EvidenceStoreFailed", detail).retry_after(5)
    })?;
    match put {
        Put::New(digest) => {
            Ok(json_text(StatusCode::CREATED, json!({ "digest": digest }).to_string()))
        }
        Put::Same(digest) => Ok(json_text(StatusCode::OK, json!({ "digest": digest }).to_string())),
        Put::Other(digest) => {
            let detail =
                format!("another bundle, {digest}, is recorded for this release, and stays");
            Err(Problem::new(StatusCode::CONFLICT, "BundleExists", detail))
        }
    }
}

fn refused(error: &BundleError) -> Problem {
    let status = match error {
        BundleError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        BundleError::Unsigned(_) => StatusCode::FORBIDDEN,
        BundleError::Malformed(_) | BundleError::Mismatch { .. } => StatusCode::BAD_REQUEST,
    };
    Problem::new(status, error.reason(), error.to_string())
}

fn json_text(status: StatusCode, text: String) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, json, text).into_response()
}
