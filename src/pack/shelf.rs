//! What is served, by id. One writer, any number of readers; a reader takes no lock. Only a
//! [`VerifiedPack`](super::VerifiedPack) can be put here, so that nothing unverified is ever served.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::watch;

use super::served::{PackId, ServedPack};

/// More packs than this are not served by one process.
const MAX_PACKS: usize = 1024;
/// More ids than this one namespace does not take: the shelf is everybody's.
pub const MAX_PER_NAMESPACE: usize = 64;
/// The owner of a directory's packs. It is no tenant, and only the shelf's own end bounds it.
pub const DIRECTORY_OWNER: &str = "directory";

/// Why an id cannot be had.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum ShelfError {
    /// Another serves under this id already.
    #[error("{id} is served by another already; choose another id")]
    IdTaken {
        /// The id.
        id: PackId,
    },
    /// The pack's signature is over an OCI manifest, which is not what is served.
    #[error(
        "{id} is signed over its OCI manifest, and no client could check the tar by that; sign the tar itself, with lazaret pack sign or cosign sign-blob, and push both"
    )]
    NotOverTheTar {
        /// The id.
        id: PackId,
    },
    /// There are too many packs.
    #[error("more than {MAX_PACKS} packs are not served by one process")]
    Full,
    /// A namespace takes more ids than it may.
    #[error("namespace {namespace} has {MAX_PER_NAMESPACE} ids already, which is all it may take")]
    TooMany {
        /// The namespace.
        namespace: String,
    },
}

impl ShelfError {
    /// A short CamelCase name for conditions.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::IdTaken { .. } => "ServeIdTaken",
            Self::NotOverTheTar { .. } => "SignatureNotOverTar",
            Self::Full => "ShelfFull",
            Self::TooMany { .. } => "ServeTooMany",
        }
    }
}

/// What is known of an id.
#[derive(Clone, Debug)]
pub enum OnShelf {
    /// It will be served, and nothing of it was verified yet.
    Announced,
    /// It is served.
    Served(Arc<ServedPack>),
}

#[derive(Clone)]
struct Entry {
    owner: Arc<str>,
    item: OnShelf,
}

/// All that is served. Each id belongs to the owner that came first, until it is removed, so that
/// one tenant never speaks under another's name.
pub struct Shelf {
    packs: ArcSwap<HashMap<PackId, Entry>>,
    changes: watch::Sender<u64>,
}

impl Default for Shelf {
    fn default() -> Self {
        Self { packs: ArcSwap::default(), changes: watch::Sender::new(0) }
    }
}

impl Shelf {
    /// Makes an id known before anything of it was verified. Does nothing if it is served.
    ///
    /// # Errors
    /// If the id is another owner's, or there are too many.
    pub fn announce(&self, owner: &str, id: &PackId) -> Result<(), ShelfError> {
        self.place(owner, id, |old| old.is_none().then_some(OnShelf::Announced))
    }

    /// Serves an id no more, without giving it up: nobody else can take it in between. Does nothing
    /// if it is not the owner's.
    pub fn demote(&self, owner: &str, id: &PackId) {
        self.change(|packs| {
            let entry = packs.get(id).filter(|entry| entry.owner.as_ref() == owner)?;
            matches!(entry.item, OnShelf::Served(_)).then(|| {
                let mut next = HashMap::clone(packs);
                next.insert(id.clone(), Entry { owner: owner.into(), item: OnShelf::Announced });
                next
            })
        });
    }

    /// Every id with its owner, as (owner, id), in the order of ids.
    pub fn owners(&self) -> Vec<(Arc<str>, PackId)> {
        let packs = self.packs.load();
        let mut all: Vec<_> =
            packs.iter().map(|(id, entry)| (Arc::clone(&entry.owner), id.clone())).collect();
        all.sort_by(|a, b| a.1.cmp(&b.1));
        all
    }

