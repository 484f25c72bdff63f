//! `contracts/api/policy-packs.openapi.yaml` and the server, held together: every response that is
//! documented is asked for and compared, and no route answers that is not documented.
#![allow(clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use bytes::Bytes;
use jiff::Timestamp;
use lazaret::pack::{
    Authority, FetchedPack, PackId, PublicKey, ServedPack, Shelf, build, generate_key_pair,
    sign_blob, verify,
};
use lazaret::server::{Guard, Health, OPENAPI_YAML, Packs, ServerMetrics, router};
use serde_json::Value;
use tokio::sync::watch;
use tower::ServiceExt as _;

const LOADED: i64 = 784_111_777;
const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";

fn verified() -> lazaret::pack::VerifiedPack {
    let keys = generate_key_pair().unwrap();
    let tar = build("contracts/policy/default".as_ref()).unwrap().tar;
    let bundle = sign_blob(&tar, &keys.private).unwrap();
    let fetched = FetchedPack { tar, bundle: Some(bundle.into()), ..FetchedPack::default() };
    let key = PublicKey::parse(&keys.public).unwrap();
    verify(fetched, None, &[Authority::Key { key, log_root: None }]).unwrap()
}

fn shelf() -> Arc<Shelf> {
    let shelf = Shelf::default();
    let id: PackId = "pack".parse().unwrap();
    let loaded = Timestamp::from_second(LOADED).unwrap();
    shelf.put("test", ServedPack::new(id, &verified(), loaded, true).unwrap()).unwrap();
    shelf.announce("test", &"pending".parse().unwrap()).unwrap();
    Arc::new(shelf)
}

fn app(shelf: &Arc<Shelf>, rate: u32, ready: bool) -> Router {
    let health = Health {
        registry: Arc::default(),
        ready: Arc::new(move || ready),
        waiting_for: "the test",
    };
    let draining = watch::Sender::new(false).subscribe();
    let packs = Packs { shelf: Arc::clone(shelf), draining };
    let guard = Guard::new(ServerMetrics::default(), rate, 1, Vec::new());
    router(Some(health), Some(packs), guard)
}

async fn ask(app: &Router, method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    let mut body = Body::empty();
    for (name, value) in headers {
        match *name {
            "body" => body = Body::from((*value).to_owned()),
            name => request = request.header(name, *value),
        }
    }
    app.clone().oneshot(request.body(body).unwrap()).await.unwrap()
}

fn contract() -> Value {
    yaml_serde::from_str(OPENAPI_YAML).unwrap()
}

/// Follows a `$ref` within the document.
fn resolve<'a>(contract: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(at) => contract.pointer(&at[1..]).unwrap_or_else(|| panic!("{at} leads nowhere")),
        None => value,
    }
}

fn fits(contract: &Value, schema: &Value, instance: &Value, what: &str) {
    let mut schema = schema.clone();
    schema["components"] = contract["components"].clone();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    if let Err(error) = validator.validate(instance) {
        panic!("{what}: {error}: {instance}");
    }
}

async fn compare(contract: &Value, documented: &Value, response: Response<Body>, what: &str) {
    let documented = resolve(contract, documented);
    for (name, header) in documented["headers"].as_object().into_iter().flatten() {
        let header = resolve(contract, header);
        match response.headers().get(name.as_str()) {
            Some(value) => {
                let value = Value::from(value.to_str().unwrap());
                fits(contract, &header["schema"], &value, &format!("{what}: {name}"));
            }
            None => assert!(header["required"] != true, "{what}: no header {name}"),
        }
    }
    assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{what}");
    let head = what.starts_with("head");
    let kind = response.headers().get("content-type").map(|v| v.to_str().unwrap().to_owned());
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let Some(content) = documented["content"].as_object() else {
        assert!(bytes.is_empty(), "{what}: a body that is not documented");
        assert!(head || kind.is_none(), "{what}: {kind:?}");
        return;
    };
    let kind = kind.unwrap_or_default();
    let essence = kind.split(';').next().unwrap();
    let media = content.get(essence).unwrap_or_else(|| panic!("{what}: undocumented {kind}"));
    if let Some(schema) = media.get("schema") {
        let instance = match essence.ends_with("json") {
            true => serde_json::from_slice(&bytes).unwrap(),
            false => Value::from(String::from_utf8(bytes.to_vec()).unwrap()),
        };
        fits(contract, schema, &instance, what);
    }
}

