//! `spec.execution.mode: Job`: has pods hash the data, and takes their results only if all are there
//! and fit the listing.

use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, ListParams, PostParams};

use k8s_openapi::api::batch::v1::Job;

use super::super::Context;
use super::super::error::Error;
use super::decide::Outcome;
use super::job::{self, LABEL, State, Task};
use crate::api::{
    DatasetPromotion, EXECUTION_PARALLELISM, ExecutionMode, ProgressStatus, REHASH, REQUESTED_AT,
};
use crate::dataset::{
    Limits, MAX_RESULT, Scope, ShardError, Split, StoreReader, is_redacted, place, scoped,
};
use crate::domain::Digest;
use crate::objects::{Store, StoreError};

/// The workspace, ready to be gathered; or how the reconciliation ends for now.
pub(super) async fn reader(
    ctx: &Context,
    promotion: &DatasetPromotion,
    source: &Store,
    destination: &Store,
    limits: &Limits,
) -> Result<Result<StoreReader, Outcome>, Error> {
    let reader = StoreReader::new(source.clone(), limits.objects);
    let token = token(ctx, promotion);
    // A dry run writes nothing, and results would have to be written somewhere.
    if !by_job(promotion) || promotion.spec.dry_run {
        if is_edited(promotion) {
            // Until a moment ago it may have been one for pods.
            delete(ctx, promotion, |_| true).await?;
        }
        // Under a name of its own nothing is remembered yet: all is read again.
        return Ok(Ok(if token.is_empty() { reader } else { reader.scoped(&token) }));
    }
    if let Err(message) = job::check(promotion) {
        return Ok(Err(Outcome::Invalid(message)));
    }
    let Some(image) = ctx.settings.image.as_deref() else {
        let text = "spec.execution.mode Job: the controller was not told its own image (--image)";
        return Ok(Err(Outcome::Invalid(text.to_owned())));
    };
    // Listing, split and results are as large as the workspace has files.
    let _permit = ctx.merging.acquire().await;
    let listed = async {
        let entries = source.list(limits.objects).await?;
        let dataset = source.get("dataset.json", limits.document_bytes).await?;
        Ok::<_, StoreError>((entries, dataset))
    };
    let (entries, dataset) = match listed.await {
        Ok(listed) => listed,
        Err(error) => return Ok(Err(Outcome::Undecided(error.to_string()))),
    };
    let scope = match dataset.is_some_and(|bytes| is_redacted(&bytes)) {
        true => Scope::Private,
        false => Scope::All,
    };
    let execution = promotion.spec.execution.clone().unwrap_or_default();
    let parallelism = execution.parallelism.unwrap_or(EXECUTION_PARALLELISM);
    let shards = Split::count(&entries, scope, usize::from(parallelism));
    if shards == 0 {
        return Ok(Ok(reader.listed(entries)));
    }
    let split = Split::new(&entries, scope, shards);
    let run = job::run(promotion, split.listing(), shards, &token);
    let task = Task {
        image,
        run,
        listing: split.listing(),
        scope,
        shards,
        allow_loopback: ctx.settings.allow_loopback,
    };
    let state = find(ctx, promotion, &task).await?.as_ref().map(job::state);
    let mut refused = false;
    let failed = match state {
        Some(State::Running { done, ready }) => return Ok(Err(hashing(&split, &done, ready))),
        Some(State::Failed(why)) => format!("Job {}: {why}", job::name(promotion, run)),
        Some(State::Complete) | None => {
            // The results count for this run and for nothing else.
            let scope = run.to_string();
            match merge(ctx, &split, run, source, destination, &scope).await {
                Ok(()) => return Ok(Ok(reader.listed(entries).scoped(&scope))),
                // Results outlive their Job; without a Job those that lack are still to be made.
                Err(Unmerged::Missing(_)) if state.is_none() => {
                    return start(ctx, promotion, &task, &split).await.map(Err);
                }
                Err(Unmerged::Missing(shard)) => {
                    format!("shard {shard} left no result, though its Job is complete")
                }
                // It lies there for ever under this run. Once, that is mended by another run.
                Err(Unmerged::Refused(error)) if ctx.distrusted(&uid(promotion)) == 0 => {
                    tracing::warn!(%error, reason = error.reason(), "hashed anew");
                    ctx.distrust(&uid(promotion));
                    return Ok(Err(Outcome::Again));
                }
                Err(Unmerged::Refused(error)) => {
                    refused = true;
                    format!("{}: {error}", error.reason())
                }
                Err(Unmerged::Store(error)) => {
                    return Ok(Err(Outcome::Undecided(error.to_string())));
                }
            }
        }
    };
    // Somebody mended it, and asks for another try.
    let asked = promotion.annotations().get(REQUESTED_AT);
    let seen = promotion.status.as_ref().and_then(|s| s.last_handled_reconcile_at.as_ref());
    if asked.is_some() && asked != seen {
        delete(ctx, promotion, |_| true).await?;
        if refused {
            ctx.distrust(&uid(promotion));
        }
        return Ok(Err(hashing(&split, &[], 0)));
    }
    Ok(Err(Outcome::ShardsFailed(failed)))
}

/// Why there are no digests yet.
enum Unmerged {
    Missing(usize),
    Refused(ShardError),
    Store(StoreError),
}

