//! The crash-safe sequence of a publication.
//!
//! 1. claim the version's place (`claim`);
//! 2. write the objects;
//! 3. seal the claim: from here the version is immutable, and anybody can finish it. The record of
//!    the decision, whose digest the manifest names, is there before;
//! 4. write the receipt;
//! 5. write the manifest;
//! 6. append to the ledger, and write the statements that go with what it says;
//! 7. move the pointer, in one conditional write.
//!
//! Readers start at the pointer, so that a crash before the last step leaves them what they had. A
//! retry with the same plan finds the claim, writes the same bytes, and finishes.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::ApprovedPlan;
use super::claim::{self, Held};
use super::copy::copy_all;
use super::documents::{Claim, Manifest, Places, Pointer, PointerState, Publisher, RECEIPT};
use super::records::{attest, decide, unpublished_elsewhere};
use crate::dataset;
use crate::domain::{CanonicalError, DatasetRef, Digest, canonical_bytes};
use crate::ledger::{Action, Draft, Ledger, LedgerError, Recorded};
use crate::objects::{Created, Fence, Replaced, Store, StoreError};

/// Manifests list every file: 64 MiB is some 200,000 of them.
pub(super) const MAX_DOCUMENT: u64 = 64 << 20;

/// How often a conditional write is tried against others who write the same.
pub(super) const ROUNDS: u32 = 1_000;

/// Why a publication stopped. Whatever the reason, readers see what they saw before.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A document cannot be written.
    #[error(transparent)]
    Form(#[from] CanonicalError),
    /// A file of the workspace is no longer what the plan says.
    #[error("{path} changed while it was published: the plan says {planned}, read was {found}")]
    SourceChanged {
        /// Which file.
        path: String,
        /// What the plan says.
        planned: Digest,
        /// What was read.
        found: Digest,
    },
    /// The version is already published, with other bytes.
    #[error("{dataset} is already published under plan {plan}; a version never changes")]
    AlreadyPublished {
        /// Which version.
        dataset: DatasetRef,
        /// The plan that is published.
        plan: Digest,
    },
    /// Somebody else publishes the same version with another plan.
    #[error("{0} is being published by somebody else; one of both will win")]
    Contended(DatasetRef),
    /// What was decided on no longer holds.
    #[error("stopped before anything could be seen: {0}")]
    Stopped(String),
    /// What lies in the destination is not ours.
    #[error("{path}: {why}")]
    Malformed {
        /// Which object.
        path: String,
        /// What is wrong with it.
        why: String,
    },
}

/// A publication that is complete.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Published {
    /// Digest of the manifest.
    pub manifest_digest: Digest,
    /// Where the manifest lies.
    pub manifest_url: String,
    /// The ledger entry.
    pub ledger: Recorded,
    /// When it was claimed: `released_at`.
    pub released_at: Timestamp,
    /// Bytes that this run had to write; what was there already is not counted.
    pub bytes_written: u64,
}

/// The steps of a publication, in order; each names what has just become true.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Step {
    /// The place is claimed.
    Claimed,
    /// One object of several is written.
    FirstObject,
    /// All objects are written.
    Objects,
    /// The claim is sealed: the version is what it is.
    Sealed,
    /// The receipt is written.
    Receipt,
    /// The manifest is written.
    Manifest,
    /// The ledger has the entry.
    Ledger,
    /// The pointer leads to the version.
    Pointer,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Self; 8] = [
        Self::Claimed,
        Self::FirstObject,
        Self::Objects,
        Self::Sealed,
        Self::Receipt,
        Self::Manifest,
        Self::Ledger,
        Self::Pointer,
    ];
}

/// Is told of each step as it is reached, and may stop a publication before it can be seen.
#[async_trait::async_trait]
pub trait Observer: Send + Sync {
    /// `step` has just become true.
    async fn reached(&self, step: Step);

    /// Whether what was decided on still holds, after hours of copying perhaps. Asked before the
    /// seal (`done` is [`Step::Objects`]) and before the ledger entry ([`Step::Manifest`]).
    ///
    /// # Errors
    /// The reason why the publication must stop.
    async fn may_finish(&self, _done: Step) -> Result<(), String> {
        Ok(())
    }
}

/// Nobody looks.
pub struct Unobserved;

#[async_trait::async_trait]
impl Observer for Unobserved {
    async fn reached(&self, _: Step) {}
}

