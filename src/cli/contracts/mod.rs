//! `lazaret contracts`.

mod bump;
mod changelog;
mod check;
mod decide;
mod diff;
mod files;
mod freeze;
mod git;
mod health;
mod new;
mod restore;
mod shelf;
mod source;
mod swap;

use std::process::ExitCode;

use clap::Subcommand;

use super::exit::Failure;
use crate::law::{Finding, Set};

#[derive(Subcommand, Debug)]
pub(super) enum Contracts {
    New(new::New),
    Check(Box<check::Check>),
    Decide(Box<decide::Decide>),
    /// Compares JSON Schemas by what they accept: each change is SAFE (proven), BREAKING (an
    /// instance shows it) or RISKY (neither).
    Diff(diff::Diff),
    Bump(bump::Bump),
    Changelog(changelog::Changelog),
    Freeze(Box<freeze::Freeze>),
    List(freeze::List),
    Restore(restore::Restore),
    Verify(freeze::Verify),
    Health(health::Health),
}

pub(super) fn contracts(command: &Contracts) -> Result<ExitCode, Failure> {
    match command {
        Contracts::New(arguments) => new::new(arguments),
        Contracts::Check(arguments) => check::check(arguments),
        Contracts::Decide(arguments) => decide::decide(arguments),
        Contracts::Diff(arguments) => diff::diff(arguments),
        Contracts::Bump(arguments) => bump::bump(arguments),
        Contracts::Changelog(arguments) => changelog::changelog(arguments),
        Contracts::Freeze(arguments) => freeze::freeze(arguments),
        Contracts::List(arguments) => freeze::list(arguments),
        Contracts::Restore(arguments) => restore::restore(arguments),
        Contracts::Verify(arguments) => freeze::verify(arguments),
        Contracts::Health(arguments) => health::health(arguments),
    }
}

/// What is wrong with a set.
fn faults(_set: &Set) -> Vec<Finding> {
    Vec::new()
}
