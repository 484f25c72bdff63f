//! A directory as a store. A file system has no conditional writes: an advisory lock, which the
//! system drops with its holder however that ends, makes one of compare and rename.

use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt as _};
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{GetResult, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};
use tokio::io::AsyncWriteExt as _;

use super::access::real_path;
use super::{Created, Entry, Fence, Replaced, StoreError};
use crate::domain::{Digest, DigestWriter};

/// How long to wait for the lock of a directory. It is held for one small write at a time.
const LOCK_WITHIN: Duration = Duration::from_secs(30);

/// A directory.
#[derive(Clone)]
pub(super) struct Files {
    inner: Arc<dyn ObjectStore>,
    url: String,
    directory: PathBuf,
}

impl Files {
    pub(super) fn new(directory: PathBuf, url: &str) -> Result<Self, StoreError> {
        let prefix = Path::from_absolute_path(&directory).map_err(|_| StoreError::Url {
            url: url.to_owned(),
            why: "the path has parts that an object store cannot name",
        })?;
        let files = LocalFileSystem::new().with_fsync(true);
        let inner = Arc::new(PrefixStore::new(files, prefix));
        Ok(Self { inner, url: url.to_owned(), directory })
    }

    pub(super) async fn list(&self, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        let mut listing = self.inner.list(None);
        while let Some(item) = listing.next().await {
            let meta = item.map_err(|source| self.backend("", source))?;
            if entries.len() == limit {
                return Err(StoreError::TooMany { url: self.url.clone(), limit });
            }
            entries.push(Entry { path: meta.location.to_string(), size: meta.size });
        }
        let directory = self.directory.clone();
        let checked = tokio::task::spawn_blocking(move || refuse_links(&directory, entries)).await;
        let mut entries = checked.map_err(|e| self.file("", std::io::Error::other(e)))??;
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    pub(super) async fn any_after(&self, dir: &str, last: &str) -> Result<bool, StoreError> {
        let (dir, last) = (self.path(dir)?, self.path(last)?);
        let mut listing = self.inner.list_with_offset(Some(&dir), &last);
        let found = listing.next().await.transpose();
        Ok(found.map_err(|source| self.backend("", source))?.is_some())
    }

    /// An object, or nothing if it is not there.
    pub(super) async fn find(&self, path: &str) -> Result<Option<GetResult>, StoreError> {
        self.inside(path)?;
        match self.inner.get(&self.path(path)?).await {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(self.backend(path, source)),
        }
    }

    async fn digest(&self, path: &str) -> Result<Option<Digest>, StoreError> {
        let Some(found) = self.find(path).await? else { return Ok(None) };
        let mut stream = found.into_stream();
        let mut hash = DigestWriter::new();
        while let Some(piece) = stream.next().await {
            hash.update(&piece.map_err(|source| self.backend(path, source))?);
        }
        Ok(Some(hash.finish()))
    }

    pub(super) async fn create(&self, path: &str, bytes: Vec<u8>) -> Result<Created, StoreError> {
        self.inside(path)?;
        let options = PutMode::Create.into();
        match self.inner.put_opts(&self.path(path)?, PutPayload::from(bytes), options).await {
            Ok(_) => Ok(Created::New),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(Created::Exists),
            Err(source) => Err(self.backend(path, source)),
        }
    }

    pub(super) async fn replace(
        &self,
        path: &str,
        expected: Digest,
        bytes: Vec<u8>,
    ) -> Result<Replaced, StoreError> {
        let _lock = self.lock().await?;
        if self.digest(path).await? != Some(expected) {
            return Ok(Replaced::Changed);
        }
        let put = self.inner.put(&self.path(path)?, PutPayload::from(bytes)).await;
        put.map(|_| Replaced::Done).map_err(|source| self.backend(path, source))
    }

    pub(super) async fn write(
        &self,
        path: &str,
        mut content: BoxStream<'static, Result<Bytes, StoreError>>,
        expected: Digest,
        fence: &Fence,
    ) -> Result<Digest, StoreError> {
        self.inside(path)?;
        let failed = |e| self.file(path, e);
        let mut writer = BufWriter::new(Arc::clone(&self.inner), self.path(path)?);
        let mut hash = DigestWriter::new();
        while let Some(piece) = content.next().await {
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) => {
                    // What matters is the first error; an upload left behind is not an object.
                    let _ = writer.abort().await;
                    return Err(error);
                }
            };
            hash.update(&piece);
            writer.write_all(&piece).await.map_err(failed)?;
        }
        let digest = hash.finish();
        let lock = self.lock().await?;
        if digest == expected {
            if let Err(error) = self.holds(fence).await {
                let _ = writer.abort().await;
                return Err(error);
            }
            writer.shutdown().await.map_err(failed)?;
            drop(lock);
        } else {
            writer.abort().await.map_err(|source| self.backend(path, source))?;
        }
        Ok(digest)
    }

    async fn holds(&self, fence: &Fence) -> Result<(), StoreError> {
        match self.digest(&fence.path).await? == Some(fence.digest) {
            true => Ok(()),
            false => Err(StoreError::Fenced { path: self.name(&fence.path) }),
        }
    }

    /// Refuses a path that is reached through a link: what a stranger lays out must not lead a
    /// reader or writer elsewhere, whenever it was laid.
    fn inside(&self, path: &str) -> Result<(), StoreError> {
        if real_path(&self.directory.join(path)) == real_path(&self.directory).join(path) {
            return Ok(());
        }
        Err(StoreError::Link { path: path.to_owned() })
    }

    async fn lock(&self) -> Result<File, StoreError> {
        let path = self.directory.join(".lazaret.lock");
        let name = path.display().to_string();
        self.inside(".lazaret.lock")?;
        let lock = tokio::task::spawn_blocking(move || {
            let file =
                File::options().create(true).truncate(false).read(true).write(true).open(&path)?;
            // Not for ever: whoever may write there may hold it, too.
            let deadline = Instant::now() + LOCK_WITHIN;
            while let Err(error) = file.try_lock() {
                match error {
                    TryLockError::Error(error) => return Err(error),
                    TryLockError::WouldBlock if Instant::now() > deadline => {
                        return Err(std::io::Error::other("somebody else holds the lock"));
                    }
                    TryLockError::WouldBlock => std::thread::sleep(Duration::from_millis(2)),
                }
            }
            Ok(file)
        });
        let file = lock.await.map_err(std::io::Error::other).and_then(|file| file);
        file.map_err(|source| StoreError::File { path: name, source })
    }

    fn path(&self, path: &str) -> Result<Path, StoreError> {
        Path::parse(path).map_err(|source| self.backend(path, source.into()))
    }

    pub(super) fn backend(&self, path: &str, source: object_store::Error) -> StoreError {
        StoreError::Backend { path: self.name(path), source }
    }

    fn file(&self, path: &str, source: std::io::Error) -> StoreError {
        StoreError::File { path: self.name(path), source }
    }

    fn name(&self, path: &str) -> String {
        if path.is_empty() { self.url.clone() } else { format!("{}/{path}", self.url) }
    }
}

/// A workspace is written by strangers: a link in it could have the controller publish its own
/// secrets.
fn refuse_links(
    directory: &std::path::Path,
    entries: Vec<Entry>,
) -> Result<Vec<Entry>, StoreError> {
    let Ok(root) = directory.canonicalize() else { return Ok(entries) };
    for entry in &entries {
        let real = root.join(&entry.path).canonicalize();
        let real = real.map_err(|source| StoreError::File { path: entry.path.clone(), source })?;
        if real != root.join(&entry.path) {
            return Err(StoreError::Link { path: entry.path.clone() });
        }
    }
    Ok(entries)
}
