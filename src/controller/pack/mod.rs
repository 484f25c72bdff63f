//! `PolicyPack`: gather, fetch, verify, compile, publish to the store, tell.

mod gather;
mod restore;
mod revise;
mod serving;
mod shadow;
mod status;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt as _;
use kube::api::Api;
use kube::core::{Selector, SelectorExt as _};
use kube::runtime::controller::Action;

use super::error::Error;
use super::{Context, apply, backoff};
use crate::api::{NamespacesFrom, PolicyPack, REQUESTED_AT};
use crate::pack::PackId;
pub(super) use revise::{Failure, Remembered};
use revise::{Revision, Stage};

/// Brings one pack up to date with its source.
pub(super) async fn reconcile(pack: Arc<PolicyPack>, ctx: Arc<Context>) -> Result<Action, Error> {
    // Who may serve under which id is settled by the first list.
    ctx.packs_listed().await;
    let key = key(&pack)?;
    ctx.packs.limit(&key, pack.spec.max_staleness.signed());
    let Some(outcome) = look(&pack, &ctx, &key).await? else {
        return Ok(Action::requeue(Duration::from_millis(100)));
    };
    let served = serving::place(&pack, &ctx, &key).await;
    let now = Timestamp::now();
    let old = pack.status.clone().unwrap_or_default();
    let loaded = ctx.packs.get(&key, now).ok();
    let requested = pack.annotations().get(REQUESTED_AT).cloned();
    let held = status::Held {
        loaded: loaded.as_deref(),
        any: ctx.packs.peek(&key).is_some(),
        signer: ctx.remembered(&key).map(|last| last.signer().clone()),
    };
    let new = status::render(&old, &pack, &outcome, &held, requested, now);
    let new = status::with_serving(new, &pack, served, now);
    let news = status::news(&old, &new);
    apply::status(&ctx, &*pack, &new).await?;
    if let Some((warning, reason, message)) = news {
        tracing::info!(reason, message, "policy pack moved");
        apply::event(&ctx, &*pack, warning, "Load", &reason, &message).await;
    }
    Ok(match outcome {
        // Nothing is asked of the source, but the status must show when the revision grows stale.
        Revision::Suspended | Revision::Loaded(_) | Revision::Waiting(_) | Revision::Unchanged => {
            ctx.succeeded(&*pack);
            Action::requeue(backoff::jittered(pack.spec.interval.std(), rand::random()))
        }
        Revision::Failed(_) => {
            let wait = backoff::after(ctx.failed(&*pack), rand::random());
            Action::requeue(wait.min(pack.spec.interval.std().max(wait / 2)))
        }
    })
}

/// First whom to trust, then what is new: a signer who was struck out judges no more, whatever
/// becomes of the source. `None` if spec or trust changed meanwhile.
async fn look(
    pack: &Arc<PolicyPack>,
    ctx: &Arc<Context>,
    key: &str,
) -> Result<Option<Revision>, Error> {
    let trusted = match gather::trusted(pack, ctx).await? {
        Ok(trusted) => trusted,
        Err(failure) => {
            // Nobody is trusted until the spec can be read again: not what was loaded either.
            ctx.unload(key);
            return Ok(Some(Revision::Failed(failure)));
        }
    };
    let trusted = Arc::new(trusted);
    if !restore::restore(pack, ctx, key, &trusted).await? {
        return Ok(None);
    }
    revise::uphold(pack, ctx, &trusted).await?;
    // Struck out just now, or by a recheck that came first.
    let struck_out = ctx.take_struck_out(key);
    let outcome = match pack.spec.suspend {
        true => Some(Revision::Suspended),
        false => match gather::settings(pack, ctx).await? {
            Ok(settings) => revise::revise(pack, ctx, &trusted, &settings).await?,
            Err(failure) => Some(Revision::Failed(failure)),
        },
    };
    // What was taken away outranks that nothing else could be had.
    Ok(outcome.map(|outcome| match (outcome, struck_out) {
        (Revision::Suspended, Some(failure)) => Revision::Failed(failure),
        (Revision::Failed(later), Some(failure)) if later.stage < Stage::Verify => {
            Revision::Failed(failure)
        }
        (outcome, _) => outcome,
    }))
}

