//! `contracts/api/evidence.openapi.yaml`, `evidence.graphql` and the listener for evidence, held
//! together: what is promised is asked for, what is wrong gets its answer, and no path, method or
//! error ever gives a success without JSON.
#![allow(clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use jiff::Timestamp;
use lazaret::domain::DatasetRef;
use lazaret::evidence::{
    Act, BUNDLE_PREDICATE, Caller, DatasetState, Desk, Doorman, Judge, Measure, PackName,
    ProfileFact, Refused, Service, Settings, Shelf, Sources, World,
};
use lazaret::objects::{FileAccess, Store};
use lazaret::pack::{Authority, KeyPairPem, PublicKey, generate_key_pair, sign_statement};
use lazaret::server::{
    EVIDENCE_OPENAPI_YAML, Evidence, Guard, ServerMetrics, evidence_router, evidence_sdl,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const PROFILE: &str = include_str!("../../examples/argo/profile.yaml");
/// As the page that it comes from has it.
const SEED_QUERY: &str = "query EvidenceOk($service: String!, $releaseId: ID!) {
  evidenceOk(service: $service, releaseId: $releaseId) {
    ok
    reasons
    snapshot {
      service p95Ms p99Ms errorRate window
    }
    cost { graphqlPerMillionUsd ingestPerThousandUsd }
  }
}";

struct Fake;

#[async_trait]
impl World for Fake {
    fn profile(&self, service: &Service) -> ProfileFact {
        match service.name() {
            "checkout" => ProfileFact::Found(PROFILE.to_owned()),
            _ => ProfileFact::Missing,
        }
    }

    async fn datasets(&self, _: &str, datasets: &[DatasetRef]) -> BTreeMap<String, DatasetState> {
        datasets.iter().map(|dataset| (dataset.prefix(), DatasetState::Published)).collect()
    }

    async fn pack(&self, _: &str, _: &PackName) -> Result<Judge, String> {
        Err("there is none".to_owned())
    }
}

#[async_trait]
impl Sources for Fake {
    async fn measure(
        &self,
        _: &str,
        queries: BTreeMap<String, String>,
        at: Timestamp,
    ) -> BTreeMap<String, Measure> {
        let slow = queries.values().any(|query| query.contains("release_id=\"slow\""));
        let figure = |name: &str| match name {
            "readP95Ms" if slow => 412.5,
            "readP95Ms" => 120.0,
            "writeP95Ms" | "p99Ms" => 500.0,
            "newest" => at.as_duration().as_secs_f64(),
            "traffic" | "errors/canaryTotal" | "errors/stableTotal" => 1000.0,
            "graphqlPerMillionUsd" => 1.5,
            _ => 0.0,
        };
        queries
            .into_keys()
            .map(|name| {
                let n = figure(&name);
                (name, Measure::Number(n))
            })
            .collect()
    }
}

#[async_trait]
impl Doorman for Fake {
    async fn who(&self, token: &str) -> Result<Caller, Refused> {
        let caller = |namespace: Option<&str>| Caller {
            user: token.to_owned(),
            namespace: namespace.map(str::to_owned),
            ..Caller::default()
        };
        match token {
            "shop" | "nobody" => Ok(caller(Some("shop"))),
            "homeless" => Ok(caller(None)),
            "down" => Err(Refused::Unavailable("secret detail".to_owned())),
            "unsure" => Ok(caller(Some("shop"))),
            _ => Err(Refused::Unknown),
        }
    }

    async fn may(&self, caller: &Caller, _: Act, service: &Service) -> Result<bool, String> {
        match caller.user.as_str() {
            "unsure" => Err("secret detail".to_owned()),
            "shop" => Ok(service.namespace() == "shop"),
            user => Ok(user == "homeless"),
        }
    }
}

struct Server {
    app: Router,
    keys: KeyPairPem,
    _dir: tempfile::TempDir,
}

fn server(rate: (u32, u32)) -> Server {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file://{}", dir.path().display());
    let shelf = Arc::new(Shelf::new(Store::open(&url, &FileAccess::Caller).unwrap()));
    let settings = Settings { fresh: Duration::from_secs(3600) };
    let desk = Arc::new(Desk::new(Arc::new(Fake), Arc::new(Fake), shelf, settings));
    let keys = generate_key_pair().unwrap();
    let key = PublicKey::parse(&keys.public).unwrap();
    let authorities = vec![Authority::Key { key, log_root: None }];
    let evidence = Evidence::new(desk, Arc::new(Fake), authorities, rate, false);
    let guard = Guard::new(ServerMetrics::default(), 0, 0, Vec::new());
    Server { app: evidence_router(&evidence, guard), keys, _dir: dir }
}

