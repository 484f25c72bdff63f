//! `DatasetPromotion`: gather, judge, quarantine or publish, tell.

mod decide;
mod hold;
pub(super) mod job;
mod observe;
mod shards;
mod status;
mod stores;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt as _;
use kube::api::Api;
use kube::runtime::controller::Action;

use super::error::Error;
use super::{Context, apply, backoff};
use crate::api::{DatasetPromotion, Phase, PolicyPack, Quarantine, REQUESTED_AT};
use decide::Outcome;
pub(super) use decide::judge;
pub(super) use hold::is_released;

/// Brings one promotion as far as it can go now.
pub(super) async fn reconcile(
    promotion: Arc<DatasetPromotion>,
    ctx: Arc<Context>,
) -> Result<Action, Error> {
    // The cache may be a moment behind, and what hangs on the phase must not be.
    let namespace = promotion.namespace().ok_or(Error::Incomplete("namespace"))?;
    let api = Api::<DatasetPromotion>::namespaced(ctx.client.clone(), &namespace);
    let fresh = api.get_opt(&promotion.name_any()).await?;
    let Some(promotion) = fresh.filter(|fresh| fresh.uid() == promotion.uid()) else {
        return Ok(Action::await_change());
    };
    let now = Timestamp::now();
    let outcome = decide::decide(&promotion, &ctx, now).await?;
    let old = promotion.status.clone().unwrap_or_default();
    let requested = promotion.annotations().get(REQUESTED_AT).cloned();
    let generation = promotion.metadata.generation;
    let new = status::render(&old, &outcome, generation, requested, Timestamp::now());
    let news = status::news(&old, &new);
    apply::status(&ctx, &promotion, &new).await?;
    if let Some((warning, reason, message)) = news {
        tracing::info!(phase = ?new.phase, reason, message, "promotion moved");
        apply::event(&ctx, &promotion, warning, "Promote", &reason, &message).await;
    }
    Ok(next(&outcome, &promotion, &ctx))
}

/// When to look again without being asked.
fn next(outcome: &Outcome, promotion: &DatasetPromotion, ctx: &Context) -> Action {
    let recheck = || backoff::jittered(ctx.settings.recheck, rand::random());
    match outcome {
        Outcome::Undecided(_) | Outcome::Waiting(_) => {
            Action::requeue(backoff::after(ctx.failed(promotion), rand::random()))
        }
        other => {
            ctx.succeeded(promotion);
            match other {
                Outcome::Again => Action::requeue(Duration::from_millis(100)),
                // The Job's own changes wake the promotion, too.
                Outcome::Hashing { .. } => {
                    Action::requeue(backoff::jittered(Duration::from_secs(30), rand::random()))
                }
                Outcome::Denied { .. }
                | Outcome::Held { .. }
                | Outcome::Withdrawn { .. }
                | Outcome::StillWithdrawn
                | Outcome::AwaitingApproval { .. }
                | Outcome::ShardsFailed(_)
                | Outcome::DryRun { .. } => Action::requeue(recheck()),
                _ => Action::await_change(),
            }
        }
    }
}

/// Whether a promotion is judged by this pack.
pub(super) fn uses(promotion: &DatasetPromotion, pack: &PolicyPack) -> bool {
    let reference = &promotion.spec.policy_pack_ref;
    let namespace = reference.namespace.clone().or_else(|| promotion.namespace());
    let settled = promotion.status.as_ref().is_some_and(|s| s.phase == Phase::Published);
    !settled && reference.name == pack.name_any() && namespace == pack.namespace()
}

/// Whether a promotion is about the dataset version that this Quarantine holds back.
pub(super) fn is_held_by(promotion: &DatasetPromotion, quarantine: &Quarantine) -> bool {
    promotion.namespace() == quarantine.namespace()
        && promotion.spec.dataset == quarantine.spec.dataset
}
