//! Whether a plan has the approvals that it needs.

use super::Plan;
use crate::domain::Approval;

/// A plan that may be published. Only [`approve`] makes one.
#[derive(Clone, Debug)]
pub struct ApprovedPlan {
    plan: Plan,
    approvals: Vec<Approval>,
}

impl ApprovedPlan {
    /// The plan.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The approvals that count for it, in the order given; empty if none was needed or given.
    pub fn approvals(&self) -> &[Approval] {
        &self.approvals
    }
}

/// The plan lacks an approval.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("policy label {label} needs a {role}'s approval of plan {digest}{other}", other = if *.outdated > 0 { format!("; {} given approval(s) name another plan and are void", .outdated) } else { String::new() })]
pub struct Missing {
    /// The dataset's label.
    pub label: String,
    /// In which role somebody must approve.
    pub role: &'static str,
    /// What the approval must name.
    pub digest: String,
    /// Approvals that name another plan.
    pub outdated: usize,
}

/// Lets a plan pass if its label needs no approval, or if an approval in the needed role names
/// exactly its digest.
///
/// # Errors
/// If an approval is missing.
pub fn approve(plan: Plan, given: &[Approval]) -> Result<ApprovedPlan, Missing> {
    let digest = plan.digest();
    let approvals: Vec<_> = given.iter().filter(|a| a.plan_digest == digest).cloned().collect();
    match plan.policy_label().approver_role() {
        Some(role) if !approvals.iter().any(|a| a.role == role) => Err(Missing {
            label: plan.policy_label().to_string(),
            role,
            digest: digest.to_string(),
            outdated: given.len() - approvals.len(),
        }),
        _ => Ok(ApprovedPlan { plan, approvals }),
    }
}
