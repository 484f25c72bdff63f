//! The state directory: what was loaded, on disk, so that a restart can have it again while its source
//! is down. One file a pack. Nothing that is read here is believed: `pack/restore` verifies it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use rustix::fs::OFlags;

use crate::domain::Digest;
use crate::pack::MAX_KEPT;

/// Packs and bytes that are kept at most, of all namespaces and of one: the disk is everybody's.
const ALL: (usize, u64) = (1024, 512 << 20);
const ONE_NAMESPACE: (usize, u64) = (64, 128 << 20);
const KEPT: &str = "pack";
const UNFINISHED: &str = "tmp";

/// Why something could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The disk.
    #[error("state directory: {0}")]
    Io(#[from] io::Error),
    /// No regular file of a size that was ever written here.
    #[error("state directory: the file is not one that was kept, or is too large")]
    Strange,
    /// A limit is passed.
    #[error("state directory: {0} keeps as much as it may")]
    Full(&'static str),
}

impl StateError {
    /// A short CamelCase name.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Io(_) => "StateIo",
            Self::Strange => "StateStrange",
            Self::Full(_) => "StateFull",
        }
    }
}

/// A directory for what is loaded.
#[derive(Debug)]
pub struct StateDir {
    dir: PathBuf,
    /// Bytes by pack, of what is known to lie here.
    sizes: Mutex<BTreeMap<String, u64>>,
}

impl StateDir {
    /// Opens a directory, makes it if it is not there, and writes into it once: a directory that cannot
    /// be written to is to be known before it is needed.
    ///
    /// # Errors
    /// If it cannot be made or written to.
    pub fn open(dir: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let state = Self { dir: dir.canonicalize()?, sizes: Mutex::default() };
        drop(state.unfinished("probe")?);
        // What a crash left half written goes, and the probe with it.
        for entry in fs::read_dir(&state.dir)?.flatten() {
            if entry.path().extension().is_some_and(|end| end == UNFINISHED) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(state)
    }

    /// Keeps `bytes` for `pack`, in the place of what was kept; after a crash one of both is there.
    ///
    /// # Errors
    /// If there is no room, or the disk fails.
    pub(super) fn write(&self, pack: &str, bytes: &[u8]) -> Result<(), StateError> {
        let size = bytes.len() as u64;
        let before = {
            let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
            has_room(&sizes, pack, size)?;
            sizes.insert(pack.to_owned(), size)
        };
        let written = self.replace(pack, bytes);
        if written.is_err() {
            // What was kept before is kept still, and no more than that takes room.
            let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
            match before {
                Some(before) => drop(sizes.insert(pack.to_owned(), before)),
                None => drop(sizes.remove(pack)),
            }
        }
        Ok(written?)
    }

    fn replace(&self, pack: &str, bytes: &[u8]) -> io::Result<()> {
        let (path, mut file) = self.unfinished(&stem(pack))?;
        let written = file
            .write_all(bytes)
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&path, self.path(pack)))
            .and_then(|()| File::open(&self.dir)?.sync_all());
        if written.is_err() {
            drop(fs::remove_file(&path));
        }
        written
    }

    /// What is kept for `pack`, if anything is. Links are not followed, pipes not waited for.
    ///
    /// # Errors
    /// If what lies there cannot be read, or is nothing that was written here.
    pub(super) fn read(&self, pack: &str) -> Result<Option<Bytes>, StateError> {
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let path = self.path(pack);
        let file = match OpenOptions::new().read(true).custom_flags(flags).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(_) if path.is_symlink() => return Err(StateError::Strange),
            Err(error) => return Err(error.into()),
        };
        if !file.metadata()?.is_file() {
            return Err(StateError::Strange);
        }
        let mut bytes = Vec::new();
        file.take(MAX_KEPT + 1).read_to_end(&mut bytes)?;
        match bytes.len() as u64 > MAX_KEPT {
            true => Err(StateError::Strange),
            false => Ok(Some(bytes.into())),
        }
    }

    /// Keeps nothing for `pack` any more.
    pub(super) fn remove(&self, pack: &str) {
        let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        sizes.remove(pack);
        clear(&self.path(pack));
    }

    /// Keeps nothing but what belongs to these packs, and learns how much that is.
    pub(super) fn keep_only(&self, packs: &BTreeSet<String>) {
        let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        // What is being written now has its room already.
        sizes.retain(|pack, _| packs.contains(pack));
        let names: BTreeMap<_, _> = packs.iter().map(|pack| (self.path(pack), pack)).collect();
        let Ok(entries) = fs::read_dir(&self.dir) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            match (names.get(&path), entry.metadata()) {
                (Some(pack), Ok(meta)) => drop(sizes.insert((*pack).clone(), meta.len())),
                // What is not called like something of ours is not ours to remove.
                _ if path.extension().is_some_and(|end| end == KEPT) => clear(&path),
                _ => {}
            }
        }
    }

    /// A new file beside the others, nobody else's to read.
    fn unfinished(&self, name: &str) -> io::Result<(PathBuf, File)> {
        let path = self.dir.join(format!("{name}-{:016x}.{UNFINISHED}", rand::random::<u64>()));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok((path, file))
    }

    fn path(&self, pack: &str) -> PathBuf {
        self.dir.join(stem(pack)).with_extension(KEPT)
    }
}

/// A file's name from a pack's, whatever that is made of.
fn stem(pack: &str) -> String {
    Digest::of(pack.as_bytes()).hex()
}

