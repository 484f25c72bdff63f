//! Where it is asked: gathers what a decision stands on, decides, and puts it on record before
//! anybody hears of it. A thousand who ask the same at once are answered by one decision.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::timeout;

use super::codes;
use super::decision::{Decision, Outcome};
use super::facts::{DatasetState, Facts, Measure, Policy, ProfileFact, Recorded};
use super::flight::Flights;
use super::metrics::EvidenceMetrics;
use super::names::{ReleaseId, Service};
use super::profile::{PackName, Profile};
use super::prometheus::Sources;
use super::record::Record;
use super::shelf::Shelf;
use crate::domain::{DatasetRef, Digest};
use crate::policy::{CompiledPack, evaluate_evidence};

/// Answers kept at once.
const KEPT: usize = 4096;
/// How long the evidence store may take, each time it is asked: Argo waits for 20 seconds in all.
const PATIENCE: Duration = Duration::from_secs(8);

/// A pack that may judge, and its name.
#[derive(Clone, Debug)]
pub struct Judge {
    /// `<namespace>/<name>`.
    pub name: String,
    /// The pack.
    pub pack: Arc<CompiledPack>,
}

/// What the desk sees of a cluster.
#[async_trait]
pub trait World: Send + Sync {
    /// The profile of a service.
    fn profile(&self, service: &Service) -> ProfileFact;

    /// How dataset versions of a namespace stand.
    async fn datasets(
        &self,
        namespace: &str,
        datasets: &[DatasetRef],
    ) -> BTreeMap<String, DatasetState>;

    /// The pack that a profile of `namespace` names, or why it cannot judge.
    async fn pack(&self, namespace: &str, pack: &PackName) -> Result<Judge, String>;
}

/// How the desk works.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long an answer is given again.
    pub fresh: Duration,
}

/// A decision, and the id under which it is on record.
pub type Answer = (Digest, Decision);

/// The desk.
pub struct Desk {
    world: Arc<dyn World>,
    sources: Arc<dyn Sources>,
    shelf: Arc<Shelf>,
    /// By profile as well: a new one is not answered by what an old one asked.
    flights: Flights<(Service, ReleaseId, ProfileKey), Arc<Answer>>,
    metrics: EvidenceMetrics,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum ProfileKey {
    Text(Digest),
    None(usize),
}

impl Desk {
    /// A desk.
    pub fn new(
        world: Arc<dyn World>,
        sources: Arc<dyn Sources>,
        shelf: Arc<Shelf>,
        settings: Settings,
    ) -> Self {
        let (flights, metrics) = (Flights::new(settings.fresh, KEPT), EvidenceMetrics::default());
        Self { world, sources, shelf, flights, metrics }
    }

    /// The same, counted by `metrics`.
    #[must_use]
    pub fn counted(self, metrics: EvidenceMetrics) -> Self {
        Self { metrics, ..self }
    }

    /// Where decisions and bundles are.
    pub const fn shelf(&self) -> &Arc<Shelf> {
        &self.shelf
    }

    /// Whether a release may go on.
    pub async fn ask(&self, service: &Service, release: &ReleaseId) -> Arc<Answer> {
        self.metrics.asked();
        let profile = self.world.profile(service);
        let key = match &profile {
            ProfileFact::Found(text) => ProfileKey::Text(Digest::of(text.as_bytes())),
            ProfileFact::Missing => ProfileKey::None(0),
            ProfileFact::Several(maps) => ProfileKey::None(maps.len()),
        };
        let key = (service.clone(), release.clone(), key);
        self.flights.get(&key, || self.decide(service, release, profile)).await
    }

    async fn decide(
        &self,
        service: &Service,
        release: &ReleaseId,
        profile: ProfileFact,
    ) -> Arc<Answer> {
        let begun = Instant::now();
        let answer = self.make(service, release, profile).await;
        self.metrics.decided(&answer.1, begun.elapsed());
        answer
    }