struct Told {
    status: u16,
    kind: String,
    body: Vec<u8>,
    headers: axum::http::HeaderMap,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    fn code(&self) -> String {
        assert_eq!(self.kind, "application/problem+json", "{}", self.status);
        self.json()["code"].as_str().unwrap().to_owned()
    }
}

impl Server {
    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Told {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_vec())).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let headers = response.headers().clone();
        let kind = headers.get("content-type").map(|v| v.to_str().unwrap().to_owned());
        Told {
            status: response.status().as_u16(),
            kind: kind.unwrap_or_default(),
            body: to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec(),
            headers,
        }
    }

    async fn graphql(&self, token: &str, body: &Value) -> Told {
        let authorization = format!("Bearer {token}");
        let headers =
            [("authorization", authorization.as_str()), ("content-type", "application/json")];
        self.ask("POST", "/graphql", &headers, body.to_string().as_bytes()).await
    }

    async fn get(&self, token: &str, path: &str) -> Told {
        self.ask("GET", path, &[("authorization", &format!("Bearer {token}"))], b"").await
    }
}

fn asked(service: &str, release: &str) -> Value {
    json!({ "query": SEED_QUERY, "variables": { "service": service, "releaseId": release } })
}

fn fits(schema: &Value, instance: &Value) {
    let contract: Value = yaml_serde::from_str(EVIDENCE_OPENAPI_YAML).unwrap();
    let mut schema = schema.clone();
    schema["components"] = contract["components"].clone();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    if let Err(error) = validator.validate(instance) {
        panic!("{error}: {instance}");
    }
}

