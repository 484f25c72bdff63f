//! Three controllers on one client: which watch wakes which.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::{FutureExt as _, TryStreamExt as _};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::Api;
use kube::core::PartialObjectMeta;
use kube::runtime::controller::{Config as ControllerConfig, Controller};
use kube::runtime::reflector::{self, ObjectRef};
use kube::runtime::{PredicateConfig, WatchStreamExt as _, watcher};
use kube::{Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;

use super::observed::{drain, observed, on_error};
use super::{Context, backoff, pack, promotion, quarantine, triggers, watching};
use crate::api::{DatasetPromotion, PolicyPack, Quarantine};

/// Packs looked at at once: each may cost a fetch, a compilation and a comparison.
const PACKS_AT_ONCE: u16 = 4;

/// Whether the controller has what it needs to work.
#[derive(Clone, Default)]
pub struct Health(Arc<AtomicBool>);

impl Health {
    /// Whether the API server answers and the watches have their first lists.
    pub fn ready(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs the controller until `shutdown` resolves; reconciliations under way are finished.
pub async fn run(
    ctx: Arc<Context>,
    health: Health,
    shutdown: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let shutdown = shutdown.shared();
    tokio::select! {
        () = await_api_server(&ctx.client) => {}
        () = shutdown.clone() => return,
    }
    let (packs, promotions, quarantines) =
        (reflector::store(), reflector::store(), reflector::store());
    let (promoted, held) = (promotions.0.clone(), quarantines.0.clone());
    let loaded = Arc::clone(&ctx.packs);
    ctx.metrics.census.begin(packs.0.clone(), loaded, promoted.clone(), held.clone());
    let listed = async {
        ctx.packs_listed().await;
        if promoted.wait_until_ready().await.is_ok() && held.wait_until_ready().await.is_ok() {
            health.0.store(true, Ordering::Relaxed);
        }
    };
    let announced = async {
        tokio::select! {
            () = listed => {}
            () = shutdown.clone() => {}
        }
    };
    let packs = pack_controller(&ctx, packs, shutdown.clone());
    let promotions = promotion_controller(&ctx, promotions, shutdown.clone());
    let quarantines = quarantine_controller(&ctx, quarantines, shutdown.clone());
    futures::join!(announced, packs, promotions, quarantines);
    health.0.store(false, Ordering::Relaxed);
}

/// A reflector's two ends.
type Objects<K> = (reflector::Store<K>, reflector::store::Writer<K>);

/// Says what is wrong for as long as the API server does not answer.
async fn await_api_server(client: &Client) {
    for failures in 1.. {
        match client.apiserver_version().await {
            Ok(version) => {
                tracing::info!(version = version.git_version, "API server answers");
                return;
            }
            Err(error) => {
                let wait = backoff::after(failures, rand::random());
                tracing::error!(%error, ?wait, "cannot reach the API server; trying again");
                tokio::time::sleep(wait).await;
            }
        }
    }
}

async fn pack_controller(
    ctx: &Arc<Context>,
    (reader, writer): Objects<PolicyPack>,
    shutdown: impl Shutdown,
) {
    let listed = reader.clone();
    let stream = packs(Arc::clone(ctx), reader.clone(), writer);
    // Only names and versions: what a key or a trust root says is read when it is needed.
    let secrets = concerned(ctx, &reader, |pack, name| pack.spec.secrets().any(|n| n == name));
    let maps = concerned(ctx, &reader, |pack, name| pack.spec.config_maps().any(|n| n == name));
    let running = Controller::for_stream(stream, reader)
        .watches_stream(references::<Secret>(ctx), secrets)
        .watches_stream(references::<ConfigMap>(ctx), maps)
        .with_config(ControllerConfig::default().concurrency(PACKS_AT_ONCE))
        .trigger_backoff(watching::Breath)
        .graceful_shutdown_on(shutdown.clone())
        .run(observed(pack::reconcile), on_error, Arc::clone(ctx));
    watching::to_its_end(drain(ctx, running), listed, shutdown).await;
}

/// The packs that a change of something they refer to concerns. Whether they are still trusted is
/// looked at here and now, since a look at the source may be under way and take its time.
fn concerned<K: Watched>(
    ctx: &Arc<Context>,
    packs: &reflector::Store<PolicyPack>,
    refers: fn(&PolicyPack, &str) -> bool,
) -> impl Fn(PartialObjectMeta<K>) -> Vec<ObjectRef<PolicyPack>> + Send + Sync + 'static {
    let (ctx, packs) = (Arc::clone(ctx), packs.clone());
    move |changed| {
        let concerned = |pack: &PolicyPack| {
            pack.namespace() == changed.namespace() && refers(pack, &changed.name_any())
        };
        let found: Vec<_> = packs.state().into_iter().filter(|pack| concerned(pack)).collect();
        for pack in &found {
            tokio::spawn(pack::recheck(Arc::clone(pack), Arc::clone(&ctx)));
        }
        found.iter().map(|pack| ObjectRef::from_obj(&**pack)).collect()
    }
}

async fn promotion_controller(
    ctx: &Arc<Context>,
    (reader, writer): Objects<DatasetPromotion>,
    shutdown: impl Shutdown,
) {
    let stream = changes(scoped::<DatasetPromotion>(ctx), writer, triggers::asked);
    let (by_pack, by_quarantine, listed) = (reader.clone(), reader.clone(), reader.clone());
    // A controller of one namespace sees that one's packs only: it has no right to the others'.
    let packs = changes(scoped::<PolicyPack>(ctx), reflector::store().1, triggers::pack_changed);
    let quarantines =
        changes(scoped::<Quarantine>(ctx), reflector::store().1, triggers::quarantine_changed);
    // Only how far they are; the rest is read when it is needed.
    let jobs = watcher(
        scoped::<PartialObjectMeta<Job>>(ctx),
        watcher::Config::default().labels(promotion::job::LABEL),
    )
    .backoff(watching::WatchBackoff::default())
    .touched_objects()
    .predicate_filter(triggers::version, PredicateConfig::default());
    let running = Controller::for_stream(stream, reader)
        .watches_stream(packs, move |pack| {
            select(&by_pack, |promotion| promotion::uses(promotion, &pack))
        })
        .watches_stream(jobs, |job| promotion::job::owner(&job))
        .watches_stream(quarantines, move |quarantine| {
            select(&by_quarantine, |promotion| promotion::is_held_by(promotion, &quarantine))
        })
        .with_config(ControllerConfig::default().concurrency(ctx.settings.concurrency))
        .trigger_backoff(watching::Breath)
        .graceful_shutdown_on(shutdown.clone())
        .run(observed(promotion::reconcile), on_error, Arc::clone(ctx));
    watching::to_its_end(drain(ctx, running), listed, shutdown).await;
}

async fn quarantine_controller(
    ctx: &Arc<Context>,
    (reader, writer): Objects<Quarantine>,
    shutdown: impl Shutdown,
) {
    let stream = changes(scoped::<Quarantine>(ctx), writer, triggers::asked);
    let (by_promotion, listed) = (reader.clone(), reader.clone());
    let promotions =
        changes(scoped::<DatasetPromotion>(ctx), reflector::store().1, triggers::promotion_changed);
    let running = Controller::for_stream(stream, reader)
        .watches_stream(promotions, move |promotion| {
            select(&by_promotion, |quarantine| promotion::is_held_by(&promotion, quarantine))
        })
        .trigger_backoff(watching::Breath)
        .graceful_shutdown_on(shutdown.clone())
        .run(observed(quarantine::reconcile), on_error, Arc::clone(ctx));
    watching::to_its_end(drain(ctx, running), listed, shutdown).await;
}

/// Something that resolves when the program is to end.
trait Shutdown: Future<Output = ()> + Clone + Send + Sync + 'static {}
impl<T: Future<Output = ()> + Clone + Send + Sync + 'static> Shutdown for T {}

/// What a resource of ours can do; the bounds that the runtime asks for, said once.
pub(super) trait Watched:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
}
impl<T> Watched for T where
    T: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static
{
}

pub(super) fn scoped<K: Watched>(ctx: &Context) -> Api<K> {
    match &ctx.settings.namespace {
        Some(namespace) => Api::namespaced(ctx.client.clone(), namespace),
        None => Api::all(ctx.client.clone()),
    }
}

/// The objects of a watch whose change is news by `news`. A watch that fails is retried with
/// back-off, and says so.
fn changes<K: Watched>(
    api: Api<K>,
    writer: reflector::store::Writer<K>,
    news: fn(&K) -> Option<u64>,
) -> impl futures::Stream<Item = Result<K, watcher::Error>> + Send + 'static {
    watcher(api, watcher::Config::default())
        .backoff(watching::WatchBackoff::default())
        .reflect(writer)
        .applied_objects()
        .predicate_filter(news, PredicateConfig::default())
}