/// Publishes an approved plan from `source` to `destination`.
///
/// # Errors
/// See [`PublishError`]; a retry with the same plan goes on where this one stopped.
pub async fn publish(
    approved: &ApprovedPlan,
    source: &Store,
    destination: &Store,
    ledger: &Ledger,
    publisher: &Publisher,
    now: Timestamp,
    observer: &dyn Observer,
) -> Result<Published, PublishError> {
    let plan = approved.plan();
    let dataset = plan.dataset();
    let places = Places::of(dataset);
    let version = match read::<Manifest>(destination, &places.manifest()).await? {
        Some((found, digest)) => {
            let held = claim::read(destination, &places).await?.map(|(claim, _)| claim);
            standing(approved, &found, digest, held.as_ref(), publisher)?
        }
        None => {
            unpublished_elsewhere(approved, ledger).await?;
            write(approved, source, destination, publisher, now, observer).await?
        }
    };
    if version.plan != plan.digest() {
        // The same bytes, judged anew. The first record of a plan stays.
        let claim = Claim::new(plan.digest(), publisher, now);
        decide(approved, destination, &places, &claim, publisher).await?;
    }
    observer.reached(Step::Manifest).await;

    observer.may_finish(Step::Manifest).await.map_err(PublishError::Stopped)?;
    let draft = Draft {
        action: Action::Publish,
        dataset: dataset.clone(),
        spec_hash: plan.spec_hash(),
        plan_digest: plan.digest(),
        manifest_digest: version.manifest,
        policy_digest: plan.policy_digest(),
        actor: version.actor,
        approvals: approved
            .approvals()
            .iter()
            .map(|a| format!("{}:{}", a.role, a.principal))
            .collect(),
        reason: "all required gates passed".to_owned(),
    };
    let recorded = ledger.append(&draft, now).await?;
    observer.reached(Step::Ledger).await;

    attest(approved, destination, &places, &recorded, publisher).await?;
    let pointer = Pointer::to(dataset, version.manifest, &recorded, None);
    point(destination, &places.pointer(), &pointer).await?;
    // Withdrawn between the entry and the pointer: the later entry has the last word.
    if let Some(last) = ledger.last(dataset).await?.filter(|last| last.digest != recorded.digest) {
        let reason = last.entry.reason.clone();
        let tombstone = Pointer::to(dataset, version.manifest, &last, Some(reason));
        point(destination, &places.pointer(), &tombstone).await?;
        return Err(PublishError::Contended(dataset.clone()));
    }
    observer.reached(Step::Pointer).await;
    Ok(Published {
        manifest_digest: version.manifest,
        manifest_url: format!("{}/{}", destination.url(), places.manifest()),
        ledger: recorded,
        released_at: version.released_at,
        bytes_written: version.bytes,
    })
}

/// A version whose objects and manifest are in place.
struct Version {
    /// The manifest's plan.
    plan: Digest,
    manifest: Digest,
    released_at: Timestamp,
    actor: String,
    bytes: u64,
}

/// What a version with a manifest is to this plan: its own publication; or the same bytes, judged
/// anew (under a newer pack, say), so that only the ledger and the pointer have something to tell.
fn standing(
    approved: &ApprovedPlan,
    found: &Manifest,
    digest: Digest,
    held: Option<&Claim>,
    publisher: &Publisher,
) -> Result<Version, PublishError> {
    let plan = approved.plan();
    let version = |actor: &str| Version {
        plan: found.plan_digest,
        manifest: digest,
        released_at: found.released_at,
        actor: actor.to_owned(),
        bytes: 0,
    };
    if found.plan_digest == plan.digest() {
        let own = held.filter(|claim| claim.plan_digest == plan.digest());
        return Ok(version(own.map_or(&publisher.principal, |claim| &claim.principal)));
    }
    let planned: BTreeMap<_, _> =
        plan.files().iter().map(|file| (file.path.as_str(), file.digest)).collect();
    let there: BTreeMap<_, _> = found
        .files()
        .filter(|file| file.path != RECEIPT)
        .map(|file| (file.path.as_str(), file.digest))
        .collect();
    if planned != there {
        let dataset = plan.dataset().clone();
        return Err(PublishError::AlreadyPublished { dataset, plan: found.plan_digest });
    }
    Ok(version(&publisher.principal))
}

/// Steps 1 to 5.
async fn write(
    approved: &ApprovedPlan,
    source: &Store,
    destination: &Store,
    publisher: &Publisher,
    now: Timestamp,
    observer: &dyn Observer,
) -> Result<Version, PublishError> {
    let plan = approved.plan();
    let places = Places::of(plan.dataset());
    let held = claim::take(destination, &places, plan, publisher, now).await?;
    observer.reached(Step::Claimed).await;
    let mut written = 0;
    let sealed = match held {
        Held::Sealed(sealed) => sealed,
        Held::Open(claim, fence) => {
            let copied = copy_all(approved, source, destination, &fence, observer).await;
            match copied {
                Ok(bytes) => {
                    written = bytes;
                    observer.reached(Step::Objects).await;
                    observer.may_finish(Step::Objects).await.map_err(PublishError::Stopped)?;
                    claim::seal(destination, &places, claim, &fence, approved, publisher).await?
                }
                // Somebody with the same plan was faster, or somebody with another took over.
                Err(PublishError::Store(StoreError::Fenced { .. })) => {
                    claim::sealed(destination, &places, plan).await?
                }
                Err(error) => return Err(error),
            }
        }
    };
    observer.reached(Step::Sealed).await;
    let (manifest, digest) = finish(destination, &places, &sealed, observer).await?;
    let version = standing(approved, &manifest, digest, Some(&sealed), publisher)?;
    Ok(Version { bytes: written, ..version })
}

