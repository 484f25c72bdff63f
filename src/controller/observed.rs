//! Reconciliations as logs and metrics see them, and what becomes of those that fail.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use kube::ResourceExt as _;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher;
use tracing::Instrument as _;

use super::context::kind;
use super::error::Error;
use super::metrics::{Kind, KindOutcome};
use super::wiring::Watched;
use super::{Context, backoff};

/// Runs the controller's stream to its end. Watch errors are the sign that the API server is out
/// of reach: said aloud, counted, and retried by the watch itself.
pub(super) async fn drain<K: Watched>(
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
pub(super) fn observed<K, F>(
    reconcile: fn(Arc<K>, Arc<Context>) -> F,
) -> impl FnMut(Arc<K>, Arc<Context>) -> BoxFuture<'static, Result<Action, Error>>
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

/// How long a reconciliation that failed waits for its next try.
#[expect(clippy::needless_pass_by_value, reason = "the runtime hands them over")]
pub(super) fn on_error<K: Watched>(object: Arc<K>, _: &Error, ctx: Arc<Context>) -> Action {
    let wait = backoff::after(ctx.failed(&*object), rand::random());
    Action::requeue(wait.max(Duration::from_millis(100)))
}
