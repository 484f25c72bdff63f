//! `lazaret pack push`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::super::exit::Failure;
use super::super::policy::bundle_of;
use super::super::settings::read;
use super::registry::Reach;
use crate::pack::{ArchiveLimits, oci, read_archive};

/// Pushes a tar to an OCI registry, and its bundle with it.
///
/// Signs nothing: the bundle that lies beside the tar is attached as a referrer. Prints what to pin:
/// the manifest's digest, and the tar's.
#[derive(Args, Debug)]
pub(in super::super) struct Push {
    /// The tar.
    tar: PathBuf,
    /// Where to: oci://registry/repository:tag.
    to: String,
    /// The bundle [default: <TAR>.sigstore.json, if it is there].
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    #[command(flatten)]
    reach: Reach,
}

pub(super) async fn run(arguments: &Push) -> Result<ExitCode, Failure> {
    let tar = bytes::Bytes::from(read(&arguments.tar)?);
    // What nobody could load need not be pushed.
    read_archive(&tar, &ArchiveLimits::default()).map_err(|error| {
        Failure::usage(format!("{}: {}: {error}", arguments.tar.display(), error.reason()))
    })?;
    let bundle = match &arguments.bundle {
        Some(path) => Some(read(path)?),
        None => {
            Some(bundle_of(&arguments.tar)).filter(|p| p.exists()).map(|p| read(&p)).transpose()?
        }
    };
    let settings = arguments.reach.settings(&arguments.to)?;
    let pushed = oci::push(&settings, tar, bundle.map(Into::into))
        .await
        .map_err(|error| super::unfetched(&error))?;
    sayln!("pushed    {}@{}", pushed.repository, pushed.manifest);
    sayln!("tar       {}", pushed.tar);
    match pushed.signature {
        Some(digest) => sayln!("bundle    {digest}"),
        None => sayln!("bundle    none: nobody will load this pack until it is signed"),
    }
    Ok(ExitCode::SUCCESS)
}
