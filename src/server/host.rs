//! One `Host` a request, as RFC 9112 has it: a proxy that believes another one than this server would
//! send an answer to the wrong door.

use axum::extract::Request;
use axum::http::{StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::Response;

use super::problem::Problem;

/// The middleware.
pub(super) async fn one_host(request: Request, next: Next) -> Response {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if hosts == 1 || (hosts == 0 && request.version() != Version::HTTP_11) {
        return next.run(request).await;
    }
    let problem =
        Problem::new(StatusCode::BAD_REQUEST, "RequestInvalid", "a request has one Host header");
    let mut response = Response::default();
    problem.write(request.uri().path(), &mut response);
    response
}