/// Looks at once whether what is loaded is still trusted: a reconciliation of the same pack may be
/// held up by its source.
pub(super) async fn recheck(pack: Arc<PolicyPack>, ctx: Arc<Context>) {
    let Ok(key) = key(&pack) else { return };
    if ctx.remembered(&key).is_none() {
        return;
    }
    let outcome = match gather::trusted(&pack, &ctx).await {
        Ok(Ok(trusted)) => revise::uphold(&pack, &ctx, &Arc::new(trusted)).await,
        Ok(Err(_)) => {
            ctx.unload(&key);
            Ok(())
        }
        Err(error) => Err(error),
    };
    if let Err(error) = outcome {
        tracing::warn!(%error, pack = key, "cannot tell whether the pack is still trusted");
        return;
    }
    if ctx.remembered(&key).is_none() {
        drop(serving::place(&pack, &ctx, &key).await);
    }
}

/// Reserves the ids of all packs that are to be served, before any of them is looked at: who had an
/// id keeps it, and else the older pack has it.
pub(super) fn reserve(ctx: &Context, packs: &[Arc<PolicyPack>]) {
    let mut asking: Vec<_> = packs
        .iter()
        .filter_map(|pack| {
            let serve = pack.spec.serve.as_ref().filter(|serve| serve.enabled)?;
            Some((pack, serve.id.parse::<PackId>().ok()?))
        })
        .collect();
    asking.sort_by_key(|(pack, id)| {
        let had = pack.status.as_ref().and_then(|status| status.served_at.clone());
        let created = pack.metadata.creation_timestamp.as_ref().map(|time| time.0);
        (had != Some(id.path()), created, pack.namespace(), pack.name_any())
    });
    for (pack, id) in asking {
        if let Ok(key) = key(pack) {
            // Whoever comes second is told so when it is looked at.
            drop(ctx.shelf.announce(&key, &id));
        }
    }
}

/// The name of a pack in the store: with its uid, so that a pack that was deleted does not live on
/// under one that was made anew with the same name.
pub(super) fn key(pack: &PolicyPack) -> Result<String, Error> {
    let namespace = pack.namespace().ok_or(Error::Incomplete("namespace"))?;
    let uid = pack.uid().ok_or(Error::Incomplete("uid"))?;
    Ok(format!("{namespace}/{}/{uid}", pack.name_any()))
}

/// A pack was deleted.
pub(super) fn deleted(ctx: &Context, pack: &PolicyPack) {
    if let Ok(key) = key(pack) {
        ctx.deleted(&key);
    }
}

/// Forgets all packs but these.
pub(super) fn keep_only(ctx: &Context, packs: &[Arc<PolicyPack>]) {
    let here: BTreeSet<_> = packs.iter().filter_map(|pack| key(pack).ok()).collect();
    for gone in ctx.known().iter().filter(|key| !here.contains(*key)) {
        ctx.deleted(gone);
    }
    if let Some(state) = &ctx.settings.state {
        state.keep_only(&here);
    }
}

/// Whether promotions in `namespace` may use the pack.
pub(super) async fn grants(
    ctx: &Context,
    pack: &PolicyPack,
    namespace: &str,
) -> Result<bool, Error> {
    if pack.namespace().as_deref() == Some(namespace) {
        return Ok(true);
    }
    let allowed = &pack.spec.allowed_namespaces;
    let selector = match (&allowed.from, &allowed.selector) {
        (NamespacesFrom::All, _) => return Ok(true),
        (NamespacesFrom::Selector, Some(selector)) => selector.clone(),
        _ => return Ok(false),
    };
    // A selector that cannot be understood selects nothing.
    let Ok(selector) = Selector::try_from(selector) else { return Ok(false) };
    let found = Api::<Namespace>::all(ctx.client.clone()).get_opt(namespace).await?;
    let labels = found.and_then(|n| n.metadata.labels).unwrap_or_default();
    Ok(selector.matches(&labels))
}