    /// Puts a pack in the place of its id's last revision. The same bytes again change nothing.
    ///
    /// # Errors
    /// If the id is another owner's, or there are too many.
    pub fn put(&self, owner: &str, pack: ServedPack) -> Result<(), ShelfError> {
        let pack = Arc::new(pack);
        self.place(owner, pack.id(), |old| match old {
            Some(OnShelf::Served(old)) if old.same_as(&pack) => None,
            Some(OnShelf::Served(old)) => {
                // Two revisions within a second would have one date, and a client that knows
                // nothing but dates would keep the older.
                let next = old.loaded_at().as_second().saturating_add(1);
                let next = Timestamp::from_second(next).unwrap_or(pack.loaded_at());
                let later = pack.dated(pack.loaded_at().max(next));
                Some(OnShelf::Served(Arc::new(later)))
            }
            _ => Some(OnShelf::Served(Arc::clone(&pack))),
        })
    }

    /// Takes an id off the shelf, if it is the owner's.
    pub fn remove(&self, owner: &str, id: &PackId) {
        self.withdraw(|at, entry| at == id && entry.owner.as_ref() == owner);
    }

    /// Takes all of an owner's ids off the shelf, but for one.
    pub fn clear(&self, owner: &str, except: Option<&PackId>) {
        self.withdraw(|id, entry| entry.owner.as_ref() == owner && Some(id) != except);
    }

    /// What is known of an id.
    pub fn get(&self, id: &str) -> Option<OnShelf> {
        self.packs.load().get(id).map(|entry| entry.item.clone())
    }

    /// All ids with what is known of them, in order.
    pub fn list(&self) -> Vec<(PackId, OnShelf)> {
        let packs = self.packs.load();
        let mut all: Vec<_> =
            packs.iter().map(|(id, entry)| (id.clone(), entry.item.clone())).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// Tells of every change from now on.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn place(
        &self,
        owner: &str,
        id: &PackId,
        item: impl Fn(Option<&OnShelf>) -> Option<OnShelf>,
    ) -> Result<(), ShelfError> {
        let mut outcome = Ok(());
        self.change(|packs| {
            outcome = match packs.get(id) {
                Some(entry) if entry.owner.as_ref() != owner => {
                    Err(ShelfError::IdTaken { id: id.clone() })
                }
                None if packs.len() >= MAX_PACKS => Err(ShelfError::Full),
                None => room(packs, owner),
                Some(_) => Ok(()),
            };
            outcome.as_ref().ok()?;
            let item = item(packs.get(id).map(|entry| &entry.item))?;
            let mut next = HashMap::clone(packs);
            next.insert(id.clone(), Entry { owner: owner.into(), item });
            Some(next)
        });
        outcome
    }

    fn withdraw(&self, goes: impl Fn(&PackId, &Entry) -> bool) {
        self.change(|packs| {
            packs.iter().any(|(id, entry)| goes(id, entry)).then(|| {
                let mut next = HashMap::clone(packs);
                next.retain(|id, entry| !goes(id, entry));
                next
            })
        });
    }

    /// Puts what `next` makes of the packs in their place, and tells those who watch. `None` leaves
    /// all as it is.
    fn change(
        &self,
        mut next: impl FnMut(&HashMap<PackId, Entry>) -> Option<HashMap<PackId, Entry>>,
    ) {
        let mut changed = false;
        self.packs.rcu(|packs| match next(packs) {
            Some(next) => {
                changed = true;
                Arc::new(next)
            }
            None => {
                changed = false;
                Arc::clone(packs)
            }
        });
        if changed {
            self.changes.send_modify(|count| *count = count.wrapping_add(1));
        }
    }
}

/// Owners are `namespace/name/uid`.
fn namespace(owner: &str) -> &str {
    owner.split('/').next().unwrap_or(owner)
}

/// Whether the owner's namespace may take one id more.
fn room(packs: &HashMap<PackId, Entry>, owner: &str) -> Result<(), ShelfError> {
    if owner == DIRECTORY_OWNER {
        return Ok(());
    }
    let mine = namespace(owner);
    let taken = packs.values().filter(|entry| namespace(&entry.owner) == mine).count();
    if taken < MAX_PER_NAMESPACE {
        return Ok(());
    }
    Err(ShelfError::TooMany { namespace: mine.to_owned() })
}

#[cfg(test)]
#[path = "shelf_tests.rs"]
mod tests;
