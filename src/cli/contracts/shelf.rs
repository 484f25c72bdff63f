//! Where freezes lie: two files each below the set's `_frozen/`.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::super::exit::Failure;
use super::swap;
use crate::law::freeze::{Chain, Freeze, FreezeError, Index, MAX_TAR, chain};
use crate::law::{MANIFEST, Manifest, Tree};

/// Freezes of one set at most.
const MAX_FREEZES: usize = 10_000;

/// The freezes of a set.
pub(super) struct Shelf {
    folder: PathBuf,
    pub chain: Chain,
    /// Tars without an index, left by a freeze that was cut off.
    pub orphans: Vec<String>,
}

impl Shelf {
    /// Reads what the freezes say of themselves. A `contracts.yaml` that cannot be read is no hindrance: a
    /// restore may be what mends it.
    pub(super) fn open(root: &Path) -> Result<Self, Failure> {
        swap::recover(root)?;
        let manifest = fs::read(root.join(MANIFEST)).ok();
        let manifest = manifest.and_then(|bytes| Manifest::parse(&bytes).ok());
        let frozen = manifest.map_or_else(|| "_frozen".to_owned(), |manifest| manifest.frozen);
        let folder = root.join(&frozen);
        let (mut tree, mut tars) = (Tree::default(), Vec::new());
        for name in names(&folder)? {
            if let Some(stem) = name.strip_suffix(".json") {
                let bytes = limited(&folder.join(&name), Tree::MAX_FILE as u64)?;
                tree.insert(&format!("{frozen}/{stem}.json"), bytes)
                    .map_err(|error| Failure::undecided(error.to_string()))?;
            } else if let Some(stem) = name.strip_suffix(".tar") {
                tars.push(stem.to_owned());
            }
        }
        let chain = chain(&tree, &frozen).map_err(|error| broken(&folder, &error))?;
        tars.retain(|tar| chain.iter().all(|index| index.name != *tar));
        tars.sort();
        Ok(Self { folder, chain, orphans: tars })
    }

    /// A freeze's index, by name or as `latest`.
    pub(super) fn find(&self, name: &str) -> Result<&Index, Failure> {
        self.chain.find(name).map_err(|error| Failure::usage(error.to_string()))
    }

    /// A freeze's tar, not yet believed.
    pub(super) fn tar(&self, index: &Index) -> Result<Bytes, Failure> {
        limited(&self.folder.join(format!("{}.tar", index.name)), MAX_TAR).map(Bytes::from)
    }

    /// A freeze's files, each as its index says.
    pub(super) fn tree(&self, name: &str) -> Result<Tree, Failure> {
        let index = self.find(name)?;
        let at = self.folder.join(format!("{}.tar", index.name));
        index.open(&self.tar(index)?).map_err(|error| broken(&at, &error))
    }

    /// Puts a freeze beside the others. Without its index a tar is nothing, so that the index goes last.
    pub(super) fn put(&self, freeze: &Freeze) -> Result<PathBuf, Failure> {
        let taken = |index: &Index| index.name.eq_ignore_ascii_case(&freeze.index.name);
        if self.chain.iter().any(taken) {
            let name = &freeze.index.name;
            let text = format!("there is a freeze {name} already; a freeze is never replaced");
            return Err(Failure::usage(text));
        }
        let bytes = freeze.index.bytes().map_err(|error| Failure::undecided(error.to_string()))?;
        fs::create_dir_all(&self.folder).map_err(|error| wrong(&self.folder, &error))?;
        let index = self.folder.join(format!("{}.json", freeze.index.name));
        place(&self.folder.join(format!("{}.tar", freeze.index.name)), &freeze.tar)?;
        place(&index, &bytes)?;
        Ok(index)
    }
}

/// Bytes that no longer say what they said: a denial, not a mishap.
fn broken(at: &Path, error: &FreezeError) -> Failure {
    Failure::denied(format!("{}: {error}", at.display()))
}

fn names(folder: &Path) -> Result<Vec<String>, Failure> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(wrong(folder, &error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| wrong(folder, &error))?;
        if let Ok(name) = entry.file_name().into_string() {
            names.push(name);
        }
        if names.len() > 2 * MAX_FREEZES {
            let text = format!("{}: more than {MAX_FREEZES} freezes", folder.display());
            return Err(Failure::undecided(text));
        }
    }
    names.sort();
    Ok(names)
}

/// A file of limited size.
pub(super) fn limited(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
    read.map_err(|error| wrong(path, &error))?;
    match bytes.len() as u64 > most {
        true => Err(Failure::undecided(format!("{}: more than {most} bytes", path.display()))),
        false => Ok(bytes),
    }
}

/// Writes a file so that it is there whole or not at all.
pub(super) fn place(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = || {
        let folder = path.parent().unwrap_or(Path::new("."));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let draft = folder.join(format!(".{name}.tmp"));
        let mut file = File::create(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        File::open(folder)?.sync_all()
    };
    written().map_err(|error| wrong(path, &error))
}

fn wrong(path: &Path, error: &std::io::Error) -> Failure {
    Failure::undecided(format!("{}: {error}", path.display()))
}
