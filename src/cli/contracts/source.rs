//! A side of a contract set, from wherever it lies, as a [`Tree`].

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use globset::GlobSet;

use super::super::exit::Failure;
use super::super::pack::{Reach, unfetched};
use super::super::settings::read;
use super::{git, shelf, swap};
use crate::law::{MANIFEST, Manifest, Tree, freeze};
use crate::pack::{Authority, CONTRACTS_MEDIA_TYPE, Fetched, PublicKey, fetch, oci, verify};

/// Folders below a folder, and files and folders looked at in all.
const MAX_DEPTH: usize = 32;
const MAX_SEEN: usize = 1_000_000;
/// What is made, not written.
const SKIPPED: &[&str] = &[".git", "target", "node_modules"];

/// How what lies in a registry is reached, and who must vouch for it.
#[derive(Args, Debug)]
pub(super) struct Elsewhere {
    #[command(flatten)]
    reach: Reach,
    /// A PEM public key: a set out of a registry counts only with a signature by it.
    #[arg(long, value_name = "PEM")]
    source_key: Vec<PathBuf>,
}

impl Elsewhere {
    /// Refuses keys that would say nothing of any of the sides.
    pub(super) fn suits(&self, sides: &[&str]) -> Result<(), Failure> {
        let pulls = sides.iter().any(|side| side.starts_with(oci::SCHEME));
        match self.source_key.is_empty() || pulls {
            true => Ok(()),
            false => {
                Err(Failure::usage("--source-key: signatures are on sets in registries (oci://…)"))
            }
        }
    }
}

/// A side of a comparison: a folder; `git:REV`, a revision of the repository around `root`; `freeze:NAME` or
/// `freeze:latest`, a freeze of the set in `root`; `oci://…`, a set that was pushed to a registry.
pub(super) fn open(side: &str, root: &Path, elsewhere: &Elsewhere) -> Result<Tree, Failure> {
    if side.is_empty() {
        return Err(Failure::usage(
            "a side is a folder, git:REV, freeze:NAME or oci://…, not \"\"",
        ));
    }
    if let Some(revision) = side.strip_prefix("git:") {
        git::revision(root, revision)
    } else if let Some(name) = side.strip_prefix("freeze:") {
        shelf::Shelf::open(root)?.tree(name)
    } else if side.starts_with(oci::SCHEME) {
        pulled(side, elsewhere)
    } else {
        folder(Path::new(side))
    }
}

/// Whether a side is none of a folder's or file's path.
pub(super) fn is_named(side: &str) -> bool {
    ["git:", "freeze:", oci::SCHEME].iter().any(|scheme| side.starts_with(scheme))
}

/// A set out of a registry. What the reference says of its digest, the registry's client checks.
fn pulled(url: &str, elsewhere: &Elsewhere) -> Result<Tree, Failure> {
    let authorities: Vec<_> =
        elsewhere.source_key.iter().map(|path| authority(path)).collect::<Result<_, _>>()?;
    let mut settings = elsewhere.reach.settings(url)?;
    settings.media_type = CONTRACTS_MEDIA_TYPE;
    settings.signatures = !authorities.is_empty();
    settings.max_bytes = freeze::MAX_TAR;
    let pull = async { fetch(&settings, None).await };
    let pulled = waited(pull).map_err(|error| unfetched(&error))?;
    let Fetched::Pack(pulled) = pulled else {
        return Err(Failure::undecided(format!("{url}: the registry says nothing changed")));
    };
    let tar = match authorities.as_slice() {
        [] => pulled.tar,
        some => verify(pulled, None, some)
            .map_err(|error| Failure::denied(format!("{url}: --source-key: {error}")))?
            .tar()
            .clone(),
    };
    freeze::unpack(&tar).map_err(|error| Failure::undecided(format!("{url}: {error}")))
}

/// A key in a file, as somebody whose signature counts.
pub(super) fn authority(path: &Path) -> Result<Authority, Failure> {
    let wrong = |why: &dyn Display| Failure::usage(format!("{}: {why}", path.display()));
    let key = PublicKey::parse(&String::from_utf8_lossy(&read(path)?));
    Ok(Authority::Key { key: key.map_err(|error| wrong(&error))?, log_root: None })
}

