//! The claim on a version's place: a small state machine in one object.
//!
//! ```text
//! (nothing) --create--> open(plan) --replace if unchanged--> sealed(plan, receipt, manifest)
//!                        |    ^
//!                        +----+ replace if unchanged: another plan takes over
//! ```
//!
//! Taking over and sealing are conditional on the same content, so that one of both happens. There
//! is no way out of `sealed`, and no manifest before it: a publisher that was taken over, however
//! slow, can make nothing of what it has written.

use jiff::Timestamp;

use super::documents::{Claim, Places, Publisher, manifest, receipt};
use super::publish::{PublishError, ROUNDS, read_within};
use super::records::decide;
use super::{ApprovedPlan, Plan};
use crate::domain::{Digest, canonical_bytes};
use crate::objects::{Created, Fence, Replaced, Store};

/// A sealed claim holds a receipt and a manifest, each of at most 64 MiB, and little else.
const MAX_CLAIM: u64 = 160 << 20;

/// A claim that lets this publisher go on.
pub(super) enum Held {
    /// With our plan; the objects are to be written.
    Open(Claim, Fence),
    /// With whatever plan; receipt and manifest are to be written.
    Sealed(Claim),
}

/// The claim as it stands.
pub(super) async fn read(
    destination: &Store,
    places: &Places,
) -> Result<Option<(Claim, Digest)>, PublishError> {
    read_within(destination, &places.claim(), MAX_CLAIM).await
}

/// Claims the place for a plan, from whoever holds it without having sealed it.
pub(super) async fn take(
    destination: &Store,
    places: &Places,
    plan: &Plan,
    publisher: &Publisher,
    now: Timestamp,
) -> Result<Held, PublishError> {
    let ours = Claim::new(plan.digest(), publisher, now);
    let bytes = canonical_bytes(&ours)?;
    let fence = |digest| Fence { path: places.claim(), digest };
    let mine = fence(Digest::of(&bytes));
    for _ in 0..ROUNDS {
        let Some((held, digest)) = read(destination, places).await? else {
            match destination.create(&places.claim(), bytes.clone()).await? {
                Created::New => return Ok(Held::Open(ours, mine)),
                Created::Exists => continue,
            }
        };
        if held.sealed.is_some() {
            return Ok(Held::Sealed(held));
        }
        if held.plan_digest == ours.plan_digest {
            return Ok(Held::Open(held, fence(digest)));
        }
        // An earlier attempt with other bytes, which nobody has seen.
        let taken = destination.replace(&places.claim(), Some(digest), bytes.clone()).await?;
        if taken == Replaced::Done {
            return Ok(Held::Open(ours, mine));
        }
    }
    Err(PublishError::Contended(plan.dataset().clone()))
}

/// Seals our claim, now that all objects are there; the claim as it is sealed, perhaps by others.
pub(super) async fn seal(
    destination: &Store,
    places: &Places,
    claim: Claim,
    fence: &Fence,
    approved: &ApprovedPlan,
    publisher: &Publisher,
) -> Result<Claim, PublishError> {
    let receipt = receipt(approved, &claim);
    let digest = Digest::of(&canonical_bytes(&receipt)?);
    let decided = decide(approved, destination, places, &claim, publisher).await?;
    let manifest = manifest(approved, &claim, digest, decided);
    let claim = claim.seal(receipt, manifest);
    let bytes = canonical_bytes(&claim)?;
    match destination.replace(&fence.path, Some(fence.digest), bytes).await? {
        Replaced::Done => Ok(claim),
        Replaced::Changed => sealed(destination, places, approved.plan()).await,
    }
}

/// The claim, if somebody has sealed it.
pub(super) async fn sealed(
    destination: &Store,
    places: &Places,
    plan: &Plan,
) -> Result<Claim, PublishError> {
    let found = read(destination, places).await?.map(|(claim, _)| claim);
    let found = found.filter(|claim| claim.sealed.is_some());
    found.ok_or_else(|| PublishError::Contended(plan.dataset().clone()))
}
