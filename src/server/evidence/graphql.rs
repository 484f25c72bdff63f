//! `POST /graphql`. One request at a time, small and shallow. Whatever goes wrong is no 200.

use std::sync::Arc;

use async_graphql::{
    Context, EmptyMutation, EmptySubscription, Enum, Error, ErrorExtensions as _, ID, Object,
    Request, SimpleObject, Value as GraphqlValue, Variables,
};
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::problem::Problem;
use super::Evidence;
use super::accept::answer_type;
use super::body::{media_type, too_large, whole};
use crate::domain::parse_i_json;
use crate::evidence::{Act, Answer, Caller, Outcome};

/// Fields below one another; introspection as tools ask for it has 15.
const MAX_DEPTH: usize = 16;
/// Fields in all; introspection as tools ask for it has some 200, a decision counts for 100.
const MAX_COMPLEXITY: usize = 400;
/// Bytes of a query with its variables.
const MAX_REQUEST: usize = 64 << 10;

pub(super) type Schema = async_graphql::Schema<Query, EmptyMutation, EmptySubscription>;

pub(super) fn schema() -> Schema {
    async_graphql::Schema::build(Query, EmptyMutation, EmptySubscription)
        .limit_depth(MAX_DEPTH)
        .limit_complexity(MAX_COMPLEXITY)
        .limit_recursive_depth(MAX_DEPTH + 2)
        .limit_directives(4)
        .finish()
}

/// The schema in GraphQL's own language; `contracts/api/evidence.graphql` is its copy.
pub fn sdl() -> String {
    schema().sdl()
}

/// Whether a release may go on.
#[derive(SimpleObject, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EvidenceOk {
    /// Whether nothing speaks against it.
    ok: bool,
    /// What does: `Code: sentence`.
    reasons: Vec<String>,
    /// `ok`, for templates that tell no from not knowing.
    verdict: Verdict,
    /// What was measured.
    snapshot: SLOSnapshot,
    /// What it costs, where that is measured.
    cost: Option<CostSnapshot>,
    /// Under which the decision is on record: `lazaret evidence explain`.
    decision_id: ID,
    /// The digest of the policy pack that judged, if one did.
    policy_digest: Option<String>,
    /// When it was measured (RFC 3339).
    observed_at: String,
}

/// How it ends.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Verdict {
    /// It may go on.
    Pass,
    /// It may not.
    Fail,
    /// Data is missing, and the profile would rather wait.
    Inconclusive,
}

/// What was measured.
#[derive(SimpleObject, Serialize)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SLOSnapshot")]
pub(super) struct SLOSnapshot {
    /// Which service.
    service: String,
    /// 95 of 100 reads are answered within so many milliseconds.
    p95_ms: Option<f64>,
    /// 99 of 100 requests are.
    p99_ms: Option<f64>,
    /// Failed requests of all, from 0 to 1.
    error_rate: Option<f64>,
    /// Over how long.
    window: String,
}

/// What it costs.
#[derive(SimpleObject, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CostSnapshot {
    /// A million GraphQL calls.
    graphql_per_million_usd: Option<f64>,
    /// A thousand ingested records.
    ingest_per_thousand_usd: Option<f64>,
}

impl EvidenceOk {
    pub(super) fn of(answer: &Answer) -> Self {
        let (id, decision) = answer;
        let reason = |r: &crate::domain::Reason| format!("{}: {}", r.code, r.message);
        let (snapshot, cost) = (&decision.snapshot, decision.cost.as_ref());
        Self {
            ok: decision.ok,
            reasons: decision.reasons.iter().map(reason).collect(),
            verdict: match decision.verdict {
                Outcome::Pass => Verdict::Pass,
                Outcome::Fail => Verdict::Fail,
                Outcome::Inconclusive => Verdict::Inconclusive,
            },
            snapshot: SLOSnapshot {
                service: snapshot.service.clone(),
                p95_ms: snapshot.p95_ms,
                p99_ms: snapshot.p99_ms,
                error_rate: snapshot.error_rate,
                window: snapshot.window.clone(),
            },
            cost: cost.map(|cost| CostSnapshot {
                graphql_per_million_usd: cost.graphql_per_million_usd,
                ingest_per_thousand_usd: cost.ingest_per_thousand_usd,
            }),
            decision_id: ID(id.to_string()),
            policy_digest: decision.policy_digest.map(|digest| digest.to_string()),
            observed_at: decision.observed_at.to_string(),
        }
    }
}

