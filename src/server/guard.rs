//! Around every route: who asks too often is told to wait, who sends a body is refused, what fails
//! leaves as problem details, and all of it is counted.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use ipnet::IpNet;
use tokio::time::timeout;

use super::client;
use super::counted::Counted;
use super::limits::Limiter;
use super::metrics::{Held, Route, RouteStatus, ServerMetrics};
use super::problem::Problem;
use super::pulse::Pulse;

/// How long the end of a body of nothing may be on its way.
const END_OF_NOTHING: Duration = Duration::from_secs(5);

/// Who may ask how often.
pub struct Guard {
    metrics: ServerMetrics,
    limiter: Option<Limiter>,
    proxies: Vec<IpNet>,
    started: Instant,
}

impl Guard {
    /// `rate` requests a second of one address in the long run (0: any number), `burst` at once.
    /// `proxies` are believed when they say for whom they ask.
    pub fn new(metrics: ServerMetrics, rate: u32, burst: u32, proxies: Vec<IpNet>) -> Arc<Self> {
        let limiter = Limiter::new(rate, burst);
        Arc::new(Self { metrics, limiter, proxies, started: Instant::now() })
    }

    /// # Errors
    /// Why the request is not looked at.
    fn admit(&self, request: &Request, route: &'static str) -> Result<(), Problem> {
        // A kubelet that cannot ask would kill the pod of a busy server.
        if let Some(limiter) = self.limiter.as_ref().filter(|_| !route.ends_with('z')) {
            let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
            let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
            let address = client::address(peer, request.headers(), &self.proxies);
            if let Err(wait) = limiter.take(client::counted(address), self.started.elapsed()) {
                self.metrics.refuse("rate");
                let detail = "too many requests from this address; ask again later";
                let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "RateLimited", detail);
                return Err(problem.retry_after(wait.as_secs() + 1));
            }
        }
        Ok(())
    }

    /// The request with a body that can be left unread.
    ///
    /// # Errors
    /// If there is one that the route does not take.
    async fn bodiless(&self, request: Request, route: &'static str) -> Result<Request, Problem> {
        let takes = match route {
            "graphql" => true,
            "evidence" => *request.method() != Method::GET,
            _ => false,
        };
        if takes || request.body().is_end_stream() {
            return Ok(request);
        }
        let (head, body) = request.into_parts();
        // A body of nothing may take its time to end: chunked, or as a frame of HTTP/2.
        let nothing = body.size_hint().lower() == 0
            && timeout(END_OF_NOTHING, to_bytes(body, 0)).await.is_ok_and(|read| read.is_ok());
        if nothing {
            return Ok(Request::from_parts(head, Body::empty()));
        }
        self.metrics.refuse("body");
        let detail = "this route takes no request body by this method";
        Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "BodyUnexpected", detail))
    }
}

/// The middleware.
pub(super) async fn guard(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let route = label(request.extensions().get::<MatchedPath>().map(MatchedPath::as_str));
    let flight = Held::new(&guard.metrics.in_flight);
    let beat = request.extensions().get::<Pulse>().map(Pulse::request);
    let uri = request.uri().clone();
    let admitted = match guard.admit(&request, route) {
        Ok(()) => guard.bodiless(request, route).await,
        Err(problem) => Err(problem),
    };
    let mut response = match admitted {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        problem.write(uri.path(), &mut response);
    } else if response.status().is_client_error() || response.status() == 500 {
        Problem::of(response.status()).write(uri.path(), &mut response);
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let status = class(response.status());
    guard.metrics.requests.get_or_create(&RouteStatus { route, status }).inc();
    let bytes = guard.metrics.bytes.get_or_create(&Route { route }).clone();
    response.map(|body| Body::new(Counted::new(body, bytes, flight, beat)))
}

/// A route's name in metrics: one of a few, whatever was asked.
pub(super) fn label(matched: Option<&str>) -> &'static str {
    match matched {
        Some("/v1/policy/packs") => "packs",
        Some("/v1/policy/packs/{id}") => "pack",
        Some("/v1/policy/packs/{id}/attestation") => "attestation",
        Some("/v1/opa/bundles/{file}") => "opa_bundle",
        Some("/graphql") => "graphql",
        Some("/v1/evidence/{service}/{release}") => "evidence",
        Some("/openapi.json") => "openapi",
        Some("/healthz") => "healthz",
        Some("/readyz") => "readyz",
        Some("/metrics") => "metrics",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
