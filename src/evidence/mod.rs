//! Whether a release may go on: a profile says what to measure and what may be, sources say what is,
//! and a pure function decides. `profile`, `facts`, `decide`, `compare`, `bundle`, `record` and
//! `answer` do no I/O; `prometheus`, `tokens`, `shelf` and `desk` do.

mod access;
mod answer;
mod bundle;
mod codes;
mod compare;
mod decide;
mod desk;
mod facts;
mod flight;
mod metrics;
mod names;
mod profile;
mod profile_error;
mod prometheus;
mod record;
mod shelf;
mod tokens;

#[cfg(test)]
mod decide_tests;
#[cfg(test)]
mod desk_tests;

pub use access::{Act, Caller, Doorman, Refused};
pub use bundle::{BUNDLE_PREDICATE, Bundle, BundleError, Check};
pub use codes::{ALL as CODES, Code};
pub use compare::{Counts, Test, compare};
pub use decide::{Cost, Decision, Outcome, Snapshot, decide};
pub use desk::{Answer, Desk, Judge, Settings, World};
pub use facts::{DatasetState, Facts, Measure, Policy, ProfileFact, Recorded};
pub use flight::Flights;
pub use metrics::EvidenceMetrics;
pub use names::{NameError, ReleaseId, Service};
pub use profile::{PackName, Profile, Signal};
pub use profile_error::ProfileError;
pub use prometheus::{Prometheus, SourceError, Sources};
pub use record::{Record, Replayed};
pub use shelf::{Put, Shelf, ShelfError, StoredBundle};
pub use tokens::Tokens;
