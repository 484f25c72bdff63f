//! Where bundles and decisions lie: both are written once and never changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::bundle::{Bundle, MAX_BYTES};
use super::facts::Recorded;
use super::names::{ReleaseId, Service};
use super::record::Record;
use crate::domain::{CanonicalError, Digest};
use crate::objects::{Created, Store, StoreError};

/// Bytes of a decision: profile, bundle and figures are bounded each.
const MAX_RECORD: u64 = 2 << 20;
/// Bundles kept in memory; they never change.
const KEPT: usize = 1024;

/// Why something could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The store failed.
    #[error("evidence store: {0}")]
    Store(#[from] StoreError),
    /// The decision cannot be written down.
    #[error("decision: {0}")]
    Form(#[from] CanonicalError),
}

impl ShelfError {
    /// A stable name for it.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Store(_) => "EvidenceStoreFailed",
            Self::Form(_) => "DecisionHasNoForm",
        }
    }
}

/// The outcome of recording a bundle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Put {
    /// It is new.
    New(Digest),
    /// The very same bytes were there.
    Same(Digest),
    /// Other bytes were there, and stay.
    Other(Digest),
}

/// A bundle that was recorded.
#[derive(Clone, PartialEq, Debug)]
pub struct StoredBundle {
    /// Digest of its bytes.
    pub digest: Digest,
    /// What it says.
    pub bundle: Bundle,
}

/// The evidence store.
pub struct Shelf {
    store: Store,
    bundles: Mutex<HashMap<String, Arc<StoredBundle>>>,
}

impl Shelf {
    /// A shelf in a store.
    pub fn new(store: Store) -> Self {
        Self { store, bundles: Mutex::default() }
    }

    /// Stores a decision and gives its id.
    ///
    /// # Errors
    /// If it is not stored.
    pub async fn record(&self, record: &Record) -> Result<Digest, ShelfError> {
        let (bytes, id) = record.sealed()?;
        // Whatever lies under a digest is what has that digest.
        self.store.create(&decision(id), bytes).await?;
        Ok(id)
    }

    /// A decision's bytes.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn decision(&self, id: Digest) -> Result<Option<bytes::Bytes>, ShelfError> {
        Ok(self.store.get(&decision(id), MAX_RECORD).await?)
    }

    /// Records a bundle, once and for all.
    ///
    /// # Errors
    /// If the store fails; then it may be there all the same, and asking again tells.
    pub async fn put(
        &self,
        service: &Service,
        release: &ReleaseId,
        bytes: &[u8],
    ) -> Result<Put, ShelfError> {
        let path = bundle(service, release);
        let digest = Digest::of(bytes);
        if self.store.create(&path, bytes.to_vec()).await? == Created::New {
            return Ok(Put::New(digest));
        }
        let there = self.store.digest(&path).await?;
        Ok(match there {
            Some(there) if there != digest => Put::Other(there),
            _ => Put::Same(digest),
        })
    }

    /// What was recorded for a release.
    pub async fn recorded(&self, service: &Service, release: &ReleaseId) -> Recorded {
        let path = bundle(service, release);
        let known = self.bundles.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
        if let Some(known) = known {
            let StoredBundle { digest, bundle } = (*known).clone();
            return Recorded::Bundle { digest, bundle };
        }
        let bytes = match self.store.get(&path, MAX_BYTES as u64).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Recorded::Nothing,
            // The message goes to a tenant, the store is the operator's.
            Err(error) => {
                tracing::warn!(%error, "an evidence bundle cannot be read");
                return Recorded::Unreadable("the evidence store failed".to_owned());
            }
        };
        match Bundle::stored(&bytes, service, release) {
            Ok(bundle) => {
                let digest = Digest::of(&bytes);
                let stored = Arc::new(StoredBundle { digest, bundle: bundle.clone() });
                let mut all = self.bundles.lock().unwrap_or_else(PoisonError::into_inner);
                if all.len() >= KEPT {
                    all.clear();
                }
                all.insert(path, stored);
                Recorded::Bundle { digest, bundle }
            }
            Err(error) => Recorded::Unreadable(error.to_string()),
        }
    }
}

fn decision(id: Digest) -> String {
    format!("_decisions/evidence/{}.json", id.hex())
}

fn bundle(service: &Service, release: &ReleaseId) -> String {
    format!("_evidence/{}/{}/{release}.json", service.namespace(), service.name())
}
