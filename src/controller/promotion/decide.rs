//! The steps of a promotion, in order. Each either ends it for now or hands on to the next.

use std::sync::Arc;

use jiff::Timestamp;
use kube::ResourceExt as _;

use super::super::error::Error;
use super::super::{Context, apply};
use super::observe::{Reporting, Watching};
use super::stores::Stores;
use super::{hold, shards, status, stores};
use crate::api::{
    ApprovalSpec, DatasetPromotion, Origin, PackReference, Phase, PolicyPack, ProgressStatus,
    Quarantine, reason,
};
use crate::dataset::{Limits, Recall, Requested};
use crate::domain::{Approval, DatasetRef, GateId, Report};
use crate::ledger::Action;
use crate::objects::Store;
use crate::policy::CompiledPack;
use crate::promotion::{
    ApprovedPlan, Assessment, Missing, Plan, PublishError, Published, Publisher, Subject,
    Withdrawn, apart, approve, assess, publish, withdraw,
};

/// How a reconciliation of a promotion ended.
#[expect(clippy::large_enum_variant, reason = "one is alive at a time, and soon gone")]
pub(super) enum Outcome {
    /// `spec.suspend`.
    Suspended,
    /// Nothing to do: published.
    Settled,
    /// Nothing to do: withdrawn, and the Quarantine is still active.
    StillWithdrawn,
    /// The spec cannot be carried out as it is.
    Invalid(String),
    /// The policy pack cannot judge now.
    Waiting(String),
    /// Pods are hashing the data, so many of them now.
    Hashing { done: usize, shards: usize, ready: i32, progress: ProgressStatus },
    /// They could not, or what they say cannot be taken.
    ShardsFailed(String),
    /// Something could not be read or written; trying again.
    Undecided(String),
    /// What was decided on changed meanwhile; at once again.
    Again,
    /// A gate failed.
    Denied { report: Report, spec_hash: Option<String>, quarantine: Option<String> },
    /// The gates pass, but a Quarantine is active.
    Held { report: Report, plan: Plan, quarantine: String },
    /// The gates pass; the plan lacks an approval.
    AwaitingApproval { report: Report, plan: Plan, missing: Missing },
    /// The gates pass; nothing is written.
    DryRun { report: Report, plan: Plan },
    /// Published.
    Published { report: Report, plan: Plan, published: Published },
    /// Taken back.
    Withdrawn { quarantine: String, reason: String },
}

