//! The documents that a publication writes, in the wire form of the promotion contract.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ApprovedPlan, Attestor, FileKind, PlannedFile};
use crate::dataset::layout::PROOFS;
use crate::domain::{DatasetRef, Digest};
use crate::ledger::Recorded;
use crate::objects::Store;

/// The run receipt of the promotion itself, below `<slug>/<versionId>/`.
pub(super) const RECEIPT: &str = "promotion_receipt.json";

/// Who publishes: recorded in receipt and ledger.
#[derive(Clone, Debug)]
pub struct Publisher {
    /// For instance `svc:lazaret` or `principal:jane`.
    pub principal: String,
    /// In which role.
    pub role: String,
    /// Digest of the container image, or of the executable where there is no image.
    pub container_digest: Digest,
    /// Commit that the program was built from: 40 hexadecimal digits.
    pub git_commit: String,
    /// Signs the statements that go with a publication, if there is a key to sign with.
    pub attestor: Option<Arc<dyn Attestor>>,
    /// Where decisions are recorded whole; without, the destination has them for readers' eyes.
    pub decisions: Option<Store>,
}

/// The promotion manifest, v1, as far as it is read again.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Manifest {
    /// `v1`.
    pub kfm_promotion_manifest_version: String,
    /// Which dataset.
    pub dataset_slug: String,
    /// Which version.
    pub dataset_version_id: String,
    /// Hash of its spec.
    pub spec_hash: String,
    /// The plan that was carried out.
    pub plan_digest: Digest,
    /// The data.
    pub artifacts: Vec<ManifestFile>,
    /// The catalogs.
    pub catalogs: Vec<ManifestFile>,
    /// Receipts, attestations and identity.
    #[serde(default)]
    pub supporting: Vec<ManifestFile>,
    /// How it was judged.
    pub policy: ManifestPolicy,
    /// When it was published.
    pub released_at: Timestamp,
}

impl Manifest {
    /// Every file that it lists.
    pub fn files(&self) -> impl Iterator<Item = &ManifestFile> {
        self.artifacts.iter().chain(&self.catalogs).chain(&self.supporting)
    }
}

/// One file in a manifest.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct ManifestFile {
    /// Below `<slug>/<versionId>/`.
    pub path: String,
    /// SHA-256 of its bytes.
    pub digest: Digest,
}

/// How a published version was judged.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct ManifestPolicy {
    /// The pack that judged.
    pub pack_digest: Digest,
    /// Digest of the recorded decision; none in manifests from before there were records.
    #[serde(default)]
    pub decision_digest: Option<Digest>,
}

/// `<slug>/current.json`: which version readers should take.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pointer {
    /// `v1`.
    pub lazaret_pointer_version: String,
    /// Which dataset.
    pub dataset_slug: String,
    /// Which version.
    pub dataset_version_id: String,
    /// Whether to take it.
    pub state: PointerState,
    /// Where its manifest lies, relative to the destination.
    pub manifest: String,
    /// The manifest's digest.
    pub manifest_digest: Digest,
    /// The ledger entry that put the pointer here. A pointer only moves to a later one.
    pub ledger_sequence: u64,
    /// That entry's digest.
    pub ledger_digest: Digest,
    /// Why it is withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Pointer {
    /// A pointer to a version, put where the ledger's entry says; a tombstone if there is a reason.
    pub(super) fn to(
        dataset: &DatasetRef,
        manifest_digest: Digest,
        recorded: &Recorded,
        reason: Option<String>,
    ) -> Self {
        Self {
            lazaret_pointer_version: "v1".to_owned(),
            dataset_slug: dataset.slug.to_string(),
            dataset_version_id: dataset.version.to_string(),
            state: if reason.is_some() { PointerState::Withdrawn } else { PointerState::Published },
            manifest: Places::of(dataset).manifest(),
            manifest_digest,
            ledger_sequence: recorded.entry.sequence,
            ledger_digest: recorded.digest,
            reason,
        }
    }
}

/// Whether a version is to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointerState {
    /// Take it.
    Published,
    /// Do not: this is a tombstone.
    Withdrawn,
}

/// The claim on a version's place: fixes the time, so that a retry writes the same bytes. Whoever
/// has another plan may take an open claim over; a sealed one stands for ever.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Claim {
    pub plan_digest: Digest,
    pub started_at: Timestamp,
    pub principal: String,
    pub role: String,
    pub container_digest: Digest,
    pub git_commit: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Sealed>,
}

/// What is still to be written once all objects are there: whole, so that anybody can finish,
/// whatever became of the approvals and of the program that began.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Sealed {
    pub receipt: Value,
    pub manifest: Value,
}

impl Claim {
    pub(super) fn new(plan: Digest, publisher: &Publisher, now: Timestamp) -> Self {
        // Whole seconds: the wire form shows no more.
        let started_at = Timestamp::from_second(now.as_second()).unwrap_or(now);
        Self {
            plan_digest: plan,
            started_at,
            principal: publisher.principal.clone(),
            role: publisher.role.clone(),
            container_digest: publisher.container_digest,
            git_commit: publisher.git_commit.clone(),
            sealed: None,
        }
    }