pub(super) struct Query;

/// Who asks, and whom.
struct Session {
    evidence: Arc<Evidence>,
    caller: Caller,
}

#[Object]
impl Query {
    /// Whether a release of a service may go on.
    #[graphql(complexity = "100 + child_complexity")]
    async fn evidence_ok(
        &self,
        context: &Context<'_>,
        service: String,
        release_id: ID,
    ) -> async_graphql::Result<EvidenceOk> {
        let Session { evidence, caller } = context.data()?;
        let admitted = evidence.admitted(caller, Act::Read, &service, &release_id).await;
        let (service, release) = admitted.map_err(|problem| {
            let (status, message) = (problem.status().as_u16(), problem.detail().to_owned());
            Error::new(message).extend_with(|_, values| values.set("status", status))
        })?;
        Ok(EvidenceOk::of(&*evidence.desk.ask(&service, &release).await))
    }
}

/// A request; nothing else is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Asked {
    query: String,
    #[serde(default)]
    variables: Option<Value>,
    #[serde(default)]
    operation_name: Option<String>,
    #[serde(default, rename = "extensions")]
    _extensions: Option<Value>,
}

pub(super) async fn graphql(
    State(evidence): State<Arc<Evidence>>,
    headers: HeaderMap,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let caller = evidence.caller(&headers).await?;
    if media_type(&headers) != "application/json" {
        let detail = "a request is application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "MediaTypeUnknown", detail));
    }
    let asked = asked(&whole(request).await?)?;
    let mut request = Request::new(asked.query);
    if let Some(variables) = asked.variables {
        request = request.variables(Variables::from_json(variables));
    }
    if let Some(name) = asked.operation_name {
        request = request.operation_name(name);
    }
    let session = Session { evidence: Arc::clone(&evidence), caller };
    let mut response = evidence.schema.execute(request.data(session)).await;
    if response.is_err() {
        return Err(failed(&response));
    }
    // The engine has no other word for what is empty because @skip left nothing.
    if response.data == GraphqlValue::Null {
        response.data = GraphqlValue::Object(Default::default());
    }
    let text = serde_json::to_string(&response).map_err(|_| internal())?;
    let kind = answer_type(&headers);
    let json = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
    Ok((json, text).into_response())
}

fn asked(body: &[u8]) -> Result<Asked, Problem> {
    let invalid = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "GraphqlInvalid", detail);
    if body.len() > MAX_REQUEST {
        return Err(too_large());
    }
    let value = parse_i_json(body).map_err(|error| invalid(error.to_string()))?;
    if value.is_array() {
        return Err(invalid("there are no batches: one request at a time".to_owned()));
    }
    if value.get("variables").is_some_and(|v| !v.is_object() && !v.is_null()) {
        return Err(invalid("variables is an object".to_owned()));
    }
    serde_json::from_value(value).map_err(|error| invalid(error.to_string()))
}

/// What went wrong, and with which status. Part of an answer is none.
fn failed(response: &async_graphql::Response) -> Problem {
    let status = |error: &async_graphql::ServerError| {
        let extensions = serde_json::to_value(&error.extensions).unwrap_or_default();
        extensions["status"].as_u64()
    };
    let detail: Vec<_> = response.errors.iter().map(|error| error.message.as_str()).collect();
    let detail: String = detail.join("; ").chars().take(1000).collect();
    match response.errors.iter().find_map(status) {
        Some(403) => Problem::new(StatusCode::FORBIDDEN, "Forbidden", detail),
        Some(503) => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "CannotAuthorize", detail).retry_after(5)
        }
        Some(400) => Problem::new(StatusCode::BAD_REQUEST, "NameInvalid", detail),
        _ => Problem::new(StatusCode::BAD_REQUEST, "GraphqlInvalid", detail),
    }
}

pub(super) fn internal() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal", "the server failed")
}

/// For development: a page on which queries are tried.
pub(super) async fn graphiql() -> Response {
    let page = async_graphql::http::GraphiQLSource::build().endpoint("/graphql").finish();
    axum::response::Html(page).into_response()
}
