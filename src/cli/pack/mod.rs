//! `lazaret pack`: one file for each command, with its arguments.

mod build;
mod keygen;
mod sign;
mod test;
mod verify;

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;

use super::exit::Failure;

#[derive(Subcommand, Debug)]
pub(super) enum Pack {
    Build(build::Build),
    Keygen(keygen::Keygen),
    Sign(sign::Sign),
    Test(test::Test),
    Verify(verify::Verify),
}

pub(super) async fn pack(command: Pack) -> Result<ExitCode, Failure> {
    match command {
        Pack::Build(arguments) => build::run(&arguments),
        Pack::Keygen(arguments) => keygen::run(&arguments),
        Pack::Sign(arguments) => sign::run(&arguments),
        Pack::Test(arguments) => test::run(&arguments),
        Pack::Verify(arguments) => verify::run(&arguments),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes)
        .map_err(|error| Failure::undecided(format!("{}: {error}", path.display())))
}
