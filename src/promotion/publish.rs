//! The crash-safe sequence of a publication.
//!
//! 1. claim the version's place;
//! 2. write the objects;
//! 3. write the receipt;
//! 4. write the manifest by conditional create: from here the version is immutable;
//! 5. append to the ledger, and write the statements that go with what it says;
//! 6. move the pointer, in one conditional write.
//!
//! Readers start at the pointer, so that a crash before the last step leaves them what they had. A
//! retry with the same plan finds the claim, writes the same bytes, and finishes.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::documents::{
    Claim, Manifest, Places, Pointer, PointerState, Publisher, RECEIPT, manifest, receipt,
};
use super::records::{attest, decision, unpublished_elsewhere};
use super::{ApprovedPlan, PlannedFile};
use crate::dataset;
use crate::dataset::layout::SPEC;
use crate::domain::{CanonicalError, DatasetRef, Digest, canonical_bytes, parse_i_json};
use crate::ledger::{Action, Draft, Ledger, LedgerError, Recorded};
use crate::objects::{Created, Fence, Replaced, Store, StoreError};

/// Manifests list every file: 64 MiB is some 200,000 of them.
const MAX_DOCUMENT: u64 = 64 << 20;

/// Objects copied at once.
const PARALLEL: usize = 8;

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
    pub const ALL: [Self; 7] = [
        Self::Claimed,
        Self::FirstObject,
        Self::Objects,
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
    /// manifest (`done` is [`Step::Receipt`]) and before the ledger entry ([`Step::Manifest`]).
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
        Some((found, digest)) if found.plan_digest != plan.digest() => {
            let version = again(approved, &found, digest, publisher)?;
            let claim = Claim::new(plan.digest(), publisher, now);
            if let Some(bytes) = decision(approved, &claim)? {
                // The first record of a plan stays.
                destination.create(&places.decision(plan.digest()), bytes).await?;
            }
            version
        }
        None => {
            unpublished_elsewhere(approved, ledger).await?;
            write(approved, source, destination, publisher, now, observer).await?
        }
        _ => write(approved, source, destination, publisher, now, observer).await?,
    };
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
    manifest: Digest,
    released_at: Timestamp,
    actor: String,
    bytes: u64,
}

/// The same bytes, judged anew (under a newer pack, say): the version is what it was, and only
/// the ledger and the pointer have something to tell.
fn again(
    approved: &ApprovedPlan,
    found: &Manifest,
    digest: Digest,
    publisher: &Publisher,
) -> Result<Version, PublishError> {
    let plan = approved.plan();
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
    let actor = publisher.principal.clone();
    Ok(Version { manifest: digest, released_at: found.released_at, actor, bytes: 0 })
}

/// Steps 1 to 4.
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
    let (claim, fence) = claim(destination, &places, approved, publisher, now).await?;
    observer.reached(Step::Claimed).await;

    let mut files = plan.files().iter();
    let mut written = 0;
    if let Some(first) = files.next() {
        written += copy(source, destination, &places, &fence, first.clone()).await?;
    }
    observer.reached(Step::FirstObject).await;
    let copies = files.cloned().map(|file| copy(source, destination, &places, &fence, file));
    written += stream::iter(copies)
        .buffer_unordered(PARALLEL)
        .try_fold(0, async |sum, bytes| Ok(sum + bytes))
        .await?;
    observer.reached(Step::Objects).await;

    let bytes = canonical_bytes(&receipt(approved, &claim))?;
    let receipt_digest = Digest::of(&bytes);
    overwrite(destination, &places.receipt(), &fence, bytes).await?;
    let decided = decision(approved, &claim)?;
    let decision_digest = decided.as_deref().map(Digest::of);
    if let Some(bytes) = decided
        && destination.digest(&places.manifest()).await?.is_none()
    {
        overwrite(destination, &places.decision(plan.digest()), &fence, bytes).await?;
    }
    observer.reached(Step::Receipt).await;

    observer.may_finish(Step::Receipt).await.map_err(PublishError::Stopped)?;
    let bytes = canonical_bytes(&manifest(approved, &claim, receipt_digest, decision_digest))?;
    let mut manifest = Digest::of(&bytes);
    if destination.create_fenced(&places.manifest(), bytes, &fence).await? == Created::Exists {
        manifest = same_plan(destination, &places, approved).await?;
    }
    Ok(Version { manifest, released_at: claim.started_at, actor: claim.principal, bytes: written })
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

