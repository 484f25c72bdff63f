//! Many files for many others, all or none. The new ones are written beside first, then a journal says what
//! goes where, then they are moved into place. A crash before the journal leaves the old files, a crash
//! after it is made good by the next command, which goes on with the moving.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::exit::Failure;
use super::shelf::{limited, place};
use crate::law::Tree;

/// Where the work lies meanwhile: on the same file system, below the set's folder.
const PLACE: &str = ".lazaret-restore";
const JOURNAL: &str = "journal.json";
const MAX_JOURNAL: u64 = 64 << 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Journal {
    /// The inode of [`PLACE`]. A journal that came with a clone, to have files moved about, cannot know it.
    inode: u64,
    what: String,
    /// Whether the old files go back.
    back: bool,
    steps: Vec<Step>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    path: String,
    /// Whether there is a new file; else the old one goes.
    new: bool,
    /// Whether there was an old one.
    old: bool,
}

/// Keeps others from swapping files of the same set as long as it lives.
pub(super) fn lock(root: &Path) -> Result<File, Failure> {
    let folder = File::open(root).map_err(|error| wrong(root, &error))?;
    match folder.try_lock() {
        Ok(()) => Ok(folder),
        Err(TryLockError::WouldBlock) => {
            let text = "another freeze or restore is at work here; try again when it has ended";
            Err(Failure::undecided(format!("{}: {text}", root.display())))
        }
        Err(TryLockError::Error(error)) => Err(wrong(root, &error)),
    }
}

/// Swaps files: each path gets its new bytes, or goes. `_lock` is [`lock`]'s.
pub(super) fn swap(
    root: &Path,
    _lock: &File,
    what: &str,
    steps: &[(String, Option<&[u8]>)],
) -> Result<(), Failure> {
    let at = root.join(PLACE);
    for (path, _) in steps {
        safe(root, path)?;
    }
    let steps = match stage(root, &at, steps) {
        Ok(steps) => steps,
        Err(error) => {
            let _ = fs::remove_dir_all(&at);
            return Err(wrong(&at, &error));
        }
    };
    let inode = inode(&at)?;
    let mut journal = Journal { inode, what: what.to_owned(), back: false, steps };
    journal.write(&at)?;
    if let Err(failure) = journal.carry_out(root, &at) {
        journal.back = true;
        journal.write(&at)?;
        journal.carry_out(root, &at)?;
        journal.close(&at)?;
        return Err(failure);
    }
    journal.close(&at)
}

/// Ends what a crash interrupted.
pub(super) fn recover(root: &Path) -> Result<(), Failure> {
    let at = root.join(PLACE);
    if !is_there(&at)? {
        return Ok(());
    }
    let _lock = lock(root)?;
    // Whoever held the lock may have cleaned up.
    if !is_there(&at)? {
        return Ok(());
    }
    let file = at.join(JOURNAL);
    if !is_there(&file)? {
        // Nothing was moved yet, or everything.
        return fs::remove_dir_all(&at).map_err(|error| wrong(&at, &error));
    }
    let foreign = |why: &str| {
        let text = format!("{}: {why}; remove it, nothing was moved", at.display());
        Failure::undecided(text)
    };
    let journal: Journal = serde_json::from_slice(&limited(&file, MAX_JOURNAL)?)
        .map_err(|error| foreign(&format!("the journal cannot be read: {error}")))?;
    if journal.inode != inode(&at)? {
        return Err(foreign("it was not left by a restore on this machine"));
    }
    for step in &journal.steps {
        safe(root, &step.path)?;
    }
    journal.carry_out(root, &at)?;
    journal.close(&at)?;
    let done = if journal.back { "taken back" } else { "completed" };
    eprintln!("lazaret: {}, which was cut off, is now {done}", journal.what);
    Ok(())
}

