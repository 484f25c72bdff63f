//! Three controllers on one client: which watch wakes which.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::Api;
use kube::core::PartialObjectMeta;
use kube::runtime::controller::{Action, Config as ControllerConfig, Controller};
use kube::runtime::reflector::{self, ObjectRef};
use kube::runtime::{PredicateConfig, WatchStreamExt as _, watcher};
use kube::{Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use tracing::Instrument as _;

use super::context::kind;
use super::error::Error;
use super::metrics::{Kind, KindOutcome};
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
    let packs = pack_controller(&ctx, shutdown.clone());
    let promotions = promotion_controller(&ctx, &health, shutdown.clone());
    let quarantines = quarantine_controller(&ctx, shutdown);
    futures::join!(packs, promotions, quarantines);
    health.0.store(false, Ordering::Relaxed);
}

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

async fn pack_controller(ctx: &Arc<Context>, shutdown: impl Shutdown) {
    let (reader, writer) = reflector::store();
    ctx.metrics.census.of_packs(reader.clone(), Arc::clone(&ctx.packs));
    let stream = packs(Arc::clone(ctx), reader.clone(), writer);
    // Only names and versions: what a key or a trust root says is read when it is needed.
    let secrets = concerned(ctx, &reader, |pack, name| pack.spec.secrets().any(|n| n == name));
    let maps = concerned(ctx, &reader, |pack, name| pack.spec.config_maps().any(|n| n == name));
    let running = Controller::for_stream(stream, reader)
        .watches_stream(references::<Secret>(ctx), secrets)
        .watches_stream(references::<ConfigMap>(ctx), maps)
        .with_config(ControllerConfig::default().concurrency(PACKS_AT_ONCE))
        .trigger_backoff(watching::Breath)
        .graceful_shutdown_on(shutdown)
        .run(observed(pack::reconcile), on_error, Arc::clone(ctx));
    drain(ctx, running).await;
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

async fn promotion_controller(ctx: &Arc<Context>, health: &Health, shutdown: impl Shutdown) {
    let (reader, writer) = reflector::store();
    ctx.metrics.census.of_promotions(reader.clone());
    let stream = changes(scoped::<DatasetPromotion>(ctx), writer, triggers::asked);
    let (by_pack, by_quarantine) = (reader.clone(), reader.clone());
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
    let (filled, health) = (reader.clone(), health.clone());
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
        .graceful_shutdown_on(shutdown)
        .run(observed(promotion::reconcile), on_error, Arc::clone(ctx));
    let announce = async move {
        ctx.packs_listed().await;
        if filled.wait_until_ready().await.is_ok() {
            health.0.store(true, Ordering::Relaxed);
        }
    };
    futures::join!(announce, drain(ctx, running));
}

async fn quarantine_controller(ctx: &Arc<Context>, shutdown: impl Shutdown) {
    let (reader, writer) = reflector::store();
    ctx.metrics.census.of_quarantines(reader.clone());
    let stream = changes(scoped::<Quarantine>(ctx), writer, triggers::asked);
    let by_promotion = reader.clone();
    let promotions =
        changes(scoped::<DatasetPromotion>(ctx), reflector::store().1, triggers::promotion_changed);
    let running = Controller::for_stream(stream, reader)
        .watches_stream(promotions, move |promotion| {
            select(&by_promotion, |quarantine| promotion::is_held_by(&promotion, quarantine))
        })
        .trigger_backoff(watching::Breath)
        .graceful_shutdown_on(shutdown)
        .run(observed(quarantine::reconcile), on_error, Arc::clone(ctx));
    drain(ctx, running).await;
}

/// Something that resolves when the program is to end.
trait Shutdown: Future<Output = ()> + Send + Sync + 'static {}
impl<T: Future<Output = ()> + Send + Sync + 'static> Shutdown for T {}

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

/// Runs the controller's stream to its end. Watch errors are the sign that the API server is out
/// of reach: said aloud, counted, and retried by the watch itself.
async fn drain<K: Watched>(
    ctx: &Context,
    running: impl futures::Stream<
        Item = Result<
            (ObjectRef<K>, Action),
            kube::runtime::controller::Error<Error, watcher::Error>,
        >,
    >,
) {
    let kind = kind::<K>();
    running
        .for_each(async |outcome| {
            use kube::runtime::controller::Error as Failed;
            match outcome {
                // A failed reconciliation was logged where it failed.
                Ok(_) | Err(Failed::ReconcilerFailed(..) | Failed::ObjectNotFound(_)) => {}
                Err(error) => {
                    ctx.metrics.watch_errors.get_or_create(&Kind { kind }).inc();
                    tracing::warn!(kind, %error, "cannot watch the API server; trying again");
                }
            }
        })
        .await;
}

/// Wraps a reconciler with the object's name in the logs, a duration and a count.
fn observed<K, F>(
    reconcile: fn(Arc<K>, Arc<Context>) -> F,
) -> impl FnMut(Arc<K>, Arc<Context>) -> futures::future::BoxFuture<'static, Result<Action, Error>>
where
    K: Watched,
    F: Future<Output = Result<Action, Error>> + Send + 'static,
{
    move |object, ctx| {
        let kind = kind::<K>();
        let span = tracing::info_span!(
            "reconcile",
            kind,
            namespace = object.namespace().unwrap_or_default(),
            name = object.name_any(),
        );
        let work = reconcile(object, Arc::clone(&ctx));
        async move {
            let start = Instant::now();
            let outcome = work.await;
            ctx.metrics
                .duration
                .get_or_create(&Kind { kind })
                .observe(start.elapsed().as_secs_f64());
            let label = outcome.as_ref().map_or_else(Error::category, |_| "ok");
            ctx.metrics.reconciliations.get_or_create(&KindOutcome { kind, outcome: label }).inc();
            if let Err(error) = &outcome {
                tracing::warn!(%error, "reconciliation failed; trying again");
            }
            outcome
        }
        .instrument(span)
        .boxed()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the runtime hands them over")]
fn on_error<K: Watched>(object: Arc<K>, _: &Error, ctx: Arc<Context>) -> Action {
    let wait = backoff::after(ctx.failed(&*object), rand::random());
    Action::requeue(wait.max(Duration::from_millis(100)))
}
