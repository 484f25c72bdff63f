//! The custom resources of group `lazaret.dev`, version `v1alpha1`: data only. The CRDs in `crds/`
//! are generated from these types.

mod conditions;
mod crd;
mod duration;
mod policy_pack;
mod promotion;
mod quarantine;
mod time;

pub use conditions::{condition, is_true, reason, set_condition, type_};
pub use crd::{CRD_FILES, crd_yaml};
pub use duration::Duration;
pub use policy_pack::*;
pub use promotion::*;
pub use quarantine::*;
pub use time::WrittenTime;

/// API group of all resources.
pub const GROUP: &str = "lazaret.dev";

/// Annotation whose every new value asks for a reconciliation at once.
pub const REQUESTED_AT: &str = "lazaret.dev/requestedAt";

/// Annotation on a DatasetPromotion whose every new value has all its data hashed again once.
pub const REHASH: &str = "lazaret.dev/rehash";

/// Label on a Quarantine that names its dataset slug.
pub const LABEL_SLUG: &str = "lazaret.dev/dataset-slug";

/// Label on a Quarantine that names its dataset version id.
pub const LABEL_VERSION: &str = "lazaret.dev/dataset-version-id";
