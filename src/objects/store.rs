//! One prefix of one object store.

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
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};
use tokio::io::AsyncWriteExt as _;

use super::access::real_path;
use super::{FileAccess, StoreError};
use crate::domain::{Digest, DigestWriter};

/// How long to wait for the lock of a directory. It is held for one small write at a time.
const LOCK_WITHIN: Duration = Duration::from_secs(30);

/// A prefix of an object store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<dyn ObjectStore>,
    url: String,
    directory: PathBuf,
}

/// An object in a listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Path below the prefix, `/`-separated.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

/// What must still be so when a write takes effect: an object with this very content. Whoever
/// changes that object shuts out every writer that stands on the old one, however slow it is.
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

impl Store {
    /// Opens the prefix that `url` names. Nothing is created before something is written.
    ///
    /// # Errors
    /// If the URL is not understood or not allowed.
    pub fn open(url: &str, access: &FileAccess) -> Result<Self, StoreError> {
        let wrong = |why| StoreError::Url { url: url.to_owned(), why };
        if ["s3://", "gs://", "az://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(wrong("this version of Lazaret reads and writes file:// only"));
        }
        if !url.starts_with("file://") {
            return Err(wrong("a store is named by a URL such as file:///path/to/directory"));
        }
        let directory = access.directory(url)?;
        let prefix = Path::from_absolute_path(&directory)
            .map_err(|_| wrong("the path has parts that an object store cannot name"))?;
        let files = LocalFileSystem::new().with_fsync(true);
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { inner: Arc::new(PrefixStore::new(files, prefix)), url, directory })
    }

    /// The URL that the store was opened with.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Every object, sorted by path.
    ///
    /// # Errors
    /// If there are more than `limit`, if one is reached through a symbolic link, or if the store
    /// fails.
    pub async fn list(&self, limit: usize) -> Result<Vec<Entry>, StoreError> {
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

    /// An object's bytes, piece by piece.
    ///
    /// # Errors
    /// If it is not there or cannot be read.
    pub async fn stream(
        &self,
        path: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, StoreError>>, StoreError> {
        self.inside(path)?;
        let found = self.inner.get(&self.path(path)?).await;
        let found = found.map_err(|source| self.backend(path, source))?;
        let name = path.to_owned();
        Ok(found
            .into_stream()
            .map(move |item| {
                item.map_err(|source| StoreError::Backend { path: name.clone(), source })
            })
            .boxed())
    }

    /// A small object whole, or nothing if it is not there.
    ///
    /// # Errors
    /// If it is larger than `limit` bytes or cannot be read.
    pub async fn get(&self, path: &str, limit: u64) -> Result<Option<Bytes>, StoreError> {
        self.inside(path)?;
        let found = match self.inner.get(&self.path(path)?).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(self.backend(path, source)),
        };
        if found.meta.size > limit {
            return Err(StoreError::TooLarge { path: path.to_owned(), limit });
        }
        found.bytes().await.map(Some).map_err(|source| self.backend(path, source))
    }

    /// The digest of an object, or nothing if it is not there.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn digest(&self, path: &str) -> Result<Option<Digest>, StoreError> {
        self.inside(path)?;
        match self.inner.head(&self.path(path)?).await {
            Ok(_) => {}
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(self.backend(path, source)),
        }
        let mut stream = self.stream(path).await?;
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
        self.inside(path)?;
        let options = PutMode::Create.into();
        match self.inner.put_opts(&self.path(path)?, PutPayload::from(bytes), options).await {
            Ok(_) => Ok(Created::New),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(Created::Exists),
            Err(source) => Err(self.backend(path, source)),
        }
    }

    /// [`Store::create`], if `fence` still holds.
    ///
    /// # Errors
    /// If it does not, or if the store fails.
    pub async fn create_fenced(
        &self,
        path: &str,
        bytes: Vec<u8>,
        fence: &Fence,
    ) -> Result<Created, StoreError> {
        let _lock = self.lock().await?;
        self.holds(fence).await?;
        self.create(path, bytes).await
    }

    /// Replaces the content with digest `expected`, unless there is an object `stop`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn replace_unless(
        &self,
        path: &str,
        expected: Digest,
        bytes: Vec<u8>,
        stop: &str,
    ) -> Result<Replaced, StoreError> {
        let _lock = self.lock().await?;
        if self.digest(stop).await?.is_some() || self.digest(path).await? != Some(expected) {
            return Ok(Replaced::Changed);
        }
        let put = self.inner.put(&self.path(path)?, PutPayload::from(bytes)).await;
        put.map(|_| Replaced::Done).map_err(|source| self.backend(path, source))
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
        if expected.is_none() {
            return Ok(match self.create(path, bytes).await? {
                Created::New => Replaced::Done,
                Created::Exists => Replaced::Changed,
            });
        }
        // A file system has no conditional write. An advisory lock, which the system drops with
        // its holder however that ends, makes one of compare and rename.
        let _lock = self.lock().await?;
        if self.digest(path).await? != expected {
            return Ok(Replaced::Changed);
        }
        let put = self.inner.put(&self.path(path)?, PutPayload::from(bytes)).await;
        put.map(|_| Replaced::Done).map_err(|source| self.backend(path, source))
    }

    /// Writes an object from a stream and tells the digest of what was written. Nothing is there
    /// under `path` before the last byte is.
    ///
    /// # Errors
    /// If reading or writing fails; then nothing was written.
    pub async fn write(
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

    fn backend(&self, path: &str, source: object_store::Error) -> StoreError {
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

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    fn store(dir: &tempfile::TempDir) -> Store {
        Store::open(&format!("file://{}", dir.path().display()), &FileAccess::Caller).unwrap()
    }

    fn content(text: &'static str) -> BoxStream<'static, Result<Bytes, StoreError>> {
        stream::iter([Ok(Bytes::from_static(text.as_bytes()))]).boxed()
    }

    #[tokio::test]
    async fn conditional_writes() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir);
        assert_eq!(store.create("a/b", b"1".to_vec()).await.unwrap(), Created::New);
        assert_eq!(store.create("a/b", b"2".to_vec()).await.unwrap(), Created::Exists);
        let one = Some(Digest::of(b"1"));
        assert_eq!(store.replace("a/b", None, b"3".to_vec()).await.unwrap(), Replaced::Changed);
        assert_eq!(store.replace("a/b", one, b"3".to_vec()).await.unwrap(), Replaced::Done);
        assert_eq!(store.replace("a/b", one, b"4".to_vec()).await.unwrap(), Replaced::Changed);
        assert_eq!(store.get("a/b", 9).await.unwrap().unwrap(), "3");
        assert!(store.get("a/c", 9).await.unwrap().is_none());
        assert!(matches!(store.get("a/b", 0).await, Err(StoreError::TooLarge { .. })));
    }

    #[tokio::test]
    async fn of_many_writers_exactly_one_wins() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir);
        store.create("p", b"0".to_vec()).await.unwrap();
        let expected = Some(Digest::of(b"0"));
        let tries = (1..=16_u8).map(|n| store.replace("p", expected, vec![n]));
        let outcomes = futures::future::join_all(tries).await;
        let won = outcomes.into_iter().filter(|o| matches!(o, Ok(Replaced::Done))).count();
        assert_eq!(won, 1);
    }

    #[tokio::test]
    async fn a_write_that_does_not_match_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir);
        store.create("claim", b"me".to_vec()).await.unwrap();
        let fence = Fence { path: "claim".into(), digest: Digest::of(b"me") };
        let old = Digest::of(b"old");
        let digest = store.write("x", content("new"), old, &fence).await.unwrap();
        assert_eq!(digest, Digest::of(b"new"));
        assert_eq!(store.digest("x").await.unwrap(), None);
        store.write("x", content("new"), digest, &fence).await.unwrap();
        assert_eq!(store.digest("x").await.unwrap(), Some(digest));

        // Somebody takes the claim over: the old holder can finish nothing.
        let taken = store.replace_unless("claim", fence.digest, b"you".to_vec(), "end").await;
        assert_eq!(taken.unwrap(), Replaced::Done);
        let late = store.write("x", content("late"), Digest::of(b"late"), &fence).await;
        assert!(matches!(late, Err(StoreError::Fenced { .. })), "{late:?}");
        let late = store.create_fenced("end", vec![], &fence).await;
        assert!(matches!(late, Err(StoreError::Fenced { .. })), "{late:?}");
        assert_eq!(store.digest("x").await.unwrap(), Some(digest));
        // Once there is an end, nobody takes over any more.
        store.create("end", vec![]).await.unwrap();
        let you = Digest::of(b"you");
        let taken = store.replace_unless("claim", you, b"they".to_vec(), "end").await.unwrap();
        assert_eq!(taken, Replaced::Changed);
    }

    #[tokio::test]
    async fn links_and_crowds_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir);
        for name in ["a", "b"] {
            store.create(name, vec![]).await.unwrap();
        }
        assert!(matches!(store.list(1).await, Err(StoreError::TooMany { .. })));
        std::os::unix::fs::symlink("/etc/hostname", dir.path().join("c")).unwrap();
        assert!(matches!(store.list(9).await, Err(StoreError::Link { .. })));
        assert!(matches!(store.get("c", 999).await, Err(StoreError::Link { .. })));
        assert!(matches!(store.digest("c").await, Err(StoreError::Link { .. })));
        std::os::unix::fs::symlink("/tmp", dir.path().join("d")).unwrap();
        assert!(matches!(store.create("d/x", vec![]).await, Err(StoreError::Link { .. })));
    }

    #[tokio::test]
    async fn opening_creates_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("file://{}/not/yet", dir.path().display());
        let store = Store::open(&url, &FileAccess::Caller).unwrap();
        assert_eq!(store.list(9).await.map_err(|e| e.to_string()), Ok(vec![]));
        assert!(store.get("x", 9).await.unwrap().is_none());
        assert!(!dir.path().join("not").exists());
        assert!(Store::open("s3://bucket/x", &FileAccess::Caller).is_err());
    }
}