/// How to get a status of a representation; `{tag}` is its entity tag.
const CONDITIONS: [(u16, &[(&str, &str)]); 7] = [
    (200, &[]),
    (206, &[("range", "bytes=0-1,5-6")]),
    (206, &[("range", "bytes=0-0")]),
    (304, &[("if-none-match", "{tag}")]),
    (412, &[("if-match", "\"other\"")]),
    (413, &[("body", "x")]),
    (416, &[("range", "bytes=999999999-")]),
];

#[tokio::test]
async fn every_documented_response_is_the_servers() {
    let contract = contract();
    let shelf = shelf();
    let calm = app(&shelf, 0, true);
    let busy = app(&shelf, 1, false);
    let _ = ask(&busy, "GET", "/openapi.json", &[]).await;
    let mut seen = BTreeSet::new();
    let mut documented = BTreeSet::new();
    for (path, item) in contract["paths"].as_object().unwrap() {
        for method in ["get", "head"].into_iter().filter(|method| item.get(method).is_some()) {
            let responses = &item[method]["responses"];
            let statuses = responses.as_object().unwrap().keys();
            documented.extend(statuses.map(|status| (path.clone(), method, status.clone())));
            let good = path.replace("{id}", "pack");
            let tag = ask(&calm, "GET", &good, &[]).await.headers().get("etag").cloned();
            let tag = tag.map_or(String::new(), |tag| tag.to_str().unwrap().to_owned());
            let mut asked = Vec::new();
            for (status, headers) in CONDITIONS {
                let headers: Vec<_> =
                    headers.iter().map(|(n, v)| (*n, v.replace("{tag}", &tag))).collect();
                asked.push((status, &calm, good.clone(), headers));
            }
            asked.push((429, &busy, good.clone(), vec![]));
            if path.contains("{id}") {
                asked.push((404, &calm, path.replace("{id}", "other"), vec![]));
                asked.push((503, &calm, path.replace("{id}", "pending"), vec![]));
                asked.push((400, &calm, path.replace("{id}", "%ff"), vec![]));
            } else if path == "/readyz" {
                asked.push((503, &busy, good, vec![]));
            }
            for (status, app, at, headers) in asked {
                let Some(response) = responses.get(status.to_string()) else { continue };
                let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
                let what = format!("{method} {at} {headers:?}");
                if status == 429 {
                    // On a busy machine a second passes between two requests, and one is free again.
                    let _ = ask(app, "GET", "/openapi.json", &[]).await;
                }
                let got = ask(app, &method.to_uppercase(), &at, &headers).await;
                assert_eq!(got.status().as_u16(), status, "{what}");
                compare(&contract, response, got, &what).await;
                seen.insert((path.clone(), method, status.to_string()));
            }
        }
    }
    assert_eq!(seen, documented, "what is documented and was not asked for");
}