/// The packs whose change is news. What was deleted judges no more, not even in memory.
fn packs(
    ctx: Arc<Context>,
    reader: reflector::Store<PolicyPack>,
    writer: reflector::store::Writer<PolicyPack>,
) -> impl futures::Stream<Item = Result<PolicyPack, watcher::Error>> + Send + 'static {
    watcher(scoped::<PolicyPack>(&ctx), watcher::Config::default())
        .backoff(watching::WatchBackoff::default())
        .reflect(writer)
        .inspect_ok(move |event| match event {
            watcher::Event::Delete(gone) => pack::deleted(&ctx, gone),
            // Deletions during a pause of the watch come as absences.
            watcher::Event::InitDone => {
                pack::keep_only(&ctx, &reader.state());
                pack::reserve(&ctx, &reader.state());
                ctx.packs_are_listed();
            }
            // Its spec may trust fewer than before.
            watcher::Event::Apply(changed) => {
                tokio::spawn(pack::recheck(Arc::new(changed.clone()), Arc::clone(&ctx)));
            }
            watcher::Event::Init | watcher::Event::InitApply(_) => {}
        })
        .applied_objects()
        .predicate_filter(triggers::asked, PredicateConfig::default())
}

/// Changes of the Secrets or ConfigMaps of the namespaces that are looked after; their contents
/// stay on the server.
fn references<K: Watched>(
    ctx: &Context,
) -> impl futures::Stream<Item = Result<PartialObjectMeta<K>, watcher::Error>> + Send + 'static {
    watcher(scoped::<PartialObjectMeta<K>>(ctx), watcher::Config::default())
        .backoff(watching::WatchBackoff::default())
        .touched_objects()
        .predicate_filter(triggers::version, PredicateConfig::default())
}

fn select<K: Watched>(
    store: &reflector::Store<K>,
    wanted: impl Fn(&K) -> bool,
) -> Vec<ObjectRef<K>> {
    store.state().iter().filter(|k| wanted(k)).map(|k| ObjectRef::from_obj(&**k)).collect()
}
