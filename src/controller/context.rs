//! What every reconciliation shares.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::Hash;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::Client;
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::reflector::ObjectRef;
use kube::{Resource, ResourceExt as _};
use tokio::sync::{Semaphore, watch};

use super::Metrics;
use super::facts::FactsJudged;
use super::pack::{Failure, Remembered};
use super::state::StateDir;
use crate::dataset::Digests;
use crate::ledger::Ledger;
use crate::objects::Store;
use crate::pack::Shelf;
use crate::policy::PackStore;
use crate::promotion::{Publisher, Step};

/// Ledgers kept in memory for the next who publishes there.
const MAX_LEDGERS: usize = 256;

/// Promotions remembered because their data was not what it had been said to be.
const MAX_DISTRUSTED: usize = 10_000;

/// Objects whose failures are counted.
const MAX_FAILING: usize = 10_000;

/// Deleted packs that are remembered, the last ones: what is still at work on a pack is soon done.
const MAX_GONE: usize = 4096;

/// How the controller is to behave.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The one namespace to look after; all if unset.
    pub namespace: Option<String>,
    /// Directories whose `<namespace>` folders `file://` URLs may name.
    pub file_roots: Vec<PathBuf>,
    /// URLs of remote stores below whose `<namespace>` prefixes the operator's own identity is lent.
    pub ambient_stores: Vec<String>,
    /// How often a denied or waiting promotion is looked at again.
    pub recheck: Duration,
    /// Who owns a Quarantine whose dataset names no steward.
    pub default_owner: String,
    /// How long a remediation may take.
    pub remediation: Duration,
    /// How many promotions are worked on at once.
    pub concurrency: u16,
    /// Whether packs may be fetched from this machine; for development and tests.
    pub allow_loopback: bool,
    /// Who publishes.
    pub publisher: Publisher,
    /// The controller's own image, for the pods that hash.
    pub image: Option<String>,
    /// Where loaded packs are kept for the next start; nowhere if unset.
    pub state: Option<Arc<StateDir>>,
    /// Where to stop for ever in a publication, so that a test can kill the process there.
    pub pause_at: Option<Step>,
}