/// Decides how far the promotion can go, and goes there.
pub(super) async fn decide(
    promotion: &DatasetPromotion,
    ctx: &Arc<Context>,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let spec = &promotion.spec;
    let Stores { source, destination, decisions, dataset } =
        match stores::open(promotion, ctx).await? {
            Ok(opened) => opened,
            Err(outcome) => return Ok(outcome),
        };
    let held = hold::active(ctx, promotion).await?;
    // What was published passed its gates. Only a person takes it back: a Quarantine that the
    // controller made for another promotion of the same version speaks of that one's bytes.
    let by_hand = held.iter().find(|quarantine| quarantine.spec.origin == Origin::Manual);
    if let Some(quarantine) = by_hand {
        if hold::is_unsettled(quarantine) {
            let text = format!("Quarantine {} was edited a moment ago", quarantine.name_any());
            return Ok(Outcome::Undecided(text));
        }
        // The ledger knows what is out, whatever became of the status. Suspension holds back what
        // the promotion does, not what the Quarantine's owner does.
        let out = match ctx.ledger(&destination).last(&dataset).await {
            Ok(last) => last.is_some_and(|last| last.entry.action == Action::Publish),
            Err(error) => return Ok(Outcome::Undecided(error.to_string())),
        };
        match phase(promotion) {
            Phase::Withdrawn if !out => return Ok(Outcome::StillWithdrawn),
            phase if phase == Phase::Published || out && !spec.dry_run => {
                return Ok(take_back(ctx, &destination, &dataset, quarantine, now).await);
            }
            _ => {}
        }
    }
    if spec.suspend {
        shards::stop(ctx, promotion).await?;
        return Ok(Outcome::Suspended);
    }
    if phase(promotion) == Phase::Published {
        return Ok(Outcome::Settled);
    }
    // Not before: what is out must be possible to take back, wherever it lies.
    if let Err(why) = apart(&source, &destination, decisions.as_ref()) {
        return Ok(Outcome::Invalid(why.to_string()));
    }
    let Judge { pack, name: pack_name, key: pack_key } = match pack(promotion, ctx, now).await? {
        Ok(judge) => judge,
        Err(message) => return Ok(Outcome::Waiting(message)),
    };
    let limits = Limits::default();
    let read = match shards::reader(ctx, promotion, &source, &destination, &limits).await? {
        Ok(reader) => reader,
        Err(outcome) => return Ok(outcome),
    };
    ctx.metrics.queued.inc();
    let _permit = ctx.heavy.acquire().await;
    ctx.metrics.queued.dec();
    let reporting = Reporting::new(ctx, promotion);
    reporting.validating().await?;
    let ledger = ctx.ledger(&destination);
    let subject = Subject {
        source: read,
        recall: Recall { digests: &ctx.digests, believe: true },
        destination: Some(&destination),
        ledger: Some(&*ledger),
        requested: Requested {
            dataset_slug: spec.dataset.slug.clone(),
            dataset_version_id: spec.dataset.version_id.clone(),
            intended_use: spec.intended_use.clone(),
        },
        required: spec.required_gates.iter().map(|_| GateId::G).collect(),
        expected_spec: None,
        pack,
        pack_name,
        limits,
    };
    let assessed = assess(subject, now, &|progress| reporting.progress(progress)).await;
    reporting.finish().await;
    let assessment = match assessed {
        Ok(assessment) => assessment,
        Err(error) => return Ok(Outcome::Undecided(error.to_string())),
    };
    let Assessment { facts, report, plan, .. } = assessment;
    ctx.facts.record(&pack_key, &apply::full_name(promotion), &facts);
    let Some(plan) = plan else {
        for gate in report.gates.iter().filter(|gate| !gate.reasons.is_empty()) {
            let label = super::super::metrics::GateLabel { gate: gate.id.letter() };
            ctx.metrics.denials.get_or_create(&label).inc();
        }
        let spec_hash = facts.spec_hash().map(|hash| hash.to_string());
        let quarantine = match spec.dry_run {
            true => None,
            false => Some(hold::deny(ctx, promotion, &facts, &report, now).await?),
        };
        return Ok(Outcome::Denied { report, spec_hash, quarantine });
    };
    // Read again: a Quarantine may have come while the bytes were hashed.
    if let Some(quarantine) = hold::active(ctx, promotion).await?.first() {
        return Ok(Outcome::Held { report, plan, quarantine: quarantine.name_any() });
    }
    let approvals: Vec<_> = spec.approvals.iter().filter_map(approval).collect();
    let approved = match approve(plan.clone(), &approvals) {
        Ok(approved) => approved,
        Err(missing) => return Ok(Outcome::AwaitingApproval { report, plan, missing }),
    };
    if spec.dry_run {
        return Ok(Outcome::DryRun { report, plan });
    }
    let current = self::pack(promotion, ctx, Timestamp::now()).await?;
    if current.map(|judge| judge.pack.digest()) != Ok(plan.policy_digest()) {
        return Ok(Outcome::Again);
    }
    let publishing = status::publishing(promotion, &report, &plan, now);
    apply::status(ctx, promotion, &publishing).await?;
    let publisher = Publisher { decisions, ..ctx.settings.publisher.clone() };
    let places = (&source, &destination, &publisher);
    Ok(carry_out(ctx, promotion, &approved, places, report, now).await)
}

async fn carry_out(
    ctx: &Context,
    promotion: &DatasetPromotion,
    approved: &ApprovedPlan,
    (source, destination, publisher): (&Store, &Store, &Publisher),
    report: Report,
    now: Timestamp,
) -> Outcome {
    let ledger = ctx.ledger(destination);
    let observer = Watching { ctx, promotion, policy: approved.plan().policy_digest() };
    let done = publish(approved, source, destination, &ledger, publisher, now, &observer).await;
    match done {
        Ok(published) => {
            ctx.metrics.published.inc();
            ctx.metrics.published_bytes.inc_by(published.bytes_written);
            Outcome::Published { report, plan: approved.plan().clone(), published }
        }
        // What was decided on no longer holds: decide anew.
        Err(PublishError::Stopped(why)) => {
            tracing::info!(why, "stopped before anything could be seen");
            Outcome::Again
        }
        Err(error @ PublishError::SourceChanged { .. }) => {
            ctx.distrust(&promotion.uid().unwrap_or_default());
            Outcome::Undecided(error.to_string())
        }
        // Trying again would end the same way.
        Err(error @ PublishError::AlreadyPublished { .. }) => Outcome::Invalid(error.to_string()),
        Err(error) => Outcome::Undecided(error.to_string()),
    }
}

