//! What people see while a promotion is worked on.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::super::error::Error;
use super::super::{Context, apply};
use super::status;
use crate::api::{DatasetPromotion, ProgressStatus};
use crate::dataset::Progress;
use crate::promotion::{Observer, Step};

/// How often progress is written.
const EVERY: Duration = Duration::from_secs(5);

/// Writes progress into the status, rarely enough not to burden the API server.
pub(super) struct Reporting<'a> {
    ctx: &'a Arc<Context>,
    promotion: &'a DatasetPromotion,
    last: Mutex<Instant>,
}

impl<'a> Reporting<'a> {
    pub(super) fn new(ctx: &'a Arc<Context>, promotion: &'a DatasetPromotion) -> Self {
        Self { ctx, promotion, last: Mutex::new(Instant::now()) }
    }

    /// Says that the work has begun, unless the status already tells of a result for this spec: a
    /// regular look again is no news.
    pub(super) async fn validating(&self) -> Result<(), Error> {
        let old = self.promotion.status.clone().unwrap_or_default();
        if old.observed_generation == self.promotion.metadata.generation && !old.gates.is_empty() {
            return Ok(());
        }
        let status = status::validating(self.promotion, None, jiff::Timestamp::now());
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
        let status = status::validating(self.promotion, Some(progress), jiff::Timestamp::now());
        let (ctx, promotion) = (Arc::clone(self.ctx), self.promotion.clone());
        // Progress that cannot be written is no reason to stop hashing.
        tokio::spawn(async move { apply::status(&ctx, &promotion, &status).await });
    }
}

/// Stops for ever at one step, so that a test can kill the process exactly there.
pub(super) struct Pausing {
    pub(super) at: Option<Step>,
}

#[async_trait::async_trait]
impl Observer for Pausing {
    async fn reached(&self, step: Step) {
        if self.at == Some(step) {
            tracing::warn!(?step, "paused here, as --pause-publication-at asks");
            std::future::pending::<()>().await;
        }
    }
}