/// Steps 4 and 5, of whatever plan.
async fn finish(
    destination: &Store,
    places: &Places,
    claim: &Claim,
    observer: &dyn Observer,
) -> Result<(Manifest, Digest), PublishError> {
    let malformed = |why: &str| PublishError::Malformed { path: places.claim(), why: why.into() };
    let sealed = claim.sealed.as_ref().ok_or_else(|| malformed("it is not sealed"))?;
    let fence = Fence { path: places.claim(), digest: Digest::of(&canonical_bytes(claim)?) };
    let receipt = canonical_bytes(&sealed.receipt)?;
    let (digest, size) = (Digest::of(&receipt), receipt.len() as u64);
    if destination.digest(&places.receipt()).await? != Some(digest) {
        let content = stream::iter([Ok(receipt.into())]).boxed();
        destination.write(&places.receipt(), content, digest, size, &fence).await?;
    }
    observer.reached(Step::Receipt).await;

    let manifest: Manifest = serde_json::from_value(sealed.manifest.clone())
        .map_err(|error| malformed(&error.to_string()))?;
    let bytes = canonical_bytes(&sealed.manifest)?;
    let digest = Digest::of(&bytes);
    if destination.create(&places.manifest(), bytes).await? == Created::Exists
        && destination.digest(&places.manifest()).await? != Some(digest)
    {
        let (path, why) = (places.manifest(), "it is not the one that the claim was sealed with");
        return Err(PublishError::Malformed { path, why: why.to_owned() });
    }
    Ok((manifest, digest))
}

/// What the destination holds under this version's manifest, if there is one.
///
/// # Errors
/// If the destination cannot be read or holds something else there.
pub async fn published(
    destination: &Store,
    dataset: &DatasetRef,
) -> Result<Option<dataset::Published>, PublishError> {
    let place = Places::of(dataset).manifest();
    let found = read::<Manifest>(destination, &place).await?;
    Ok(found.map(|(manifest, _)| {
        // The promotion's own receipt is the publication's, not the workspace's.
        let brought = manifest.files().filter(|file| file.path != RECEIPT);
        let files = brought.map(|file| (file.path.clone(), file.digest)).collect();
        dataset::Published { spec_hash: manifest.spec_hash, files }
    }))
}

/// Moves the pointer, unless it is there already or further on.
pub(super) async fn point(store: &Store, path: &str, to: &Pointer) -> Result<(), PublishError> {
    let bytes = canonical_bytes(to)?;
    // Each round that does not end here was somebody else's.
    for _ in 0..ROUNDS {
        let now = read::<Pointer>(store, path).await?;
        // A tombstone of another version stands for nothing that readers could take.
        let outranked = |now: &Pointer| {
            let grave = now.state == PointerState::Withdrawn
                && now.dataset_version_id != to.dataset_version_id;
            now.ledger_sequence >= to.ledger_sequence && !grave
        };
        if now.as_ref().is_some_and(|(now, _)| outranked(now)) {
            return Ok(());
        }
        let expected = now.map(|(_, digest)| digest);
        if store.replace(path, expected, bytes.clone()).await? == Replaced::Done {
            return Ok(());
        }
    }
    let why = format!("it was changed by others {ROUNDS} times in a row");
    Err(PublishError::Malformed { path: path.to_owned(), why })
}

/// Reads one of our own documents, with the digest of its bytes.
pub(super) async fn read<T: DeserializeOwned>(
    store: &Store,
    path: &str,
) -> Result<Option<(T, Digest)>, PublishError> {
    read_within(store, path, MAX_DOCUMENT).await
}

/// The same, of at most `limit` bytes.
pub(super) async fn read_within<T: DeserializeOwned>(
    store: &Store,
    path: &str,
    limit: u64,
) -> Result<Option<(T, Digest)>, PublishError> {
    let Some(bytes) = store.get(path, limit).await? else { return Ok(None) };
    let parsed = serde_json::from_slice(&bytes);
    let value = parsed
        .map_err(|e| PublishError::Malformed { path: path.to_owned(), why: e.to_string() })?;
    Ok(Some((value, Digest::of(&bytes))))
}
