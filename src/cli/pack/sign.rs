//! `lazaret pack sign`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Args;

use super::super::exit::Failure;
use super::super::policy::bundle_of;
use super::super::settings::read;
use super::replace;
use crate::pack::sign_blob;

/// Signs a tar: a Sigstore bundle v0.3 in <TAR>.sigstore.json.
#[derive(Args, Debug)]
pub(in super::super) struct Sign {
    /// The tar.
    tar: PathBuf,
    /// A private key in PKCS#8 PEM, not encrypted: ECDSA P-256 or P-384, Ed25519, RSA.
    #[arg(long, value_name = "PEM", required_unless_present = "cosign")]
    key: Option<PathBuf>,
    /// Signs without a key of your own, by running cosign, which asks who you are.
    #[arg(
        long,
        value_name = "PATH",
        num_args = 0..=1,
        default_missing_value = "cosign",
        require_equals = true,
        conflicts_with = "key"
    )]
    cosign: Option<PathBuf>,
    /// The bundle to write [default: <TAR>.sigstore.json].
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// Further arguments of cosign sign-blob, after `--`; for instance --signing-config.
    #[arg(last = true, requires = "cosign", value_name = "ARGS")]
    more: Vec<String>,
}

pub(super) fn run(arguments: &Sign) -> Result<ExitCode, Failure> {
    let out = arguments.bundle.clone().unwrap_or_else(|| bundle_of(&arguments.tar));
    let bundle = match (&arguments.cosign, &arguments.key) {
        (Some(cosign), _) => with_cosign(cosign, &arguments.tar, &arguments.more, &out)?,
        (None, Some(key)) => {
            let key = String::from_utf8_lossy(&read(key)?).into_owned();
            let bundle = sign_blob(&read(&arguments.tar)?, &key);
            bundle.map_err(|e| Failure::usage(e.to_string()))?.into_bytes()
        }
        (None, None) => return Err(Failure::usage("give --key or --cosign")),
    };
    replace(&out, &bundle)?;
    sayln!("{}", out.display());
    Ok(ExitCode::SUCCESS)
}

/// Cosign writes beside the target, so that a run that fails or is stopped leaves what was there.
fn with_cosign(cosign: &Path, tar: &Path, more: &[String], out: &Path) -> Result<Vec<u8>, Failure> {
    let dir = out.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = format!(".lazaret-{}.sigstore.json", std::process::id());
    let written = dir.join(name);
    let mut command = Command::new(cosign);
    command.args(["sign-blob", "--yes", "--bundle"]).arg(&written).args(more).arg(tar);
    // What cosign prints on its standard output is the bare signature; the bundle says it all.
    command.stdout(std::process::Stdio::null());
    let status = command.status();
    let bundle = std::fs::read(&written);
    let _ = std::fs::remove_file(&written);
    match status {
        Err(error) => Err(Failure::undecided(format!("{}: {error}", cosign.display()))),
        Ok(status) if !status.success() => {
            Err(Failure::undecided(format!("cosign did not sign: {status}")))
        }
        Ok(_) => bundle.map_err(|error| {
            Failure::undecided(format!("cosign wrote no bundle: {}: {error}", written.display()))
        }),
    }
}
