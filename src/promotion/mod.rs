//! From a report to a publication: plan, approval, the crash-safe sequence, manifest and receipt.
//!
//! [`Plan`] is pure and comes only from facts whose gates passed; [`ApprovedPlan`] comes only from a
//! plan with the approvals that it needs; [`publish`] takes nothing less.

mod apart;
mod approval;
mod assess;
mod claim;
mod copy;
mod decision;
mod documents;
mod plan;
mod publish;
#[cfg(test)]
mod publish_tests;
mod records;
mod statement;
mod withdraw;

pub use apart::{NotApart, apart};
pub use approval::{ApprovedPlan, Missing, approve};
pub use assess::{AssessError, Assessment, Subject, assess};
pub use decision::{Decision, Engine, Mismatch, ReplayError};
pub use documents::{Manifest, Pointer, PointerState, Publisher};
pub use plan::{FileKind, Plan, PlanError, PlannedFile};
pub use publish::{Observer, PublishError, Published, Step, Unobserved, publish, published};
pub use records::{Recalled, RestoreError, recall, restore};
pub use statement::{Attestor, PROMOTION, SUMMARY};
pub use withdraw::{Withdrawn, withdraw};
