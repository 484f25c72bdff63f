//! Taking a published version back: its objects stay, the pointer becomes a tombstone.

use jiff::Timestamp;

use super::documents::{Manifest, Places, Pointer};
use super::publish::{PublishError, point, read};
use crate::domain::{DatasetRef, Digest};
use crate::ledger::{Action, Draft, Ledger, Recorded};
use crate::objects::Store;

/// What a withdrawal found and did.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::large_enum_variant, reason = "one is alive at a time, and soon gone")]
pub enum Withdrawn {
    /// The version was never published; there is nothing to take back.
    NeverPublished,
    /// The ledger says so, and the pointer no longer leads to the version.
    Done(Recorded),
}

/// Withdraws a dataset version. Doing it twice is doing it once.
///
/// # Errors
/// If the destination or its ledger cannot be read or written.
pub async fn withdraw(
    destination: &Store,
    ledger: &Ledger,
    dataset: &DatasetRef,
    actor: &str,
    reason: &str,
    now: Timestamp,
) -> Result<Withdrawn, PublishError> {
    let places = Places::of(dataset);
    let manifest = read::<Manifest>(destination, &places.manifest()).await?;
    let (Some((manifest, manifest_digest)), Some(_)) = (manifest, ledger.last(dataset).await?)
    else {
        return Ok(Withdrawn::NeverPublished);
    };
    let spec_hash = manifest
        .spec_hash
        .parse::<Digest>()
        .map_err(|e| PublishError::Malformed { path: places.manifest(), why: e.to_string() })?;
    let draft = Draft {
        action: Action::Withdraw,
        dataset: dataset.clone(),
        spec_hash,
        plan_digest: manifest.plan_digest,
        manifest_digest,
        policy_digest: manifest.policy.pack_digest,
        actor: actor.to_owned(),
        approvals: Vec::new(),
        reason: reason.to_owned(),
    };
    let recorded = ledger.append(&draft, now).await?;
    let current = read::<Pointer>(destination, &places.pointer()).await?;
    let leads_here = current.is_none_or(|(p, _)| p.dataset_version_id == dataset.version.as_str());
    if leads_here {
        let reason = Some(reason.to_owned());
        let tombstone = Pointer::to(dataset, manifest_digest, &recorded, reason);
        point(destination, &places.pointer(), &tombstone).await?;
    }
    Ok(Withdrawn::Done(recorded))
}
