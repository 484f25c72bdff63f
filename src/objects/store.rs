//! The face of a store, whatever it is.

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt as _};
use object_store::GetResult;

use super::StoreError;
use super::explain::explain;
use super::files::Files;
use super::remote::Remote;
use crate::domain::{Digest, DigestWriter};

/// A prefix of an object store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    url: String,
    kind: Kind,
}

#[derive(Clone)]
pub(super) enum Kind {
    /// A directory.
    Files(Files),
    /// A prefix of a bucket.
    Remote(Remote),
}

/// An object in a listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Path below the prefix, `/`-separated.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// What tells this version of the object from every other, as far as the store can; nothing if
    /// it cannot, or not yet.
    pub stamp: Option<String>,
}

/// What must still be so when a write into a directory takes effect: an object with this very
/// content. Whoever changes that object shuts out every writer that stands on the old one, however
/// slow it is. A remote store needs none: there nothing is ever overwritten.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fence {
    /// Which object.
    pub path: String,
    /// Digest of its content.
    pub digest: Digest,
}

/// The outcome of [`Store::create`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Created {
    /// The object is new.
    New,
    /// There was one already; nothing was written.
    Exists,
}

/// The outcome of [`Store::replace`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replaced {
    /// The new content is in place.
    Done,
    /// The content was not the expected one; nothing was written.
    Changed,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.url).finish()
    }
}

impl Store {
    pub(super) const fn new(url: String, kind: Kind) -> Self {
        Self { url, kind }
    }

    /// The URL that the store was opened with.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Tells stores apart, also those of one URL at different endpoints or with different
    /// credentials. Shows no credential.
    pub fn key(&self) -> String {
        match &self.kind {
            Kind::Files(_) => self.url.clone(),
            Kind::Remote(remote) => format!("{} {}", remote.identity, self.url),
        }
    }

