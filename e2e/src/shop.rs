//! A small service with two releases at once, its metrics, and customers.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::{any, get};

const BUCKETS: [f64; 7] = [0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5];
/// Stable and canary.
const RELEASES: [&str; 2] = ["v6", "v7"];

#[derive(Default)]
struct Histogram {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

#[derive(Default)]
struct Counted {
    /// By release, then GET and POST.
    of: Mutex<[[Histogram; 2]; 2]>,
    /// How long the canary takes, in milliseconds.
    delay: AtomicU64,
    closed: AtomicBool,
}

/// The service. It ends with the async runtime, its customers with it.
pub struct Shop {
    counted: Arc<Counted>,
    address: String,
}

impl Shop {
    /// Opens the service and lets customers in.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn open() -> Result<Self> {
        let counted = Arc::new(Counted::default());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        let routes = Router::new()
            .route("/metrics", get(metrics))
            .route("/{release}", any(serve))
            .with_state(Arc::clone(&counted));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        for release in RELEASES {
            for method in [Method::GET, Method::POST] {
                for _ in 0..3 {
                    let url = format!("http://{address}/{release}");
                    tokio::spawn(customer(Arc::clone(&counted), method.clone(), url));
                }
            }
        }
        Ok(Self { counted, address })
    }

    /// Where its metrics are.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From now on the canary takes so long.
    pub fn slow_down(&self, milliseconds: u64) {
        self.counted.delay.store(milliseconds, Ordering::Relaxed);
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.counted.closed.store(true, Ordering::Relaxed);
    }
}

async fn customer(counted: Arc<Counted>, method: Method, url: String) {
    let client = reqwest::Client::new();
    while !counted.closed.load(Ordering::Relaxed) {
        let _ = client.request(method.clone(), &url).send().await;
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

async fn serve(
    State(counted): State<Arc<Counted>>,
    Path(release): Path<String>,
    method: Method,
) -> &'static str {
    let begun = Instant::now();
    let canary = release == RELEASES[1];
    if canary {
        let delay = counted.delay.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    let taken = begun.elapsed().as_secs_f64();
    let mut all = counted.of.lock().unwrap_or_else(PoisonError::into_inner);
    let histogram = &mut all[usize::from(canary)][usize::from(method == Method::POST)];
    histogram.count += 1;
    histogram.sum += taken;
    for (bucket, most) in histogram.buckets.iter_mut().zip(BUCKETS) {
        *bucket += u64::from(taken <= most);
    }
    "thank you\n"
}

async fn metrics(State(counted): State<Arc<Counted>>) -> String {
    let all = counted.of.lock().unwrap_or_else(PoisonError::into_inner);
    let mut out = String::from("# TYPE http_request_duration_seconds histogram\n");
    let mut requests = String::from("# TYPE http_requests_total counter\n");
    let mut cost = String::from("# TYPE graphql_cost_usd_total counter\n");
    for (release, methods) in RELEASES.iter().zip(&*all) {
        let mut dollars = 0.0;
        for (method, histogram) in ["GET", "POST"].iter().zip(methods) {
            let labels =
                format!("service=\"checkout\",release_id=\"{release}\",method=\"{method}\"");
            for (most, count) in BUCKETS.iter().zip(histogram.buckets) {
                let name = "http_request_duration_seconds_bucket";
                let _ = writeln!(out, "{name}{{{labels},le=\"{most}\"}} {count}");
            }
            let (count, sum) = (histogram.count, histogram.sum);
            let name = "http_request_duration_seconds";
            let _ = writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}");
            let _ = writeln!(out, "{name}_sum{{{labels}}} {sum}\n{name}_count{{{labels}}} {count}");
            let _ = writeln!(requests, "http_requests_total{{{labels},code=\"200\"}} {count}");
            #[expect(clippy::cast_precision_loss, reason = "few requests")]
            let spent = count as f64 * 1.2e-6;
            dollars += spent;
        }
        let labels = format!("service=\"checkout\",release_id=\"{release}\"");
        let _ = writeln!(cost, "graphql_cost_usd_total{{{labels}}} {dollars}");
    }
    out + &requests + &cost
}
