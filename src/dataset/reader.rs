//! A workspace in an object store.

use async_trait::async_trait;
use tokio::task::JoinHandle;

use super::reading::Reading;
use super::{Entry, ReadError, WorkspaceReader};
use crate::objects::{Store, StoreError};

/// Reads a workspace from an object store. A listing longer than `limit` is an error.
pub struct StoreReader {
    store: Store,
    limit: usize,
    listed: Option<Vec<Entry>>,
    key: String,
}

impl StoreReader {
    /// The workspace under `store`'s prefix, of at most `limit` objects.
    pub fn new(store: Store, limit: usize) -> Self {
        let key = store.key();
        Self { store, limit, listed: None, key }
    }

    /// The same, with a listing that was made already.
    #[must_use]
    pub fn listed(mut self, entries: Vec<Entry>) -> Self {
        self.listed = Some(entries);
        self
    }

    /// The same, remembering and believing only what is remembered under `scope`.
    #[must_use]
    pub fn scoped(mut self, scope: &str) -> Self {
        self.key = scoped(scope, &self.store);
        self
    }
}

/// The key under which objects of `store` are remembered in `scope`.
pub fn scoped(scope: &str, store: &Store) -> String {
    format!("{scope} {}", store.key())
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where map_err hands over")]
fn failed(error: StoreError) -> ReadError {
    ReadError { context: error.to_string(), source: None }
}

#[async_trait]
impl WorkspaceReader for StoreReader {
    fn key(&self) -> Option<&str> {
        Some(&self.key)
    }

    async fn list(&self) -> Result<Vec<Entry>, ReadError> {
        match &self.listed {
            Some(entries) => Ok(entries.clone()),
            None => self.store.list(self.limit).await.map_err(failed),
        }
    }

    async fn read(&self, path: &str, into: Reading) -> Result<Reading, ReadError> {
        let (store, path) = (self.store.clone(), path.to_owned());
        let most = into.most();
        // A task of its own, so that several cores hash at once.
        let task = tokio::spawn(async move { store.scan(&path, most, into, Reading::take).await });
        match AbortOnDrop(task).join().await {
            Some(read) => read.map_err(failed),
            None => Err(ReadError { context: "hashing was interrupted".to_owned(), source: None }),
        }
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> AbortOnDrop<T> {
    async fn join(mut self) -> Option<T> {
        (&mut self.0).await.ok()
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
