//! What program and worker say to each other, as JSON.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Value as Rego;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::codec;

use crate::domain::{GateId, Reason};
use crate::policy::testing::{Selection, TestReport};
use crate::policy::{EvalError, Limits, LoadError, Obligation};

/// The worker's first frame; the pack's tar is the second.
#[derive(Serialize, Deserialize)]
pub(in crate::policy) struct Hello {
    /// What the pack may ask for.
    pub limits: Limits,
    /// Whether its tests must pass; they did if it was loaded before.
    pub tests: bool,
}

/// What is known of a pack once it is loaded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::policy) struct Meta {
    pub gates: BTreeSet<GateId>,
    pub evidence: bool,
    pub files: Vec<String>,
    pub packages: Vec<String>,
    pub rules: Vec<String>,
    pub tests_passed: usize,
}

/// A question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::policy) enum Ask {
    /// What all gates deny.
    Gates,
    /// What is denied about a release.
    Evidence,
    /// The pack's own tests.
    Tests(Selection),
}

/// A question's head. A frame holds its length, itself, and the input.
#[derive(Serialize, Deserialize)]
pub(super) struct Head {
    pub id: u64,
    pub ask: Ask,
}

/// Puts a question together.
pub(super) fn question(id: u64, ask: &Ask, input: &Value) -> Vec<u8> {
    // A head always serializes; an empty one would be refused by the worker.
    let head = serde_json::to_vec(&Head { id, ask: ask.clone() }).unwrap_or_default();
    let mut body = (head.len() as u64).to_be_bytes().to_vec();
    body.extend(head);
    codec::encode(input, &mut body);
    body
}

/// Takes a question apart.
pub(super) fn asked(mut body: &[u8]) -> Option<(Head, Rego)> {
    let (length, rest) = body.split_first_chunk::<8>()?;
    body = rest;
    let (head, rest) = body.split_at_checked(u64::from_be_bytes(*length).try_into().ok()?)?;
    body = rest;
    Some((serde_json::from_slice(head).ok()?, codec::decode(&mut body)?))
}

/// An answer.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::policy) enum Answer {
    Gates { denials: BTreeMap<GateId, Vec<Reason>>, obligations: BTreeSet<Obligation> },
    Evidence(Vec<Reason>),
    Tests(TestReport),
}

/// What comes back: first `Loaded`, then `Answered` in any order.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Loaded(Result<Meta, LoadError>),
    Answered { id: u64, answer: Result<Answer, EvalError> },
}
