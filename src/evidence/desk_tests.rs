//! The desk with a world of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use jiff::Timestamp;
use object_store::memory::InMemory;
use object_store::throttle::{ThrottleConfig, ThrottledStore};

use super::decide_tests::good;
use super::desk::{Desk, Judge, Settings, World};
use super::facts::{DatasetState, Measure, ProfileFact};
use super::names::{ReleaseId, Service};
use super::profile::PackName;
use super::prometheus::Sources;
use super::record::Record;
use super::shelf::{Put, Shelf};
use crate::domain::DatasetRef;
use crate::objects::{FileAccess, Store};

struct Small;

#[async_trait]
impl World for Small {
    fn profile(&self, service: &Service) -> ProfileFact {
        match service.name() {
            "checkout" => good().profile,
            _ => ProfileFact::Missing,
        }
    }

    async fn datasets(&self, _: &str, _: &[DatasetRef]) -> BTreeMap<String, DatasetState> {
        good().datasets
    }

    async fn pack(&self, _: &str, _: &PackName) -> Result<Judge, String> {
        Err("none".to_owned())
    }
}

#[derive(Default)]
struct Figures(AtomicUsize);

#[async_trait]
impl Sources for Figures {
    async fn measure(
        &self,
        _: &str,
        queries: BTreeMap<String, String>,
        at: Timestamp,
    ) -> BTreeMap<String, Measure> {
        tokio::task::yield_now().await;
        self.0.fetch_add(1, Ordering::Relaxed);
        let mut measures = good().measures;
        measures.insert("newest".into(), Measure::Number(at.as_duration().as_secs_f64()));
        assert!(queries.keys().eq(measures.keys()));
        measures
    }
}

fn desk(store: Store) -> (Desk, Arc<Figures>) {
    let figures = Arc::new(Figures::default());
    let settings = Settings { fresh: Duration::from_secs(3600) };
    let shelf = Arc::new(Shelf::new(store));
    (Desk::new(Arc::new(Small), Arc::clone(&figures) as _, shelf, settings), figures)
}

fn store(dir: &std::path::Path) -> Store {
    Store::open(&format!("file://{}", dir.display()), &FileAccess::Caller).unwrap()
}

fn about(service: &str) -> (Service, ReleaseId) {
    (Service::new("shop", service).unwrap(), "v7".parse().unwrap())
}

#[tokio::test]
async fn a_thousand_questions_are_one_decision_and_it_is_on_record() {
    let dir = tempfile::tempdir().unwrap();
    let (desk, figures) = desk(store(dir.path()));
    let (service, release) = about("checkout");
    let answers = join_all((0..1000).map(|_| desk.ask(&service, &release))).await;
    assert_eq!(figures.0.load(Ordering::Relaxed), 1);
    let (id, decision) = &*answers[0];
    assert!(decision.ok, "{:?}", decision.reasons);
    assert!(answers.iter().all(|answer| answer.0 == *id));
    let bytes = desk.shelf().decision(*id).await.unwrap().unwrap();
    let replayed = Record::parse(&bytes).unwrap().replay(*id, &bytes, None).unwrap();
    assert_eq!(replayed.mismatches, Vec::<String>::new());

    let other = desk.ask(&service, &"v8".parse().unwrap()).await;
    assert_ne!(other.0, *id, "another release is another question");
    let (unknown, release) = about("unknown");
    let missing = desk.ask(&unknown, &release).await;
    assert_eq!(missing.1.reasons[0].code.as_str(), "ProfileMissing");
    assert_eq!(figures.0.load(Ordering::Relaxed), 2, "and nothing was measured for it");
}

#[tokio::test]
async fn what_cannot_be_put_on_record_is_not_ok() {
    let dir = tempfile::tempdir().unwrap();
    let blocked = dir.path().join("blocked");
    std::fs::create_dir(&blocked).unwrap();
    std::fs::write(blocked.join("_decisions"), "a file where a folder should be").unwrap();
    let (desk, _) = desk(store(&blocked));
    let (service, release) = about("checkout");
    let answer = desk.ask(&service, &release).await;
    assert!(!answer.1.ok);
    let codes: Vec<_> = answer.1.reasons.iter().map(|r| r.code.as_str().to_owned()).collect();
    assert_eq!(codes, ["DecisionNotRecorded"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_not_waited_for() {
    let hour = Duration::from_secs(3600);
    let config = ThrottleConfig {
        wait_get_per_call: hour,
        wait_put_per_call: hour,
        ..ThrottleConfig::default()
    };
    let stuck = Arc::new(ThrottledStore::new(InMemory::new(), config));
    let (desk, _) = desk(Store::in_memory("s3://bucket/evidence", &stuck));
    let (service, release) = about("checkout");
    let began = tokio::time::Instant::now();
    let answer = desk.ask(&service, &release).await;
    let codes: Vec<_> = answer.1.reasons.iter().map(|r| r.code.as_str()).collect();
    assert_eq!(codes, ["BundleUnreadable", "DecisionNotRecorded"]);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_bundle_is_written_once() {
    let dir = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(store(dir.path()));
    let (service, release) = about("checkout");
    let (first, other) = (b"{\"a\":1}".as_slice(), b"{\"a\":2}".as_slice());
    assert!(matches!(shelf.put(&service, &release, first).await.unwrap(), Put::New(_)));
    assert!(matches!(shelf.put(&service, &release, first).await.unwrap(), Put::Same(_)));
    assert!(matches!(shelf.put(&service, &release, other).await.unwrap(), Put::Other(_)));
    let other_release = "v8".parse().unwrap();
    assert!(matches!(shelf.put(&service, &other_release, other).await.unwrap(), Put::New(_)));
}
