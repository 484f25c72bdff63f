//! Whatever is posted to `/graphql`: no panic, no hang, and no success that is not JSON.
#![no_main]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use lazaret::domain::DatasetRef;
use lazaret::evidence::{
    Act, Caller, DatasetState, Desk, Doorman, Judge, Measure, PackName, ProfileFact, Refused,
    Service, Settings, Shelf, Sources, World,
};
use lazaret::objects::{FileAccess, Store};
use lazaret::server::{Evidence, Guard, ServerMetrics, evidence_router};
use libfuzzer_sys::fuzz_target;
use tower::ServiceExt as _;

struct Fake;

#[async_trait::async_trait]
impl World for Fake {
    fn profile(&self, _: &Service) -> ProfileFact {
        ProfileFact::Missing
    }

    async fn datasets(&self, _: &str, _: &[DatasetRef]) -> BTreeMap<String, DatasetState> {
        BTreeMap::new()
    }

    async fn pack(&self, _: &str, _: &PackName) -> Result<Judge, String> {
        Err(String::new())
    }
}

#[async_trait::async_trait]
impl Sources for Fake {
    async fn measure(
        &self,
        _: &str,
        _: BTreeMap<String, String>,
        _: jiff::Timestamp,
    ) -> BTreeMap<String, Measure> {
        BTreeMap::new()
    }
}

#[async_trait::async_trait]
impl Doorman for Fake {
    async fn who(&self, _: &str) -> Result<Caller, Refused> {
        Ok(Caller { namespace: Some("shop".into()), ..Caller::default() })
    }

    // Few decisions: each is a file.
    async fn may(&self, _: &Caller, _: Act, service: &Service) -> Result<bool, String> {
        Ok(service.name() == "checkout")
    }
}

struct Bench {
    runtime: tokio::runtime::Runtime,
    app: Router,
    _dir: tempfile::TempDir,
}

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file://{}", dir.path().display());
    let shelf = Arc::new(Shelf::new(Store::open(&url, &FileAccess::Caller).unwrap()));
    let settings = Settings { fresh: Duration::from_secs(3600) };
    let desk = Arc::new(Desk::new(Arc::new(Fake), Arc::new(Fake), shelf, settings));
    let evidence = Evidence::new(desk, Arc::new(Fake), Vec::new(), (0, 0), false);
    let guard = Guard::new(ServerMetrics::default(), 0, 0, Vec::new());
    Bench { runtime, app: evidence_router(&evidence, guard), _dir: dir }
});

fuzz_target!(|data: &[u8]| {
    let bench = &*BENCH;
    bench.runtime.block_on(async {
        let request = Request::post("/graphql")
            .header("authorization", "Bearer t")
            .header("content-type", "application/json")
            .body(Body::from(data.to_vec()))
            .unwrap();
        let response = bench.app.clone().oneshot(request).await.unwrap();
        let (status, kind) = (response.status(), response.headers()["content-type"].clone());
        let body = to_bytes(response.into_body(), 1 << 24).await.unwrap();
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        if status.is_success() {
            assert_eq!(kind, "application/json");
            assert!(value["data"].is_object() && value.get("errors").is_none());
        }
    });
});
