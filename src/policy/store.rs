//! The compiled packs that judge now. One writer, any number of readers; a reader takes no lock.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};

use super::compile::CompiledPack;

/// Why a pack cannot judge.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unavailable {
    /// No revision was ever loaded.
    #[error("no revision is loaded")]
    NotLoaded,
    /// The loaded revision was last found current too long ago.
    #[error("the loaded revision is stale: last found current at {since}")]
    Stale {
        /// When.
        since: Timestamp,
    },
}

impl Unavailable {
    /// A short CamelCase name for conditions.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotLoaded => "PackNotLoaded",
            Self::Stale { .. } => "PackStale",
        }
    }
}

#[derive(Clone)]
struct Loaded {
    pack: Arc<CompiledPack>,
    checked_at: Timestamp,
    max_staleness: Option<SignedDuration>,
}

/// Compiled packs by name.
#[derive(Default)]
pub struct PackStore(ArcSwap<HashMap<String, Loaded>>);

impl PackStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a new revision in the place of the last. Only what compiled comes here, so a revision
    /// that fails leaves the last one where it is.
    pub fn publish(
        &self,
        key: &str,
        pack: Arc<CompiledPack>,
        now: Timestamp,
        max_staleness: Option<SignedDuration>,
    ) {
        let loaded = Loaded { pack, checked_at: now, max_staleness };
        self.change(|packs| drop(packs.insert(key.to_owned(), loaded.clone())));
    }

    /// Notes that the loaded revision was found current. Does nothing if none is loaded.
    pub fn touch(&self, key: &str, now: Timestamp, max_staleness: Option<SignedDuration>) {
        self.change(|packs| {
            if let Some(loaded) = packs.get_mut(key) {
                loaded.checked_at = loaded.checked_at.max(now);
                loaded.max_staleness = max_staleness;
            }
        });
    }

    /// Sets how old the loaded revision may grow. Does nothing if none is loaded.
    pub fn limit(&self, key: &str, max_staleness: SignedDuration) {
        self.change(|packs| {
            if let Some(loaded) = packs.get_mut(key) {
                loaded.max_staleness = Some(max_staleness);
            }
        });
    }

    /// Forgets a pack.
    pub fn remove(&self, key: &str) {
        self.change(|packs| drop(packs.remove(key)));
    }

    /// The pack, if it may judge at `now`.
    ///
    /// # Errors
    /// If none is loaded or the loaded one is stale.
    pub fn get(&self, key: &str, now: Timestamp) -> Result<Arc<CompiledPack>, Unavailable> {
        let packs = self.0.load();
        let loaded = packs.get(key).ok_or(Unavailable::NotLoaded)?;
        let age = now.duration_since(loaded.checked_at);
        match loaded.max_staleness {
            Some(limit) if age > limit => Err(Unavailable::Stale { since: loaded.checked_at }),
            _ => Ok(Arc::clone(&loaded.pack)),
        }
    }

    /// The loaded pack and when it was last found current, fresh or not: for display.
    pub fn peek(&self, key: &str) -> Option<(Arc<CompiledPack>, Timestamp)> {
        let packs = self.0.load();
        packs.get(key).map(|loaded| (Arc::clone(&loaded.pack), loaded.checked_at))
    }

    /// Names of all loaded packs, sorted.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.0.load().keys().cloned().collect();
        keys.sort();
        keys
    }

    /// How many packs are loaded, fresh or not.
    pub fn len(&self) -> usize {
        self.0.load().len()
    }

    /// Whether none is loaded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn change(&self, change: impl Fn(&mut HashMap<String, Loaded>)) {
        self.0.rcu(|packs| {
            let mut next = HashMap::clone(packs);
            change(&mut next);
            next
        });
    }
}
