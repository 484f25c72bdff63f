//! What is served, by id. One writer, any number of readers; a reader takes no lock. Only a
//! [`VerifiedPack`] can be put here, so that nothing unverified is ever served.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::watch;

use super::oci::Covered;
use super::opa_bundle::{OpaBundleError, opa_bundle};
use super::verify::VerifiedPack;
use crate::domain::Digest;

/// More packs than this are not served by one process.
const MAX_PACKS: usize = 1024;
/// More ids than this one namespace does not take: the shelf is everybody's.
pub const MAX_PER_NAMESPACE: usize = 64;
/// The owner of a directory's packs. It is no tenant, and only the shelf's own end bounds it.
pub const DIRECTORY_OWNER: &str = "directory";

/// Under which name a pack is served: lower-case letters, digits, `-` and `.`, at most 63, beginning
/// and ending with a letter or digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PackId(Arc<str>);

/// A text is no [`PackId`].
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error(
    "a pack id has 1 to 63 lower-case letters, digits, '-' and '.', and begins and ends with a letter or digit"
)]
pub struct PackIdError;

impl PackId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path under which the pack is served.
    pub fn path(&self) -> String {
        format!("/v1/policy/packs/{self}")
    }
}

impl FromStr for PackId {
    type Err = PackIdError;

    fn from_str(text: &str) -> Result<Self, PackIdError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = text.as_bytes();
        let ends = bytes.first().zip(bytes.last());
        let fits = bytes.len() <= 63
            && ends.is_some_and(|(first, last)| plain(*first) && plain(*last))
            && bytes.iter().all(|b| plain(*b) || matches!(b, b'-' | b'.'));
        if fits { Ok(Self(text.into())) } else { Err(PackIdError) }
    }
}

impl fmt::Display for PackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for PackId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A verified pack, ready to be sent.
#[derive(Clone, Debug)]
pub struct ServedPack {
    id: PackId,
    tar: Bytes,
    bundle: Bytes,
    digest: Digest,
    bundle_digest: Digest,
    opa: Result<(Bytes, Digest), OpaBundleError>,
    loaded_at: Timestamp,
    inline_bundle: bool,
}

impl ServedPack {
    /// Prepares a pack, OPA's form of it included. This compresses: keep it off async threads.
    ///
    /// # Errors
    /// If its signature is over something else than the tar: a client could not check what it gets.
    pub fn new(
        id: PackId,
        pack: &VerifiedPack,
        loaded_at: Timestamp,
        inline_bundle: bool,
    ) -> Result<Self, ShelfError> {
        if pack.covered() != Covered::Tar {
            return Err(ShelfError::NotOverTheTar { id });
        }
        let opa = opa_bundle(pack.tar(), pack.digest()).map(|bundle| {
            let digest = Digest::of(&bundle);
            (bundle, digest)
        });
        Ok(Self {
            id,
            tar: pack.tar().clone(),
            bundle: pack.bundle().clone(),
            digest: pack.digest(),
            bundle_digest: Digest::of(pack.bundle()),
            opa,
            loaded_at: whole_second(loaded_at),
            inline_bundle,
        })
    }

    /// Its name on the wire.
    pub const fn id(&self) -> &PackId {
        &self.id
    }

    /// The tar.
    pub const fn tar(&self) -> &Bytes {
        &self.tar
    }

    /// The Sigstore bundle, exactly as it was fetched.
    pub const fn bundle(&self) -> &Bytes {
        &self.bundle
    }

    /// Digest of the tar.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Digest of the bundle. A pack may be signed anew without a change of its bytes.
    pub const fn bundle_digest(&self) -> Digest {
        self.bundle_digest
    }

    /// OPA's form of the pack and that form's own digest.
    ///
    /// # Errors
    /// Why it has none.
    pub const fn opa(&self) -> Result<&(Bytes, Digest), &OpaBundleError> {
        self.opa.as_ref()
    }

