//! The ledger of a destination: append-only, hash-chained, one object an entry.
//!
//! Entry *n* lies at `_ledger/<n, 20 digits>.json` in canonical JSON and names the digest of entry
//! *n - 1*. It is written by conditional create, so that of several writers one takes a place and
//! the others take the next. An entry that was read is never read again: it cannot change.

mod entry;

use futures::future::join_all;
use jiff::Timestamp;
use tokio::sync::Mutex;

pub use entry::{Action, Draft, Entry};

use crate::domain::{CanonicalError, DatasetRef, Digest, canonical_bytes, parse_i_json};
use crate::objects::{Created, Store, StoreError};

/// An entry is a few hundred bytes; more is not ours.
const MAX_ENTRY: u64 = 64 * 1024;

/// Entries read ahead at once where there are many: a remote store takes its time for each.
const AHEAD: u64 = 32;

/// How often a place is found taken without an entry in it, before the store is not believed.
const PATIENCE: u32 = 100;

/// Why the ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The store failed.
    #[error("ledger: {0}")]
    Store(#[from] StoreError),
    /// An entry is not what an entry is.
    #[error("ledger entry {sequence} cannot be read: {why}")]
    Malformed {
        /// Which.
        sequence: u64,
        /// What is wrong with it.
        why: String,
    },
    /// An entry does not continue the one before it.
    #[error(
        "ledger entry {sequence} names {found} as its predecessor, but that is {expected}: the chain was tampered with"
    )]
    Broken {
        /// Which.
        sequence: u64,
        /// What it names.
        found: String,
        /// What it should name.
        expected: String,
    },
    /// There is an entry beyond the end of the chain.
    #[error("ledger entry {sequence} is missing, but a later one is there")]
    Gap {
        /// Which.
        sequence: u64,
    },
    /// The store says that an entry is there, and shows none.
    #[error(
        "ledger entry {sequence} is said to be there, but cannot be read; the store contradicts itself"
    )]
    Unsettled {
        /// Which.
        sequence: u64,
    },
    /// An entry cannot be written.
    #[error("ledger entry: {0}")]
    Form(#[from] CanonicalError),
}

/// An entry with its own digest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// The entry.
    pub entry: Entry,
    /// SHA-256 of its bytes.
    pub digest: Digest,
}

/// The ledger of one destination.
pub struct Ledger {
    store: Store,
    known: Mutex<Vec<Recorded>>,
}

impl Ledger {
    /// The ledger of the destination `store`.
    pub fn new(store: Store) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// Appends `draft`, unless the last entry of its dataset version already says the same: then
    /// that one is returned, so that a retry after a crash makes no second entry.
    ///
    /// # Errors
    /// If the chain cannot be read, is broken, or cannot be written.
    pub async fn append(&self, draft: &Draft, now: Timestamp) -> Result<Recorded, LedgerError> {
        let mut known = self.known.lock().await;
        let mut idle = 0;
        while idle < PATIENCE {
            let before = known.len();
            self.catch_up(&mut known).await?;
            idle = if known.len() == before { idle + 1 } else { 0 };
            if let Some(last) = last_of(&known, &draft.dataset)
                && last.entry.says(draft)
            {
                return Ok(last.clone());
            }
            let previous = known.last().map(|r| r.digest);
            let entry = draft.clone().into_entry(known.len() as u64 + 1, previous, now);
            let bytes = canonical_bytes(&entry)?;
            let digest = Digest::of(&bytes);
            if self.store.create(&path(entry.sequence), bytes).await? == Created::New {
                let recorded = Recorded { entry, digest };
                known.push(recorded.clone());
                return Ok(recorded);
            }
        }
        Err(LedgerError::Unsettled { sequence: known.len() as u64 + 1 })
    }

    /// The last entry about a dataset version.
    ///
    /// # Errors
    /// If the chain cannot be read or is broken.
    pub async fn last(&self, dataset: &DatasetRef) -> Result<Option<Recorded>, LedgerError> {
        let mut known = self.known.lock().await;
        self.catch_up(&mut known).await?;
        Ok(last_of(&known, dataset).cloned())
    }

    /// Reads and checks the whole chain.
    ///
    /// # Errors
    /// At the first entry that is malformed, missing, or does not continue the one before it.
    pub async fn verify(&self) -> Result<Vec<Recorded>, LedgerError> {
        let mut chain = Vec::new();
        self.catch_up(&mut chain).await?;
        let end = path(chain.len() as u64);
        if self.store.any_after("_ledger", &end).await? {
            return Err(LedgerError::Gap { sequence: chain.len() as u64 + 1 });
        }
        Ok(chain)
    }

    async fn catch_up(&self, known: &mut Vec<Recorded>) -> Result<(), LedgerError> {
        // One look tells that there is nothing new; the more there is, the more at once.
        let mut ahead = 1;
        loop {
            let next = known.len() as u64 + 1;
            let reads =
                (next..next + ahead).map(async |n| self.store.get(&path(n), MAX_ENTRY).await);
            for (sequence, found) in (next..).zip(join_all(reads).await) {
                let Some(bytes) = found? else { return Ok(()) };
                known.push(read(&bytes, sequence, known.last().map(|r| r.digest))?);
            }
            ahead = (ahead * 2).min(AHEAD);
        }
    }
}

