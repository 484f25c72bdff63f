//! `lazaret pack build`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::super::exit::Failure;
use super::write;
use crate::pack::build;

/// Builds the deterministic tar of a pack's source directory, and manifest.json beside it.
#[derive(Args, Debug)]
pub(in super::super) struct Build {
    /// Directory with opa/, data/, README.md and signing/.
    dir: PathBuf,
    /// The tar to write.
    #[arg(long, short, value_name = "TAR")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Build) -> Result<ExitCode, Failure> {
    let built = build(&arguments.dir).map_err(|error| Failure::usage(error.to_string()))?;
    write(&arguments.out, &built.tar)?;
    write(&arguments.out.with_file_name("manifest.json"), built.manifest_json.as_bytes())?;
    println!("{}  {}", built.digest, arguments.out.display());
    Ok(ExitCode::SUCCESS)
}
