//! Which changes of an object are news to whom. The controllers write statuses that they watch
//! themselves; without these filters they would wake each other for ever.

use std::hash::{DefaultHasher, Hash, Hasher};

use kube::ResourceExt as _;

use crate::api::{DatasetPromotion, PolicyPack, Quarantine, REHASH, REQUESTED_AT, type_};

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A change of spec, or a request to look at once or to hash anew: news to the object's own
/// controller.
pub(super) fn asked<K: kube::Resource>(object: &K) -> Option<u64> {
    let requested = [REQUESTED_AT, REHASH].map(|name| object.annotations().get(name));
    Some(hash((object.meta().generation, requested, object.meta().deletion_timestamp.is_some())))
}

/// Another version of the object, whatever changed in it.
pub(super) fn version<K: kube::Resource>(object: &K) -> Option<u64> {
    Some(hash((object.meta().resource_version.as_deref(), object.meta().uid.as_deref())))
}

/// Another revision, or another readiness: news to the promotions that use the pack.
pub(super) fn pack_changed(pack: &PolicyPack) -> Option<u64> {
    let status = pack.status.as_ref();
    let digest = status.and_then(|s| s.artifact.as_ref()).map(|a| &a.digest);
    let ready = status
        .and_then(|s| s.conditions.iter().find(|c| c.type_ == type_::READY))
        .map(|c| &c.status);
    Some(hash((pack.metadata.generation, digest, ready)))
}

/// Another spec or phase: news to the promotions of its dataset version.
pub(super) fn quarantine_changed(quarantine: &Quarantine) -> Option<u64> {
    let phase = quarantine.status.as_ref().map(|s| format!("{:?}", s.phase));
    Some(hash((quarantine.metadata.generation, phase)))
}

/// Another phase, or gates that pass or fail now: news to the Quarantine of its dataset version.
pub(super) fn promotion_changed(promotion: &DatasetPromotion) -> Option<u64> {
    let status = promotion.status.as_ref();
    let phase = status.map(|s| format!("{:?}", s.phase));
    let passed = status
        .and_then(|s| s.conditions.iter().find(|c| c.type_ == type_::GATES_PASSED))
        .map(|c| &c.status);
    let seen = status.and_then(|s| s.observed_generation);
    Some(hash((promotion.metadata.generation, seen, phase, passed)))
}