    async fn make(
        &self,
        service: &Service,
        release: &ReleaseId,
        profile: ProfileFact,
    ) -> Arc<Answer> {
        let (facts, pack) = self.gather(service, release, profile).await;
        let facts = judged(facts, pack).await;
        let record = Record::new(facts);
        match timeout(PATIENCE, self.shelf.record(&record)).await {
            Ok(Ok(id)) => Arc::new((id, record.decision)),
            Ok(Err(error)) => {
                tracing::warn!(reason = error.reason(), %error, "a decision is not on record");
                unrecorded(record.decision, "the evidence store failed")
            }
            Err(_) => {
                tracing::warn!("a decision is not on record: the evidence store does not answer");
                unrecorded(record.decision, "no answer of the evidence store")
            }
        }
    }

    async fn measure(
        &self,
        namespace: &str,
        queries: BTreeMap<String, String>,
        at: Timestamp,
    ) -> BTreeMap<String, Measure> {
        let begun = Instant::now();
        let measures = self.sources.measure(namespace, queries, at).await;
        self.metrics.measured(measures.values(), begun.elapsed());
        measures
    }

    async fn recorded(&self, service: &Service, release: &ReleaseId) -> Recorded {
        let found = timeout(PATIENCE, self.shelf.recorded(service, release)).await;
        found.unwrap_or_else(|_| Recorded::Unreadable("no answer of the evidence store".to_owned()))
    }

    async fn gather(
        &self,
        service: &Service,
        release: &ReleaseId,
        profile: ProfileFact,
    ) -> (Facts, Option<Arc<CompiledPack>>) {
        let observed_at = Timestamp::now();
        // A profile that cannot be read asks nothing; the decision says what is wrong with it.
        let read = match &profile {
            ProfileFact::Found(text) => Profile::parse(text).ok(),
            _ => None,
        };
        let mut facts = Facts {
            service: service.clone(),
            release_id: release.clone(),
            observed_at,
            profile,
            measures: BTreeMap::new(),
            recorded: Recorded::Nothing,
            datasets: BTreeMap::new(),
            policy: Policy::None,
        };
        let Some(profile) = read else { return (facts, None) };
        let namespace = service.namespace();
        let pack = async {
            match &profile.policy_pack {
                Some(pack) => Some(self.world.pack(namespace, pack).await),
                None => None,
            }
        };
        let queries = profile.queries(service, release);
        let judge;
        (facts.measures, facts.datasets, facts.recorded, judge) = tokio::join!(
            self.measure(namespace, queries, observed_at),
            self.world.datasets(namespace, &profile.datasets),
            self.recorded(service, release),
            pack,
        );
        bound(&mut facts.measures);
        let pack = match judge {
            Some(Ok(Judge { name, pack })) => {
                facts.policy = Policy::Judged { name, digest: pack.digest(), denials: Vec::new() };
                Some(pack)
            }
            Some(Err(why)) => {
                facts.policy = Policy::Unavailable(why);
                None
            }
            None => None,
        };
        (facts, pack)
    }
}

/// What is told instead of a decision that is not on record: no, and an id under which nothing is
/// found.
fn unrecorded(mut decision: Decision, why: &str) -> Arc<Answer> {
    decision.reasons.push(codes::NOT_RECORDED.because(why));
    decision.reasons.sort();
    (decision.ok, decision.verdict) = (false, Outcome::Fail);
    let id = Digest::of(&serde_json::to_vec(&decision).unwrap_or_default());
    Arc::new((id, decision))
}

/// JSON has no negative zero worth keeping, and a record none but finite numbers.
fn bound(measures: &mut BTreeMap<String, Measure>) {
    for measure in measures.values_mut() {
        match measure {
            Measure::Number(number) if !number.is_finite() => {
                *measure = Measure::NotFinite(number.to_string());
            }
            Measure::Number(number) if *number == 0.0 => *number = 0.0,
            _ => {}
        }
    }
}

/// Asks the pack, off the async threads.
async fn judged(mut facts: Facts, pack: Option<Arc<CompiledPack>>) -> Facts {
    let Some(pack) = pack else { return facts };
    let input = facts.policy_input();
    let asked = tokio::task::spawn_blocking(move || evaluate_evidence(&pack, &input)).await;
    let why = match asked {
        Ok(Ok(found)) => {
            if let Policy::Judged { denials, .. } = &mut facts.policy {
                *denials = found;
            }
            return facts;
        }
        Ok(Err(error)) => format!("{}: {error}", error.reason()),
        Err(error) => error.to_string(),
    };
    facts.policy = Policy::Unavailable(why);
    facts
}
