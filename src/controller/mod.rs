//! The controller: for each kind a driver that reads as a list of steps. The API server's watch is
//! the only loop; nothing here calls the server room, nor the other way round.

mod apply;
mod backoff;
mod census;
mod context;
mod error;
mod evidence;
mod facts;
mod metrics;
mod observed;
mod pack;
mod promotion;
mod quarantine;
mod state;
mod triggers;
mod watching;
mod wiring;

use kube::api::ListParams;

use crate::api::DatasetSelector;

pub use context::{Context, Settings};
pub use evidence::{ClusterDoorman, ClusterWorld, PROFILE_KEY, PROFILE_LABEL};
pub use metrics::Metrics;
pub use state::{StateDir, StateError};
pub use wiring::{Health, run};

/// The field manager of all that the controller applies.
const MANAGER: &str = "lazaret";

/// Lists the objects that are about one dataset version; their CRDs make both fields selectable.
fn of_version(dataset: &DatasetSelector) -> ListParams {
    let DatasetSelector { slug, version_id } = dataset;
    ListParams::default()
        .fields(&format!("spec.dataset.slug={slug},spec.dataset.versionId={version_id}"))
}
