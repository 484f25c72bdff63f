//! Whether a release may go on: a profile says what to measure and what may be, sources say what is,
//! and a pure function decides. `prometheus`, `tokens`, `shelf`, `flight` and `desk` do I/O or look at
//! a clock, the others do not.

mod access;
mod answer;
mod bundle;
mod codes;
mod compare;
mod decide;
mod decision;
mod desk;
mod facts;
mod flight;
mod metrics;
mod names;
mod profile;
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
pub use decide::decide;
pub use decision::{Cost, Decision, Outcome, Snapshot};
pub use desk::{Answer, Desk, Judge, Settings, World};
pub use facts::{DatasetState, Facts, Measure, Policy, ProfileFact, Recorded};
pub use flight::Flights;
pub use metrics::EvidenceMetrics;
pub use names::{NameError, ReleaseId, Service};
pub use profile::{PackName, Profile, ProfileError, Signal};
pub use prometheus::{Prometheus, SourceError, Sources};
pub use record::{Record, Replayed};
pub use shelf::{Put, Shelf, ShelfError, StoredBundle};
pub use tokens::Tokens;
