//! `lazaret shard`: what a pod of a promotion's Job does. Exit code 1 means that no repetition helps.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::exit::Failure;
use crate::dataset::{Limits, Scope as Shared, Split, StoreReader, hash, place};
use crate::domain::Digest;
use crate::objects::{Access, Created, Credentials, FileAccess, Identity, Store};

/// Hashes one share of a workspace and leaves the result in the destination.
#[derive(Args, Debug)]
pub(super) struct Shard {
    #[arg(long)]
    source: String,
    /// A directory with the keys of a Secret.
    #[arg(long, value_name = "DIR")]
    source_secret: PathBuf,
    #[arg(long)]
    destination: String,
    /// A directory with the keys of a Secret.
    #[arg(long, value_name = "DIR")]
    destination_secret: PathBuf,
    /// What the result is for.
    #[arg(long)]
    run: Digest,
    /// Digest of the listing that was split.
    #[arg(long)]
    listing: Digest,
    #[arg(long, value_enum)]
    scope: Scope,
    #[arg(long)]
    shards: usize,
    /// Which share.
    #[arg(long, env = "JOB_COMPLETION_INDEX")]
    index: usize,
    #[arg(long)]
    allow_loopback: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Scope {
    All,
    Private,
}

pub(super) async fn shard(arguments: Shard) -> Result<ExitCode, Failure> {
    let Shard { run, index, shards, .. } = arguments;
    let loopback = arguments.allow_loopback;
    let source = open(&arguments.source, &arguments.source_secret, loopback)?;
    let destination = open(&arguments.destination, &arguments.destination_secret, loopback)?;
    let undecided = |error: &dyn std::fmt::Display| Failure::undecided(error.to_string());
    let limits = Limits::default();
    let scope = match arguments.scope {
        Scope::All => Shared::All,
        Scope::Private => Shared::Private,
    };
    let entries = source.list(limits.objects).await.map_err(|e| undecided(&e))?;
    let split = Split::new(&entries, scope, shards);
    if split.listing() != arguments.listing {
        return Err(Failure::denied("the workspace is not the one that was split: it has changed"));
    }
    let Some(own) = split.shards().get(index).cloned() else {
        return Err(Failure::usage(format!("there is no shard {index} of {shards}")));
    };
    let reader = StoreReader::new(source, limits.objects);
    let digests = hash(&reader, own, &limits, &|_| {}).await.map_err(|e| undecided(&e))?;
    let result = split.result(run, index, &digests).map_err(|e| undecided(&e))?;
    let digest = Digest::of(&result);
    let place = place(run, index);
    let created = destination.create(&place, result).await.map_err(|e| undecided(&e))?;
    if created == Created::Exists {
        let there = destination.digest(&place).await.map_err(|e| undecided(&e))?;
        if there.is_none() {
            return Err(Failure::undecided(format!("{place}: was there, and is gone")));
        }
        if there != Some(digest) {
            return Err(Failure::denied(format!("{place}: somebody left another result there")));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn open(url: &str, secret: &Path, allow_loopback: bool) -> Result<Store, Failure> {
    let undecided =
        |error: std::io::Error| Failure::undecided(format!("{}: {error}", secret.display()));
    let mut data = Vec::new();
    for entry in std::fs::read_dir(secret).map_err(undecided)? {
        let entry = entry.map_err(undecided)?;
        // Beside the keys lie the folders through which a mounted Secret is replaced at once.
        if !entry.path().is_file() {
            continue;
        }
        let value = std::fs::read(entry.path()).map_err(undecided)?;
        data.push((entry.file_name().to_string_lossy().into_owned(), value));
    }
    let name = secret.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let usage = |error: crate::objects::StoreError| Failure::usage(error.to_string());
    let identity = Identity::Secret(Credentials::new(name, data).map_err(usage)?);
    let access = Access { files: FileAccess::Roots(vec![]), identity, allow_loopback };
    Store::open_with(url, &access).map_err(usage)
}
