//! `lazaret pack`: one file for each command, with its arguments.

mod build;
mod diff;
mod inspect;
mod keygen;
mod pull;
mod push;
mod registry;
mod sign;
mod test;
mod verify;

pub(super) use registry::Reach;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use super::exit::Failure;
use crate::pack::FetchError;

#[derive(Subcommand, Debug)]
pub(super) enum Pack {
    Build(build::Build),
    Inspect(inspect::Inspect),
    Diff(diff::Diff),
    Keygen(keygen::Keygen),
    Pull(pull::Pull),
    Push(push::Push),
    Sign(sign::Sign),
    Test(test::Test),
    Verify(verify::Verify),
}

pub(super) async fn pack(command: Pack) -> Result<ExitCode, Failure> {
    match command {
        Pack::Build(arguments) => build::run(&arguments),
        Pack::Inspect(arguments) => inspect::run(&arguments),
        Pack::Diff(arguments) => diff::run(&arguments),
        Pack::Keygen(arguments) => keygen::run(&arguments),
        Pack::Pull(arguments) => pull::run(&arguments).await,
        Pack::Push(arguments) => push::run(&arguments).await,
        Pack::Sign(arguments) => sign::run(&arguments),
        Pack::Test(arguments) => test::run(&arguments),
        Pack::Verify(arguments) => verify::run(&arguments),
    }
}

/// What could not be fetched or pushed: a wrong reference is the caller's, the rest may pass.
pub(super) fn unfetched(error: &FetchError) -> Failure {
    let text = format!("{}: {error}", error.reason());
    match error {
        FetchError::Reference(_) | FetchError::UrlInvalid { .. } => Failure::usage(text),
        _ => Failure::undecided(text),
    }
}

/// Writes a file that appears whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = PathBuf::from(name);
    write(&new, bytes)?;
    std::fs::rename(&new, path).map_err(|error| {
        // What is left of a failure is of no use to anybody.
        let _ = std::fs::remove_file(&new);
        Failure::undecided(format!("{}: {error}", path.display()))
    })
}

/// Makes the folder that a new file is to lie in, if it is not there.
fn make_folder_of(path: &Path) -> Result<(), Failure> {
    let Some(folder) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::undecided(format!("{}: {error}", folder.display())))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes)
        .map_err(|error| Failure::undecided(format!("{}: {error}", path.display())))
}

/// Writes a file whole or not at all: a bundle cut off half-way would replace a good one.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        Failure::undecided(format!("{}: {error}", path.display()))
    })
}
