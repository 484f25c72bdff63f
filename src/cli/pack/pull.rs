//! `lazaret pack pull`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::super::exit::Failure;
use super::registry::Reach;
use crate::domain::Digest;
use crate::pack::oci::{Covered, Version, attempts};
use crate::pack::{Fetched, FetchedPack, fetch};

/// Pulls a pack and its signatures into a folder, and trusts neither.
///
/// Writes pack.tar and, as far as there are signatures, pack.tar.sigstore.json. A signature over the
/// OCI manifest instead of the tar goes beside the manifest: pack.manifest.json, or
/// pack.simplesigning.json, each with its .sigstore.json. `lazaret pack verify` says whether they hold.
#[derive(Args, Debug)]
pub(in super::super) struct Pull {
    /// oci://registry/repository:tag, oci://…@sha256:…, or the https:// URL of a tar.
    from: String,
    /// The folder to write to.
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,
    /// Take the highest tag in this SemVer range instead of one tag.
    #[arg(long, value_name = "RANGE")]
    semver: Option<String>,
    /// URL of the bundle of a tar over https [default: header X-Cosign-Bundle, else <URL>.sigstore.json].
    #[arg(long, value_name = "URL")]
    bundle_url: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

pub(super) async fn run(arguments: &Pull) -> Result<ExitCode, Failure> {
    let mut settings = arguments.reach.settings(&arguments.from)?;
    settings.bundle_url.clone_from(&arguments.bundle_url);
    if let Some(range) = &arguments.semver {
        let range = Version::range(range).map_err(|error| Failure::usage(error.to_string()))?;
        settings.version = Some(range);
    }
    let fetched = match fetch(&settings, None).await.map_err(|error| super::unfetched(&error))? {
        Fetched::Pack(fetched) => fetched,
        Fetched::NotModified => return Err(Failure::undecided("the server says nothing changed")),
    };
    std::fs::create_dir_all(&arguments.out)
        .map_err(|error| Failure::undecided(format!("{}: {error}", arguments.out.display())))?;
    let signed = write_all(&fetched, &arguments.out)?;
    sayln!("pulled    {}", fetched.url);
    sayln!("tar       {}  {}", Digest::of(&fetched.tar), arguments.out.join("pack.tar").display());
    match signed.first() {
        Some(path) => sayln!("unproven  lazaret pack verify {} is the next step", path.display()),
        None => sayln!("unsigned  there is no signature; nobody should load this"),
    }
    Ok(ExitCode::SUCCESS)
}

/// The tar goes last: whoever sees it sees its signatures too. Signatures of an earlier pull do not
/// stay beside it. Gives what is signed.
fn write_all(fetched: &FetchedPack, out: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut signed: Vec<PathBuf> = Vec::new();
    let found = attempts(fetched);
    for (covered, name) in [
        (Covered::Tar, "pack.tar"),
        (Covered::Manifest, "pack.manifest.json"),
        (Covered::Payload, "pack.simplesigning.json"),
    ] {
        let path = out.join(name);
        let bundle = out.join(format!("{name}.sigstore.json"));
        let Some(attempt) = found.iter().find(|attempt| attempt.covered == covered) else {
            remove(&bundle)?;
            if covered != Covered::Tar {
                remove(&path)?;
            }
            continue;
        };
        super::write_whole(&bundle, &attempt.bundle)?;
        if covered != Covered::Tar {
            super::write_whole(&path, &attempt.signed)?;
        }
        signed.push(path);
    }
    super::write_whole(&out.join("pack.tar"), &fetched.tar)?;
    Ok(signed)
}

fn remove(path: &Path) -> Result<(), Failure> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::undecided(format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}
