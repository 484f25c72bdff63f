//! `lazaret contracts freeze`, `list` and `verify`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bytes::Bytes;
use clap::Args;
use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;

use super::super::args::Plain;
use super::super::exit::{DENIED, Failure};
use super::super::pack::{Reach, unfetched};
use super::super::say::printable;
use super::super::settings::read;
use super::check::passed;
use super::git;
use super::shelf::Shelf;
use super::source::{folder, waited};
use super::swap;
use crate::domain::Digest;
use crate::law::freeze::{self, Drift, Freeze as Frozen, Index};
use crate::law::{Finding, Manifest, Set, Severity, validate};
use crate::pack::{CONTRACTS_MEDIA_TYPE, oci, sign_blob};

/// Freezes the contract set: a tar of its files, the same bytes on every machine, and an index with the
/// SHA-256 of each, chained to the freeze before.
#[derive(Args, Debug)]
pub(in super::super) struct Freeze {
    /// What to call it [default: the modules' versions].
    name: Option<String>,
    /// The folder of contracts.yaml.
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// The date that the index says [default: today, in UTC].
    #[arg(long, value_name = "DATE")]
    date: Option<Date>,
    /// Freezes a set that `lazaret contracts validate` finds fault with, too.
    #[arg(long)]
    unsound: bool,
    /// Freezes a set that `lazaret contracts check` denies against the freeze before, too. The index
    /// records the reason.
    #[arg(long, value_name = "REASON")]
    unchecked: Option<String>,
}

/// Pushes a freeze's tar to an OCI registry, from where `--against oci://…` reads it.
#[derive(Args, Debug)]
pub(in super::super) struct Push {
    /// Where to: oci://registry/repository:tag.
    to: String,
    /// Which freeze.
    #[arg(default_value = freeze::LATEST)]
    name: String,
    /// The folder of contracts.yaml.
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// A PKCS#8 PEM private key that signs it: `--source-key` of those who compare with it wants the public one.
    #[arg(long, value_name = "PEM")]
    key: Option<PathBuf>,
    #[command(flatten)]
    reach: Reach,
}

/// Lists the freezes, the last one first.
#[derive(Args, Debug)]
pub(in super::super) struct List {
    /// The folder of contracts.yaml.
    #[arg(default_value = ".")]
    root: PathBuf,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Plain::Human)]
    output: Plain,
}

/// Checks freezes against their indexes byte for byte, and the chain of the indexes; says how the files have
/// moved on since the last one.
#[derive(Args, Debug)]
pub(in super::super) struct Verify {
    /// Which freeze, or `all`.
    #[arg(default_value = freeze::ALL)]
    name: String,
    /// The folder of contracts.yaml.
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// Fails if the files differ from the last freeze.
    #[arg(long)]
    no_drift: bool,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Plain::Human)]
    output: Plain,
}

pub(super) fn freeze(arguments: &Freeze) -> Result<ExitCode, Failure> {
    let root = &arguments.root;
    swap::recover(root)?;
    // From here on nobody else adds to the chain.
    let _lock = swap::lock(root)?;
    let shelf = Shelf::open(root)?;
    let set = opened(root)?;
    if !arguments.unsound {
        sound(&set)?;
    }
    let unchecked = arguments.unchecked.as_deref().map(str::trim);
    if unchecked.is_some_and(str::is_empty) {
        return Err(Failure::usage("--unchecked: say why"));
    }
    let last = shelf.chain.last();
    let before = last.map(|before| Ok((&before.name, shelf.tree(&before.name)?))).transpose()?;
    let checked = unmoved(root, &set, &shelf).and_then(|()| match before {
        Some((name, tree)) => passed(root, name, tree),
        None => Ok(()),
    });
    // What passes needs no excuse.
    let unchecked = match (checked, unchecked) {
        (Ok(()), _) => None,
        (Err(_), Some(reason)) => Some(reason.to_owned()),
        (Err(why), None) => return Err(why),
    };
    let date = arguments.date.unwrap_or_else(today);
    let mut frozen = freeze::freeze(&set, arguments.name.as_deref(), date, shelf.chain.link())
        .map_err(|error| Failure::usage(error.to_string()))?;
    frozen.index.unchecked = unchecked;
    let at = shelf.put(&frozen)?;
    say(&frozen, &at, shelf.chain.last());
    Ok(ExitCode::SUCCESS)
}

pub(super) fn push(arguments: &Push) -> Result<ExitCode, Failure> {
    let shelf = Shelf::open(&arguments.root)?;
    let index = shelf.find(&arguments.name)?;
    // What does not hold is not passed on.
    shelf.tree(&index.name)?;
    let mut settings = arguments.reach.settings(&arguments.to)?;
    settings.media_type = CONTRACTS_MEDIA_TYPE;
    let tar = shelf.tar(index)?;
    let key = arguments.key.as_deref().map(read).transpose()?;
    let signed = key.map(|key| sign_blob(&tar, &String::from_utf8_lossy(&key))).transpose();
    let bundle = signed.map_err(|error| Failure::usage(format!("--key: {error}")))?;
    let pushed = waited(oci::push(&settings, tar, bundle.map(Bytes::from)));
    let pushed = pushed.map_err(|error| unfetched(&error))?;
    sayln!("pushed    {}@{}", pushed.repository, pushed.manifest);
    sayln!("tar       {}", pushed.tar);
    if let Some(signature) = &pushed.signature {
        sayln!("signature {signature}");
    }
    Ok(ExitCode::SUCCESS)
}

