//! From a workspace to a report and, if every gate passes, a plan. Laptop and cluster run this one.

use std::sync::Arc;

use jiff::Timestamp;

use super::decision::Judgement;
use super::{Plan, PlanError, PublishError, published};
use crate::dataset::{self, Facts, GatherError, Limits, Progress, Recall, Requested, StoreReader};
use crate::domain::{DatasetRef, GateId, GateReport, Reason, Report, SpecHash};
use crate::gates;
use crate::ledger::{Entry, Ledger};
use crate::objects::Store;
use crate::policy::{self, CompiledPack, EvalError, Verdict};

/// What is to be judged, and how.
pub struct Subject<'a> {
    /// The workspace.
    pub source: StoreReader,
    /// Digests that are known from before.
    pub recall: Recall<'a>,
    /// Where the version may be published already.
    pub destination: Option<&'a Store>,
    /// The destination's ledger, which remembers versions that the destination may no longer hold.
    pub ledger: Option<&'a Ledger>,
    /// Dataset, version and intended use.
    pub requested: Requested,
    /// Gates that must pass beside A to F.
    pub required: Vec<GateId>,
    /// The hash that the workspace's spec must have, if the caller brought the spec along.
    pub expected_spec: Option<SpecHash>,
    /// The policy pack.
    pub pack: Arc<CompiledPack>,
    /// The pack's name, for the record.
    pub pack_name: String,
    /// Bounds on what is read.
    pub limits: Limits,
}

/// What was found.
#[derive(Debug)]
pub struct Assessment {
    /// What is known of the workspace.
    pub facts: Arc<Facts>,
    /// What the pack says.
    pub verdict: Verdict,
    /// What the gates say.
    pub report: Report,
    /// What would be published; there exactly if the report passed.
    pub plan: Option<Plan>,
}

/// Why nothing could be decided. It means no, but it is not a verdict on the data.
#[derive(Debug, thiserror::Error)]
pub enum AssessError {
    /// The workspace could not be read.
    #[error(transparent)]
    Gather(#[from] GatherError),
    /// The destination could not be read.
    #[error(transparent)]
    Destination(#[from] PublishError),
    /// The policy could not be evaluated.
    #[error("policy: {0}")]
    Policy(#[from] EvalError),
    /// The plan could not be made.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The worker that evaluates policy was lost.
    #[error("policy: the evaluation was lost")]
    Lost,
}

/// Reads and judges a workspace.
///
/// # Errors
/// If something could not be read or evaluated; a denial is no error but a report.
pub async fn assess(
    subject: Subject<'_>,
    now: Timestamp,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Assessment, AssessError> {
    let already = match (subject.destination, named(&subject.requested)) {
        (Some(destination), Some(dataset)) => published(destination, &dataset).await?,
        _ => None,
    };
    let recorded = match (subject.ledger, named(&subject.requested)) {
        // Where a manifest is, it says more than the ledger.
        (Some(ledger), Some(dataset)) if already.is_none() => {
            ledger.last(&dataset).await.map_err(PublishError::from)?
        }
        _ => None,
    };
    let Subject { source, recall, requested, limits, .. } = subject;
    let gathered = dataset::gather_knowing(&source, recall, requested, already, &limits, progress);
    let facts = gathered.await?;
    let (pack, name) = (subject.pack, subject.pack_name);
    let (required, expected) = (subject.required, subject.expected_spec);
    // Rego is CPU work without await points: off the async threads.
    tokio::task::spawn_blocking(move || {
        let facts = Arc::new(facts);
        let input = facts.policy_input();
        let verdict = policy::evaluate(&pack, &name, &input)?;
        // Of many objects it is larger than the facts themselves.
        drop(input);
        let mut report = gates::judge(&facts, &verdict, &required, now);
        if let Some(expected) = expected.filter(|hash| Some(*hash) != facts.spec_hash()) {
            deny(&mut report, &other_spec(expected));
        }
        let mut plan = match report.passed() {
            true => {
                let judgement =
                    Judgement::new(Arc::clone(&facts), &required, verdict.pack.digest, &report);
                Some(Plan::new(&facts, &verdict, &report)?.of(judgement))
            }
            false => None,
        };
        if let Some(recorded) = recorded
            && is_other(&recorded.entry, plan.as_ref(), facts.spec_hash())
        {
            deny(&mut report, &published_elsewhere(&recorded.entry));
            plan = None;
        }
        Ok(Assessment { facts, verdict, report, plan })
    })
    .await
    .map_err(|_| AssessError::Lost)?
}

/// The caller's spec is not the one that the workspace was made from.
fn other_spec(expected: SpecHash) -> Reason {
    Reason::new(
        gates::codes::SPEC_HASH_MISMATCH.reason_code(),
        format!("The spec that was given has hash {expected}, the workspace's another."),
        "Give the spec that the workspace was made from, or make the workspace anew.",
    )
    .in_file("spec.json")
}

/// Whether an entry speaks of something else than what would be published. Without a plan only the
/// spec can tell.
fn is_other(entry: &Entry, plan: Option<&Plan>, spec: Option<SpecHash>) -> bool {
    match plan {
        Some(plan) => entry.plan_digest != plan.digest(),
        None => spec.is_some_and(|spec| spec.0 != entry.spec_hash),
    }
}

/// The same rule as publication has: a version that the ledger knows is published, wherever it lies.
fn published_elsewhere(entry: &Entry) -> Reason {
    let Entry { dataset_version_id: version, sequence, plan_digest, .. } = entry;
    gates::codes::VERSION_ALREADY_PUBLISHED.because(format!(
        "{version} is in the ledger, entry {sequence}, under another plan ({plan_digest}); \
         that this destination holds no manifest of it changes nothing."
    ))
}

fn deny(report: &mut Report, reason: &Reason) {
    for gate in report.gates.iter_mut().filter(|gate| gate.id == GateId::A) {
        let mut reasons = std::mem::take(&mut gate.reasons);
        reasons.push(reason.clone());
        *gate = GateReport::from_reasons(GateId::A, reasons);
    }
}

fn named(requested: &Requested) -> Option<DatasetRef> {
    let slug = requested.dataset_slug.parse().ok()?;
    let version = requested.dataset_version_id.parse().ok()?;
    Some(DatasetRef { slug, version })
}
