//! What would be published, to the byte.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use super::decision::Judgement;
use crate::dataset::layout::{QA_REPORT, SPEC};
use crate::dataset::{Facts, is_published};
use crate::domain::{
    CanonicalError, DatasetRef, Digest, GateId, GateState, PolicyLabel, Report, canonical_bytes,
    canonical_digest,
};
use crate::policy::{Obligation, Verdict};

/// Every path and digest that would be published, and what was decided over them. Its digest is
/// what an approval names: if one byte of data, the policy pack or a gate's result changes, it is
/// another plan. It holds no clock and no place, so that laptop and cluster make the same one.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Plan {
    lazaret_plan_version: &'static str,
    dataset_slug: String,
    dataset_version_id: String,
    spec_hash: Digest,
    intended_use: String,
    policy_label: PolicyLabel,
    policy_digest: Digest,
    gates: Vec<(GateId, GateState)>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    obligations: BTreeSet<Obligation>,
    qa_report: Digest,
    inputs: Vec<PlannedFile>,
    files: Vec<PlannedFile>,
    #[serde(skip)]
    dataset: DatasetRef,
    #[serde(skip)]
    digest: Digest,
    #[serde(skip)]
    judgement: Option<Arc<Judgement>>,
}

/// One file of a plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PlannedFile {
    /// Its path, in the workspace and below `<slug>/<versionId>/` alike.
    pub path: String,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// Media type.
    pub media_type: String,
    /// What it is for.
    pub kind: FileKind,
}

/// What a file is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Data: `processed/`.
    Artifact,
    /// `catalog/`.
    Catalog,
    /// `receipts/`.
    Receipt,
    /// `attestations/`.
    Attestation,
    /// `spec.json` and `dataset.json`.
    Identity,
    /// Not published: `raw/`, `work/`, and whatever else lies there.
    Private,
}

/// What a workspace path is for. Whether it is published at all is the layout's to say, as it says
/// it to the gates.
fn kind(path: &str) -> FileKind {
    if !is_published(path) {
        return FileKind::Private;
    }
    match path.split_once('/').map(|(top, _)| top) {
        Some("processed") => FileKind::Artifact,
        Some("catalog") => FileKind::Catalog,
        Some("receipts") => FileKind::Receipt,
        Some("attestations") => FileKind::Attestation,
        _ => FileKind::Identity,
    }
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A gate failed; there is nothing to plan.
    #[error("the gates did not pass")]
    Denied,
    /// The report passed over facts that lack what a plan is made of: a defect of the gates.
    #[error("the gates passed without {0}")]
    Incomplete(&'static str),
    /// The plan cannot be hashed.
    #[error(transparent)]
    Form(#[from] CanonicalError),
}

impl Plan {
    /// The plan for facts that passed.
    ///
    /// # Errors
    /// If the report did not pass.
    pub fn new(facts: &Facts, verdict: &Verdict, report: &Report) -> Result<Self, PlanError> {
        if !report.passed() {
            return Err(PlanError::Denied);
        }
        let dataset = facts.dataset_ref().map_err(|_| PlanError::Incomplete("a dataset's name"))?;
        let spec_hash = facts.spec_hash().ok_or(PlanError::Incomplete("a spec hash"))?;
        let policy_label = facts.policy_label().ok_or(PlanError::Incomplete("a policy label"))?;
        let qa_report = facts
            .objects
            .get(QA_REPORT)
            .map(|o| o.digest)
            .ok_or(PlanError::Incomplete("a QA report"))?;
        let spec = facts.spec.value().map(canonical_bytes).transpose()?;
        let canonical_spec = spec.map_or(0, |bytes| bytes.len() as u64);
        let all = facts.objects.iter().map(|(path, object)| PlannedFile {
            path: path.clone(),
            digest: facts.published_digest(path).unwrap_or(object.digest),
            size: if path == SPEC { canonical_spec } else { object.size },
            media_type: object.media_type.clone(),
            kind: kind(path),
        });
        let (inputs, files) = all.partition(|file| file.kind == FileKind::Private);
        let mut plan = Self {
            lazaret_plan_version: "v1",
            dataset_slug: dataset.slug.to_string(),
            dataset_version_id: dataset.version.to_string(),
            spec_hash: spec_hash.0,
            intended_use: facts.requested.intended_use.clone(),
            policy_label,
            policy_digest: verdict.pack.digest,
            gates: report.gates.iter().map(|gate| (gate.id, gate.state)).collect(),
            obligations: verdict.obligations.clone(),
            qa_report,
            inputs,
            files,
            dataset,
            digest: Digest::of(b""),
            judgement: None,
        };
        plan.digest = canonical_digest(&plan)?;
        Ok(plan)
    }

    /// Keeps what the plan came of, to be recorded when it is published.
    #[must_use]
    pub(super) fn of(mut self, judgement: Judgement) -> Self {
        self.judgement = Some(Arc::new(judgement));
        self
    }

    pub(super) fn judgement(&self) -> Option<&Judgement> {
        self.judgement.as_deref()
    }

    /// What an approval names: SHA-256 of the plan's canonical JSON.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Which dataset version.
    pub const fn dataset(&self) -> &DatasetRef {
        &self.dataset
    }

    /// The files to publish, sorted by path.
    pub fn files(&self) -> &[PlannedFile] {
        &self.files
    }

    /// The files of the workspace that are not published but were judged, sorted by path.
    pub fn inputs(&self) -> &[PlannedFile] {
        &self.inputs
    }

    /// What each gate said.
    pub fn gates(&self) -> &[(GateId, GateState)] {
        &self.gates
    }

    /// What the data is to be used for.
    pub fn intended_use(&self) -> &str {
        &self.intended_use
    }

    /// Bytes to publish.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// The dataset's label.
    pub const fn policy_label(&self) -> PolicyLabel {
        self.policy_label
    }

    /// The pack that judged.
    pub const fn policy_digest(&self) -> Digest {
        self.policy_digest
    }

    /// What whoever uses the data must do.
    pub const fn obligations(&self) -> &BTreeSet<Obligation> {
        &self.obligations
    }

    /// Hash of the spec.
    pub const fn spec_hash(&self) -> Digest {
        self.spec_hash
    }

    /// Digest of the QA report.
    pub const fn qa_report(&self) -> Digest {
        self.qa_report
    }
}
