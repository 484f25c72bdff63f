//! What a policy pack says of one dataset version.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{Digest, GateId, Reason};

/// Which pack spoke.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PackIdentity {
    /// The pack's name: `<namespace>/<name>` in a cluster, the file's name on a laptop.
    pub name: String,
    /// Digest of the pack's tar.
    pub digest: Digest,
}

/// The pack's answer. There is none if it could not be evaluated: that is an error, and means deny.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Verdict {
    /// Which pack spoke.
    pub pack: PackIdentity,
    /// How many of the pack's `test_*` rules passed before it was loaded.
    pub tests_passed: usize,
    /// What `data.lazaret.gates.<letter>.deny` adds to each gate.
    pub denials: BTreeMap<GateId, Vec<Reason>>,
    /// The pack's data documents, as Rego sees them under `data`: budgets and allow-lists that the
    /// built-in gates hold to.
    #[serde(skip)]
    pub data: Arc<Value>,
    /// What comes with the licence, by `data.lazaret.gates.b.obligations`; none if the pack has no
    /// such rule.
    pub obligations: BTreeSet<Obligation>,
}

/// What whoever uses the data must do.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Obligation {
    /// The licence that asks for it: a term of the SPDX expression.
    pub license: String,
    /// What it asks for.
    pub kind: ObligationKind,
}

/// What a licence may ask for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObligationKind {
    /// Name the source as `rights.attribution` says.
    Attribution,
    /// Pass on what is made of it under the same licence.
    ShareAlike,
}
