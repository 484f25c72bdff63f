//! Decisions about releases under load: 2,000 analyses at once ask over HTTP, a stub on loopback
//! answers as Prometheus. `cargo bench --bench evidence [SECONDS]`. Prints decisions a second and
//! latencies, cached (one release) and not (each analysis its own release, each decision measured,
//! judged and stored in a directory).
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::Router;
use axum::routing::post;
use lazaret::domain::DatasetRef;
use lazaret::evidence::{
    Act, Caller, DatasetState, Desk, Doorman, Judge, PackName, ProfileFact, Prometheus, Refused,
    Service, Settings, Shelf, World,
};
use lazaret::objects::{FileAccess, Store};
use lazaret::server::{Evidence, Guard, ServerMetrics, evidence_router};

const ANALYSES: usize = 2000;

struct Open;

#[async_trait]
impl World for Open {
    fn profile(&self, _: &Service) -> ProfileFact {
        ProfileFact::Found(include_str!("../examples/argo/profile.yaml").to_owned())
    }

    async fn datasets(&self, _: &str, datasets: &[DatasetRef]) -> BTreeMap<String, DatasetState> {
        datasets.iter().map(|dataset| (dataset.prefix(), DatasetState::Published)).collect()
    }

    async fn pack(&self, _: &str, _: &PackName) -> Result<Judge, String> {
        Err("none".to_owned())
    }
}

#[async_trait]
impl Doorman for Open {
    async fn who(&self, _: &str) -> Result<Caller, Refused> {
        Ok(Caller { namespace: Some("shop".into()), ..Caller::default() })
    }

    async fn may(&self, _: &Caller, _: Act, _: &Service) -> Result<bool, String> {
        Ok(true)
    }
}

async fn listen(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn run(name: &str, fresh: Duration, own_release: bool, seconds: u64) {
    let answer = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"0.01"]}}"#;
    let stub = Router::new().route("/api/v1/query", post(async move || answer));
    let url = listen(stub).await;
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("file://{}", dir.path().display()), &FileAccess::Caller);
    let shelf = Arc::new(Shelf::new(store.unwrap()));
    let patience = Duration::from_secs(60);
    let sources = Arc::new(Prometheus::new(&url, None, None, patience).unwrap());
    let desk = Arc::new(Desk::new(Arc::new(Open), sources, shelf, Settings { fresh }));
    let evidence = Evidence::new(desk, Arc::new(Open), Vec::new(), (0, 0), false);
    let guard = Guard::new(ServerMetrics::default(), 0, 0, Vec::new());
    let base = listen(evidence_router(&evidence, guard)).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    let analyses: Vec<_> = (0..ANALYSES)
        .map(|n| {
            let release = if own_release { n } else { 0 };
            let (client, url) = (client.clone(), format!("{base}/v1/evidence/checkout/r{release}"));
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                while Instant::now() < until {
                    let asked = Instant::now();
                    let told = client.get(&url).bearer_auth("t").send().await.unwrap();
                    assert_eq!(told.status(), 200);
                    told.bytes().await.unwrap();
                    latencies.push(asked.elapsed());
                }
                latencies
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for analysis in analyses {
        latencies.extend(analysis.await.unwrap());
    }
    let taken = begun.elapsed();
    latencies.sort();
    let at = |share: usize| latencies[(latencies.len() - 1) * share / 100];
    #[expect(clippy::cast_precision_loss)]
    let rate = latencies.len() as f64 / taken.as_secs_f64();
    println!(
        "{name}: {rate:.0} decisions/s at {ANALYSES} analyses, p50 {:.0?}, p99 {:.0?}",
        at(50),
        at(99)
    );
}

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let seconds = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(10);
    run("cached", Duration::from_secs(5), false, seconds).await;
    run("not cached", Duration::ZERO, true, seconds).await;
}
