//! `lazaret pack sign`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::super::exit::Failure;
use super::super::policy::bundle_of;
use super::super::settings::read;
use super::write;
use crate::pack::sign_blob;

/// Signs a tar with a local key: a Sigstore bundle v0.3 in <TAR>.sigstore.json.
#[derive(Args, Debug)]
pub(in super::super) struct Sign {
    /// The tar.
    tar: PathBuf,
    /// PKCS#8 PEM private key.
    #[arg(long, value_name = "PEM")]
    key: PathBuf,
}

pub(super) fn run(arguments: &Sign) -> Result<ExitCode, Failure> {
    let key = String::from_utf8_lossy(&read(&arguments.key)?).into_owned();
    let tar = read(&arguments.tar)?;
    let bundle = sign_blob(&tar, &key).map_err(|e| Failure::usage(e.to_string()))?;
    let out = bundle_of(&arguments.tar);
    write(&out, bundle.as_bytes())?;
    println!("{}", out.display());
    Ok(ExitCode::SUCCESS)
}