fn say(frozen: &Frozen, at: &Path, before: Option<&Index>) {
    let index = &frozen.index;
    sayln!("frozen  {}  {} files", index.name, index.files.len());
    sayln!("tar     {}", index.tar);
    sayln!("index   {}", at.display());
    unchecked(index);
    if let Some(before) = before.filter(|before| before.tar == index.tar) {
        sayln!("        the same files as {}", before.name);
    }
}

/// Says so wherever a freeze is shown. The reason is a stranger's.
fn unchecked(index: &Index) {
    if let Some(reason) = &index.unchecked {
        sayln!("  unchecked: {}", printable(reason));
    }
}

/// Refuses to begin anew in another folder: what was frozen elsewhere would be held against nothing.
fn unmoved(root: &Path, set: &Set, shelf: &Shelf) -> Result<(), Failure> {
    let here = &set.manifest.frozen;
    for tree in git::earlier(root) {
        let Ok(was) = Manifest::of(&tree) else { continue };
        let frozen = freeze::indexes(&tree, &was.frozen).unwrap_or_default();
        let lost = frozen.into_iter().find(|(index, _)| shelf.find(&index.name).is_err());
        if let Some((index, _)) = lost.filter(|_| was.frozen != *here) {
            return Err(Failure::denied(format!(
                "{} is frozen in {} and not in {here}, where contracts.yaml looks for freezes now: move them along; \
                 --unchecked REASON begins anew and records why",
                index.name, was.frozen
            )));
        }
    }
    Ok(())
}

/// Refuses a set with errors.
fn sound(set: &Set) -> Result<(), Failure> {
    let is_error = |finding: &Finding| finding.severity == Severity::Error;
    let errors: Vec<Finding> =
        validate::validate(set).findings.into_iter().filter(is_error).collect();
    let Some(first) = errors.first() else { return Ok(()) };
    Err(Failure::denied(format!(
        "the set is not sound: {} errors, the first in {}: {}; `lazaret contracts validate` shows them all, \
         --unsound freezes them",
        errors.len(),
        first.file,
        first.message
    )))
}

pub(super) fn list(arguments: &List) -> Result<ExitCode, Failure> {
    let shelf = Shelf::open(&arguments.root)?;
    match arguments.output {
        Plain::Json => {
            let all: Vec<_> = shelf.chain.iter().rev().collect();
            sayln!("{:#}", json!({ "freezes": all }));
        }
        Plain::Human => {
            for index in shelf.chain.iter().rev() {
                let files = index.files.len();
                sayln!("{}  {}  {}  {files} files", index.name, index.date, index.tar.short());
                let versions = index.modules.iter().map(|(name, v)| format!("{name} {v}"));
                sayln!("  {}", versions.collect::<Vec<_>>().join(", "));
                unchecked(index);
            }
            if shelf.chain.last().is_none() {
                sayln!("nothing was frozen yet; `lazaret contracts freeze` makes the first freeze");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn verify(arguments: &Verify) -> Result<ExitCode, Failure> {
    // The chain is checked by being read.
    let shelf = Shelf::open(&arguments.root)?;
    let indexes: Vec<&Index> = match arguments.name.as_str() {
        freeze::ALL => shelf.chain.iter().collect(),
        name => vec![shelf.find(name)?],
    };
    for index in &indexes {
        shelf.tree(&index.name)?;
    }
    let drift = match shelf.chain.last() {
        Some(last) => last.drift(&opened(&arguments.root)?),
        None => Drift::default(),
    };
    let last = shelf.chain.last().map(|index| index.name.as_str());
    match arguments.output {
        Plain::Json => {
            let names: Vec<&str> = indexes.iter().map(|index| index.name.as_str()).collect();
            let orphans = &shelf.orphans;
            let unchecked: BTreeMap<&str, &str> = indexes
                .iter()
                .filter_map(|index| Some((index.name.as_str(), index.unchecked.as_deref()?)))
                .collect();
            let report = json!({
                "verified": names, "last": last, "drift": drift, "orphans": orphans, "unchecked": unchecked,
            });
            sayln!("{report:#}");
        }
        Plain::Human => {
            for index in &indexes {
                sayln!("holds   {}  {}  {} files", index.name, index.tar, index.files.len());
                unchecked(index);
            }
            for orphan in &shelf.orphans {
                sayln!("orphan  {orphan}.tar has no index: a freeze was cut off; remove it");
            }
            for (word, paths) in
                [("added", &drift.added), ("changed", &drift.changed), ("removed", &drift.removed)]
            {
                for path in paths {
                    sayln!("{word:<7} {path}");
                }
            }
            match last {
                Some(last) if drift.is_empty() => sayln!("the files are as in {last}"),
                Some(last) => sayln!("the files have moved on since {last}"),
                None => sayln!("nothing was frozen yet"),
            }
        }
    }
    let fails = arguments.no_drift && !drift.is_empty();
    Ok(if fails { ExitCode::from(DENIED) } else { ExitCode::SUCCESS })
}

/// The set in a folder.
pub(super) fn opened(root: &Path) -> Result<Set, Failure> {
    Set::open(folder(root)?)
        .map_err(|error| Failure::undecided(format!("{}: {error}", root.display())))
}

pub(super) fn today() -> Date {
    TimeZone::UTC.to_datetime(Timestamp::now()).date()
}

/// Whether bytes are kept somewhere among freezes.
pub(super) fn is_frozen(shelf: &Shelf, path: &str, digest: Digest) -> bool {
    shelf.chain.iter().any(|index| index.files.get(path) == Some(&digest))
}