    /// When it came onto the shelf, in whole seconds; no two revisions of one id share one.
    pub const fn loaded_at(&self) -> Timestamp {
        self.loaded_at
    }

    /// Whether the bundle goes along in a header.
    pub const fn inline_bundle(&self) -> bool {
        self.inline_bundle
    }

    fn same_as(&self, other: &Self) -> bool {
        self.digest == other.digest
            && self.bundle_digest == other.bundle_digest
            && self.inline_bundle == other.inline_bundle
    }
}

/// HTTP dates have no fractions.
fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

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
        self.place(owner, &pack.id, |old| match old {
            Some(OnShelf::Served(old)) if old.same_as(&pack) => None,
            Some(OnShelf::Served(old)) => {
                // Two revisions within a second would have one date, and a client that knows
                // nothing but dates would keep the older.
                let next = old.loaded_at.as_second().saturating_add(1);
                let next = Timestamp::from_second(next).unwrap_or(pack.loaded_at);
                let loaded_at = pack.loaded_at.max(next);
                let later = ServedPack { loaded_at, ..ServedPack::clone(&pack) };
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
mod tests {
    use super::*;
    use crate::pack::{Authority, FetchedPack, PublicKey, generate_key_pair, sign_blob};

    fn verified(tar: &'static [u8]) -> VerifiedPack {
        let keys = generate_key_pair().unwrap();
        let bundle = sign_blob(tar, &keys.private).unwrap();
        let fetched = FetchedPack {
            tar: Bytes::from_static(tar),
            bundle: Some(bundle.into()),
            ..FetchedPack::default()
        };
        let key = PublicKey::parse(&keys.public).unwrap();
        crate::pack::verify(fetched, None, &[Authority::Key { key, log_root: None }]).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millisecond(second * 1000 + 700).unwrap()
    }

    fn served(shelf: &Shelf, id: &str) -> Option<Arc<ServedPack>> {
        match shelf.get(id)? {
            OnShelf::Served(pack) => Some(pack),
            OnShelf::Announced => None,
        }
    }

    #[test]
    fn ids_are_what_the_resource_allows() {
        for good in ["a", "0", "policy-pack-v0", "a.b", &"a".repeat(63)] {
            assert!(good.parse::<PackId>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", ".", "A", "a/b", "a b", "ä", &"a".repeat(64), "a\0"] {
            assert_eq!(bad.parse::<PackId>(), Err(PackIdError), "{bad:?}");
        }
    }

    #[test]
    fn announced_then_served_then_gone() {
        let shelf = Shelf::default();
        let id: PackId = "p".parse().unwrap();
        assert!(shelf.get("p").is_none());
        shelf.announce("a", &id).unwrap();
        assert!(matches!(shelf.get("p"), Some(OnShelf::Announced)));
        let pack = verified(b"one");
        shelf.put("a", ServedPack::new(id.clone(), &pack, at(10), false).unwrap()).unwrap();
        shelf.announce("a", &id).unwrap();
        assert_eq!(served(&shelf, "p").unwrap().digest(), Digest::of(b"one"));
        shelf.remove("a", &id);
        assert!(shelf.list().is_empty());
    }

    #[test]
    fn an_id_is_its_first_owners() {
        let shelf = Shelf::default();
        let id: PackId = "p".parse().unwrap();
        shelf.announce("team-a/pack", &id).unwrap();
        let taken = Err(ShelfError::IdTaken { id: id.clone() });
        assert_eq!(shelf.announce("team-b/pack", &id), taken);
        let pack = ServedPack::new(id.clone(), &verified(b"evil"), at(1), false).unwrap();
        assert_eq!(shelf.put("team-b/pack", pack), taken);
        shelf.remove("team-b/pack", &id);
        assert!(matches!(shelf.get("p"), Some(OnShelf::Announced)));
        shelf.remove("team-a/pack", &id);
        assert_eq!(shelf.announce("team-b/pack", &id), Ok(()));
    }

    #[test]
    fn no_two_revisions_share_a_date_and_the_same_bytes_keep_theirs() {
        let shelf = Shelf::default();
        let id: PackId = "p".parse().unwrap();
        let (one, two) = (verified(b"one"), verified(b"two"));
        let put = |pack: &VerifiedPack, time| {
            shelf.put("a", ServedPack::new(id.clone(), pack, at(time), false).unwrap()).unwrap();
            served(&shelf, "p").unwrap().loaded_at().as_second()
        };
        assert_eq!(put(&one, 10), 10);
        assert_eq!(put(&one, 20), 10);
        assert_eq!(put(&two, 10), 11);
        assert_eq!(put(&one, 5), 12, "a clock that is set back does not make it older");
        assert_eq!(put(&two, 40), 40);
    }

    #[test]
    fn the_shelf_has_an_end() {
        let shelf = Shelf::default();
        for number in 0..MAX_PACKS {
            shelf.announce(DIRECTORY_OWNER, &format!("p{number}").parse().unwrap()).unwrap();
        }
        assert_eq!(shelf.announce("a", &"q".parse().unwrap()), Err(ShelfError::Full));
        assert_eq!(shelf.announce(DIRECTORY_OWNER, &"p0".parse().unwrap()), Ok(()));
    }

    #[test]
    fn a_namespace_takes_only_its_share() {
        let shelf = Shelf::default();
        for number in 0..MAX_PER_NAMESPACE {
            let owner = format!("team-a/pack-{number}/uid");
            shelf.announce(&owner, &format!("p{number}").parse().unwrap()).unwrap();
        }
        let more: PackId = "q".parse().unwrap();
        let error = shelf.announce("team-a/another/uid", &more).unwrap_err();
        assert_eq!(error, ShelfError::TooMany { namespace: "team-a".into() });
        assert_eq!(error.reason(), "ServeTooMany");
        let pack = ServedPack::new(more.clone(), &verified(b"one"), at(1), false).unwrap();
        assert_eq!(shelf.put("team-a/another/uid", pack), Err(error));
        assert_eq!(shelf.announce("team-a/pack-0/uid", &"p0".parse().unwrap()), Ok(()));
        assert_eq!(shelf.announce("team-b/pack/uid", &more), Ok(()), "another has its own share");
        shelf.remove("team-a/pack-0/uid", &"p0".parse().unwrap());
        assert_eq!(shelf.announce("team-a/another/uid", &"r".parse().unwrap()), Ok(()));
    }

    #[test]
    fn demoted_is_not_given_up() {
        let shelf = Shelf::default();
        let id: PackId = "p".parse().unwrap();
        let pack = ServedPack::new(id.clone(), &verified(b"one"), at(1), false).unwrap();
        shelf.put("a/p/1", pack).unwrap();
        let changes = shelf.watch();
        shelf.demote("b/p/1", &id);
        assert!(served(&shelf, "p").is_some(), "it is another's");
        assert!(!changes.has_changed().unwrap());
        shelf.demote("a/p/1", &id);
        assert!(matches!(shelf.get("p"), Some(OnShelf::Announced)));
        assert!(changes.has_changed().unwrap(), "who waits is told");
        assert_eq!(shelf.owners(), [("a/p/1".into(), id.clone())]);
        assert_eq!(shelf.announce("b/p/1", &id), Err(ShelfError::IdTaken { id }));
        shelf.demote("a/p/1", &"q".parse().unwrap());
        assert!(shelf.get("q").is_none(), "what is not there does not come");
    }

    #[tokio::test]
    async fn changes_wake_those_who_wait() {
        let shelf = Shelf::default();
        let mut changes = shelf.watch();
        shelf.announce("a", &"p".parse().unwrap()).unwrap();
        changes.changed().await.unwrap();
        shelf.remove("b", &"p".parse().unwrap());
        assert!(!changes.has_changed().unwrap(), "nothing was removed");
    }
}
