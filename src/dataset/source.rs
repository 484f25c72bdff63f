//! What reading a workspace needs, and how it can fail.

use async_trait::async_trait;

use super::reading::Reading;
pub use crate::objects::Entry;

/// Where a workspace's bytes come from.
#[async_trait]
pub trait WorkspaceReader: Send + Sync {
    /// Every object of the workspace, in any order.
    async fn list(&self) -> Result<Vec<Entry>, ReadError>;

    /// Hands the bytes of one object to `into`, in order, until it wants no more.
    async fn read(&self, path: &str, into: Reading) -> Result<Reading, ReadError>;

    /// What tells this place from others whose objects are remembered; nothing is remembered of
    /// one without.
    fn key(&self) -> Option<&str> {
        None
    }
}

/// The store could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{context}")]
pub struct ReadError {
    /// What was being done.
    pub context: String,
    /// What the store said.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ReadError {
    /// A failure of the store.
    pub fn new(
        context: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { context: context.into(), source: Some(source.into()) }
    }
}

/// Why nothing could be decided. Not a denial: the facts are not known.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// The workspace could not be listed.
    #[error("cannot list the workspace: {0}")]
    List(#[source] ReadError),
    /// An object could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: ReadError,
    },
    /// There is nothing under the prefix.
    #[error("the workspace is empty: no object lies under its prefix")]
    Empty,
    /// More objects than the limit.
    #[error("the workspace has more than {limit} objects")]
    TooManyObjects {
        /// The limit.
        limit: usize,
    },
    /// A path that is too long, too deep, or not a plain relative path.
    #[error("{path:?} is no usable path: {why}")]
    Path {
        /// Which, cut if long.
        path: String,
        /// Why.
        why: &'static str,
    },
    /// The listing names an object twice.
    #[error("the listing names {path} twice")]
    Duplicate {
        /// Which.
        path: String,
    },
    /// The documents together are beyond the limit.
    #[error("the workspace's documents have {bytes} bytes together, more than {limit}")]
    DocumentsTooLarge {
        /// How many bytes.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// An object had another length when read than when listed.
    #[error("{path} changed while the workspace was read: listed with {listed} bytes, read {read}")]
    Changed {
        /// Which.
        path: String,
        /// Bytes in the listing.
        listed: u64,
        /// Bytes read.
        read: u64,
    },
}

/// How much of a workspace is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Objects in the workspace.
    pub objects: usize,
    /// Bytes of one document that is parsed; a larger one counts as invalid.
    pub document_bytes: u64,
    /// Bytes of all documents together.
    pub documents_bytes: u64,
    /// Bytes of one path.
    pub path_bytes: usize,
    /// Folders in one path.
    pub path_depth: usize,
    /// Objects that are read at the same time.
    pub concurrency: usize,
    /// Bytes of one object that must be whole to be looked into (Parquet).
    pub inspected_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            objects: 250_000,
            document_bytes: 16 << 20,
            documents_bytes: 256 << 20,
            path_bytes: 1024,
            path_depth: 32,
            concurrency: std::thread::available_parallelism().map_or(8, |n| n.get().max(4) * 2),
            inspected_bytes: 64 << 20,
        }
    }
}

/// How far the reading is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Objects hashed.
    pub objects: u64,
    /// Objects in all.
    pub objects_total: u64,
    /// Bytes hashed, or known.
    pub bytes: u64,
    /// Bytes of objects whose digests are remembered, so that they are not read.
    pub bytes_known: u64,
    /// Bytes in all.
    pub bytes_total: u64,
}