/// What every reconciliation shares.
pub struct Context {
    pub(super) client: Client,
    pub(super) settings: Settings,
    pub(super) packs: Arc<PackStore>,
    pub(super) metrics: Metrics,
    pub(super) recorder: Recorder,
    pub(super) heavy: Semaphore,
    /// For taking in what pods found: large, and short.
    pub(super) merging: Semaphore,
    ledgers: Mutex<HashMap<String, Arc<Ledger>>>,
    failures: Mutex<HashMap<(&'static str, String), u32>>,
    remembered: Mutex<HashMap<String, Arc<Remembered>>>,
    /// Why revisions were taken away, until that is reported.
    struck_out: Mutex<HashMap<String, Failure>>,
    /// Packs that were deleted, the last one last. Their names hold a uid and never come again.
    gone: Mutex<VecDeque<String>>,
    listed: watch::Sender<bool>,
    /// What the server hands out.
    pub(super) shelf: Arc<Shelf>,
    /// Digests of data that nobody has touched since it was hashed.
    pub(super) digests: Digests,
    /// How often a promotion's bytes turned out to be others than their digests said.
    distrusted: Mutex<HashMap<String, u32>>,
    /// What the packs judged last.
    pub(super) facts: FactsJudged,
}

impl Context {
    /// A context for one run of the controller, which puts what it is to serve onto `shelf`.
    pub fn new(client: Client, settings: Settings, metrics: Metrics, shelf: Arc<Shelf>) -> Self {
        let reporter = Reporter { controller: "lazaret.dev/controller".into(), instance: None };
        Self {
            recorder: Recorder::new(client.clone(), reporter),
            client,
            heavy: Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)),
            merging: Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)),
            settings,
            packs: Arc::new(PackStore::new()),
            metrics,
            ledgers: Mutex::default(),
            failures: Mutex::default(),
            remembered: Mutex::default(),
            struck_out: Mutex::default(),
            gone: Mutex::default(),
            listed: watch::Sender::new(false),
            shelf,
            digests: Digests::default(),
            distrusted: Mutex::default(),
            facts: FactsJudged::default(),
        }
    }

    /// The ledger of a destination; one for all who publish there, so that they queue here and not
    /// in the store.
    pub(super) fn ledger(&self, destination: &Store) -> Arc<Ledger> {
        let mut ledgers = self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        // A tenant makes new keys at will, by new URLs or new credentials. What nobody uses can be
        // read again.
        if ledgers.len() >= MAX_LEDGERS {
            ledgers.retain(|_, ledger| Arc::strong_count(ledger) > 1);
        }
        let ledger = ledgers.entry(destination.key());
        Arc::clone(ledger.or_insert_with(|| Arc::new(Ledger::new(destination.clone()))))
    }

    /// Counts a failure of `object` and tells how many there were in a row.
    pub(super) fn failed<K>(&self, object: &K) -> u32
    where
        K: Resource<DynamicType = ()>,
        ObjectRef<K>: Hash,
    {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        // Objects that fail and are deleted would stay for ever. Whoever is forgotten is tried again soon.
        if failures.len() >= MAX_FAILING {
            failures.clear();
        }
        let count = failures.entry(key(object)).or_default();
        *count = count.saturating_add(1);
        *count
    }

    /// What is kept of the pack's last loaded revision.
    pub(super) fn remembered(&self, pack: &str) -> Option<Arc<Remembered>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(pack).cloned()
    }

    /// Keeps what the next look at the pack's source needs.
    pub(super) fn remember(&self, pack: &str, last: Remembered) {
        let mut all = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(pack.to_owned(), Arc::new(last));
    }

    /// Takes the pack's revision away and keeps why: whoever finds it gone must be able to tell.
    pub(super) fn strike_out(&self, pack: &str, why: Failure) {
        let mut all = self.struck_out.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(pack.to_owned(), why);
        drop(all);
        self.unload(pack);
        self.unkeep(pack);
    }

    /// Why the pack's revision was taken away since this was last asked.
    pub(super) fn take_struck_out(&self, pack: &str) -> Option<Failure> {
        self.struck_out.lock().unwrap_or_else(PoisonError::into_inner).remove(pack)
    }

    /// Takes the pack's revision away: it judges no more.
    pub(super) fn unload(&self, pack: &str) {
        self.packs.remove(pack);
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).remove(pack);
    }

    /// Keeps nothing of the pack for the next start.
    pub(super) fn unkeep(&self, pack: &str) {
        if let Some(state) = &self.settings.state {
            state.remove(pack);
        }
    }

    /// Forgets all about a pack that was deleted, for good: what is still at work on it comes late.
    pub(super) fn deleted(&self, pack: &str) {
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        if gone.len() >= MAX_GONE {
            gone.pop_front();
        }
        gone.push_back(pack.to_owned());
        self.unload(pack);
        self.unkeep(pack);
        self.take_struck_out(pack);
        self.facts.forget(pack);
        self.shelf.clear(pack, None);
    }

    /// Does `act`, unless the pack was deleted; no deletion comes between.
    pub(super) fn unless_deleted(&self, pack: &str, act: impl FnOnce()) {
        let gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        if !gone.iter().any(|gone| gone == pack) {
            act();
        }
    }

    /// All packs of which anything is kept.
    pub(super) fn known(&self) -> BTreeSet<String> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let shelf = self.shelf.owners().into_iter().map(|(owner, _)| owner.to_string());
        self.packs.keys().into_iter().chain(remembered.keys().cloned()).chain(shelf).collect()
    }

    /// The first list of packs is complete.
    pub(super) fn packs_are_listed(&self) {
        self.listed.send_replace(true);
    }

    /// Resolves once the first list of packs is complete.
    pub(super) async fn packs_listed(&self) {
        // The sender lives as long as this context.
        let _ = self.listed.subscribe().wait_for(|listed| *listed).await;
    }

    /// What is remembered of the data of the promotion with this uid was not so.
    pub(super) fn distrust(&self, uid: &str) {
        let mut all = self.distrusted.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever is forgotten is found out anew.
        if all.len() >= MAX_DISTRUSTED {
            all.clear();
        }
        *all.entry(uid.to_owned()).or_default() += 1;
    }

    /// How often that happened.
    pub(super) fn distrusted(&self, uid: &str) -> u32 {
        let all = self.distrusted.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(uid).copied().unwrap_or_default()
    }

    /// Forgets the failures of `object`.
    pub(super) fn succeeded<K: Resource<DynamicType = ()>>(&self, object: &K) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(object));
    }
}

/// The kind of one of our resources, as a label that lives for ever.
pub(super) fn kind<K: Resource<DynamicType = ()>>() -> &'static str {
    match K::kind(&()).as_ref() {
        "PolicyPack" => "PolicyPack",
        "DatasetPromotion" => "DatasetPromotion",
        _ => "Quarantine",
    }
}

fn key<K: Resource<DynamicType = ()>>(object: &K) -> (&'static str, String) {
    (kind::<K>(), format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any()))
}
