//! The last thing before the network: a success has a JSON body, or it is none.

use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::super::problem::Problem;
use super::accept::{GRAPHQL_RESPONSE, JSON};

/// The middleware. HEAD and OPTIONS could only be answered by an empty success.
pub(super) async fn json_only(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let answered = matches!(*request.method(), Method::GET | Method::POST | Method::PUT);
    let mut response = match answered {
        true => next.run(request).await,
        false => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    };
    if !answered {
        let detail = "only GET, POST and PUT are answered here";
        let problem = Problem::new(response.status(), "MethodNotAllowed", detail);
        problem.write(&path, &mut response);
    } else if path != "/graphiql"
        && fools(response.status(), response.headers(), response.body().size_hint().upper())
    {
        tracing::error!(path, "an answer would have been a success without JSON");
        let detail = "the server failed";
        let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal", detail);
        problem.write(&path, &mut response);
    }
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        // The router would name HEAD beside GET.
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed(&path)));
    }
    response
}

/// What a path may be asked by.
fn allowed(path: &str) -> &'static str {
    match path {
        "/graphql" => "POST",
        "/openapi.json" | "/graphiql" => "GET",
        _ if path.starts_with("/v1/evidence/") => "GET, PUT",
        _ => "GET, POST, PUT",
    }
}

/// Whether somebody could take the answer for a success although it says nothing. `most` bytes come.
fn fools(status: StatusCode, headers: &HeaderMap, most: Option<u64>) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let json = kind.is_some_and(|kind| kind == JSON || kind == GRAPHQL_RESPONSE);
    status.is_success() && (!json || most == Some(0) || status == StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_with_a_body_is_a_success() {
        let cases = [
            (200, Some("application/json"), Some(2), false),
            (200, Some("application/graphql-response+json"), Some(2), false),
            (200, Some("application/json"), Some(0), true),
            (200, Some("application/json; charset=utf-8"), Some(2), true),
            (200, Some("text/html"), Some(2), true),
            (200, None, Some(2), true),
            (204, Some("application/json"), Some(2), true),
            (404, Some("text/html"), None, false),
            (304, None, None, false),
        ];
        for (status, kind, most, expected) in cases {
            let mut headers = HeaderMap::new();
            if let Some(kind) = kind {
                headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            }
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(fools(status, &headers, most), expected, "{status} {kind:?} {most:?}");
        }
    }
}