fn component(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

#[tokio::test]
async fn the_query_of_the_page_is_answered_and_rest_says_the_same() {
    let server = server((0, 0));
    let told = server.graphql("shop", &asked("checkout", "v7")).await;
    assert_eq!((told.status, told.kind.as_str()), (200, "application/json"));
    let good = told.json()["data"]["evidenceOk"].clone();
    let expected = json!({
        "ok": true, "reasons": [],
        "snapshot": { "service": "checkout", "p95Ms": 120.0, "p99Ms": 500.0, "errorRate": 0.0, "window": "5m" },
        "cost": { "graphqlPerMillionUsd": 1.5, "ingestPerThousandUsd": null },
    });
    assert_eq!(good, expected);

    let all = SEED_QUERY.replace("    ok\n", "    ok verdict decisionId policyDigest observedAt\n");
    for (release, ok) in [("v7", true), ("slow", false)] {
        let variables = json!({ "service": "checkout.shop", "releaseId": release });
        let asked = json!({ "query": all, "variables": variables, "operationName": "EvidenceOk" });
        let told = server.graphql("shop", &asked).await.json()["data"]["evidenceOk"].clone();
        let rest = server.get("shop", &format!("/v1/evidence/checkout/{release}")).await;
        assert_eq!(rest.status, 200);
        assert_eq!(rest.json(), told, "both give the same decision");
        fits(&component("EvidenceOk"), &told);
        assert_eq!(told["ok"], ok);
        let reasons =
            if ok { json!([]) } else { json!(["ReadP95OverBudget: read p95 412.5 ms > 300 ms"]) };
        assert_eq!(told["reasons"], reasons);
    }
    let unknown = server.graphql("shop", &asked("nothing", "v7")).await.json();
    assert_eq!(unknown["data"]["evidenceOk"]["ok"], false);
    let reason = &unknown["data"]["evidenceOk"]["reasons"][0];
    assert!(reason.as_str().unwrap().starts_with("ProfileMissing: "));
}

#[tokio::test]
async fn the_schema_is_the_one_that_is_promised() {
    let sdl = evidence_sdl();
    for part in [
        "evidenceOk(",
        "service: String!",
        "releaseId: ID!",
        "): EvidenceOk!",
        "ok: Boolean!",
        "reasons: [String!]!",
        "snapshot: SLOSnapshot!",
        "cost: CostSnapshot",
        "graphqlPerMillionUsd: Float",
        "ingestPerThousandUsd: Float",
    ] {
        assert!(sdl.contains(part), "{part}:\n{sdl}");
    }
    // As tools ask for it.
    let introspection = "query IntrospectionQuery { __schema { queryType { name } mutationType { name } subscriptionType { name } types { ...FullType } directives { name description locations args { ...InputValue } } } } fragment FullType on __Type { kind name description fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } inputFields { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } } fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue } fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }";
    let told = server((0, 0)).graphql("shop", &json!({ "query": introspection })).await;
    assert_eq!(told.status, 200, "{}", String::from_utf8_lossy(&told.body));
    assert_eq!(told.json()["data"]["__schema"]["queryType"]["name"], "Query");
}

#[tokio::test]
async fn what_skips_everything_gets_an_empty_object() {
    let server = server((0, 0));
    let field = "evidenceOk(service: \"checkout\", releaseId: \"v7\") @skip(if: true) { ok }";
    let told = server.graphql("shop", &json!({ "query": format!("{{ {field} }}") })).await;
    assert_eq!((told.status, told.json()), (200, json!({ "data": {} })));
}

#[tokio::test]
async fn a_refused_method_names_those_that_are_answered() {
    let server = server((0, 0));
    let evidence = "/v1/evidence/checkout/v7";
    for (method, path, allowed) in [
        ("HEAD", evidence, "GET, PUT"),
        ("POST", evidence, "GET, PUT"),
        ("OPTIONS", evidence, "GET, PUT"),
        ("GET", "/graphql", "POST"),
        ("PUT", "/openapi.json", "GET"),
        ("HEAD", "/openapi.json", "GET"),
    ] {
        let told = server.ask(method, path, &[], b"").await;
        assert_eq!((told.status, &told.headers["allow"]), (405, &allowed.parse().unwrap()));
        assert_eq!(told.headers.get_all("allow").iter().count(), 1, "{method} {path}");
    }
}

#[tokio::test]
async fn bad_requests_and_their_answers() {
    let server = server((0, 0));
    let field = "evidenceOk(service: \"checkout\", releaseId: \"v7\") { ok }";
    let many: String = (0..5).map(|n| format!("a{n}: {field} ")).collect();
    let wide: String = (0..500).map(|n| format!("a{n}: ok ")).collect();
    let deep = format!(
        "{}{}",
        "{ __schema { types ".to_owned() + &"{ ofType ".repeat(30),
        "{ name }".to_owned() + &"}".repeat(32)
    );
    let query = |text: String| json!({ "query": text });
    let table: &[(&str, Value, u16, &str)] = &[
        ("nothing", json!(null), 400, "GraphqlInvalid"),
        ("a batch", json!([asked("checkout", "v7")]), 400, "GraphqlInvalid"),
        ("an empty batch", json!([]), 400, "GraphqlInvalid"),
        ("no query", json!({}), 400, "GraphqlInvalid"),
        ("an unknown member", json!({ "query": "{ __typename }", "id": 1 }), 400, "GraphqlInvalid"),
        ("no GraphQL", query("SELECT 1".into()), 400, "GraphqlInvalid"),
        ("an unknown field", query("{ users }".into()), 400, "GraphqlInvalid"),
        ("a mutation", query("mutation { a }".into()), 400, "GraphqlInvalid"),
        ("a subscription", query("subscription { a }".into()), 400, "GraphqlInvalid"),
        ("a missing variable", json!({ "query": SEED_QUERY }), 400, "GraphqlInvalid"),
        (
            "variables that are none",
            json!({ "query": SEED_QUERY, "variables": [1] }),
            400,
            "GraphqlInvalid",
        ),
        ("too deep", query(deep), 400, "GraphqlInvalid"),
        ("too much at once", query(format!("{{ {many} }}")), 400, "GraphqlInvalid"),
        (
            "too wide",
            query(format!("{{ evidenceOk(service: \"a\", releaseId: \"b\") {{ {wide} }} }}")),
            400,
            "GraphqlInvalid",
        ),
        (
            "fragments in a circle",
            query("{ ...a } fragment a on Query { ...a }".into()),
            400,
            "GraphqlInvalid",
        ),
        ("no service", asked("", "v7"), 400, "NameInvalid"),
        ("PromQL for a release", asked("checkout", "v7\"} or vector(1)"), 400, "NameInvalid"),
        ("a path for a service", asked("../x", "v7"), 400, "NameInvalid"),
        ("another namespace", asked("checkout.other", "v7"), 403, "Forbidden"),
        ("too large", query("x".repeat(70_000)), 413, "BodyTooLarge"),
        ("far too large", query("x".repeat(300_000)), 413, "BodyTooLarge"),
    ];
    for (what, body, status, code) in table {
        let told = server.graphql("shop", body).await;
        assert_eq!((told.status, told.code().as_str()), (*status, *code), "{what}");
        fits(&component("Problem"), &told.json());
    }
    let kinds = [
        ("text/plain", 415),
        ("", 415),
        ("application/graphql", 415),
        ("Application/JSON", 200),
        ("application/json; charset=utf-8", 200),
    ];
    for (kind, status) in kinds {
        let headers = [("authorization", "Bearer shop"), ("content-type", kind)];
        let body = asked("checkout", "v7").to_string();
        let told = server.ask("POST", "/graphql", &headers, body.as_bytes()).await;
        assert_eq!(told.status, status, "{kind:?}");
    }
    let broken: &[&[u8]] =
        &[b"", b"{", b"\xff", b"{\"query\":1}", b"{\"query\":\"{a}\",\"query\":\"{b}\"}"];
    for body in broken {
        let headers = [("authorization", "Bearer shop"), ("content-type", "application/json")];
        let told = server.ask("POST", "/graphql", &headers, body).await;
        assert_eq!((told.status, told.code().as_str()), (400, "GraphqlInvalid"), "{body:?}");
    }
}

#[tokio::test]
async fn who_may_not_ask_learns_nothing() {
    let server = server((0, 0));
    let table: &[(&str, u16, &str)] = &[
        ("wrong", 401, "Unauthenticated"),
        ("nobody", 403, "Forbidden"),
        ("down", 503, "CannotAuthorize"),
        ("unsure", 503, "CannotAuthorize"),
        ("homeless", 400, "NameInvalid"),
    ];
    for (token, status, code) in table {
        let mut answers = Vec::new();
        for service in ["checkout", "nothing"] {
            let path = format!("/v1/evidence/{service}/v7");
            let rest = server.get(token, &path).await;
            let query = server.graphql(token, &asked(service, "v7")).await;
            for told in [&rest, &query] {
                assert_eq!((told.status, told.code().as_str()), (*status, *code), "{token}");
                let text = String::from_utf8_lossy(&told.body);
                assert!(!text.contains("secret detail"), "{text}");
            }
            assert_eq!(rest.headers.contains_key("www-authenticate"), *status == 401);
            answers.push((rest.json()["detail"].clone(), query.json()["detail"].clone()));
        }
        assert_eq!(answers[0], answers[1], "the same whether the service exists or not");
    }
    assert_eq!(server.ask("GET", "/v1/evidence/checkout/v7", &[], b"").await.status, 401);
    assert_eq!(server.get("homeless", "/v1/evidence/checkout.shop/v7").await.status, 200);
}

#[tokio::test]
async fn a_caller_that_asks_too_often_waits_and_others_do_not() {
    let server = server((1, 2));
    let path = "/v1/evidence/checkout/v7";
    for _ in 0..2 {
        assert_eq!(server.get("shop", path).await.status, 200);
    }
    let told = server.get("shop", path).await;
    assert_eq!((told.status, told.code().as_str()), (429, "RateLimited"));
    assert!(told.headers.contains_key("retry-after"));
    assert_eq!(server.get("homeless", "/v1/evidence/checkout.shop/v7").await.status, 200);
}

#[tokio::test]
async fn a_bundle_is_recorded_once_by_whoever_may() {
    let server = server((0, 0));
    let bundle = |release: &str, passed: bool| {
        json!({
            "apiVersion": BUNDLE_PREDICATE, "service": "checkout.shop", "releaseId": release,
            "checks": [{ "name": "smoke", "passed": passed }],
        })
    };
    let put = async |token: Option<&str>, kind: &str, path: &str, body: &str| {
        let authorization = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", kind)];
        headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
        server.ask("PUT", path, &headers, body.as_bytes()).await
    };
    let (json_kind, signed_kind) = ("application/json", "application/vnd.sigstore.bundle+json");
    let path = "/v1/evidence/checkout.shop/v7";
    let good = bundle("v7", true).to_string();
    for (token, status) in [(None, 401), (Some("wrong"), 401), (Some("nobody"), 403)] {
        assert_eq!(put(token, json_kind, path, &good).await.status, status, "{token:?}");
    }
    assert_eq!(put(Some("shop"), "text/plain", path, &good).await.status, 415);
    let other = bundle("v8", true).to_string();
    let told = put(Some("shop"), "Application/JSON", path, &other).await;
    assert_eq!((told.status, told.code().as_str()), (400, "BundleMismatch"));
    let large = format!("{good}{}", " ".repeat(300_000));
    assert_eq!(put(Some("shop"), json_kind, path, &large).await.status, 413);

    let told = put(Some("shop"), json_kind, path, &good).await;
    assert_eq!((told.status, told.kind.as_str()), (201, json_kind));
    fits(&component("Digest"), &told.json()["digest"]);
    assert_eq!(put(Some("shop"), json_kind, path, &good).await.status, 200);
    let told = put(Some("shop"), json_kind, path, &bundle("v7", false).to_string()).await;
    assert_eq!((told.status, told.code().as_str()), (409, "BundleExists"));
    assert_eq!(server.get("shop", "/v1/evidence/checkout/v7").await.json()["ok"], true);

    let statement = |release: &str, keys: &KeyPairPem| {
        let text = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{ "name": "checkout", "digest": { "sha256": "0".repeat(64) } }],
            "predicateType": BUNDLE_PREDICATE, "predicate": bundle(release, false),
        });
        sign_statement(text.to_string().as_bytes(), &keys.private).unwrap()
    };
    let path = "/v1/evidence/checkout.shop/v9";
    let strange = statement("v9", &generate_key_pair().unwrap());
    let told = put(None, signed_kind, path, &strange).await;
    assert_eq!((told.status, told.code().as_str()), (403, "BundleUnsigned"));
    let signed = statement("v9", &server.keys);
    assert_eq!(put(None, signed_kind, path, &signed).await.status, 201, "no token is needed");
    let decided = server.get("shop", "/v1/evidence/checkout/v9").await.json();
    assert_eq!(decided["reasons"], json!(["BundleCheckFailed: smoke"]));
}