fn clear(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, path = %path.display(), "cannot remove from the state directory");
        }
        _ => {}
    }
}

/// Whether `size` bytes for `pack` fit beside what the others keep.
fn has_room(sizes: &BTreeMap<String, u64>, pack: &str, size: u64) -> Result<(), StateError> {
    let namespace = |key: &str| key.split('/').next().unwrap_or_default().to_owned();
    let own = namespace(pack);
    let others = || sizes.iter().filter(|(key, _)| *key != pack);
    let fits = |(count, bytes): (usize, u64), sizes: Vec<u64>| {
        sizes.len() < count && sizes.iter().sum::<u64>().saturating_add(size) <= bytes
    };
    let all = others().map(|(_, size)| *size).collect();
    let mine = others().filter(|(key, _)| namespace(key) == own).map(|(_, size)| *size).collect();
    match (fits(ALL, all), fits(ONE_NAMESPACE, mine)) {
        (true, true) => Ok(()),
        (_, false) => Err(StateError::Full("the namespace")),
        (false, true) => Err(StateError::Full("the controller")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir() -> (tempfile::TempDir, StateDir) {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(&dir.path().join("state")).unwrap();
        (dir, state)
    }

    fn names(state: &StateDir) -> usize {
        fs::read_dir(&state.dir).unwrap().count()
    }

    #[test]
    fn what_was_written_last_is_read_and_nothing_else_lies_about() {
        let (_dir, state) = dir();
        assert!(state.read("a/p/1").unwrap().is_none());
        state.write("a/p/1", b"first").unwrap();
        state.write("a/p/1", b"second").unwrap();
        state.write("../../b/p/2", b"third").unwrap();
        assert_eq!(state.read("a/p/1").unwrap().unwrap(), "second");
        assert_eq!(state.read("../../b/p/2").unwrap().unwrap(), "third");
        assert_eq!(names(&state), 2);
        state.remove("a/p/1");
        state.remove("a/p/1");
        assert!(state.read("a/p/1").unwrap().is_none());
    }

    #[test]
    fn only_what_belongs_to_a_pack_stays_and_what_is_not_ours_is_left_alone() {
        let (_dir, state) = dir();
        state.write("a/p/1", b"1").unwrap();
        state.write("a/p/2", b"2").unwrap();
        drop(state.unfinished("left").unwrap());
        fs::write(state.dir.join("lost+found"), "").unwrap();
        let again = StateDir::open(&state.dir).unwrap();
        again.keep_only(&["a/p/2".to_owned()].into());
        assert!(again.read("a/p/1").unwrap().is_none());
        assert_eq!(again.read("a/p/2").unwrap().unwrap(), "2");
        assert_eq!(names(&again), 2, "the other is lost+found");
        assert_eq!(again.sizes.lock().unwrap().get("a/p/2"), Some(&1));
    }

    #[test]
    fn links_pipes_directories_and_giants_are_not_read() {
        let (dir, state) = dir();
        let secret = dir.path().join("secret");
        fs::write(&secret, "secret").unwrap();
        let path = state.path("a/p/1");
        let huge = |path: &Path| File::create(path)?.set_len(MAX_KEPT + 1);
        let pipe =
            |path: &Path| Ok(rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RUSR)?);
        type Make<'a> = &'a dyn Fn(&Path) -> io::Result<()>;
        let made: [(&str, Make<'_>); 4] = [
            ("a link", &|path| std::os::unix::fs::symlink(&secret, path)),
            ("a directory", &|path| fs::create_dir(path)),
            ("a pipe", &pipe),
            ("a giant", &huge),
        ];
        for (what, make) in made {
            make(&path).unwrap();
            assert!(matches!(state.read("a/p/1"), Err(StateError::Strange)), "{what}");
            drop(fs::remove_file(&path));
            drop(fs::remove_dir(&path));
        }
        assert_eq!(fs::read_to_string(secret).unwrap(), "secret");
    }

    #[test]
    fn no_namespace_takes_all_the_room() {
        let many = |namespaces: usize, each: usize, size: u64| -> BTreeMap<String, u64> {
            let key = |n: usize| (format!("n{}/p/{n}", n % namespaces), size);
            (0..namespaces * each).map(key).collect()
        };
        let told = |sizes: &BTreeMap<String, u64>, pack: &str, size: u64| {
            has_room(sizes, pack, size).err().map(|error| error.to_string())
        };
        let full = |who: &str| {
            Some(
                StateError::Full(match who {
                    "all" => "the controller",
                    _ => "the namespace",
                })
                .to_string(),
            )
        };
        assert_eq!(told(&many(1, 63, 1), "n0/p/new", 1), None);
        assert_eq!(told(&many(1, 64, 1), "n0/p/new", 1), full("one"));
        assert_eq!(told(&many(1, 64, 1), "n0/p/3", 1), None, "in the place of its own");
        assert_eq!(told(&many(1, 64, 1), "n1/p/new", 1), None);
        assert_eq!(told(&many(1, 4, 32 << 20), "n0/p/new", 1), full("one"));
        assert_eq!(told(&many(16, 64, 1), "n99/p/new", 1), full("all"));
        assert_eq!(told(&many(16, 1, 32 << 20), "n99/p/new", 1), full("all"));
    }

    #[test]
    fn a_place_that_cannot_be_written_to_is_refused_at_once() {
        let (dir, _) = dir();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(StateDir::open(&file).is_err());
    }
}
