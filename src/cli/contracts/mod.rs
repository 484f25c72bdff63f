//! `lazaret contracts`.

mod diff;
mod files;
#[allow(dead_code, reason = "its commands come next")]
mod source;

use std::process::ExitCode;

use clap::Subcommand;

use super::exit::Failure;

#[derive(Subcommand, Debug)]
pub(super) enum Contracts {
    /// Compares JSON Schemas by what they accept: each change is SAFE (proven), BREAKING (an
    /// instance shows it) or RISKY (neither).
    Diff(diff::Diff),
}

pub(super) fn contracts(command: &Contracts) -> Result<ExitCode, Failure> {
    match command {
        Contracts::Diff(arguments) => diff::diff(arguments),
    }
}
