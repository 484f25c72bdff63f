//! `lazaret pack build`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::super::exit::Failure;
use super::{make_folder_of, write};
use crate::pack::build;

/// Builds the deterministic tar of a pack's source directory, and manifest.json beside it.
#[derive(Args, Debug)]
pub(in super::super) struct Build {
    /// Directory with opa/, data/, README.md and signing/.
    dir: PathBuf,
    /// The tar to write; its folder is made if it is not there.
    #[arg(long, short, value_name = "TAR")]
    out: PathBuf,
    /// Where to write the manifest [default: manifest.json beside the tar].
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
}

pub(super) fn run(arguments: &Build) -> Result<ExitCode, Failure> {
    let beside = arguments.out.with_file_name("manifest.json");
    let manifest = arguments.manifest.as_ref().unwrap_or(&beside);
    if *manifest == arguments.out {
        return Err(Failure::usage("tar and manifest cannot be one file; choose another --out"));
    }
    let built = build(&arguments.dir).map_err(|error| Failure::usage(error.to_string()))?;
    make_folder_of(&arguments.out)?;
    write(&arguments.out, &built.tar)?;
    write(manifest, built.manifest_json.as_bytes())?;
    sayln!("{}  {}", built.digest, arguments.out.display());
    Ok(ExitCode::SUCCESS)
}
