//! A person's word on a plan.

use serde::{Deserialize, Serialize};

use super::Digest;

/// An approval: it holds for the plan with exactly this digest and for no other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Approval {
    /// Who approves, for instance `principal:jane`.
    pub principal: String,
    /// In which role, for instance `steward`.
    pub role: String,
    /// The plan that is approved.
    pub plan_digest: Digest,
    /// When (RFC 3339).
    pub approved_at: jiff::Timestamp,
    /// Why.
    pub reason: Option<String>,
}
