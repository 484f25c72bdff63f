//! `lazaret contracts changelog`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::super::exit::Failure;
use super::super::workspace::write;
use super::source::folder;
use crate::law::{Set, changelog as page};

/// Writes the changelog from every module's versions.yaml.
#[derive(Args, Debug)]
pub(in super::super) struct Changelog {
    /// The folder of contracts.yaml.
    #[arg(value_name = "ROOT", default_value = ".")]
    root: PathBuf,
    /// Writes nothing; the exit code is 1 if it is stale.
    #[arg(long)]
    check: bool,
}

pub(super) fn changelog(arguments: &Changelog) -> Result<ExitCode, Failure> {
    let set = Set::open(folder(&arguments.root)?).map_err(|e| Failure::denied(e.to_string()))?;
    let text = page(&set).map_err(Failure::denied)?;
    let path = &set.manifest.changelog;
    if set.tree.get(path) == Some(text.as_bytes()) {
        sayln!("{path} is up to date");
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.check {
        let why = format!("{path} is stale; `lazaret contracts changelog` writes it anew");
        return Err(Failure::denied(why));
    }
    write(&arguments.root.join(path), text.as_bytes())?;
    sayln!("wrote {path}");
    Ok(ExitCode::SUCCESS)
}