async fn claim(
    destination: &Store,
    places: &Places,
    approved: &ApprovedPlan,
    publisher: &Publisher,
    now: Timestamp,
) -> Result<(Claim, Fence), PublishError> {
    let plan = approved.plan();
    let ours = Claim::new(plan.digest(), publisher, now);
    loop {
        let bytes = canonical_bytes(&ours)?;
        let fence = |digest| Fence { path: places.claim(), digest };
        let mine = fence(Digest::of(&bytes));
        let Some((held, digest)) = read::<Claim>(destination, &places.claim()).await? else {
            match destination.create(&places.claim(), bytes).await? {
                Created::New => return Ok((ours, mine)),
                Created::Exists => continue,
            }
        };
        if held.plan_digest == ours.plan_digest {
            return Ok((held, fence(digest)));
        }
        // An earlier attempt with other bytes. Once it has a manifest, that stands for ever;
        // before, nobody has seen it and the place may be claimed anew.
        same_plan_or_none(destination, places, approved).await?;
        let taken =
            destination.replace_unless(&places.claim(), digest, bytes, &places.manifest()).await?;
        if taken == Replaced::Done {
            return Ok((ours, mine));
        }
    }
}

async fn same_plan_or_none(
    destination: &Store,
    places: &Places,
    approved: &ApprovedPlan,
) -> Result<Option<Digest>, PublishError> {
    let plan = approved.plan();
    let Some((found, digest)) = read::<Manifest>(destination, &places.manifest()).await? else {
        return Ok(None);
    };
    if found.plan_digest != plan.digest() {
        let dataset = plan.dataset().clone();
        return Err(PublishError::AlreadyPublished { dataset, plan: found.plan_digest });
    }
    Ok(Some(digest))
}

async fn same_plan(
    destination: &Store,
    places: &Places,
    approved: &ApprovedPlan,
) -> Result<Digest, PublishError> {
    let found = same_plan_or_none(destination, places, approved).await?;
    found.ok_or_else(|| PublishError::Contended(approved.plan().dataset().clone()))
}

/// Copies one file and tells how many bytes had to be written.
async fn copy(
    source: &Store,
    destination: &Store,
    places: &Places,
    fence: &Fence,
    file: PlannedFile,
) -> Result<u64, PublishError> {
    let target = places.file(&file.path);
    if destination.digest(&target).await? == Some(file.digest) {
        return Ok(0);
    }
    let content = match file.path == SPEC {
        true => canonical_spec(source).await?,
        false => source.stream(&file.path).await?,
    };
    let found = destination.write(&target, content, file.digest, fence).await?;
    if found != file.digest {
        let path = file.path;
        return Err(PublishError::SourceChanged { path, planned: file.digest, found });
    }
    Ok(file.size)
}

/// The spec in its canonical form, whose digest is the spec hash: the one file that is published in
/// another form than it lies in the workspace.
async fn canonical_spec(
    source: &Store,
) -> Result<BoxStream<'static, Result<Bytes, StoreError>>, PublishError> {
    let gone = || PublishError::Malformed { path: SPEC.to_owned(), why: "it is gone".to_owned() };
    let bytes = source.get(SPEC, MAX_DOCUMENT).await?.ok_or_else(gone)?;
    let canonical = canonical_bytes(&parse_i_json(&bytes)?)?;
    Ok(stream::iter([Ok(canonical.into())]).boxed())
}

async fn overwrite(
    store: &Store,
    path: &str,
    fence: &Fence,
    bytes: Vec<u8>,
) -> Result<(), PublishError> {
    let digest = Digest::of(&bytes);
    if store.digest(path).await? != Some(digest) {
        let content = stream::iter([Ok(bytes.into())]).boxed();
        store.write(path, content, digest, fence).await?;
    }
    Ok(())
}

/// Moves the pointer, unless it is there already or further on.
pub(super) async fn point(store: &Store, path: &str, to: &Pointer) -> Result<(), PublishError> {
    let bytes = canonical_bytes(to)?;
    loop {
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
}

/// Reads one of our own documents, with the digest of its bytes.
pub(super) async fn read<T: DeserializeOwned>(
    store: &Store,
    path: &str,
) -> Result<Option<(T, Digest)>, PublishError> {
    let Some(bytes) = store.get(path, MAX_DOCUMENT).await? else { return Ok(None) };
    let parsed = serde_json::from_slice(&bytes);
    let value = parsed
        .map_err(|e| PublishError::Malformed { path: path.to_owned(), why: e.to_string() })?;
    Ok(Some((value, Digest::of(&bytes))))
}
