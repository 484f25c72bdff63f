//! The body of a request: whole, of bounded size, within a bounded time. Who sends it drop by drop
//! would otherwise hold his connection for ever.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest as _, Request};
use axum::http::{HeaderMap, StatusCode, header};

use super::super::problem::Problem;

/// Bytes of a body: a bundle; a GraphQL request has less.
pub(super) const MAX_BODY: usize = 256 << 10;
/// A body must be there in this time.
const WITHIN: Duration = Duration::from_secs(20);

/// Reads the body.
///
/// # Errors
/// 408 if it takes too long, 413 if it is too large, 400 if it breaks off.
pub(super) async fn whole(request: Request) -> Result<Bytes, Problem> {
    let read = Bytes::from_request(request, &());
    let Ok(read) = tokio::time::timeout(WITHIN, read).await else {
        let detail = format!("the body did not come within {} seconds", WITHIN.as_secs());
        return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "BodyTooSlow", detail));
    };
    read.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => {
            let detail = "the body does not come through";
            Problem::new(StatusCode::BAD_REQUEST, "RequestInvalid", detail)
        }
    })
}

pub(super) fn too_large() -> Problem {
    let detail = "a GraphQL request has at most 64 KiB, a bundle 256 KiB";
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "BodyTooLarge", detail)
}

/// The media type of the body, in lower case and without parameters; nothing if there are several.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let mut lines = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return String::new() };
    let essence = line.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let parts = futures::stream::once(async { Ok::<_, std::io::Error>("{") });
        let stalled = futures::StreamExt::chain(parts, futures::stream::pending());
        let began = tokio::time::Instant::now();
        let problem = whole(Request::new(Body::from_stream(stalled))).await.unwrap_err();
        assert_eq!(problem.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(began.elapsed(), WITHIN);
    }

    #[test]
    fn there_is_one_media_type_or_none() {
        let cases: &[(&[&str], &str)] = &[
            (&["application/json"], "application/json"),
            (&["Application/JSON ; charset=utf-8"], "application/json"),
            (&[], ""),
            (&["application/json", "text/plain"], ""),
        ];
        for (lines, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append(header::CONTENT_TYPE, line.parse().unwrap());
            }
            assert_eq!(media_type(&headers), *expected, "{lines:?}");
        }
    }
}
