//! Freezes: a contract set as it was, in two files below `_frozen/`. `<name>.tar` holds the set's files, and
//! the same set gives the same bytes on every machine. `<name>.json`, the index, has the SHA-256 of the
//! tar and of every file in it, the modules' versions, the date, and the digest of the index before it: the
//! freezes are a chain, and none of them can be changed or left out unseen.

mod chain;

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::civil::Date;
use semver::Version;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::set::Set;
use super::tree::{Tree, TreeError};
use super::versions::Versions;
use crate::domain::{CanonicalError, Digest, parse_i_json};
use crate::pack::{ArchiveError, ArchiveLimits, read_tar, write_tar};

pub use chain::{Chain, chain, indexes};

/// The one form that is read.
const API_VERSION: &str = "lazaret.dev/freeze/v1";
/// What stands for the last freeze.
pub const LATEST: &str = "latest";
/// What stands for every freeze.
pub const ALL: &str = "all";
const MAX_NAME: usize = 100;

/// What may be in a tar of a set.
const LIMITS: ArchiveLimits = ArchiveLimits {
    // The files, and for each at most a header and an almost empty block.
    total: Tree::MAX_BYTES + Tree::MAX_FILES * 1024 + 20_480,
    entries: Tree::MAX_FILES,
    file: Tree::MAX_FILE,
    depth: 32,
    path: 256,
};

/// What a freeze says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Index {
    api_version: String,
    /// The set's name.
    pub set: String,
    /// The freeze's name.
    pub name: String,
    /// When it was made.
    pub date: Date,
    /// SHA-256 of the tar.
    pub tar: Digest,
    /// [`Set::digest`]: what decisions name.
    pub contracts: Digest,
    /// The modules' versions.
    pub modules: BTreeMap<String, Version>,
    /// SHA-256 of every file.
    pub files: BTreeMap<String, Digest>,
    /// The freeze before it.
    pub previous: Option<Link>,
    /// Why it was made although its check against the freeze before had not passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unchecked: Option<String>,
}

/// A freeze, by its index.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// SHA-256 of its index.
    pub digest: Digest,
}

/// A freeze whole.
#[derive(Clone, Debug)]
pub struct Freeze {
    /// What it says of itself.
    pub index: Index,
    /// The files.
    pub tar: Bytes,
}

/// How a set's files differ from a freeze's.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Drift {
    /// Only in the set.
    pub added: Vec<String>,
    /// Only in the freeze.
    pub removed: Vec<String>,
    /// In both, with other bytes.
    pub changed: Vec<String>,
}

/// Why there is no freeze, or none that can be believed.
#[derive(Debug, Error)]
pub enum FreezeError {
    /// The name would not do as a file's name.
    #[error(
        "{0:?} is no name for a freeze: use up to {MAX_NAME} of a-z, A-Z, 0-9, dot, _, + and -, beginning \
         with a letter or digit, and not {LATEST:?} or {ALL:?}"
    )]
    Name(String),
    /// Several modules with many names and versions.
    #[error("the modules' versions make no short name; give one: `lazaret contracts freeze NAME`")]
    Nameless,
    /// A module whose version nobody knows.
    #[error("{path}: {why}; a freeze names every module's version")]
    Versions {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// No such freeze.
    #[error("there is no freeze {0:?}; `lazaret contracts list` shows them all")]
    Unknown(String),
    /// No freeze at all.
    #[error("nothing was frozen yet; `lazaret contracts freeze` makes the first freeze")]
    None,
    /// A path that ustar has no room for.
    #[error("a path is too long for a tar; shorten those of more than 100 bytes")]
    Path,
    /// The tar is none that is read.
    #[error("the tar cannot be read: {0}")]
    Archive(#[from] ArchiveError),
    /// The tar holds what no set does.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// No index.
    #[error("the index is no {API_VERSION}: {0}")]
    Index(String),
    /// The index lies under another name.
    #[error("the index names itself {0:?}; a freeze is not renamed")]
    Renamed(String),
    /// Bytes changed.
    #[error(
        "{what} has {found} and not {expected}, as the index says: restore it from version control"
    )]
    Digest {
        /// Of what.
        what: String,
        /// As it is.
        found: Digest,
        /// As it should be.
        expected: Digest,
    },
    /// A file too many or too few.
    #[error("{0} is only in the tar or only in the index: restore both from version control")]
    Listed(String),
    /// The chain has a gap.
    #[error(
        "{name} follows {previous}, which is not there as it was: restore it from version control"
    )]
    Gap {
        /// The follower.
        name: String,
        /// What it follows.
        previous: String,
    },
    /// Two freezes follow one, or two begin.
    #[error(
        "{0} and {1} follow the same freeze, as after a merge of two branches: remove the one that is not out \
         yet and freeze again"
    )]
    Fork(String, String),
    /// A digest could not be made.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
}