/// Argo's web provider takes any 2xx answer that is no JSON for a success.
#[tokio::test]
async fn no_path_method_or_error_gives_a_success_without_json() {
    let server = server((0, 0));
    let paths = [
        "/",
        "/graphql",
        "/graphql/",
        "/graphiql",
        "/graphql?query={__typename}",
        "/openapi.json",
        "/healthz",
        "/readyz",
        "/metrics",
        "/v1/evidence",
        "/v1/evidence/checkout",
        "/v1/evidence/checkout/v7",
        "/v1/evidence/checkout/v7/",
        "/v1/evidence/nothing/v7",
        "/v1/evidence/checkout/%00",
        "/v1/evidence/%ff/v7",
        "/v1/evidence/a%2Fb/v7",
        "//",
        "/%",
        "/v1/policy/packs",
        "/index.html",
        "/favicon.ico",
    ];
    let methods = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND",
        "graphql",
    ];
    let good = asked("checkout", "v7").to_string();
    let bodies: [&[u8]; 4] = [b"", good.as_bytes(), b"[]", b"<html></html>"];
    let headers: [&[(&str, &str)]; 6] = [
        &[],
        &[
            ("authorization", "Bearer shop"),
            ("content-type", "application/json"),
            ("accept", "application/graphql-response+json, application/json;q=0.9"),
        ],
        &[("authorization", "Bearer shop")],
        &[("authorization", "Bearer shop"), ("content-type", "application/json")],
        &[
            ("authorization", "Bearer shop"),
            ("content-type", "application/json"),
            ("accept", "text/html"),
        ],
        &[
            ("authorization", "Bearer down"),
            ("if-none-match", "*"),
            ("range", "bytes=0-0"),
            ("expect", "100-continue"),
        ],
    ];
    let mut successes = 0;
    for path in paths {
        for method in methods {
            for body in bodies {
                for headers in headers {
                    let told = server.ask(method, path, headers, body).await;
                    let what = format!("{method} {path} {headers:?} {}", body.len());
                    assert!(told.status >= 200, "{what}: {}", told.status);
                    if told.status < 300 {
                        let newer = headers.iter().any(|(_, value)| value.contains("graphql-"));
                        let newer = newer && path.starts_with("/graphql");
                        assert_eq!(
                            told.kind == "application/graphql-response+json",
                            newer,
                            "{what}"
                        );
                        assert!(newer || told.kind == "application/json", "{what}");
                        assert!(told.json().is_object(), "{what}");
                        successes += 1;
                    } else if told.status >= 400 {
                        assert_eq!(told.kind, "application/problem+json", "{what}");
                        // An answer to HEAD has no body, whatever it is.
                        if method != "HEAD" {
                            fits(&component("Problem"), &told.json());
                        }
                    }
                }
            }
        }
    }
    assert!(successes > 10, "{successes}: the walk asks nothing that is answered");
}
