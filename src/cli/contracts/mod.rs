//! `lazaret contracts`.

mod bump;
mod changelog;
mod diff;
mod files;
mod new;
mod source;

use std::process::ExitCode;

use clap::Subcommand;

use super::exit::Failure;

#[derive(Subcommand, Debug)]
pub(super) enum Contracts {
    /// Compares JSON Schemas by what they accept: each change is SAFE (proven), BREAKING (an
    /// instance shows it) or RISKY (neither).
    Diff(diff::Diff),
    New(new::New),
    Bump(bump::Bump),
    Changelog(changelog::Changelog),
}

pub(super) fn contracts(command: &Contracts) -> Result<ExitCode, Failure> {
    match command {
        Contracts::Diff(arguments) => diff::diff(arguments),
        Contracts::New(arguments) => new::new(arguments),
        Contracts::Bump(arguments) => bump::bump(arguments),
        Contracts::Changelog(arguments) => changelog::changelog(arguments),
    }
}

/// The day, in UTC, so that it is the same for everybody.
fn today() -> jiff::civil::Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}
