//! The record of a decision: all that went into it, so that anybody with the pack can make it again
//! and see that it comes out the same.
//!
//! Documents that are not published (`work/`, `contracts/`) went into it, and whoever reads the data
//! can read what lies beside it. A record in the destination therefore lacks their content, and has
//! their digests: the workspace that was judged completes it. A record in a place of its own is
//! whole. The manifest has its digest.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Plan;
use super::documents::Claim;
use crate::dataset::{Document, Facts, is_published};
use crate::domain::{CanonicalError, Digest, GateId, Report, canonical_digest};
use crate::gates;
use crate::policy::{self, CompiledPack, EvalError};

/// What was judged and how it ended, until it is known when: the claim says that.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Judgement {
    /// Shared: of many objects they are large, and as JSON several times that.
    facts: Arc<Facts>,
    required: Vec<GateId>,
    pack: Digest,
    report: Report,
}

impl Judgement {
    pub(super) fn new(
        facts: Arc<Facts>,
        required: &[GateId],
        pack: Digest,
        report: &Report,
    ) -> Self {
        Self { facts, required: required.to_vec(), pack, report: report.clone() }
    }

    /// The record. Of one claim all who carry it out write the same bytes.
    pub(super) fn decision(&self, plan: &Plan, claim: &Claim) -> Result<Decision, CanonicalError> {
        Ok(Decision {
            lazaret_decision_version: "v1".to_owned(),
            engine: Engine {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                git_commit: claim.git_commit.clone(),
            },
            judged_at: claim.started_at,
            required: self.required.clone(),
            plan_digest: plan.digest(),
            pack_digest: self.pack,
            facts_digest: canonical_digest(&*self.facts)?,
            facts: serde_json::json!(*self.facts),
            report: self.report.clone(),
        })
    }
}

/// Which program judged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Engine {
    /// Lazaret's version.
    pub version: String,
    /// The commit that it was built from.
    pub git_commit: String,
}

/// A recorded decision, v1.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// `v1`.
    pub lazaret_decision_version: String,
    /// Which program judged.
    pub engine: Engine,
    /// The time that the gates were given.
    pub judged_at: Timestamp,
    /// Gates that had to pass beside A to F.
    pub required: Vec<GateId>,
    /// The plan that came out.
    pub plan_digest: Digest,
    /// The pack that judged.
    pub pack_digest: Digest,
    /// Digest of the facts' canonical form.
    pub facts_digest: Digest,
    /// What the gates and the pack were shown.
    pub facts: Value,
    /// What they said.
    pub report: Report,
}

/// Something that does not come out as recorded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Mismatch {
    /// What differs.
    pub what: &'static str,
    /// As recorded.
    pub recorded: String,
    /// As rebuilt.
    pub rebuilt: String,
}

/// Why a decision could not be made again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The record's facts cannot be read.
    #[error("the recorded facts cannot be read: {0}")]
    Facts(#[from] serde_json::Error),
    /// The record has no canonical form.
    #[error(transparent)]
    Form(#[from] CanonicalError),
    /// The policy could not be evaluated.
    #[error("policy: {0}")]
    Policy(#[from] EvalError),
    /// The record lies where readers of the data can see it, and lacks what they may not see.
    #[error(
        "the record lacks {0}, which is not published; give the workspace that was judged (--workspace)"
    )]
    Withheld(String),
}

/// Members of the facts that hold documents by their paths.
const DOCUMENTS: [&str; 5] = ["stac", "receipts", "work", "contracts", "attestations"];

/// Stands in the place of a document's content.
const WITHHELD: &str = "withheld";

impl Decision {
    /// The same for everybody's eyes: of documents that are not published only that they were there.
    /// Their digests are among the objects'.
    #[must_use]
    pub(super) fn for_readers(mut self) -> Self {
        for name in DOCUMENTS {
            let Some(documents) = self.facts[name].as_object_mut() else { continue };
            for (path, document) in documents.iter_mut().filter(|(path, _)| !is_published(path)) {
                *document = serde_json::json!({ "path": path, WITHHELD: true });
            }
        }
        self
    }

    /// The documents that the record lacks, with length and digest as it has them.
    pub(super) fn withheld(&self) -> Vec<(String, u64, Option<Digest>)> {
        let documents = DOCUMENTS.iter().filter_map(|name| self.facts[*name].as_object()).flatten();
        let lacking = documents.filter(|(_, document)| document.get(WITHHELD).is_some());
        let known = |(path, _): (&String, &Value)| {
            let object = &self.facts["objects"][path];
            let digest = object["digest"].as_str().and_then(|digest| digest.parse().ok());
            (path.clone(), object["size"].as_u64().unwrap_or_default(), digest)
        };
        lacking.map(known).collect()
    }

    /// Puts a document back.
    pub(super) fn put_back(&mut self, document: &Document) {
        for name in DOCUMENTS {
            if let Some(place) = self.facts[name].get_mut(&document.path) {
                *place = serde_json::json!(document);
            }
        }
    }

    /// Makes the decision again with `pack`, and tells what comes out otherwise; nothing means that
    /// the verdict is the same, byte for byte.
    ///
    /// # Errors
    /// If it cannot be made at all.
    pub fn replay(&self, pack: &CompiledPack) -> Result<Vec<Mismatch>, ReplayError> {
        let mut found = Vec::new();
        let mut differ = |what: &'static str, recorded: String, rebuilt: String| {
            if recorded != rebuilt {
                found.push(Mismatch { what, recorded, rebuilt });
            }
        };
        if let Some((path, ..)) = self.withheld().into_iter().next() {
            return Err(ReplayError::Withheld(path));
        }
        differ("pack digest", self.pack_digest.to_string(), pack.digest().to_string());
        let facts: Facts = serde_json::from_value(self.facts.clone())?;
        let read = canonical_digest(&facts)?;
        differ("facts digest", self.facts_digest.to_string(), read.to_string());
        let verdict = policy::evaluate(pack, "replay", &facts.policy_input())?;
        let report = gates::judge(&facts, &verdict, &self.required, self.judged_at);
        for (before, now) in self.report.gates.iter().zip(&report.gates) {
            let line = |gate: &crate::domain::GateReport| -> String {
                let reasons = gate.reasons.iter().map(|r| serde_json::json!(r).to_string());
                std::iter::once(format!("{} {:?}", gate.id, gate.state))
                    .chain(reasons)
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            if before != now {
                // The first that differs; those after it often only follow.
                differ("gate", line(before), line(now));
                break;
            }
        }
        let (recorded, rebuilt) = (canonical_digest(&self.report)?, canonical_digest(&report)?);
        differ("report", recorded.to_string(), rebuilt.to_string());
        let plan = match Plan::new(&facts, &verdict, &report) {
            Ok(plan) => plan.digest().to_string(),
            Err(error) => format!("none: {error}"),
        };
        differ("plan digest", self.plan_digest.to_string(), plan);
        Ok(found)
    }
}