/// Writes the new files, and keeps hold of the old ones.
fn stage(root: &Path, at: &Path, steps: &[(String, Option<&[u8]>)]) -> io::Result<Vec<Step>> {
    let mut planned = Vec::new();
    let mut private = DirBuilder::new();
    private.mode(0o700);
    for folder in [at.to_owned(), at.join("new"), at.join("old")] {
        private.create(folder)?;
    }
    for (n, (path, new)) in steps.iter().enumerate() {
        let (target, old) = (root.join(path), at.join("old").join(n.to_string()));
        let there = match fs::hard_link(&target, &old) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            // Not every file system has links.
            Err(_) => fs::copy(&target, &old).map(|_| true)?,
        };
        planned.push(Step { path: path.clone(), new: new.is_some(), old: there });
        let Some(bytes) = new else { continue };
        let staged = at.join("new").join(n.to_string());
        let mut file = File::create_new(&staged)?;
        file.write_all(bytes)?;
        if there {
            file.set_permissions(fs::metadata(&target)?.permissions())?;
        }
        file.sync_all()?;
    }
    for folder in ["new", "old"] {
        File::open(at.join(folder))?.sync_all()?;
    }
    Ok(planned)
}

impl Journal {
    fn write(&self, at: &Path) -> Result<(), Failure> {
        let bytes =
            serde_json::to_vec(self).map_err(|error| Failure::undecided(error.to_string()))?;
        place(&at.join(JOURNAL), &bytes)
    }

    /// Every step may have been done before.
    fn carry_out(&self, root: &Path, at: &Path) -> Result<(), Failure> {
        let mut folders = BTreeSet::new();
        for (n, step) in self.steps.iter().enumerate() {
            let target = root.join(&step.path);
            let (from, is_there) = match self.back {
                false => (at.join("new").join(n.to_string()), step.new),
                true => (at.join("old").join(n.to_string()), step.old),
            };
            let done = if is_there { moved(&from, &target) } else { gone(&target) };
            done.map_err(|error| wrong(&target, &error))?;
            folders.extend(target.parent().map(Path::to_owned));
        }
        // A folder that is gone has nothing to keep.
        for folder in folders.iter().filter_map(|folder| File::open(folder).ok()) {
            folder.sync_all().map_err(|error| wrong(root, &error))?;
        }
        Ok(())
    }

    /// The journal goes first: what lies there without one is nobody's.
    fn close(&self, at: &Path) -> Result<(), Failure> {
        fs::remove_file(at.join(JOURNAL))
            .and_then(|()| fs::remove_dir_all(at))
            .map_err(|error| wrong(at, &error))
    }
}

/// What is not there any more was moved before.
fn moved(from: &Path, target: &Path) -> io::Result<()> {
    if from.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Ok(());
    }
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::rename(from, target)
}

fn gone(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Refuses a path that leads out of the set's folder, into git's, or over a link.
fn safe(root: &Path, path: &str) -> Result<(), Failure> {
    let refuse = |why: &str| Err(Failure::undecided(format!("{path}: {why}; nothing was changed")));
    if Tree::default().insert(path, Vec::new()).is_err() {
        return refuse("no path of a contract set");
    }
    if path.split('/').any(|name| name.eq_ignore_ascii_case(".git") || name == PLACE) {
        return refuse("that place is not for contracts");
    }
    let mut at: PathBuf = root.to_owned();
    let mut names = path.split('/').peekable();
    while let Some(name) = names.next() {
        at.push(name);
        let fits = match at.symlink_metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(wrong(&at, &error)),
            Ok(found) if names.peek().is_none() => found.is_file(),
            Ok(found) => found.is_dir(),
        };
        if !fits {
            return refuse("a link or a folder is in the way");
        }
    }
    Ok(())
}

fn inode(at: &Path) -> Result<u64, Failure> {
    at.symlink_metadata().map(|found| found.ino()).map_err(|error| wrong(at, &error))
}

fn is_there(at: &Path) -> Result<bool, Failure> {
    match at.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(wrong(at, &error)),
    }
}

fn wrong(path: &Path, error: &io::Error) -> Failure {
    Failure::undecided(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
