//! The command line: arguments → settings → command → exit code. Wires all rooms together.
#![allow(clippy::print_stdout, reason = "this room talks to people at a terminal")]

mod args;
mod controller;
mod crd;
mod exit;
mod explain;
mod fix;
mod ledger;
mod lineage;
mod pack;
mod policy;
mod promote;
mod replay;
mod report;
mod settings;
mod spec;

use std::process::ExitCode;

use clap::Parser as _;

pub use args::command;
use args::{Arguments, Command};
use exit::Failure;

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    // Two TLS providers may come with the dependencies; the first call chooses, and there is one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::undecided(format!("cannot start: {error}")).report(),
    };
    let outcome = runtime.block_on(async {
        match arguments.command {
            Command::Validate(validate) => promote::validate(validate).await,
            Command::Promote(promote) => promote::promote(promote).await,
            Command::Controller(controller) => controller::controller(controller).await,
            Command::Crd(crd) => crd::crd(&crd),
            Command::Ledger(ledger) => ledger::ledger(ledger).await,
            Command::Spec(command) => spec::spec(&command),
            Command::Explain(arguments) => explain::explain(&arguments),
            Command::Lineage(arguments) => lineage::lineage(arguments).await,
            Command::Replay(arguments) => replay::replay(arguments).await,
            Command::Pack(pack) => pack::pack(pack).await,
            Command::Completions { shell } => {
                let mut command = command();
                clap_complete::generate(shell, &mut command, "lazaret", &mut std::io::stdout());
                Ok(ExitCode::SUCCESS)
            }
        }
    });
    outcome.unwrap_or_else(|failure| failure.report())
}
