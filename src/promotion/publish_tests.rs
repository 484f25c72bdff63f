//! A publication that is killed at each step, or meets another one, in a directory and in a
//! bucket: readers see the old or the new, whole, and a retry finishes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::future::join_all;
use jiff::Timestamp;
use object_store::memory::InMemory;
use tokio::sync::Notify;

use super::documents::{Manifest, Places, Pointer};
use super::publish::read;
use super::*;
use crate::dataset::testing::{Workspace, workspace};
use crate::dataset::{Digests, Limits, Recall, StoreReader, gather_knowing};
use crate::domain::Digest;
use crate::gates::judge;
use crate::ledger::Ledger;
use crate::objects::{FileAccess, Store, StoreError};
use crate::policy::{PackIdentity, Verdict};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// A place to publish from and to, and a plan.
struct Scene {
    source: Store,
    approved: ApprovedPlan,
}

/// Where the scenes of one test play.
struct Ground {
    dir: tempfile::TempDir,
    memory: Option<Arc<InMemory>>,
}

impl Ground {
    fn all() -> [Self; 2] {
        let ground = |memory| Self { dir: tempfile::tempdir().unwrap(), memory };
        [ground(None), ground(Some(Arc::new(InMemory::new())))]
    }

    fn open(&self, name: &str) -> Store {
        match &self.memory {
            Some(memory) => Store::in_memory(&format!("s3://bucket/{name}"), memory),
            None => {
                let url = format!("file://{}/{name}", self.dir.path().display());
                Store::open(&url, &FileAccess::Caller).unwrap()
            }
        }
    }

    async fn scene(&self, name: &str, pack: &[u8], change: impl FnOnce(&mut Workspace)) -> Scene {
        let mut workspace = workspace();
        change(&mut workspace);
        let source = self.open(name);
        for (path, bytes) in workspace.files() {
            source.create(path, bytes.clone()).await.unwrap();
        }
        let facts = workspace.facts();
        let pack = PackIdentity { name: "pack".into(), digest: Digest::of(pack) };
        let verdict = Verdict {
            pack,
            tests_passed: 1,
            denials: BTreeMap::new(),
            data: Arc::default(),
            obligations: BTreeSet::new(),
        };
        let report = judge(&facts, &verdict, &[], "2026-11-21T00:00:00Z".parse().unwrap());
        assert!(report.passed(), "{report:#?}");
        let plan = Plan::new(&facts, &verdict, &report).unwrap();
        Scene { source, approved: approve(plan, &[]).unwrap() }
    }

    /// The plan; the same version with other bytes at one path; the same bytes under another pack.
    async fn scenes(&self) -> [Scene; 3] {
        let other = |ws: &mut Workspace| {
            let mut bytes = ws.files().find(|(path, _)| *path == "dataset.json").unwrap().1.clone();
            bytes.push(b' ');
            ws.put("dataset.json", bytes);
        };
        [
            self.scene("one", b"pack", |_| {}).await,
            self.scene("other", b"pack", other).await,
            self.scene("again", b"newer pack", |_| {}).await,
        ]
    }
}

impl Scene {
    async fn publish(
        &self,
        to: &Store,
        observer: &dyn Observer,
    ) -> Result<Published, PublishError> {
        let ledger = Ledger::new(to.clone());
        let publisher = Publisher {
            principal: "svc:test".into(),
            role: "publisher".into(),
            container_digest: Digest::of(b"image"),
            git_commit: "0".repeat(40),
            attestor: None,
            decisions: None,
        };
        publish(&self.approved, &self.source, to, &ledger, &publisher, NOW, observer).await
    }
}

/// Never comes back from one step.
struct Dies {
    at: Step,
    dead: Notify,
}

