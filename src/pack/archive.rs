//! Reads a pack's tar in memory. Hostile until proven dull: whatever is not a plain file in a known
//! place is refused, with its name, and nothing is guessed.
//!
//! A pack holds `opa/**.rego`, `data/**.{json,yaml,yml}`, `README.md`, `manifest.json` and anything
//! under `signing/`. Other entries are refused rather than skipped, so that a misplaced rule never
//! goes silently unevaluated. PAX, GNU long-name and sparse headers are refused too: a pack needs
//! none, and readers disagree on them.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use icu_normalizer::ComposingNormalizerBorrowed;

use super::archive_error::{ArchiveError, Oddity, PathFlaw};
use super::tar::{self, BLOCK, HeaderError, Kind};

/// How compressed bytes begin. They are named, because `tar -z` is a habit.
const COMPRESSED: [(&[u8], &str); 6] = [
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"PK\x03\x04", "zip"),
];

/// How much a pack may hold.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub struct ArchiveLimits {
    /// Bytes of the whole tar.
    pub total: usize,
    /// Headers, directories included.
    pub entries: usize,
    /// Bytes of one file.
    pub file: usize,
    /// Components of a path.
    pub depth: usize,
    /// Bytes of a path.
    pub path: usize,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self { total: 32 << 20, entries: 4096, file: 8 << 20, depth: 12, path: 240 }
    }
}

/// A pack's files by path, `/` between components and no `./` in front.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Files(BTreeMap<String, Bytes>);

impl Files {
    /// The file at `path`.
    pub fn get(&self, path: &str) -> Option<&Bytes> {
        self.0.get(path)
    }

    /// All files in order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        self.0.iter().map(|(path, bytes)| (path.as_str(), bytes))
    }

    /// How many files.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads all files of a tar. They share the tar's memory.
///
/// # Errors
/// The first thing that is wrong.
pub fn read_archive(tar: &Bytes, limits: &ArchiveLimits) -> Result<Files, ArchiveError> {
    read_files(tar, limits, known)
}

/// Reads all files of a tar whose paths are `known`.
pub(super) fn read_files(
    tar: &Bytes,
    limits: &ArchiveLimits,
    known: impl Fn(&str) -> bool,
) -> Result<Files, ArchiveError> {
    if tar.len() > limits.total {
        return Err(ArchiveError::TooLarge { limit: limits.total });
    }
    if let Some((_, format)) = COMPRESSED.iter().find(|(magic, _)| tar.starts_with(magic)) {
        return Err(ArchiveError::Compressed(format));
    }
    let mut files = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut offset = 0;
    let mut entries = 0;
    loop {
        let block = block_at(tar, offset)?;
        if block.iter().all(|&b| b == 0) {
            return end(tar, offset).map(|()| Files(files));
        }
        let header = tar::parse(block).map_err(|error| unreadable(&error, block, offset))?;
        entries += 1;
        if entries > limits.entries {
            return Err(ArchiveError::TooManyEntries { limit: limits.entries });
        }
        let shown = || String::from_utf8_lossy(&header.name).into_owned();
        let forbidden = |what| Err(ArchiveError::ForbiddenEntry { path: shown(), what });
        match header.kind {
            Kind::File | Kind::Directory => {}
            Kind::Link => return forbidden(Oddity::Link),
            Kind::Device => return forbidden(Oddity::Device),
            Kind::Pax => return forbidden(Oddity::Pax),
            Kind::LongName => return forbidden(Oddity::LongName),
            Kind::Sparse => return forbidden(Oddity::Sparse),
            Kind::Volume => return forbidden(Oddity::Volume),
            Kind::Unknown => return forbidden(Oddity::Unknown),
        }
        let Some(path) = clean(&header.name, header.kind, limits)? else {
            if header.size != 0 {
                return forbidden(Oddity::FullDirectory);
            }
            offset += BLOCK;
            continue;
        };
        if !seen.insert(folded(&path)) {
            return Err(ArchiveError::Duplicate { path });
        }
        let size = usize::try_from(header.size).unwrap_or(usize::MAX);
        if header.kind == Kind::Directory {
            if size != 0 {
                return forbidden(Oddity::FullDirectory);
            }
            offset += BLOCK;
            continue;
        }
        if size > limits.file {
            return Err(ArchiveError::FileTooLarge { path, limit: limits.file });
        }
        let start = offset + BLOCK;
        let next = start + size.next_multiple_of(BLOCK);
        if next > tar.len() {
            return Err(ArchiveError::Truncated { offset: tar.len() });
        }
        if tar[start + size..next].iter().any(|&b| b != 0) {
            return Err(ArchiveError::TrailingData { offset: start + size });
        }
        if !known(&path) {
            return Err(ArchiveError::UnknownFile { path });
        }
        files.insert(path, tar.slice(start..start + size));
        check_parents(&files, &header.name)?;
        offset = next;
    }
}

