//! What people see while a promotion is worked on.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::ResourceExt as _;
use kube::api::Api;
use tokio::task::JoinSet;

use super::super::error::Error;
use super::super::{Context, apply};
use super::{decide, hold, status};
use crate::api::{DatasetPromotion, ProgressStatus};
use crate::dataset::Progress;
use crate::domain::Digest;
use crate::promotion::{Observer, Step};

/// How often progress is written.
const EVERY: Duration = Duration::from_secs(5);

/// Writes progress into the status, rarely enough not to burden the API server.
pub(super) struct Reporting<'a> {
    ctx: &'a Arc<Context>,
    promotion: &'a DatasetPromotion,
    last: Mutex<Instant>,
    writes: Mutex<JoinSet<Result<(), Error>>>,
}

impl<'a> Reporting<'a> {
    pub(super) fn new(ctx: &'a Arc<Context>, promotion: &'a DatasetPromotion) -> Self {
        Self { ctx, promotion, last: Mutex::new(Instant::now()), writes: Mutex::default() }
    }

    /// Says that the work has begun, unless the status already tells of a result for this spec: a
    /// regular look again is no news.
    pub(super) async fn validating(&self) -> Result<(), Error> {
        let old = self.promotion.status.clone().unwrap_or_default();
        if old.observed_generation == self.promotion.metadata.generation && !old.gates.is_empty() {
            return Ok(());
        }
        let status = status::validating(self.promotion, None, Timestamp::now());
        apply::status(self.ctx, self.promotion, &status).await
    }

    pub(super) fn progress(&self, progress: Progress) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.elapsed() < EVERY {
            return;
        }
        *last = Instant::now();
        let bytes = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let progress = ProgressStatus {
            bytes_done: bytes(progress.bytes),
            bytes_total: bytes(progress.bytes_total),
        };
        let status = status::validating(self.promotion, Some(progress), Timestamp::now());
        let (ctx, promotion) = (Arc::clone(self.ctx), self.promotion.clone());
        // Progress that cannot be written is no reason to stop hashing.
        let mut writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        writes.spawn(async move { apply::status(&ctx, &promotion, &status).await });
    }

    /// Waits for the last write: one that came late would hide the outcome.
    pub(super) async fn finish(&self) {
        let mut writes =
            std::mem::take(&mut *self.writes.lock().unwrap_or_else(PoisonError::into_inner));
        while writes.join_next().await.is_some() {}
    }
}

/// Watches over a publication: what was decided on must hold until it can be seen.
pub(super) struct Watching<'a> {
    pub(super) ctx: &'a Context,
    pub(super) promotion: &'a DatasetPromotion,
    pub(super) policy: Digest,
}

impl Watching<'_> {
    async fn changed(&self, done: Step) -> Result<Option<String>, Error> {
        let (ctx, promotion) = (self.ctx, self.promotion);
        let namespace = promotion.namespace().ok_or(Error::Incomplete("namespace"))?;
        let api = Api::<DatasetPromotion>::namespaced(ctx.client.clone(), &namespace);
        let same = |now: &DatasetPromotion| {
            now.uid() == promotion.uid()
                && now.metadata.generation == promotion.metadata.generation
                && now.metadata.deletion_timestamp.is_none()
        };
        if !api.get_opt(&promotion.name_any()).await?.is_some_and(|now| same(&now)) {
            return Ok(Some("the promotion was edited or deleted".to_owned()));
        }
        if let Some(held) = hold::active(ctx, promotion).await?.first() {
            return Ok(Some(format!("Quarantine {} is active", held.name_any())));
        }
        // The manifest names the pack that judged. From the seal on the version is that pack's, and a
        // newer revision is no reason to have another speak for it in the ledger.
        if done >= Step::Manifest {
            return Ok(None);
        }
        Ok(match decide::pack(promotion, ctx, Timestamp::now()).await? {
            Ok(judge) if judge.pack.digest() == self.policy => None,
            Ok(_) => Some("another revision of the policy pack was loaded".to_owned()),
            Err(unavailable) => Some(unavailable),
        })
    }
}

#[async_trait::async_trait]
impl Observer for Watching<'_> {
    /// Stops for ever at the step that the settings name, so that a test can kill the process
    /// exactly there.
    async fn reached(&self, step: Step) {
        if self.ctx.settings.pause_at == Some(step) {
            tracing::warn!(?step, "paused here, as --pause-publication-at asks");
            std::future::pending::<()>().await;
        }
    }

    async fn may_finish(&self, done: Step) -> Result<(), String> {
        match self.changed(done).await {
            Ok(None) => Ok(()),
            Ok(Some(why)) => Err(why),
            Err(error) => Err(error.to_string()),
        }
    }
}