/// An entry, if it is the one of its place and continues the one before it.
fn read(bytes: &[u8], sequence: u64, expected: Option<Digest>) -> Result<Recorded, LedgerError> {
    let malformed = |why: String| LedgerError::Malformed { sequence, why };
    let value = parse_i_json(bytes).map_err(|e| malformed(e.to_string()))?;
    let entry: Entry = serde_json::from_value(value).map_err(|e| malformed(e.to_string()))?;
    if entry.sequence != sequence {
        return Err(malformed(format!("it says that it is entry {}", entry.sequence)));
    }
    if entry.lazaret_ledger_version != entry::VERSION {
        return Err(malformed(format!("its version is {:?}", entry.lazaret_ledger_version)));
    }
    if canonical_bytes(&entry)? != bytes {
        return Err(malformed(
            "it is not in the canonical form in which entries are written".into(),
        ));
    }
    if entry.previous != expected {
        let text = |d: Option<Digest>| d.map_or("none".to_owned(), |d| d.to_string());
        let (found, expected) = (text(entry.previous), text(expected));
        return Err(LedgerError::Broken { sequence, found, expected });
    }
    Ok(Recorded { entry, digest: Digest::of(bytes) })
}

fn last_of<'a>(chain: &'a [Recorded], dataset: &DatasetRef) -> Option<&'a Recorded> {
    chain.iter().rev().find(|r| r.entry.is_about(dataset))
}

fn path(sequence: u64) -> String {
    format!("_ledger/{sequence:020}.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::FileAccess;

    fn open(dir: &tempfile::TempDir) -> Ledger {
        let url = format!("file://{}", dir.path().display());
        Ledger::new(Store::open(&url, &FileAccess::Caller).unwrap())
    }

    fn draft(slug: &str, action: Action) -> Draft {
        Draft {
            action,
            dataset: DatasetRef {
                slug: slug.parse().unwrap(),
                version: "2026-01.0123abcd".parse().unwrap(),
            },
            spec_hash: Digest::of(b"spec"),
            plan_digest: Digest::of(b"plan"),
            manifest_digest: Digest::of(b"manifest"),
            policy_digest: Digest::of(b"pack"),
            actor: "svc:test".into(),
            approvals: vec![],
            reason: "all gates passed".into(),
        }
    }

    #[tokio::test]
    async fn a_retry_adds_nothing_and_a_withdrawal_does() {
        let dir = tempfile::tempdir().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let first = open(&dir).append(&draft("a", Action::Publish), now).await.unwrap();
        let again =
            open(&dir).append(&draft("a", Action::Publish), Timestamp::now()).await.unwrap();
        assert_eq!(first, again);
        let ledger = open(&dir);
        ledger.append(&draft("a", Action::Withdraw), now).await.unwrap();
        let third = ledger.append(&draft("a", Action::Publish), now).await.unwrap();
        assert_eq!((third.entry.sequence, ledger.verify().await.unwrap().len()), (3, 3));
    }

    #[tokio::test]
    async fn writers_in_several_processes_never_fork_the_chain() {
        let dir = tempfile::tempdir().unwrap();
        chain_of_forty(&|| open(&dir)).await;
        let memory = std::sync::Arc::new(object_store::memory::InMemory::new());
        chain_of_forty(&|| Ledger::new(Store::in_memory("s3://bucket/x", &memory))).await;
    }

    async fn chain_of_forty(open: &dyn Fn() -> Ledger) {
        let ledgers: Vec<_> = (0..4).map(|_| open()).collect();
        let drafts: Vec<_> = (0..40).map(|n| draft(&format!("d{n}"), Action::Publish)).collect();
        let writes = drafts
            .iter()
            .enumerate()
            .map(|(n, draft)| ledgers[n % 4].append(draft, Timestamp::UNIX_EPOCH));
        for outcome in join_all(writes).await {
            outcome.unwrap();
        }
        let chain = open().verify().await.unwrap();
        assert_eq!(chain.len(), 40);
    }

    #[tokio::test]
    async fn tampering_shows() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(&dir);
        for slug in ["a", "b", "c"] {
            ledger.append(&draft(slug, Action::Publish), Timestamp::UNIX_EPOCH).await.unwrap();
        }
        let file = dir.path().join(path(2));
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("\"b\"", "\"x\"")).unwrap();
        let error = open(&dir).verify().await.unwrap_err();
        assert!(matches!(error, LedgerError::Broken { sequence: 3, .. }), "{error}");
        std::fs::remove_file(&file).unwrap();
        let error = open(&dir).verify().await.unwrap_err();
        assert!(matches!(error, LedgerError::Gap { sequence: 2 }), "{error}");
        for (from, to, why) in [("\"v1\"", "\"v2\"", "version"), (",", ", ", "canonical")] {
            std::fs::write(&file, text.replace(from, to)).unwrap();
            let error = open(&dir).verify().await.unwrap_err();
            assert!(
                matches!(&error, LedgerError::Malformed { sequence: 2, why: w } if w.contains(why)),
                "{error}"
            );
        }
        std::fs::write(&file, "{").unwrap();
        let error = open(&dir).verify().await.unwrap_err();
        assert!(matches!(error, LedgerError::Malformed { sequence: 2, .. }), "{error}");
    }
}