#[async_trait]
impl Observer for Dies {
    async fn reached(&self, step: Step) {
        if step == self.at {
            self.dead.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

async fn die(scene: &Scene, to: &Store, at: Step) {
    let observer = Dies { at, dead: Notify::new() };
    tokio::select! {
        outcome = scene.publish(to, &observer) => panic!("{at:?} was not reached: {outcome:?}"),
        () = observer.dead.notified() => {}
    }
}

/// Whatever has a manifest has every byte that it names; the plan that it is of.
async fn whole(to: &Store, scene: &Scene) -> Option<Digest> {
    let places = Places::of(scene.approved.plan().dataset());
    let (manifest, digest) = read::<Manifest>(to, &places.manifest()).await.unwrap()?;
    for file in manifest.files() {
        let found = to.digest(&places.file(&file.path)).await.unwrap();
        assert_eq!(found, Some(file.digest), "{}", file.path);
    }
    if let Some((pointer, _)) = read::<Pointer>(to, &places.pointer()).await.unwrap() {
        assert_eq!(pointer.manifest_digest, digest);
    }
    Some(manifest.plan_digest)
}

#[tokio::test]
async fn killed_at_any_step_a_retry_finishes_and_readers_see_all_or_nothing() {
    for ground in Ground::all() {
        let [one, ..] = ground.scenes().await;
        for step in Step::ALL {
            let to = ground.open(&format!("out-{step:?}"));
            die(&one, &to, step).await;
            let places = Places::of(one.approved.plan().dataset());
            let pointer = to.digest(&places.pointer()).await.unwrap();
            assert_eq!(pointer.is_some(), step == Step::Pointer, "{step:?}");
            assert_eq!(whole(&to, &one).await.is_some(), step >= Step::Manifest, "{step:?}");
            one.publish(&to, &Unobserved).await.unwrap();
            assert_eq!(whole(&to, &one).await, Some(one.approved.plan().digest()), "{step:?}");
            let again = one.publish(&to, &Unobserved).await.unwrap();
            assert_eq!(again.bytes_written, 0);
            assert_eq!(Ledger::new(to).verify().await.unwrap().len(), 1, "{step:?}");
        }
    }
}

#[tokio::test]
async fn what_a_dead_publisher_left_is_taken_over_until_it_is_sealed() {
    for ground in Ground::all() {
        let [one, other, again] = ground.scenes().await;
        for step in Step::ALL {
            // Other bytes under the same version.
            let to = ground.open(&format!("other-{step:?}"));
            die(&one, &to, step).await;
            let outcome = other.publish(&to, &Unobserved).await;
            let bucket = ground.memory.is_some();
            match (&outcome, step) {
                (Err(PublishError::AlreadyPublished { plan, .. }), step)
                    if step >= Step::Sealed =>
                {
                    assert_eq!(*plan, one.approved.plan().digest());
                    assert_eq!(whole(&to, &one).await, Some(*plan), "{step:?}");
                }
                // Bytes that nobody was led to, but that a slow hand might still count on.
                (Err(PublishError::Store(StoreError::Occupied { path })), Step::Objects)
                    if bucket =>
                {
                    assert!(path.ends_with("/dataset.json"), "{path}");
                    assert_eq!(whole(&to, &one).await, None);
                }
                (Ok(_), step) if step < Step::Sealed => {
                    let plan = other.approved.plan().digest();
                    assert_eq!(whole(&to, &other).await, Some(plan), "{step:?}");
                }
                _ => panic!("{step:?}, bucket: {bucket}: {outcome:?}"),
            }
            // The same bytes, judged anew: always published, and never twice in the ledger.
            let to = ground.open(&format!("again-{step:?}"));
            die(&one, &to, step).await;
            again.publish(&to, &Unobserved).await.unwrap();
            let first = whole(&to, &again).await.unwrap();
            let expected = if step >= Step::Sealed { &one } else { &again };
            assert_eq!(first, expected.approved.plan().digest(), "{step:?}");
        }
    }
}

/// Lets others go first at some steps.
struct Dawdles(Mutex<u32>);

#[async_trait]
impl Observer for Dawdles {
    async fn reached(&self, step: Step) {
        let pause = {
            let mut seed = self.0.lock().unwrap();
            *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223 + step as u32);
            (*seed >> 24) % 64
        };
        for _ in 0..pause {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn of_racing_plans_one_is_published_whole_and_no_mixture() {
    for ground in Ground::all() {
        let scenes = ground.scenes().await;
        let mut winners = BTreeMap::<Digest, u32>::new();
        for round in 0..40_u32 {
            let to = ground.open(&format!("race-{round}"));
            // Each is first in turn: a directory's calls take too long for yields to matter.
            let order = (0..3).map(|n| &scenes[(n + round as usize) % 3]);
            let races = order.zip(0..).map(|(scene, n)| {
                let observer = Dawdles(Mutex::new(round * 7 + n));
                let to = to.clone();
                async move {
                    observer.reached(Step::Claimed).await;
                    scene.publish(&to, &observer).await
                }
            });
            for outcome in join_all(races).await {
                match outcome {
                    Ok(_)
                    | Err(
                        PublishError::Contended(_)
                        | PublishError::AlreadyPublished { .. }
                        | PublishError::Store(
                            StoreError::Occupied { .. } | StoreError::Fenced { .. },
                        ),
                    ) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            if let Some(plan) = whole(&to, &scenes[0]).await {
                *winners.entry(plan).or_default() += 1;
            }
            Ledger::new(to).verify().await.unwrap();
        }
        assert!(winners.len() > 1, "a race that always ends the same is none: {winners:?}");
    }
}

#[tokio::test]
async fn bytes_that_a_store_calls_unchanged_and_are_not_are_never_published() {
    for ground in Ground::all() {
        let one = ground.scene("one", b"pack", |_| {}).await;
        let path = "processed/stations.csv";
        // A store that lies: whatever is written, an object looks as it did.
        let mut listed = one.source.list(99).await.unwrap();
        listed.iter_mut().for_each(|entry| entry.stamp = Some("the same".to_owned()));
        let digests = Digests::default();
        let look = async |believe| {
            let reader = StoreReader::new(one.source.clone(), 99).listed(listed.clone());
            let recall = Recall { digests: &digests, believe };
            let (requested, limits) = (workspace().facts().requested, Limits::default());
            let facts = gather_knowing(&reader, recall, requested, None, &limits, &|_| {}).await;
            facts.unwrap().objects[path].digest
        };
        let before = look(true).await;
        let mut bytes = one.source.get(path, 1 << 20).await.unwrap().unwrap().to_vec();
        bytes[0] ^= 1;
        one.source.replace(path, Some(before), bytes).await.unwrap();
        assert_eq!(look(true).await, before, "it is believed");
        let to = ground.open("out");
        let outcome = one.publish(&to, &Unobserved).await;
        let caught =
            matches!(&outcome, Err(PublishError::SourceChanged { path: p, .. }) if p == path);
        assert!(caught, "{outcome:?}");
        assert_eq!(whole(&to, &one).await, None);
        assert_ne!(look(false).await, before, "it is read again");
        assert_ne!(look(true).await, before, "and remembered rightly");
    }
}