/// Waits for what only a runtime can do.
pub(super) fn waited<T>(future: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(future))
}

/// The files below a folder that are its contract set's business. If its `contracts.yaml` says nothing
/// sensible, it comes alone: who opens the set hears why.
pub(super) fn folder(root: &Path) -> Result<Tree, Failure> {
    swap::recover(root)?;
    let mut tree = Tree::default();
    let manifest = match contents(&root.join(MANIFEST)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let text = format!(
                "{}: there is no {MANIFEST}; `lazaret contracts new set` writes one",
                root.display()
            );
            return Err(Failure::usage(text));
        }
        Err(error) => return Err(wrong(&root.join(MANIFEST), &error)),
    };
    let wants = Manifest::parse(&manifest).map_err(|error| error.to_string());
    let wants = wants.and_then(|manifest| manifest.wants());
    insert(&mut tree, MANIFEST, manifest)?;
    if let Ok(wants) = wants {
        walk(root, "", &wants, (0, &mut 0), &mut tree)?;
    }
    Ok(tree)
}

/// The files below a folder that match.
pub(super) fn matching(root: &Path, wants: &GlobSet) -> Result<Tree, Failure> {
    let mut tree = Tree::default();
    walk(root, "", wants, (0, &mut 0), &mut tree)?;
    Ok(tree)
}

fn walk(
    root: &Path,
    below: &str,
    wants: &GlobSet,
    (depth, seen): (usize, &mut usize),
    tree: &mut Tree,
) -> Result<(), Failure> {
    let folder = root.join(below);
    if depth > MAX_DEPTH {
        return Err(wrong(&folder, &format!("folders lie more than {MAX_DEPTH} deep")));
    }
    for entry in fs::read_dir(&folder).map_err(|error| wrong(&folder, &error))? {
        let entry = entry.map_err(|error| wrong(&folder, &error))?;
        *seen += 1;
        if *seen > MAX_SEEN {
            return Err(wrong(root, &format!("more than {MAX_SEEN} files and folders")));
        }
        // A name that is no UTF-8 is matched by no pattern.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        let kind = entry.file_type().map_err(|error| wrong(&entry.path(), &error))?;
        if kind.is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                walk(root, &path, wants, (depth + 1, seen), tree)?;
            }
        } else if path != MANIFEST && wants.is_match(&path) {
            if !kind.is_file() {
                return Err(wrong(&entry.path(), &"a contract is a plain file, no link"));
            }
            let bytes = contents(&entry.path()).map_err(|error| wrong(&entry.path(), &error))?;
            insert(tree, &path, bytes)?;
        }
    }
    Ok(())
}

/// A file, and one byte more than a tree takes at most.
fn contents(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(Tree::MAX_FILE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn insert(tree: &mut Tree, path: &str, bytes: Vec<u8>) -> Result<(), Failure> {
    tree.insert(path, bytes).map_err(|error| Failure::undecided(error.to_string()))
}

fn wrong(path: &Path, why: &dyn Display) -> Failure {
    Failure::undecided(format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: &str = "apiVersion: lazaret.dev/contracts/v1\nname: shop\nmodules:\n- name: a\n  schemas: ['s/**']\n  functions: {registry: r.json, sources: []}\n";

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn only_what_is_the_sets_business_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        assert!(folder(root).unwrap_err().message().contains("contracts new set"));
        write(root, MANIFEST, SET);
        for path in [
            "a/s/deep/x.json",
            "a/r.json",
            "a/s/target/no.json",
            "a/versions.yaml",
            "a/other.json",
            "_frozen/1.json",
        ] {
            write(root, path, "{}");
        }
        let tree = folder(root).unwrap();
        let paths: Vec<&str> = tree.iter().map(|(path, _)| path).collect();
        let wanted =
            ["_frozen/1.json", "a/r.json", "a/s/deep/x.json", "a/versions.yaml", "contracts.yaml"];
        assert_eq!(paths, wanted);
        std::os::unix::fs::symlink("/etc/hostname", root.join("a/s/link.json")).unwrap();
        assert!(folder(root).unwrap_err().message().contains("no link"));
        write(root, MANIFEST, "name: [");
        assert_eq!(folder(root).unwrap().iter().count(), 1);
    }
}
