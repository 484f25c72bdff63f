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
mod registry;
mod restore;
mod shelf;
mod source;
mod swap;
mod validate;

use std::process::ExitCode;

use clap::Subcommand;

use super::exit::Failure;

#[derive(Subcommand, Debug)]
pub(super) enum Contracts {
    New(new::New),
    Validate(validate::Validate),
    Diff(Box<diff::Diff>),
    Check(Box<check::Check>),
    Decide(Box<decide::Decide>),
    Bump(Box<bump::Bump>),
    Changelog(changelog::Changelog),
    Freeze(Box<freeze::Freeze>),
    List(freeze::List),
    Restore(restore::Restore),
    Verify(freeze::Verify),
    Push(freeze::Push),
    /// Registries of functions: what sources offer to others.
    #[command(subcommand)]
    Registry(registry::Commands),
    Health(health::Health),
}

pub(super) fn contracts(command: &Contracts) -> Result<ExitCode, Failure> {
    match command {
        Contracts::New(arguments) => new::new(arguments),
        Contracts::Validate(arguments) => validate::validate(arguments),
        Contracts::Diff(arguments) => diff::diff(arguments),
        Contracts::Check(arguments) => check::check(arguments),
        Contracts::Decide(arguments) => decide::decide(arguments),
        Contracts::Bump(arguments) => bump::bump(arguments),
        Contracts::Changelog(arguments) => changelog::changelog(arguments),
        Contracts::Freeze(arguments) => freeze::freeze(arguments),
        Contracts::List(arguments) => freeze::list(arguments),
        Contracts::Restore(arguments) => restore::restore(arguments),
        Contracts::Verify(arguments) => freeze::verify(arguments),
        Contracts::Push(arguments) => freeze::push(arguments),
        Contracts::Registry(command) => registry::registry(command),
        Contracts::Health(arguments) => health::health(arguments),
    }
}
