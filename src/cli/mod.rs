//! The command line: arguments → settings → command → exit code. Wires all rooms together.

#[macro_use]
mod say;

mod args;
mod catalog;
mod contracts;
mod controller;
mod crd;
mod digests;
mod evidence;
mod exit;
mod explain;
mod fix;
mod init;
mod ledger;
mod lineage;
mod pack;
mod policy;
mod policy_worker;
mod process;
mod promote;
mod receipt;
mod replay;
mod report;
mod serve;
mod settings;
mod shard;
mod snippet;
mod spec;
mod workspace;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;

pub use args::command;
use args::{Arguments, Command};
use exit::Failure;

/// How long threads that block may hold up the end of the process, once its work is done.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    // Two TLS providers may come with the dependencies; the first call chooses, and there is one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::PolicyWorker) {
        return policy_worker::run();
    }
    crate::policy::run_aside();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::undecided(format!("cannot start: {error}")).report(),
    };
    let outcome = runtime.block_on(async {
        match arguments.command {
            Command::Init(arguments) => init::init(&arguments),
            Command::Receipt(command) => receipt::receipt(&command),
            Command::Catalog(arguments) => catalog::catalog(arguments).await,
            Command::Validate(validate) => promote::validate(validate).await,
            Command::Promote(promote) => promote::promote(promote).await,
            Command::Controller(controller) => controller::controller(controller).await,
            Command::Serve(serve) => serve::serve(serve).await,
            Command::Crd(crd) => crd::crd(&crd),
            Command::Ledger(ledger) => ledger::ledger(ledger).await,
            Command::Contracts(command) => contracts::contracts(&command),
            Command::Spec(command) => spec::spec(&command),
            Command::Explain(arguments) => explain::explain(&arguments),
            Command::Lineage(arguments) => lineage::lineage(arguments).await,
            Command::Replay(arguments) => replay::replay(arguments).await,
            Command::Evidence(command) => evidence::evidence(command).await,
            Command::Pack(pack) => pack::pack(pack).await,
            Command::Shard(arguments) => shard::shard(arguments).await,
            Command::PolicyWorker => Ok(policy_worker::run()),
            Command::Completions { shell } => {
                let mut command = command();
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut command, "lazaret", &mut script);
                say!("{}", String::from_utf8_lossy(&script));
                Ok(ExitCode::SUCCESS)
            }
        }
    });
    // A thread that hangs in a read, as of a dead network file system, must not keep the process.
    runtime.shutdown_timeout(LAST_WAIT);
    match outcome {
        // What was decided stands, but nobody can read it.
        Ok(_) if say::failed() => ExitCode::from(exit::UNDECIDED),
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
