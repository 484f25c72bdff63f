//! `lazaret contracts restore`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::super::exit::Failure;
use super::freeze::is_frozen;
use super::shelf::{Shelf, limited};
use super::{git, source, swap};
use crate::domain::Digest;
use crate::law::{MANIFEST, Manifest, Set, Tree};

/// Files that are named one by one when a restore is refused.
const NAMED: usize = 20;

/// Puts the contract set back to a freeze: all files or none, whatever happens meanwhile.
///
/// Files of the set that the freeze does not hold are removed. Freezes and decisions stay, and so do
/// files that are none of the set's. Changes that neither a freeze nor the last commit holds would be
/// lost: it refuses then.
#[derive(Args, Debug)]
pub(in super::super) struct Restore {
    /// The freeze, or `latest`.
    name: String,
    /// The folder of contracts.yaml.
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// Loses changes that are held nowhere else.
    #[arg(long)]
    force: bool,
    /// Says what would be done, and does nothing. Exit code 1 if it would be refused.
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn restore(arguments: &Restore) -> Result<ExitCode, Failure> {
    let root = &arguments.root;
    swap::recover(root)?;
    let lock = swap::lock(root)?;
    let shelf = Shelf::open(root)?;
    let name = &shelf.find(&arguments.name)?.name;
    let frozen = shelf.tree(name)?;
    let here = here(root, &frozen)?;
    let mut steps: Vec<(String, Option<&[u8]>)> = Vec::new();
    for (path, bytes) in frozen.iter() {
        if here.get(path).is_none_or(|old| old.as_deref() != Some(bytes)) {
            steps.push((path.to_owned(), Some(bytes)));
        }
    }
    let gone = here.iter().filter(|(path, old)| old.is_some() && frozen.get(path).is_none());
    steps.extend(gone.map(|(path, _)| (path.clone(), None)));
    let mut refused = match arguments.force {
        true => None,
        false => unsaved(root, &shelf, &here, &steps).err(),
    };
    // A dry run says so after what it would do.
    if !arguments.dry_run
        && let Some(why) = refused.take()
    {
        return Err(why);
    }
    let verb = if arguments.dry_run { "would " } else { "" };
    if !arguments.dry_run && !steps.is_empty() {
        swap::swap(root, &lock, &format!("the restore of {name}"), &steps)?;
    }
    for (path, new) in &steps {
        let known = here.get(path).is_some_and(Option::is_some);
        let act = match (new, known) {
            (None, _) => "remove ",
            (_, true) => "replace",
            (_, false) => "create ",
        };
        sayln!("{verb}{act} {path}");
    }
    let kept = frozen.iter().count() - steps.iter().filter(|(_, new)| new.is_some()).count();
    match (steps.len(), arguments.dry_run) {
        (0, _) => sayln!("the files are as in {name} already"),
        (count, true) => sayln!("would put {count} files back to {name}; {kept} are as they were"),
        (count, false) => sayln!("{count} files are back to {name}; {kept} were as they are"),
    }
    refused.map_or(Ok(ExitCode::SUCCESS), Err)
}

/// The files that are of the set, by what `contracts.yaml` says now and by what it said then, and with them
/// every path that the freeze holds.
fn here(root: &Path, frozen: &Tree) -> Result<BTreeMap<String, Option<Vec<u8>>>, Failure> {
    let mut all: BTreeMap<String, Option<Vec<u8>>> = BTreeMap::new();
    // One that says nothing now is no hindrance: that may be what is to be mended.
    if let Ok(set) = Set::open(source::folder(root)?) {
        all.extend(lasting(&set));
    }
    let manifest = Manifest::of(frozen).map_err(|error| Failure::denied(error.to_string()))?;
    let wants = manifest.wants().map_err(Failure::denied)?;
    let mut then = source::matching(root, &wants)?;
    let bytes = frozen.get(MANIFEST).unwrap_or_default().to_vec();
    then.insert(MANIFEST, bytes).map_err(|error| Failure::undecided(error.to_string()))?;
    if let Ok(set) = Set::open(then) {
        all.extend(lasting(&set).filter(|(path, _)| path != MANIFEST));
    }
    let missing: Vec<&str> =
        frozen.iter().map(|(path, _)| path).filter(|path| !all.contains_key(*path)).collect();
    for path in missing {
        let found = match root.join(path).symlink_metadata() {
            Ok(found) if found.is_file() => Some(limited(&root.join(path), Tree::MAX_FILE as u64)?),
            // What else it is, the swap refuses by name.
            Ok(_) => None,
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(Failure::undecided(format!("{path}: {error}"))),
        };
        all.insert(path.to_owned(), found);
    }
    Ok(all)
}

fn lasting(set: &Set) -> impl Iterator<Item = (String, Option<Vec<u8>>)> {
    set.lasting().map(|(path, bytes)| (path.to_owned(), Some(bytes.to_vec())))
}

/// Refuses to lose what is kept nowhere else.
fn unsaved(
    root: &Path,
    shelf: &Shelf,
    here: &BTreeMap<String, Option<Vec<u8>>>,
    steps: &[(String, Option<&[u8]>)],
) -> Result<(), Failure> {
    let head = match git::has_head(root) {
        true => git::revision(root, "HEAD").unwrap_or_default(),
        false => Tree::default(),
    };
    let is_lost = |path: &&String| {
        let Some(Some(bytes)) = here.get(*path) else { return false };
        head.get(path) != Some(bytes.as_slice()) && !is_frozen(shelf, path, Digest::of(bytes))
    };
    let lost: BTreeSet<&String> =
        steps.iter().map(|(path, _)| path).filter(|path| is_lost(path)).collect();
    if lost.is_empty() {
        return Ok(());
    }
    let named: Vec<&str> = lost.iter().take(NAMED).map(|path| path.as_str()).collect();
    let more = lost.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Err(Failure::denied(format!(
        "changes would be lost that neither a freeze nor the last commit holds: {}{more}; commit or freeze \
         them, or give --force",
        named.join(", ")
    )))
}