async fn take_back(
    ctx: &Context,
    destination: &Store,
    dataset: &DatasetRef,
    quarantine: &Quarantine,
    now: Timestamp,
) -> Outcome {
    let ledger = ctx.ledger(destination);
    let why = quarantine.spec.reasons.iter().map(|r| format!("{}: {}", r.code, r.message));
    let reason = why.collect::<Vec<_>>().join("; ");
    let actor = &ctx.settings.publisher.principal;
    match withdraw(destination, &ledger, dataset, actor, &reason, now).await {
        Ok(Withdrawn::Done(_) | Withdrawn::NeverPublished) => {
            ctx.metrics.withdrawn.inc();
            Outcome::Withdrawn { quarantine: quarantine.name_any(), reason }
        }
        Err(error) => Outcome::Undecided(error.to_string()),
    }
}

/// A pack that may judge.
pub(in super::super) struct Judge {
    pub pack: Arc<CompiledPack>,
    /// `namespace/name`, for the record.
    pub name: String,
    /// Its name in the store.
    pub key: String,
}

/// The pack that is to judge, if it is granted to the promotion's namespace, loaded and fresh.
pub(super) async fn pack(
    promotion: &DatasetPromotion,
    ctx: &Context,
    now: Timestamp,
) -> Result<Result<Judge, String>, Error> {
    let own = promotion.namespace().ok_or(Error::Incomplete("namespace"))?;
    judge(ctx, &own, &promotion.spec.policy_pack_ref, now).await
}

/// The pack that somebody of the namespace `own` names, under the same conditions.
pub(in super::super) async fn judge(
    ctx: &Context,
    own: &str,
    reference: &PackReference,
    now: Timestamp,
) -> Result<Result<Judge, String>, Error> {
    let namespace = reference.namespace.as_deref().unwrap_or(own);
    let name = format!("{namespace}/{}", reference.name);
    let api = kube::Api::<PolicyPack>::namespaced(ctx.client.clone(), namespace);
    let found = match api.get_opt(&reference.name).await {
        Ok(found) => found,
        // A controller of one namespace may not look into others.
        Err(kube::Error::Api(error)) if error.code == 403 => None,
        Err(error) => return Err(error.into()),
    };
    let granted = match &found {
        Some(pack) => super::super::pack::grants(ctx, pack, own).await?,
        None => false,
    };
    if !granted {
        // One answer for both, so that a tenant learns nothing of other namespaces.
        return Ok(Err(format!(
            "policy pack {name} does not exist or is not granted to namespace {own} (its spec.allowedNamespaces)"
        )));
    }
    let Some(found) = found else { return Err(Error::Incomplete("pack")) };
    let key = super::super::pack::key(&found)?;
    Ok(match ctx.packs.get(&key, now) {
        Ok(pack) => Ok(Judge { pack, name, key }),
        Err(unavailable) => Err(format!("policy pack {name}: {unavailable}")),
    })
}

fn approval(given: &ApprovalSpec) -> Option<Approval> {
    Some(Approval {
        principal: given.principal.clone(),
        role: given.role.clone(),
        plan_digest: given.plan_digest.parse().ok()?,
        // Given at no time, it is not given.
        approved_at: given.approved_at.at()?,
        reason: given.reason.clone(),
    })
}

fn phase(promotion: &DatasetPromotion) -> Phase {
    promotion.status.as_ref().map_or(Phase::Pending, |status| status.phase)
}

impl Outcome {
    /// The reason that the Ready condition gives.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Suspended => reason::SUSPENDED,
            Self::Settled | Self::Published { .. } => reason::PUBLISHED,
            Self::Invalid(_) => reason::INVALID_SPEC,
            Self::Waiting(_) => reason::PACK_UNAVAILABLE,
            Self::Undecided(_) => reason::UNDECIDED,
            Self::Again | Self::Hashing { .. } => reason::PROGRESSING,
            Self::ShardsFailed(_) => reason::SHARDS_FAILED,
            Self::Denied { .. } => reason::DENIED,
            Self::Held { .. } => reason::QUARANTINED,
            Self::AwaitingApproval { .. } => reason::AWAITING_APPROVAL,
            Self::DryRun { .. } => reason::DRY_RUN,
            Self::Withdrawn { .. } | Self::StillWithdrawn => reason::WITHDRAWN,
        }
    }
}
