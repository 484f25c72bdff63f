//! A directory as a store. A file system has no conditional writes: an advisory lock, which the
//! system drops with its holder however that ends, makes one of compare and rename.

use std::fs::{File, TryLockError};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt as _};
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{GetResult, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};
use rustix::fs::{Mode, OFlags, ResolveFlags};
use tokio::io::AsyncWriteExt as _;

use super::access::real_path;
use super::walk::walk;
use super::{Created, Entry, Fence, Replaced, StoreError};
use crate::domain::{Digest, DigestWriter};

/// How long to wait for the lock of a directory. It is held for one small write at a time.
const LOCK_WITHIN: Duration = Duration::from_secs(30);

/// Bytes read at once.
const BLOCK: usize = 256 << 10;

/// Seconds after which two writes to a file certainly have different times.
const SETTLED: i64 = 2;

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

    /// The directory, with links resolved as far as it is there.
    pub(super) fn real(&self) -> PathBuf {
        real_path(&self.directory)
    }

    pub(super) async fn list(&self, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let files = self.clone();
        let listed = tokio::task::spawn_blocking(move || {
            let mut paths = walk(&files.directory, &files.url, limit)?;
            paths.sort();
            stamped(&files.directory, paths)
        });
        listed.await.map_err(|e| self.file("", std::io::Error::other(e)))?
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

    /// See [`super::Store::scan`].
    pub(super) async fn scan<T: Send + 'static>(
        &self,
        path: &str,
        mut state: T,
        take: fn(&mut T, &[u8]) -> bool,
    ) -> Result<T, StoreError> {
        let (files, path) = (self.clone(), path.to_owned());
        let name = self.name(&path);
        let read = tokio::task::spawn_blocking(move || {
            let failed = |e| files.file(&path, e);
            let mut file = match open(&files.directory, &path, OFlags::RDONLY).map_err(failed)? {
                Some(file) => file,
                None => return Err(StoreError::Link { path }),
            };
            // Only advice: a file system that takes none is as good.
            let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::Sequential);
            let size = file.metadata().map_err(failed)?.len();
            // One byte more, so that the end of a small file is seen in the second read.
            let size = usize::try_from(size).unwrap_or(BLOCK).saturating_add(1).min(BLOCK);
            let mut block = vec![0; size];
            loop {
                match file.read(&mut block) {
                    Ok(0) => return Ok(state),
                    Ok(n) if take(&mut state, &block[..n]) => {}
                    Ok(_) => return Ok(state),
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(failed(error)),
                }
            }
        });
        let lost = |e| StoreError::File { path: name, source: std::io::Error::other(e) };
        read.await.map_err(lost)?
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

/// Opens a regular file below `root`, or nothing if a link leads to it, whenever it was laid.
fn open(root: &std::path::Path, path: &str, how: OFlags) -> std::io::Result<Option<File>> {
    use rustix::io::Errno;
    let dir = File::open(root)?;
    let how = match how.contains(OFlags::PATH) {
        // With NOFOLLOW this would open a link itself instead of refusing it.
        true => how | OFlags::CLOEXEC,
        // A pipe that was laid there since the listing may not hold us up.
        false => how | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK,
    };
    let inside = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let file = match rustix::fs::openat2(&dir, path, how, Mode::empty(), inside) {
        Ok(file) => File::from(file),
        Err(Errno::LOOP | Errno::XDEV) => return Ok(None),
        // Sandboxes that do not know the call.
        Err(Errno::NOSYS | Errno::PERM) => {
            if real_path(&root.join(path)) != real_path(root).join(path) {
                return Ok(None);
            }
            File::from(rustix::fs::openat(&dir, path, how, Mode::empty())?)
        }
        Err(error) => return Err(error.into()),
    };
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    Ok(Some(file))
}

/// Opens each file without following links, and stamps it. A workspace is written by strangers: a
/// link in it could have the controller publish its own secrets.
fn stamped(directory: &std::path::Path, paths: Vec<String>) -> Result<Vec<Entry>, StoreError> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let entry = |path: String| {
        let failed = |source| StoreError::File { path: path.clone(), source };
        let Some(file) = open(directory, &path, OFlags::PATH).map_err(failed)? else {
            return Err(StoreError::Link { path });
        };
        let meta = file.metadata().map_err(failed)?;
        Ok(Entry { size: meta.len(), stamp: stamp(&meta, now), path })
    };
    paths.into_iter().map(entry).collect()
}

/// What the file system changes whenever somebody writes to the file. Nobody can set `ctime` back
/// without setting the clock back; but within its grain two writes look like one, so that what was
/// written a moment ago has no stamp yet.
fn stamp(meta: &std::fs::Metadata, now: i64) -> Option<String> {
    let settled = meta.mtime().max(meta.ctime()).saturating_add(SETTLED) < now;
    settled.then(|| {
        format!(
            "{}:{} {}.{:09} {}.{:09}",
            meta.dev(),
            meta.ino(),
            meta.mtime(),
            meta.mtime_nsec(),
            meta.ctime(),
            meta.ctime_nsec()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_has_another_stamp_even_if_length_and_time_are_put_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "one").unwrap();
        let before = path.metadata().unwrap();
        let later = before.ctime() + SETTLED + 1;
        assert_eq!(stamp(&before, later - 1), None, "it may be written again unseen");
        assert_eq!(stamp(&before, later), stamp(&path.metadata().unwrap(), later));
        // The clock of a file system has a grain.
        let deadline = Instant::now() + Duration::from_secs(10);
        while stamp(&path.metadata().unwrap(), i64::MAX) == stamp(&before, i64::MAX) {
            assert!(Instant::now() < deadline, "the stamp does not change");
            std::fs::write(&path, "two").unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            file.set_modified(before.modified().unwrap()).unwrap();
        }
        let after = path.metadata().unwrap();
        assert_eq!((after.len(), after.mtime()), (before.len(), before.mtime()));
    }

    #[tokio::test]
    async fn a_scan_hands_over_all_bytes_in_order_until_it_is_told_to_stop() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::new(dir.path().to_owned(), "file:///x").unwrap();
        for size in [0, 1, BLOCK - 1, BLOCK, 3 * BLOCK + 5] {
            let bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
            std::fs::write(dir.path().join("a"), &bytes).unwrap();
            let take = |all: &mut Vec<u8>, piece: &[u8]| {
                all.extend_from_slice(piece);
                all.len() < 2 * BLOCK
            };
            let read = files.scan("a", Vec::new(), take).await.unwrap();
            assert_eq!(read, bytes[..read.len()]);
            assert!(read.len() == size || read.len() >= 2 * BLOCK, "{size}");
        }
        assert!(files.scan("b", (), |(), _| true).await.is_err());
        std::os::unix::fs::symlink("/etc/hostname", dir.path().join("l")).unwrap();
        let error = files.scan("l", (), |(), _| true).await.unwrap_err();
        assert!(matches!(error, StoreError::Link { .. }), "{error}");
        std::fs::create_dir(dir.path().join("d")).unwrap();
        assert!(files.scan("d", (), |(), _| true).await.is_err(), "no regular file");
    }
}