/// Ends what pods do for a promotion that is not to go on.
pub(super) async fn stop(ctx: &Context, promotion: &DatasetPromotion) -> Result<(), Error> {
    match by_job(promotion) || is_edited(promotion) {
        true => delete(ctx, promotion, |_| true).await,
        false => Ok(()),
    }
}

/// Whether the spec is another than the status speaks of.
fn is_edited(promotion: &DatasetPromotion) -> bool {
    let seen = promotion.status.as_ref().and_then(|status| status.observed_generation);
    seen != promotion.metadata.generation
}

fn uid(promotion: &DatasetPromotion) -> String {
    promotion.uid().unwrap_or_default()
}

fn by_job(promotion: &DatasetPromotion) -> bool {
    promotion.spec.execution.as_ref().is_some_and(|e| e.mode == ExecutionMode::Job)
}

/// What makes earlier digests worthless: somebody's word, or bytes that were others when they were
/// published.
fn token(ctx: &Context, promotion: &DatasetPromotion) -> String {
    let asked = promotion.annotations().get(REHASH).map_or("", String::as_str);
    let caught = ctx.distrusted(&uid(promotion));
    match (asked, caught) {
        ("", 0) => String::new(),
        _ => {
            let uid = promotion.uid().unwrap_or_default();
            Digest::of(serde_json::json!([uid, asked, caught]).to_string().as_bytes()).to_string()
        }
    }
}

fn hashing(split: &Split, done: &[usize], ready: i32) -> Outcome {
    let bytes = |shards: &mut dyn Iterator<Item = usize>| {
        let entries = shards.filter_map(|n| split.shards().get(n)).flatten();
        i64::try_from(entries.map(|entry| entry.size).sum::<u64>()).unwrap_or(i64::MAX)
    };
    let progress = ProgressStatus {
        bytes_done: bytes(&mut done.iter().copied()),
        bytes_total: bytes(&mut (0..split.shards().len())),
    };
    Outcome::Hashing { done: done.len(), shards: split.shards().len(), ready, progress }
}

async fn find(
    ctx: &Context,
    promotion: &DatasetPromotion,
    task: &Task<'_>,
) -> Result<Option<Job>, Error> {
    let name = job::name(promotion, task.run);
    // Of another listing, or of a spec that has changed.
    delete(ctx, promotion, |job| job.name_any() != name).await?;
    let found = api(ctx, promotion)?.get_opt(&name).await?;
    // Somebody else's of the same name is not ours to read.
    let own = promotion.uid().unwrap_or_default();
    Ok(found.filter(|job| {
        job.owner_references()
            .iter()
            .any(|owner| owner.uid == own && owner.controller == Some(true))
    }))
}

async fn start(
    ctx: &Context,
    promotion: &DatasetPromotion,
    task: &Task<'_>,
    split: &Split,
) -> Result<Outcome, Error> {
    let job = match job::job(promotion, task) {
        Ok(job) => job,
        Err(error) => return Ok(Outcome::Invalid(format!("spec.execution: {error}"))),
    };
    match api(ctx, promotion)?.create(&PostParams::default(), &job).await {
        Ok(_) => Ok(hashing(split, &[], 0)),
        // Still being deleted, or somebody else's.
        Err(kube::Error::Api(error)) if error.code == 409 => {
            Ok(Outcome::Undecided(format!("Job {} is in the way", job.name_any())))
        }
        // A quota, an admission policy, quantities that are none.
        Err(kube::Error::Api(error)) if matches!(error.code, 400 | 403 | 422) => {
            Ok(Outcome::ShardsFailed(format!("Job {}: {}", job.name_any(), error.message)))
        }
        Err(error) => Err(error.into()),
    }
}

async fn delete(
    ctx: &Context,
    promotion: &DatasetPromotion,
    unwanted: impl Fn(&Job) -> bool,
) -> Result<(), Error> {
    let api = api(ctx, promotion)?;
    let own =
        ListParams::default().labels(&format!("{LABEL}={}", promotion.uid().unwrap_or_default()));
    for job in api.list(&own).await?.items.iter().filter(|job| unwanted(job)) {
        match api.delete(&job.name_any(), &DeleteParams::background()).await {
            Err(kube::Error::Api(error)) if error.code == 404 => {}
            other => drop(other?),
        }
    }
    Ok(())
}

async fn merge(
    ctx: &Context,
    split: &Split,
    run: Digest,
    source: &Store,
    destination: &Store,
    scope: &str,
) -> Result<(), Unmerged> {
    let key = scoped(scope, source);
    for shard in 0..split.shards().len() {
        let found = destination.get(&place(run, shard), MAX_RESULT).await;
        let bytes = found.map_err(Unmerged::Store)?.ok_or(Unmerged::Missing(shard))?;
        let accepted = split.accept(run, shard, &bytes).map_err(Unmerged::Refused)?;
        for (entry, digest) in accepted {
            ctx.digests.vouch(&key, entry, digest);
        }
    }
    Ok(())
}

fn api(ctx: &Context, promotion: &DatasetPromotion) -> Result<Api<Job>, Error> {
    let namespace = promotion.namespace().ok_or(Error::Incomplete("namespace"))?;
    Ok(Api::namespaced(ctx.client.clone(), &namespace))
}
