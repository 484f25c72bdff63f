//! One representation and the answers that a GET or HEAD of it can get: 200, 206, 304, 412, 416.

use std::ops::Range;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;

use super::conditional::{Outcome, Validators, evaluate, range_counts};
use super::http_date;
use super::problem::Problem;
use super::range::{Wanted, wanted};

/// Bytes of a known kind, with what they are known by.
pub(super) struct Representation {
    pub body: Bytes,
    pub content_type: &'static str,
    pub etag: String,
    /// The second of the last change, if there is a date to give.
    pub modified: Option<i64>,
    pub cache_control: &'static str,
    /// Whether parts of it may be asked for.
    pub ranges: bool,
    /// Sent with the bytes or parts of them, not with a 304.
    pub further: HeaderMap,
}

impl Representation {
    /// Answers a GET or HEAD.
    pub(super) fn answer(self, method: &Method, request: &HeaderMap) -> Response {
        let validators = Validators { etag: &self.etag, modified: self.modified };
        match evaluate(request, &validators) {
            Outcome::Proceed => {}
            Outcome::NotModified => {
                let mut response = StatusCode::NOT_MODIFIED.into_response();
                self.describe(response.headers_mut());
                // Of what a 200 would send; axum would say 0, of what is sent now.
                response.headers_mut().insert(header::CONTENT_LENGTH, self.body.len().into());
                return response;
            }
            Outcome::Failed => {
                return self.failed(
                    StatusCode::PRECONDITION_FAILED,
                    "PreconditionFailed",
                    "the precondition does not hold; weak tags never match in If-Match",
                );
            }
        }
        let ranged = self.ranges && *method == Method::GET && range_counts(request, &validators);
        let length = self.body.len();
        match if ranged { wanted(request, length) } else { Wanted::Whole } {
            Wanted::Whole => {
                let kind = HeaderValue::from_static(self.content_type);
                let body = self.body.clone();
                self.send(StatusCode::OK, kind, length, Body::from(body))
            }
            Wanted::Nothing => {
                let mut response = self.failed(
                    StatusCode::RANGE_NOT_SATISFIABLE,
                    "RangeNotSatisfiable",
                    "none of the ranges lies within the representation",
                );
                if let Ok(value) = HeaderValue::try_from(format!("bytes */{length}")) {
                    response.headers_mut().insert(header::CONTENT_RANGE, value);
                }
                response
            }
            Wanted::Parts(parts) => match parts.as_slice() {
                [part] => self.one_part(part.clone()),
                parts => self.parts(parts),
            },
        }
    }

    fn one_part(&self, part: Range<usize>) -> Response {
        let kind = HeaderValue::from_static(self.content_type);
        let body = self.body.slice(part.clone());
        let mut response =
            self.send(StatusCode::PARTIAL_CONTENT, kind, part.len(), Body::from(body));
        if let Ok(value) = HeaderValue::try_from(content_range(&part, self.body.len())) {
            response.headers_mut().insert(header::CONTENT_RANGE, value);
        }
        response
    }

    fn parts(&self, parts: &[Range<usize>]) -> Response {
        // The boundary must not be in the bytes; a digest of them is not, except by a miracle.
        let boundary = self.etag.chars().filter(char::is_ascii_hexdigit).take(40);
        let boundary: String = "lazaret-".chars().chain(boundary).collect();
        let total = self.body.len();
        let mut chunks = Vec::new();
        for part in parts {
            let head = format!(
                "\r\n--{boundary}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n",
                self.content_type,
                content_range(part, total),
            );
            chunks.push(Bytes::from(head));
            chunks.push(self.body.slice(part.clone()));
        }
        chunks.push(Bytes::from(format!("\r\n--{boundary}--\r\n")));
        let length = chunks.iter().map(Bytes::len).sum();
        let kind = HeaderValue::try_from(format!("multipart/byteranges; boundary={boundary}"))
            .unwrap_or(HeaderValue::from_static("multipart/byteranges"));
        let chunks = chunks.into_iter().map(Ok::<_, std::convert::Infallible>);
        let body = Body::from_stream(futures::stream::iter(chunks));
        self.send(StatusCode::PARTIAL_CONTENT, kind, length, body)
    }

    fn send(&self, status: StatusCode, kind: HeaderValue, length: usize, body: Body) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, kind);
        headers.insert(header::CONTENT_LENGTH, length.into());
        self.describe(headers);
        headers.extend(self.further.clone());
        response
    }

    fn failed(&self, status: StatusCode, code: &'static str, detail: &'static str) -> Response {
        let mut response = Problem::new(status, code, detail).into_response();
        self.describe(response.headers_mut());
        response
    }

    /// What a 304 repeats of the 200.
    fn describe(&self, headers: &mut HeaderMap) {
        if self.ranges {
            headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.cache_control));
        if let Ok(tag) = HeaderValue::try_from(&self.etag) {
            headers.insert(header::ETAG, tag);
        }
        let date = self.modified.map(http_date::format);
        if let Some(date) = date.and_then(|date| HeaderValue::try_from(date).ok()) {
            headers.insert(header::LAST_MODIFIED, date);
        }
    }
}

fn content_range(part: &Range<usize>, total: usize) -> String {
    format!("bytes {}-{}/{total}", part.start, part.end.saturating_sub(1))
}
