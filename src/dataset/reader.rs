//! A workspace in an object store.

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;

use super::{Entry, ReadError, WorkspaceReader};
use crate::objects::{Store, StoreError};

/// Reads a workspace from an object store. A listing longer than `limit` is an error.
pub struct StoreReader {
    store: Store,
    limit: usize,
}

impl StoreReader {
    /// The workspace under `store`'s prefix, of at most `limit` objects.
    pub const fn new(store: Store, limit: usize) -> Self {
        Self { store, limit }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where map_err hands over")]
fn failed(error: StoreError) -> ReadError {
    ReadError { context: error.to_string(), source: None }
}

#[async_trait]
impl WorkspaceReader for StoreReader {
    async fn list(&self) -> Result<Vec<Entry>, ReadError> {
        let entries = self.store.list(self.limit).await.map_err(failed)?;
        Ok(entries.into_iter().map(|e| Entry { path: e.path, size: e.size }).collect())
    }

    async fn read(
        &self,
        path: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, ReadError>>, ReadError> {
        let stream = self.store.stream(path).await.map_err(failed)?;
        Ok(stream.map(|piece| piece.map_err(failed)).boxed())
    }
}