#[tokio::test]
async fn what_is_not_documented_is_a_problem() {
    let contract = contract();
    let app = app(&shelf(), 0, true);
    let problem = &contract["components"]["responses"]["RequestInvalid"];
    let cases = [
        ("GET", "/", 404),
        ("GET", "/v1", 404),
        ("GET", "/v1/policy/packs/", 404),
        ("GET", "/v1/policy/packs/pack/", 404),
        ("GET", "/v1/policy/packs/pack/signature", 404),
        ("GET", "/v1/policy/packs/PACK", 404),
        ("GET", "/v1/policy/packs/..%2f..%2fetc%2fpasswd", 404),
        ("GET", "/v1/opa/bundles/pack", 404),
        ("GET", "/v1/opa/bundles/pack.tar", 404),
        ("POST", "/", 404),
        ("POST", "/v1/policy/packs", 405),
        ("PUT", "/v1/policy/packs/pack", 405),
        ("DELETE", "/v1/policy/packs/pack", 405),
        ("OPTIONS", "/v1/policy/packs/pack/attestation", 405),
        ("TRACE", "/v1/opa/bundles/pack.tar.gz", 405),
        ("PATCH", "/healthz", 405),
    ];
    for (method, path, status) in cases {
        let response = ask(&app, method, path, &[]).await;
        assert_eq!(response.status().as_u16(), status, "{method} {path}");
        if status == 405 {
            assert_eq!(response.headers()["allow"], "GET,HEAD", "{method} {path}");
        }
        compare(&contract, problem, response, &format!("{method} {path}")).await;
    }
}

