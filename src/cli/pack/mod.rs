//! `lazaret pack`: one file for each command, with its arguments.

mod build;
mod diff;
mod inspect;
mod keygen;
mod sign;
mod verify;

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;

use super::exit::Failure;

#[derive(Subcommand, Debug)]
pub(super) enum Pack {
    Build(build::Build),
    Inspect(inspect::Inspect),
    Diff(diff::Diff),
    Keygen(keygen::Keygen),
    Sign(sign::Sign),
    Verify(verify::Verify),
}

pub(super) async fn pack(command: Pack) -> Result<ExitCode, Failure> {
    match command {
        Pack::Build(arguments) => build::run(&arguments),
        Pack::Inspect(arguments) => inspect::run(&arguments),
        Pack::Diff(arguments) => diff::run(&arguments),
        Pack::Keygen(arguments) => keygen::run(&arguments),
        Pack::Sign(arguments) => sign::run(&arguments),
        Pack::Verify(arguments) => verify::run(&arguments),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes)
        .map_err(|error| Failure::undecided(format!("{}: {error}", path.display())))
}

/// Writes a file whole or not at all: a bundle cut off half-way would replace a good one.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = std::path::PathBuf::from(beside);
    let written = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        Failure::undecided(format!("{}: {error}", path.display()))
    })
}
