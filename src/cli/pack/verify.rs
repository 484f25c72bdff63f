//! `lazaret pack verify`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::super::args::Trust;
use super::super::exit::Failure;
use super::super::policy::{compiled, signed_tar};

/// Verifies a tar offline, compiles it and runs its tests.
#[derive(Args, Debug)]
pub(in super::super) struct Verify {
    /// The tar.
    tar: PathBuf,
    /// The bundle [default: <TAR>.sigstore.json].
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    #[command(flatten)]
    trust: Trust,
}

pub(super) fn run(arguments: &Verify) -> Result<ExitCode, Failure> {
    let verified = signed_tar(&arguments.tar, arguments.bundle.as_deref(), &arguments.trust)?;
    let pack = compiled(&verified)?;
    let signer = verified.signer();
    let subject = signer
        .subject
        .clone()
        .or_else(|| signer.key_fingerprint.map(|fingerprint| format!("key {fingerprint}")));
    println!("verified  {}", verified.digest());
    println!("signed by {}", subject.unwrap_or_default());
    if let Some(issuer) = &signer.issuer {
        println!("issuer    {issuer}");
    }
    println!("tests     {} passed", pack.tests_passed());
    Ok(ExitCode::SUCCESS)
}
