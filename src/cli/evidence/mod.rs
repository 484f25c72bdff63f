//! `lazaret evidence`: asks the server, explains what it decided, reads profiles; and the listener
//! that `lazaret controller` opens for it.

mod check;
mod explain;
mod listen;
mod profile;

use std::process::ExitCode;

use clap::Subcommand;

use super::exit::Failure;
use super::say::printable;

pub(super) use listen::{Listen, open};

#[derive(Subcommand, Debug)]
pub(super) enum Evidence {
    Check(check::Check),
    Record(check::Record),
    Explain(explain::Explain),
    /// Looks at the profiles that say what a release is judged by.
    #[command(subcommand)]
    Profile(profile::Profile),
}

pub(super) async fn evidence(command: Evidence) -> Result<ExitCode, Failure> {
    match command {
        Evidence::Check(arguments) => check::check(arguments).await,
        Evidence::Record(arguments) => check::record(arguments).await,
        Evidence::Explain(arguments) => explain::explain(arguments).await,
        Evidence::Profile(command) => profile::profile(&command),
    }
}

/// A stranger's text on the one line that it gets.
fn line(text: &str) -> String {
    printable(&text.replace(['\n', '\t'], " "))
}
