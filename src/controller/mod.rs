//! The controller: for each kind a driver that reads as a list of steps. The API server's watch is
//! the only loop; nothing here calls the server room, nor the other way round.

mod apply;
mod backoff;
mod context;
mod error;
mod metrics;
mod pack;
mod promotion;
mod quarantine;
mod triggers;
mod watching;
mod wiring;

pub use context::{Context, Settings};
pub use metrics::Metrics;
pub use wiring::{Health, run};

/// The field manager of all that the controller applies.
const MANAGER: &str = "lazaret";
