//! `lazaret contracts`.

mod diff;
mod files;
mod source;

use std::process::ExitCode;

use clap::Subcommand;

use super::exit::Failure;

#[derive(Subcommand, Debug)]
pub(super) enum Contracts {
    Diff(diff::Diff),
}

pub(super) fn contracts(command: &Contracts) -> Result<ExitCode, Failure> {
    match command {
        Contracts::Diff(arguments) => diff::diff(arguments),
    }
}
