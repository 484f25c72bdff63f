//! Condition types and reasons, and how a condition is set (Kubernetes API conventions; kstatus).

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

/// Condition types.
pub mod type_ {
    /// True when the resource does what its spec asks for. Read by kstatus and Argo CD.
    pub const READY: &str = "Ready";
    /// True while the controller works towards the spec. Present only then (kstatus).
    pub const RECONCILING: &str = "Reconciling";
    /// True when a person must act before the controller can go on (kstatus).
    pub const STALLED: &str = "Stalled";
    /// PolicyPack: whether the last fetch gave a pack or told that nothing changed.
    pub const FETCHED: &str = "Fetched";
    /// PolicyPack: whether digest and signature of the last fetched revision hold.
    pub const VERIFIED: &str = "Verified";
    /// PolicyPack: whether the last verified revision compiled and its own tests passed.
    pub const TESTS_PASSED: &str = "TestsPassed";
    /// PolicyPack: true while a verified revision waits for `spec.approvedRevision`, because it would
    /// turn verdicts. Present only then.
    pub const AWAITING_APPROVAL: &str = "AwaitingApproval";
    /// PolicyPack: whether the loaded revision is served. Present if `spec.serve` asks for it.
    pub const SERVED: &str = "Served";
    /// DatasetPromotion: whether all required gates pass.
    pub const GATES_PASSED: &str = "GatesPassed";
    /// DatasetPromotion: whether the plan has the approvals that it needs.
    pub const APPROVED: &str = "Approved";
    /// Quarantine: whether the gates pass now, so that a release would take effect.
    pub const RELEASABLE: &str = "Releasable";
    /// Quarantine: whether the due date of the remediation is past.
    pub const OVERDUE: &str = "Overdue";
}

/// Condition reasons that more than one place uses. A failing step brings its own.
pub mod reason {
    /// All is well.
    pub const SUCCEEDED: &str = "Succeeded";
    /// `spec.suspend` is set.
    pub const SUSPENDED: &str = "Suspended";
    /// Work is under way.
    pub const PROGRESSING: &str = "Progressing";
    /// The spec cannot be carried out as it is written.
    pub const INVALID_SPEC: &str = "InvalidSpec";
    /// A Secret or ConfigMap that the spec names is missing or lacks a key.
    pub const REFERENCE_NOT_FOUND: &str = "ReferenceNotFound";
    /// The last verified revision is older than `spec.maxStaleness`.
    pub const STALE: &str = "Stale";
    /// The policy pack is not loaded, stale, or not granted to this namespace.
    pub const PACK_UNAVAILABLE: &str = "PolicyPackUnavailable";
    /// The facts or the verdict could not be had; nothing is published.
    pub const UNDECIDED: &str = "CouldNotDecide";
    /// A gate failed.
    pub const DENIED: &str = "GatesFailed";
    /// The Job that was to hash the data failed, or its results are not to be had or not to be taken.
    pub const SHARDS_FAILED: &str = "ShardsFailed";
    /// A Quarantine of this dataset version is active.
    pub const QUARANTINED: &str = "Quarantined";
    /// A plan, or a revision of a policy pack, waits for an approval.
    pub const AWAITING_APPROVAL: &str = "AwaitingApproval";
    /// The dataset version is published.
    pub const PUBLISHED: &str = "Published";
    /// The dataset version was published and is withdrawn.
    pub const WITHDRAWN: &str = "Withdrawn";
    /// All gates pass; `spec.dryRun` holds publication back.
    pub const DRY_RUN: &str = "DryRun";
}

/// A condition about generation `generation`, changed at `now`.
pub fn condition(
    type_: &str,
    status: bool,
    reason: &str,
    message: impl Into<String>,
    generation: Option<i64>,
    now: Timestamp,
) -> Condition {
    Condition {
        type_: type_.to_owned(),
        status: if status { "True" } else { "False" }.to_owned(),
        reason: reason.to_owned(),
        message: bounded(message.into()),
        observed_generation: generation,
        last_transition_time: Time(now),
    }
}

/// The API server refuses messages beyond 32,768 bytes; a person stops reading long before.
fn bounded(mut message: String) -> String {
    const MAX: usize = 1024;
    if message.len() > MAX {
        let cut = (0..=MAX - 4).rev().find(|&i| message.is_char_boundary(i)).unwrap_or(0);
        message.truncate(cut);
        message.push('…');
    }
    message
}

/// Puts `new` in the place of the condition of its type. The transition time stays unless the
/// status changes.
pub fn set_condition(conditions: &mut Vec<Condition>, mut new: Condition) {
    match conditions.iter_mut().find(|old| old.type_ == new.type_) {
        Some(old) => {
            if old.status == new.status {
                new.last_transition_time = old.last_transition_time.clone();
            }
            *old = new;
        }
        None => {
            conditions.push(new);
            conditions.sort_by(|a, b| a.type_.cmp(&b.type_));
        }
    }
}

/// Whether the condition of that type is there and `True`.
pub fn is_true(conditions: &[Condition], type_: &str) -> bool {
    conditions.iter().any(|c| c.type_ == type_ && c.status == "True")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transition_time_moves_only_with_the_status() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut list = Vec::new();
        set_condition(&mut list, condition("Ready", false, "A", "a", Some(1), at(1)));
        set_condition(&mut list, condition("Ready", false, "B", "b", Some(2), at(2)));
        assert_eq!((list[0].reason.as_str(), list[0].last_transition_time.0), ("B", at(1)));
        set_condition(&mut list, condition("Ready", true, "C", "c", Some(3), at(3)));
        assert_eq!((list.len(), list[0].last_transition_time.0), (1, at(3)));
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let text = condition("Ready", true, "A", "é".repeat(9999), None, Timestamp::UNIX_EPOCH);
        assert!(text.message.len() <= 1024 && text.message.ends_with('…'));
    }
}
