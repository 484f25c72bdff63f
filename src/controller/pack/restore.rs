//! What was loaded before this process began comes back from the state directory, while its source
//! may be down. It is verified as if a stranger had sent it, and judges no longer than it would have.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::super::error::Error;
use super::super::{Context, apply};
use super::gather::Trusted;
use super::revise::{Failure, Remembered, Stage, is_current, load};
use crate::api::PolicyPack;
use crate::domain::Digest;
use crate::pack::{FetchedPack, VerifiedPack, keep, read_kept};
use crate::policy::CompiledPack;

/// Takes back what was kept, if nothing is loaded. `false` if spec or trust changed meanwhile.
pub(super) async fn restore(
    pack: &Arc<PolicyPack>,
    ctx: &Arc<Context>,
    key: &str,
    trusted: &Arc<Trusted>,
) -> Result<bool, Error> {
    let Some(state) = ctx.settings.state.clone() else { return Ok(true) };
    if ctx.remembered(key).is_some() {
        return Ok(true);
    }
    let work = {
        let (pack, key, trusted) = (Arc::clone(pack), key.to_owned(), Arc::clone(trusted));
        move || match state.read(&key) {
            Ok(None) => Ok(None),
            Ok(Some(file)) => reload(&file, &key, &pack, &trusted).map(Some),
            Err(error) => Err(Failure::new(Stage::Fetch, error.reason(), error.to_string())),
        }
    };
    let outcome = tokio::task::spawn_blocking(work).await.unwrap_or_else(|lost| {
        Err(Failure::new(Stage::Compile, "LoadFailed", format!("it could not be loaded: {lost}")))
    });
    let (verified, compiled, checked_at) = match outcome {
        Ok(None) => return Ok(true),
        Ok(Some(loaded)) => loaded,
        Err(failure) => {
            ctx.unkeep(key);
            let text = format!("what was kept of the pack is dropped: {}", failure.message);
            tracing::warn!(reason = failure.reason, "{text}");
            apply::event(ctx, &**pack, true, "Restore", failure.reason, &text).await;
            return Ok(true);
        }
    };
    if !is_current(pack, ctx, trusted.digest).await? {
        return Ok(false);
    }
    let digest = compiled.digest().short();
    ctx.unless_deleted(key, || {
        let staleness = pack.spec.max_staleness.signed();
        ctx.packs.publish(key, compiled, checked_at, Some(staleness));
        ctx.remember(key, Remembered::restored(pack, trusted.digest, verified));
    });
    let text = format!("revision {digest} is back, found current by its source at {checked_at}");
    tracing::info!(reason = "Restored", "{text}");
    apply::event(ctx, &**pack, false, "Restore", "Restored", &text).await;
    Ok(true)
}

/// Keeps what was loaded just now. That it could not be kept is said, and no reason to deny.
pub(super) async fn keep_loaded(pack: &PolicyPack, ctx: &Arc<Context>, key: &str) {
    let (Some(state), Some(last)) = (ctx.settings.state.clone(), ctx.remembered(key)) else {
        return;
    };
    let name = key.to_owned();
    let written = tokio::task::spawn_blocking(move || {
        let file = keep(&name, last.verified.fetched())
            .map_err(|error| (error.reason(), error.to_string()))?;
        state.write(&name, &file).map_err(|error| (error.reason(), error.to_string()))
    });
    let failed = match written.await {
        Ok(Ok(())) => None,
        Ok(Err(failed)) => Some(failed),
        Err(lost) => Some(("StateIo", lost.to_string())),
    };
    if let Some((reason, message)) = failed {
        // An older revision must not wait there for the next start.
        ctx.unkeep(key);
        let text = format!("the revision will not survive a restart: {message}");
        tracing::warn!(reason, "{text}");
        apply::event(ctx, pack, true, "Keep", reason, &text).await;
    }
    // What was deleted while it was written goes again.
    let mut there = false;
    ctx.unless_deleted(key, || there = true);
    if !there || ctx.remembered(key).is_none() {
        ctx.unkeep(key);
    }
}

/// What was kept, verified under who is trusted now, and when its source last stood by it.
fn reload(
    file: &Bytes,
    key: &str,
    pack: &PolicyPack,
    trusted: &Trusted,
) -> Result<(VerifiedPack, Arc<CompiledPack>, Timestamp), Failure> {
    let kept = read_kept(key, file)
        .map_err(|error| Failure::new(Stage::Fetch, error.reason(), error.to_string()))?;
    let checked_at = expected(pack, &kept, Timestamp::now())?;
    let (verified, compiled) = load(kept, trusted, pack, None)?;
    Ok((verified, compiled, checked_at))
}

/// Only the revision that was loaded last comes back: a signature says nothing about how old it is.
fn expected(pack: &PolicyPack, kept: &FetchedPack, now: Timestamp) -> Result<Timestamp, Failure> {
    let fail = |reason, text: &str| Err(Failure::new(Stage::Verify, reason, text));
    let status = pack.status.as_ref();
    let last = status.and_then(|status| status.history.first());
    let Some(last) = last else {
        return fail("KeptUnknown", "the status tells of no revision that was loaded");
    };
    if last.digest != Digest::of(&kept.tar).to_string() {
        return fail("KeptOlder", "it is not the revision that was loaded last");
    }
    match status.and_then(|status| status.last_checked_at.as_ref()) {
        // A clock that was wrong must not lengthen its life.
        Some(at) => Ok(at.0.min(now)),
        None => fail("KeptUnknown", "the status does not tell when its source was asked last"),
    }
}

#[cfg(test)]
#[path = "restore_tests.rs"]
mod tests;