    /// The same claim, with what remains to be written.
    pub(super) fn seal(self, receipt: Value, manifest: Value) -> Self {
        Self { sealed: Some(Sealed { receipt, manifest }), ..self }
    }
}

/// `kfm://policy_decision/<hex of the plan digest>`: the decision is the plan, which holds the
/// pack's digest and the gates' results.
pub(super) fn decision_id(plan: Digest) -> String {
    format!("kfm://policy_decision/{}", plan.hex())
}

/// Where things lie in the destination.
pub(super) struct Places {
    prefix: String,
    slug: String,
}

impl Places {
    pub(super) fn of(dataset: &DatasetRef) -> Self {
        Self { prefix: dataset.prefix(), slug: dataset.slug.to_string() }
    }
    pub(super) fn file(&self, path: &str) -> String {
        format!("{}/{path}", self.prefix)
    }
    pub(super) fn claim(&self) -> String {
        self.file("_publication.json")
    }
    pub(super) fn receipt(&self) -> String {
        self.file(RECEIPT)
    }
    pub(super) fn manifest(&self) -> String {
        self.file("promotion_manifest.json")
    }
    /// A proof is named after its plan: the same bytes judged anew get another one.
    pub(super) fn proof(&self, plan: Digest, name: &str, form: &str) -> String {
        self.file(&format!("{PROOFS}{}.{name}.{form}", &plan.hex()[..16]))
    }
    /// Decisions lie beside the ledger, or in a place of their own.
    pub(super) fn decision(&self, plan: Digest) -> String {
        format!("_decisions/{}/{}.json", self.prefix, plan.hex())
    }
    pub(super) fn pointer(&self) -> String {
        format!("{}/current.json", self.slug)
    }
}

/// The run receipt of the promotion itself.
pub(super) fn receipt(approved: &ApprovedPlan, claim: &Claim) -> Value {
    let plan = approved.plan();
    let reference =
        |file: &PlannedFile| json!({ "uri": file.path, "digest": file.digest.to_string() });
    let inputs: Vec<_> = plan.inputs().iter().chain(plan.files()).map(reference).collect();
    let outputs: Vec<_> = plan.files().iter().map(reference).collect();
    json!({
        "run_id": format!("kfm://run/{}.{}", claim.started_at, &claim.plan_digest.hex()[..8]),
        "actor": { "principal": claim.principal, "role": claim.role },
        "operation": "promote",
        "dataset_version_id": plan.dataset().version.as_str(),
        "inputs": inputs,
        "outputs": outputs,
        "environment": {
            "container_digest": claim.container_digest,
            "git_commit": claim.git_commit,
            "params_digest": claim.plan_digest,
        },
        "validation": { "status": "pass", "report_digest": plan.qa_report() },
        "policy": { "decision_id": decision_id(claim.plan_digest) },
        "created_at": claim.started_at,
    })
}

/// The promotion manifest.
pub(super) fn manifest(
    approved: &ApprovedPlan,
    claim: &Claim,
    receipt: Digest,
    decision: Option<Digest>,
) -> Value {
    let plan = approved.plan();
    let list = |wanted: &[FileKind]| -> Vec<Value> {
        let files = plan.files().iter().filter(|file| wanted.contains(&file.kind));
        files
            .map(|file| {
                json!({
                    "path": file.path,
                    "digest": file.digest,
                    "media_type": file.media_type,
                    "size": file.size,
                })
            })
            .collect()
    };
    let mut supporting = list(&[FileKind::Receipt, FileKind::Attestation, FileKind::Identity]);
    supporting.push(json!({
        "path": RECEIPT,
        "digest": receipt,
        "media_type": "application/json",
    }));
    let approvals: Vec<_> = approved
        .approvals()
        .iter()
        .map(|a| {
            json!({
                "role": a.role,
                "principal": a.principal,
                "approved_at": a.approved_at,
                "plan_digest": a.plan_digest,
            })
        })
        .collect();
    let mut policy = json!({
        "policy_label": plan.policy_label(),
        "decision_id": decision_id(claim.plan_digest),
        "pack_digest": plan.policy_digest(),
    });
    if let Some(decision) = decision {
        policy["decision_digest"] = json!(decision);
    }
    json!({
        "kfm_promotion_manifest_version": "v1",
        "dataset_slug": plan.dataset().slug.as_str(),
        "dataset_version_id": plan.dataset().version.as_str(),
        "spec_hash": plan.spec_hash(),
        "plan_digest": claim.plan_digest,
        "released_at": claim.started_at,
        "artifacts": list(&[FileKind::Artifact]),
        "catalogs": list(&[FileKind::Catalog]),
        "supporting": supporting,
        "qa": { "status": "pass", "report_digest": plan.qa_report() },
        "policy": policy,
        "obligations": plan.obligations(),
        "approvals": approvals,
    })
}
