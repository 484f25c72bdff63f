//! `Quarantine`: is it released, may it be, is it late.

mod status;

use std::sync::Arc;

use jiff::Timestamp;
use kube::ResourceExt as _;
use kube::api::Api;
use kube::runtime::controller::Action;

use super::error::Error;
use super::{Context, apply, of_version};
use crate::api::{
    DatasetPromotion, Quarantine, QuarantinePhase, REQUESTED_AT, TimelineEntry, type_,
};
use status::Gates;

/// Brings one Quarantine's status up to date.
pub(super) async fn reconcile(
    quarantine: Arc<Quarantine>,
    ctx: Arc<Context>,
) -> Result<Action, Error> {
    let spec = &quarantine.spec;
    let gates = match spec.suspend {
        true => Gates::NotAsked,
        false => gates(&quarantine, &ctx).await?,
    };
    let now = Timestamp::now();
    let old = quarantine.status.clone().unwrap_or_default();
    let requested = quarantine.annotations().get(REQUESTED_AT).cloned();
    let new = status::render(spec, &old, gates, quarantine.metadata.generation, requested, now);
    if new != old {
        apply::status(&ctx, &*quarantine, &new).await?;
        for entry in new.timeline.iter().filter(|entry| !old.timeline.contains(entry)) {
            let warning = matches!(entry.event.as_str(), "Opened" | "Reopened" | "Overdue");
            tracing::info!(event = entry.event, message = entry.message, "quarantine moved");
            let TimelineEntry { event, message, .. } = entry;
            apply::event(&ctx, &*quarantine, warning, "Quarantine", event, message).await;
        }
    }
    ctx.succeeded(&*quarantine);
    let left = spec.remediation.due_by.at().map(|due| due.duration_since(now));
    let left = left.and_then(|left| std::time::Duration::try_from(left).ok());
    Ok(match (new.phase, left) {
        (QuarantinePhase::Active, Some(left)) => Action::requeue(left),
        // A promotion that is deleted wakes nobody, and may have been what stood against it.
        (QuarantinePhase::Overdue, _) if spec.release.is_some() && !spec.suspend => {
            Action::requeue(ctx.settings.recheck)
        }
        _ => Action::await_change(),
    })
}

async fn gates(quarantine: &Quarantine, ctx: &Context) -> Result<Gates, Error> {
    let namespace = quarantine.namespace().ok_or(Error::Incomplete("namespace"))?;
    let wanted = of_version(&quarantine.spec.dataset);
    let promotions = Api::<DatasetPromotion>::namespaced(ctx.client.clone(), &namespace)
        .list(&wanted)
        .await?
        .items;
    let passes = |promotion: &DatasetPromotion| {
        promotion.status.as_ref().is_some_and(|status| {
            let generation = promotion.metadata.generation;
            status.conditions.iter().any(|c| {
                c.type_ == type_::GATES_PASSED
                    && c.status == "True"
                    && c.observed_generation == generation
            })
        })
    };
    Ok(match promotions.as_slice() {
        [] => Gates::Nobody,
        all if all.iter().all(passes) => Gates::Pass,
        _ => Gates::Fail,
    })
}
