//! What is kept of a publication beside its objects: the record of the decision, the statements that
//! go with it, and what the ledger knows of earlier ones.

use super::documents::{Claim, Manifest, Places, Publisher};
use super::publish::read;
use super::statement::{Publication, statements};
use super::{ApprovedPlan, Decision, PublishError};
use crate::dataset::{Document, Limits};
use crate::domain::{DatasetRef, Digest, canonical_bytes};
use crate::ledger::{Ledger, Recorded};
use crate::objects::{Created, Store, StoreError};

/// A decision holds every document of a workspace.
const MAX_DECISION: u64 = 1 << 30;

/// The ledger knows more than this destination's manifest: a version that it has under another plan,
/// from another destination of the same ledger or from one that was cleared, is published.
pub(super) async fn unpublished_elsewhere(
    approved: &ApprovedPlan,
    ledger: &Ledger,
) -> Result<(), PublishError> {
    let plan = approved.plan();
    match ledger.last(plan.dataset()).await? {
        Some(last) if last.entry.plan_digest != plan.digest() => {
            let dataset = plan.dataset().clone();
            Err(PublishError::AlreadyPublished { dataset, plan: last.entry.plan_digest })
        }
        _ => Ok(()),
    }
}

/// Writes the statements about a publication that the ledger has, and their signatures if there is a
/// key. All that they say is on record, so that a retry writes the same; a signature that is there
/// stays.
pub(super) async fn attest(
    approved: &ApprovedPlan,
    destination: &Store,
    places: &Places,
    recorded: &Recorded,
    publisher: &Publisher,
) -> Result<(), PublishError> {
    let plan = approved.plan();
    // The ledger already had the version under an earlier plan, and so do the statements.
    if recorded.entry.plan_digest != plan.digest() {
        return Ok(());
    }
    let path = places.manifest();
    let gone = || PublishError::Contended(plan.dataset().clone());
    let (manifest, digest) = read::<Manifest>(destination, &path).await?.ok_or_else(gone)?;
    let publication = Publication {
        approved,
        manifest: &manifest,
        manifest_path: &path,
        manifest_digest: digest,
        recorded,
    };
    for statement in statements(&publication) {
        let bytes = canonical_bytes(&statement.value)?;
        let place = |form| places.proof(plan.digest(), statement.name, form);
        let path = place("intoto.json");
        // Never sign what lies there, only what we would write.
        if destination.create(&path, bytes.clone()).await? == Created::Exists
            && destination.digest(&path).await? != Some(Digest::of(&bytes))
        {
            let why = "it is not the statement of this publication".to_owned();
            return Err(PublishError::Malformed { path, why });
        }
        if let Some(attestor) = &publisher.attestor {
            let path = place("sigstore.json");
            let bundle = attestor.attest(&bytes);
            let bundle =
                bundle.map_err(|why| PublishError::Malformed { path: path.clone(), why })?;
            destination.create(&path, bundle.into_bytes()).await?;
        }
    }
    Ok(())
}

/// Records the decision, if the plan still knows what it came of, and tells the record's digest. The
/// first record of a plan stays: who comes later decided the same at another time.
pub(super) async fn decide(
    approved: &ApprovedPlan,
    destination: &Store,
    places: &Places,
    claim: &Claim,
    publisher: &Publisher,
) -> Result<Option<Digest>, PublishError> {
    let plan = approved.plan();
    let Some(judgement) = plan.judgement() else { return Ok(None) };
    let decision = judgement.decision(plan, claim)?;
    let (store, decision) = match &publisher.decisions {
        Some(apart) => (apart, decision),
        None => (destination, decision.for_readers()),
    };
    let bytes = canonical_bytes(&decision)?;
    let (path, digest) = (places.decision(plan.digest()), Digest::of(&bytes));
    match store.create(&path, bytes).await? {
        Created::New => Ok(Some(digest)),
        Created::Exists => Ok(store.digest(&path).await?),
    }
}

/// A recorded decision.
#[derive(Debug)]
pub struct Recalled {
    /// The decision.
    pub decision: Decision,
    /// Digest of its record.
    pub digest: Digest,
    /// What the manifest says that this digest is, if it is the manifest's decision.
    pub stated: Option<Digest>,
}

/// Why a record could not be completed.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The workspace cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is no longer what was judged.
    #[error(
        "the workspace has no {0} with the recorded digest: give it as it was when it was judged"
    )]
    Gone(String),
}

/// Puts back what a record in the destination lacks, from the workspace that was judged.
///
/// # Errors
/// If the workspace cannot be read, or does not hold the very bytes.
pub async fn restore(decision: &mut Decision, workspace: &Store) -> Result<(), RestoreError> {
    let limits = Limits::default();
    for (path, size, digest) in decision.withheld() {
        let document = match size > limits.document_bytes {
            // Nobody read it then, either.
            true => Document::too_large(path, size, &limits),
            false => {
                let bytes = workspace.get(&path, limits.document_bytes).await?;
                let same = bytes.filter(|bytes| Some(Digest::of(bytes)) == digest);
                let document = same.and_then(|bytes| Document::read(&path, &bytes));
                document.ok_or(RestoreError::Gone(path))?
            }
        };
        decision.put_back(&document);
    }
    Ok(())
}

/// Reads the recorded decision on a version: of `plan`, or of the manifest's. It lies in
/// `decisions` if those have a place of their own.
///
/// # Errors
/// If a store cannot be read or holds something else there.
pub async fn recall(
    destination: &Store,
    decisions: Option<&Store>,
    dataset: &DatasetRef,
    plan: Option<Digest>,
) -> Result<Option<Recalled>, PublishError> {
    let places = Places::of(dataset);
    let manifest = read::<Manifest>(destination, &places.manifest()).await?;
    let manifest = manifest.map(|(manifest, _)| manifest);
    let Some(plan) = plan.or_else(|| manifest.as_ref().map(|m| m.plan_digest)) else {
        return Ok(None);
    };
    let stated = manifest.filter(|m| m.plan_digest == plan).and_then(|m| m.policy.decision_digest);
    let path = places.decision(plan);
    let store = decisions.unwrap_or(destination);
    let Some(bytes) = store.get(&path, MAX_DECISION).await? else { return Ok(None) };
    let decision = serde_json::from_slice(&bytes)
        .map_err(|e| PublishError::Malformed { path, why: e.to_string() })?;
    Ok(Some(Recalled { decision, digest: Digest::of(&bytes), stated }))
}
