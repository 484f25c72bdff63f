//! `lazaret contracts`.

mod diff;
mod files;
mod registry;
mod source;

use std::process::ExitCode;

use clap::Subcommand;

use super::exit::Failure;

#[derive(Subcommand, Debug)]
pub(super) enum Contracts {
    /// Compares JSON Schemas by what they accept: each change is SAFE (proven), BREAKING (an
    /// instance shows it) or RISKY (neither).
    Diff(diff::Diff),
    /// Registries of functions: what sources offer to others.
    #[command(subcommand)]
    Registry(registry::Commands),
}

pub(super) fn contracts(command: &Contracts) -> Result<ExitCode, Failure> {
    match command {
        Contracts::Diff(arguments) => diff::diff(arguments),
        Contracts::Registry(command) => registry::registry(command),
    }
}