fn unreadable(error: &HeaderError, block: &[u8; BLOCK], offset: usize) -> ArchiveError {
    let path = || {
        let name = block[..100].split(|&b| b == 0).next().unwrap_or_default();
        String::from_utf8_lossy(name).into_owned()
    };
    match error {
        HeaderError::NotATar => ArchiveError::NotATar { offset },
        HeaderError::OldTar => ArchiveError::OldTar,
        HeaderError::Checksum => ArchiveError::Checksum { offset },
        HeaderError::Hidden => ArchiveError::UnsafePath { path: path(), flaw: PathFlaw::Hidden },
        HeaderError::Size => ArchiveError::SizeInvalid { path: path() },
    }
}

/// What two names have in common that some file system holds for one: letters of another case, and
/// the same letters put together otherwise.
fn folded(path: &str) -> String {
    let nfc = ComposingNormalizerBorrowed::new_nfc();
    nfc.normalize(&path.to_lowercase()).into_owned()
}

/// A file must not be another file's directory.
fn check_parents(files: &BTreeMap<String, Bytes>, name: &[u8]) -> Result<(), ArchiveError> {
    let name = String::from_utf8_lossy(name);
    let path = name.trim_start_matches("./");
    let under = format!("{path}/");
    let is_directory =
        files.range(under.clone()..).next().is_some_and(|(p, _)| p.starts_with(&under));
    let in_file = path.match_indices('/').any(|(cut, _)| files.contains_key(&path[..cut]));
    if is_directory || in_file {
        return Err(ArchiveError::FileAsDirectory { path: path.to_owned() });
    }
    Ok(())
}

fn block_at(tar: &[u8], offset: usize) -> Result<&[u8; BLOCK], ArchiveError> {
    let rest = tar.get(offset..).unwrap_or_default();
    rest.first_chunk::<BLOCK>().ok_or(if offset == 0 {
        ArchiveError::NotATar { offset }
    } else {
        ArchiveError::Truncated { offset: tar.len() }
    })
}

/// Two zero blocks end an archive; only zeros may follow.
fn end(tar: &[u8], offset: usize) -> Result<(), ArchiveError> {
    if offset == 0 || tar.len() < offset + 2 * BLOCK {
        return Err(if offset == 0 {
            ArchiveError::NotATar { offset }
        } else {
            ArchiveError::Truncated { offset: tar.len() }
        });
    }
    match tar[offset..].iter().position(|&b| b != 0) {
        Some(at) => Err(ArchiveError::TrailingData { offset: offset + at }),
        None => Ok(()),
    }
}

/// The path without `./` and trailing slash; `None` for the root directory itself.
fn clean(name: &[u8], kind: Kind, limits: &ArchiveLimits) -> Result<Option<String>, ArchiveError> {
    let shown = String::from_utf8_lossy(name).into_owned();
    let refuse = |flaw| Err(ArchiveError::UnsafePath { path: shown.clone(), flaw });
    let Ok(text) = std::str::from_utf8(name) else { return refuse(PathFlaw::NotUtf8) };
    if text.len() > limits.path {
        return refuse(PathFlaw::TooLong);
    }
    if text.starts_with('/') {
        return refuse(PathFlaw::Absolute);
    }
    if text.chars().any(|c| c.is_control() || c == '\\' || c == ':') {
        return refuse(PathFlaw::Character);
    }
    let mut path = text.strip_prefix("./").unwrap_or(text);
    if kind == Kind::Directory {
        if path.is_empty() || path == "." {
            return Ok(None);
        }
        path = path.strip_suffix('/').unwrap_or(path);
    }
    let components: Vec<_> = path.split('/').collect();
    if components.iter().any(|c| c.is_empty() || *c == "." || *c == "..") {
        return refuse(PathFlaw::Traversal);
    }
    if components.len() > limits.depth {
        return refuse(PathFlaw::TooDeep);
    }
    Ok(Some(path.to_owned()))
}

fn known(path: &str) -> bool {
    match path.split_once('/') {
        None => matches!(path, "README.md" | "manifest.json"),
        Some(("opa", rest)) => rest.ends_with(".rego"),
        Some(("data", rest)) => [".json", ".yaml", ".yml"].iter().any(|end| rest.ends_with(end)),
        Some((root, _)) => root == "signing",
    }
}
