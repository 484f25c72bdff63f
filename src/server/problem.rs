//! Errors as problem details (RFC 9457). A handler returns a [`Problem`]; the guard around every
//! route writes it, because only the guard knows the path, and writes one for whatever else went
//! wrong, so that no error leaves in another form.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// The media type of every error.
pub(super) const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// Longer paths are cut where an error repeats them.
const MAX_INSTANCE: usize = 256;

/// An error for a client.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// `code` is CamelCase and stable; `detail` is for people.
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), headers: Vec::new() }
    }

    /// What an answer without details comes to.
    pub(super) fn of(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::NOT_FOUND => ("RouteUnknown", "nothing is served at this path"),
            StatusCode::METHOD_NOT_ALLOWED => {
                ("MethodNotAllowed", "only GET and HEAD are answered")
            }
            status if status.is_server_error() => ("Internal", "the server failed"),
            _ => ("RequestInvalid", "the request cannot be answered"),
        };
        Self::new(status, code, detail)
    }

    /// Its status.
    pub(super) const fn status(&self) -> StatusCode {
        self.status
    }

    /// What it says.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// Sends a header along.
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Tells when it is worth asking again.
    pub(super) fn retry_after(self, seconds: u64) -> Self {
        self.with(header::RETRY_AFTER, seconds.into())
    }

    /// Writes the body for a path, into a response that may have headers already.
    pub(super) fn write(self, path: &str, response: &mut Response) {
        let kebab = self.code.chars().fold(String::new(), |mut text, c| {
            if c.is_ascii_uppercase() && !text.is_empty() {
                text.push('-');
            }
            text.push(c.to_ascii_lowercase());
            text
        });
        let body = json!({
            "type": format!("https://lazaret.dev/problems/{kebab}"),
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "instance": path.chars().take(MAX_INSTANCE).collect::<String>(),
            "code": self.code,
        });
        let body = body.to_string();
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_MEDIA_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::CONTENT_LENGTH, body.len().into());
        headers.extend(self.headers);
        *response.body_mut() = Body::from(body);
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_problem_says_what_when_and_where() {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "PackNotLoaded", "not yet");
        let mut response = StatusCode::OK.into_response();
        problem.retry_after(5).write("/v1/\"x", &mut response);
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "5");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let expected = json!({
            "type": "https://lazaret.dev/problems/pack-not-loaded",
            "title": "Service Unavailable",
            "status": 503,
            "detail": "not yet",
            "instance": "/v1/\"x",
            "code": "PackNotLoaded",
        });
        assert_eq!(body, expected);
    }
}