impl Index {
    /// Reads an index.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, FreezeError> {
        let value = parse_i_json(bytes).map_err(|error| FreezeError::Index(error.to_string()))?;
        let index: Self =
            serde_json::from_value(value).map_err(|error| FreezeError::Index(error.to_string()))?;
        if index.api_version != API_VERSION {
            return Err(FreezeError::Index(format!("its apiVersion is {}", index.api_version)));
        }
        check_name(&index.name)?;
        Ok(index)
    }

    /// Its file.
    ///
    /// # Errors
    /// If it has no JSON form, which does not happen.
    pub fn bytes(&self) -> Result<Vec<u8>, FreezeError> {
        let value = serde_json::to_value(self).map_err(|e| FreezeError::Index(e.to_string()))?;
        Ok(format!("{value:#}\n").into_bytes())
    }

    /// Takes the files out of the freeze's tar.
    ///
    /// # Errors
    /// If a byte is not as the index says.
    pub fn open(&self, tar: &Bytes) -> Result<Tree, FreezeError> {
        let differs = |what: &str, found: Digest, expected: Digest| match found == expected {
            true => Ok(()),
            false => Err(FreezeError::Digest { what: what.to_owned(), found, expected }),
        };
        differs("the tar", Digest::of(tar), self.tar)?;
        let tree = unpack(tar)?;
        for (path, bytes) in tree.iter() {
            let expected = self.files.get(path).ok_or_else(|| FreezeError::Listed(path.into()))?;
            differs(path, Digest::of(bytes), *expected)?;
        }
        match self.files.keys().find(|path| tree.get(path).is_none()) {
            Some(missing) => Err(FreezeError::Listed(missing.clone())),
            None => Ok(tree),
        }
    }

    /// How a set's files differ from the freeze's.
    pub fn drift(&self, set: &Set) -> Drift {
        let mut drift = Drift::default();
        for (path, bytes) in set.lasting() {
            match self.files.get(path) {
                None => drift.added.push(path.to_owned()),
                Some(digest) if *digest != Digest::of(bytes) => drift.changed.push(path.to_owned()),
                Some(_) => {}
            }
        }
        let here: BTreeMap<&str, ()> = set.lasting().map(|(path, _)| (path, ())).collect();
        let gone = self.files.keys().filter(|path| !here.contains_key(path.as_str()));
        drift.removed = gone.cloned().collect();
        drift
    }
}

impl Drift {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// Freezes a set. Without a name, its modules' versions are the name.
///
/// # Errors
/// If the name or a version is missing, or a file cannot be frozen.
pub fn freeze(
    set: &Set,
    name: Option<&str>,
    date: Date,
    previous: Option<Link>,
) -> Result<Freeze, FreezeError> {
    let modules = modules(set)?;
    let name = match name {
        Some(name) => name.to_owned(),
        None => default_name(&modules).ok_or(FreezeError::Nameless)?,
    };
    check_name(&name)?;
    // One that was made before this was refused is still read.
    if name.eq_ignore_ascii_case(ALL) {
        return Err(FreezeError::Name(name));
    }
    let tar = pack(set)?;
    let files = set.lasting().map(|(path, bytes)| (path.to_owned(), Digest::of(bytes))).collect();
    let index = Index {
        api_version: API_VERSION.into(),
        set: set.manifest.name.clone(),
        name,
        date,
        tar: Digest::of(&tar),
        contracts: set.digest()?,
        modules,
        files,
        previous,
        unchecked: None,
    };
    // What could not be opened again is not frozen.
    index.open(&tar)?;
    Ok(Freeze { index, tar })
}

/// A set's files as a tar: the same set, the same bytes.
///
/// # Errors
/// If a path does not fit.
pub fn pack(set: &Set) -> Result<Bytes, FreezeError> {
    write_tar(set.lasting()).ok_or(FreezeError::Path)
}

/// The files in such a tar, wherever it came from.
///
/// # Errors
/// If it is none, or is larger than a set may be.
pub fn unpack(tar: &Bytes) -> Result<Tree, FreezeError> {
    let mut tree = Tree::default();
    for (path, bytes) in read_tar(tar, &LIMITS)?.iter() {
        tree.insert(path, bytes.to_vec())?;
    }
    Ok(tree)
}

/// The largest tar of a set.
pub const MAX_TAR: u64 = LIMITS.total as u64;

fn modules(set: &Set) -> Result<BTreeMap<String, Version>, FreezeError> {
    let version = |unit: &super::set::Unit| {
        let path = &unit.module.versions;
        let versions = Versions::of(&set.tree, path)
            .map_err(|why| FreezeError::Versions { path: path.clone(), why })?;
        Ok((unit.module.name.clone(), versions.version))
    };
    set.units.iter().map(version).collect()
}

fn default_name(modules: &BTreeMap<String, Version>) -> Option<String> {
    let first = modules.values().next()?;
    if modules.values().all(|version| version == first) {
        return Some(first.to_string());
    }
    let all: Vec<String> =
        modules.iter().map(|(name, version)| format!("{name}-{version}")).collect();
    Some(all.join("_")).filter(|name| name.len() <= MAX_NAME)
}

/// Whether a freeze may be called so.
///
/// # Errors
/// If not.
pub fn check_name(name: &str) -> Result<(), FreezeError> {
    let letter = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let fits = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(letter)
        && name.len() <= MAX_NAME
        && !name.eq_ignore_ascii_case(LATEST);
    match fits {
        true => Ok(()),
        false => Err(FreezeError::Name(name.to_owned())),
    }
}

#[cfg(test)]
mod tests;
