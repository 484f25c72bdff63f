//! Small validated values that every other room speaks in. Pure: no I/O, no clock, no client.

mod approval;
mod canonical;
mod dataset_id;
mod difference;
mod digest;
mod gate;
pub mod json_text;
mod label;
pub mod pointer;
mod reason;
pub mod yaml;

pub use approval::Approval;
pub use canonical::{
    CanonicalError, SpecHash, canonical_bytes, canonical_digest, parse_i_json, parse_wide_json,
};
pub use dataset_id::{DatasetRef, DatasetSlug, DatasetVersionId, IdError};
pub use difference::{Difference, Spelling, differences};
pub use digest::{Digest, DigestError, DigestWriter};
pub use gate::{GateId, GateReport, GateState, Report};
pub use label::{Band, PolicyLabel};
pub use reason::{CodeError, Reason, ReasonCode};