async fn body(response: Response<Body>) -> Bytes {
    to_bytes(response.into_body(), usize::MAX).await.unwrap()
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let app = app(&shelf(), 0, true);
    for path in [
        "/v1/policy/packs",
        "/v1/policy/packs/pack",
        "/v1/policy/packs/pack/attestation",
        "/v1/opa/bundles/pack.tar.gz",
        "/openapi.json",
        "/v1/policy/packs/other",
        "/v1/policy/packs/pending",
    ] {
        let get = ask(&app, "GET", path, &[]).await;
        // Ranges are for GET only.
        let head = ask(&app, "HEAD", path, &[("range", "bytes=0-1")]).await;
        assert_eq!(head.status(), get.status(), "{path}");
        assert_eq!(head.headers(), get.headers(), "{path}");
        assert!(head.headers().contains_key("content-length"), "{path}");
        assert!(body(head).await.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn the_pack_is_what_its_headers_say() {
    let shelf = shelf();
    let app = app(&shelf, 0, true);
    let response = ask(&app, "GET", "/v1/policy/packs/pack", &[]).await;
    let headers = response.headers().clone();
    let tar = body(response).await;
    let digest = lazaret::domain::Digest::of(&tar);
    assert_eq!(headers["digest"], format!("sha-256={}", digest.hex()).as_str());
    assert_eq!(headers["etag"], format!("W/\"sha-256:{}\"", digest.hex()).as_str());
    assert_eq!(headers["last-modified"], THEN);
    assert_eq!(headers["content-type"], "application/vnd.intelgraph.policy+tar");
    let attestation = ask(&app, "GET", "/v1/policy/packs/pack/attestation", &[]).await;
    assert_eq!(attestation.headers()["content-type"], "application/vnd.sigstore.bundle+json");
    let attestation = body(attestation).await;
    assert_eq!(headers["x-cosign-bundle"].as_bytes(), attestation, "this bundle is one line");

    let parts: &[(&str, &[u8])] = &[("bytes=0-9", &tar[..10]), ("bytes=-5", &tar[tar.len() - 5..])];
    for (range, expected) in parts {
        let response = ask(&app, "GET", "/v1/policy/packs/pack", &[("range", range)]).await;
        assert_eq!(response.headers()["digest"], headers["digest"], "of the whole");
        assert_eq!(body(response).await, *expected, "{range}");
    }
    let ranges = [("range", "bytes=0-1,100-102")];
    let response = ask(&app, "GET", "/v1/policy/packs/pack", &ranges).await;
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    let boundary = kind.split("boundary=").nth(1).unwrap().to_owned();
    let length: usize = response.headers()["content-length"].to_str().unwrap().parse().unwrap();
    let parts = body(response).await;
    assert_eq!(parts.len(), length);
    let head = |range: &str| {
        format!(
            "\r\n--{boundary}\r\nContent-Type: application/vnd.intelgraph.policy+tar\r\n\
             Content-Range: bytes {range}/{}\r\n\r\n",
            tar.len()
        )
    };
    let expected = [
        head("0-1").into_bytes(),
        tar[..2].to_vec(),
        head("100-102").into_bytes(),
        tar[100..103].to_vec(),
        format!("\r\n--{boundary}--\r\n").into_bytes(),
    ];
    assert_eq!(parts, expected.concat());
}

#[tokio::test]
async fn conditions_reach_the_answer() {
    let app = app(&shelf(), 0, true);
    let path = "/v1/policy/packs/pack";
    let etag = ask(&app, "GET", path, &[]).await.headers()["etag"].to_str().unwrap().to_owned();
    let strong = etag.strip_prefix("W/").unwrap();
    let cases: &[(&[(&str, &str)], u16)] = &[
        (&[("if-none-match", strong)], 304),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", "\"x\""), ("if-modified-since", THEN)], 200),
        (&[("if-modified-since", THEN)], 304),
        (&[("if-modified-since", BEFORE)], 200),
        (&[("if-match", &etag)], 412),
        (&[("if-unmodified-since", BEFORE)], 412),
        (&[("range", "bytes=0-1"), ("if-range", &etag)], 200),
        (&[("range", "bytes=0-1"), ("if-range", THEN)], 206),
        (&[("range", "bytes=0-1"), ("if-none-match", "*")], 304),
    ];
    for (headers, status) in cases {
        let response = ask(&app, "GET", path, headers).await;
        assert_eq!(response.status().as_u16(), *status, "{headers:?}");
        if *status == 304 {
            assert_eq!(response.headers()["etag"], etag.as_str());
            assert_eq!(response.headers()["last-modified"], THEN);
            assert!(response.headers().contains_key("cache-control"));
            let length = response.headers().get("content-length");
            assert!(length.is_none_or(|length| length != "0"), "that would say the pack is empty");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_waits_for_a_change_or_its_time() {
    let shelf = shelf();
    let (ending, draining) = watch::channel(false);
    let packs = Packs { shelf: Arc::clone(&shelf), draining };
    let app = router(None, Some(packs), Guard::new(ServerMetrics::default(), 0, 0, Vec::new()));
    let path = "/v1/opa/bundles/pack.tar.gz";
    let first = ask(&app, "GET", path, &[("prefer", "modes=snapshot,delta;wait=30")]).await;
    assert_eq!(first.status(), 200, "who has nothing does not wait");
    assert_eq!(first.headers()["content-type"], "application/vnd.openpolicyagent.bundles");
    let etag = first.headers()["etag"].to_str().unwrap().to_owned();
    let poll = async |wait: &str| {
        let headers = [("prefer", wait), ("if-none-match", &etag)];
        let begun = tokio::time::Instant::now();
        let response = ask(&app, "GET", path, &headers).await;
        (response.status().as_u16(), begun.elapsed().as_secs())
    };
    assert_eq!(poll("modes=snapshot,delta").await, (304, 0));
    assert_eq!(poll("modes=snapshot,delta;wait=30").await, (304, 30));
    assert_eq!(poll("wait=86400").await, (304, 300), "nobody waits longer");

    let later = async {
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        shelf.announce("test", &"another".parse().unwrap()).unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        shelf.remove("test", &"pack".parse().unwrap());
    };
    let (answer, ()) = tokio::join!(poll("wait=60"), later);
    assert_eq!(answer, (404, 10), "another pack's change wakes nobody for good");

    let id: PackId = "pack".parse().unwrap();
    let again =
        ServedPack::new(id, &verified(), Timestamp::from_second(LOADED).unwrap(), false).unwrap();
    shelf.put("test", again).unwrap();
    let later = async {
        tokio::time::sleep(std::time::Duration::from_secs(7)).await;
        ending.send_replace(true);
    };
    let (answer, ()) = tokio::join!(poll("wait=60"), later);
    assert_eq!(answer, (304, 7), "the end of the process keeps nobody waiting");
    assert_eq!(poll("wait=60").await, (304, 0));
}