    /// Whether one of both lies in the other, or they are one place. Buckets of one name are one,
    /// whoever's credentials they are opened with, unless the endpoints differ.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Files(one), Kind::Files(two)) => {
                let (one, two) = (one.real(), two.real());
                one.starts_with(&two) || two.starts_with(&one)
            }
            (Kind::Remote(one), Kind::Remote(two)) if one.bucket == two.bucket => {
                // URLs of stores are normal: equal places have equal texts.
                let within = |inner: &str, outer: &str| {
                    let rest = inner.strip_prefix(outer);
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                };
                within(&self.url, &other.url) || within(&other.url, &self.url)
            }
            _ => false,
        }
    }

    /// Every object, sorted by path.
    ///
    /// # Errors
    /// If there are more than `limit`, if one is reached through a symbolic link or its key is no
    /// plain path, or if the store fails.
    pub async fn list(&self, limit: usize) -> Result<Vec<Entry>, StoreError> {
        match &self.kind {
            Kind::Files(files) => files.list(limit).await,
            Kind::Remote(remote) => remote.list(limit).await,
        }
    }

    /// Whether there is an object in the folder `dir` that sorts after `last`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn any_after(&self, dir: &str, last: &str) -> Result<bool, StoreError> {
        match &self.kind {
            Kind::Files(files) => files.any_after(dir, last).await,
            Kind::Remote(remote) => remote.any_after(dir, last).await,
        }
    }

    /// An object's bytes, piece by piece.
    ///
    /// # Errors
    /// If it is not there or cannot be read.
    pub async fn stream(
        &self,
        path: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, StoreError>>, StoreError> {
        match self.find(path).await? {
            Some(found) => Ok(self.pieces(path, found)),
            None => Err(self.failed(path, gone(path))),
        }
    }

    /// Hands an object's bytes to `take`, piece by piece in one reused buffer, until it says no or
    /// they end; the first `most` of them, if that is given and not 0. Of a directory they are read
    /// on a blocking thread, which also does what `take` does; dropping this future does not stop
    /// it, `take` must.
    ///
    /// # Errors
    /// If it is not there or cannot be read.
    pub async fn scan<T: Send + 'static>(
        &self,
        path: &str,
        most: Option<u64>,
        mut state: T,
        take: fn(&mut T, &[u8]) -> bool,
    ) -> Result<T, StoreError> {
        let found = match (&self.kind, most.filter(|most| *most > 0)) {
            // A directory gives no more than is asked of it.
            (Kind::Files(files), _) => return files.scan(path, state, take).await,
            (Kind::Remote(remote), Some(most)) => remote.find_first(path, most).await?,
            (Kind::Remote(remote), None) => remote.find(path).await?,
        };
        let found = found.ok_or_else(|| self.failed(path, gone(path)))?;
        let mut pieces = self.pieces(path, found);
        while let Some(piece) = pieces.next().await {
            if !take(&mut state, &piece?) {
                break;
            }
        }
        Ok(state)
    }

    /// A small object whole, or nothing if it is not there.
    ///
    /// # Errors
    /// If it is larger than `limit` bytes or cannot be read.
    pub async fn get(&self, path: &str, limit: u64) -> Result<Option<Bytes>, StoreError> {
        let Some(found) = self.find(path).await? else { return Ok(None) };
        if found.meta.size > limit {
            return Err(StoreError::TooLarge { path: path.to_owned(), limit });
        }
        found.bytes().await.map(Some).map_err(|error| self.failed(path, error))
    }

    /// The digest of an object, or nothing if it is not there.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn digest(&self, path: &str) -> Result<Option<Digest>, StoreError> {
        let Some(found) = self.find(path).await? else { return Ok(None) };
        let mut stream = self.pieces(path, found);
        let mut hash = DigestWriter::new();
        while let Some(piece) = stream.next().await {
            hash.update(&piece?);
        }
        Ok(Some(hash.finish()))
    }

    /// Writes an object unless one is there: atomic, so that of several writers one wins.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn create(&self, path: &str, bytes: Vec<u8>) -> Result<Created, StoreError> {
        match &self.kind {
            Kind::Files(files) => files.create(path, bytes).await,
            Kind::Remote(remote) => remote.create(path, bytes).await,
        }
    }

    /// Replaces an object if its content is still the one with digest `expected` (or if it is
    /// still absent). Readers see the old content or the new, never a mixture.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn replace(
        &self,
        path: &str,
        expected: Option<Digest>,
        bytes: Vec<u8>,
    ) -> Result<Replaced, StoreError> {
        let Some(expected) = expected else {
            return Ok(match self.create(path, bytes).await? {
                Created::New => Replaced::Done,
                Created::Exists => Replaced::Changed,
            });
        };
        match &self.kind {
            Kind::Files(files) => files.replace(path, expected, bytes).await,
            Kind::Remote(remote) => remote.replace(path, expected, bytes).await,
        }
    }

    /// Writes an object of about `size` bytes from a stream and tells the digest of what was read:
    /// if it is not `expected`, nothing was written. Nothing is there under `path` before the last
    /// byte is. In a directory an object with other bytes is replaced while `fence` holds; in a
    /// remote store it stays.
    ///
    /// # Errors
    /// If reading or writing fails, the fence is broken, or the place is occupied; then nothing
    /// was written.
    pub async fn write(
        &self,
        path: &str,
        content: BoxStream<'static, Result<Bytes, StoreError>>,
        expected: Digest,
        size: u64,
        fence: &Fence,
    ) -> Result<Digest, StoreError> {
        match &self.kind {
            Kind::Files(files) => files.write(path, content, expected, fence).await,
            Kind::Remote(remote) => remote.write(path, content, expected, size).await,
        }
    }

    /// [`Store::write`] of an object of `source`, inside the store, if both are in one bucket and
    /// it is worth it; nothing otherwise.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn copy_from(
        &self,
        source: &Self,
        from: &str,
        to: &str,
        expected: Digest,
        size: u64,
    ) -> Result<Option<Digest>, StoreError> {
        match (&self.kind, &source.kind) {
            (Kind::Remote(remote), Kind::Remote(source)) => {
                remote.copy_from(source, from, to, expected, size).await
            }
            _ => Ok(None),
        }
    }

    async fn find(&self, path: &str) -> Result<Option<GetResult>, StoreError> {
        match &self.kind {
            Kind::Files(files) => files.find(path).await,
            Kind::Remote(remote) => remote.find(path).await,
        }
    }

    fn pieces(
        &self,
        path: &str,
        found: GetResult,
    ) -> BoxStream<'static, Result<Bytes, StoreError>> {
        let (store, path) = (self.clone(), path.to_owned());
        let stream = found.into_stream();
        stream.map(move |item| item.map_err(|error| store.failed(&path, error))).boxed()
    }

    fn failed(&self, path: &str, error: object_store::Error) -> StoreError {
        match &self.kind {
            Kind::Files(files) => files.backend(path, error),
            Kind::Remote(remote) => explain(remote.name(path), &error),
        }
    }
}

fn gone(path: &str) -> object_store::Error {
    let source = "it is not there".into();
    object_store::Error::NotFound { path: path.to_owned(), source }
}
