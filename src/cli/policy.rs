//! The policy pack of a command.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{Policy, Trust};
use super::exit::Failure;
use super::settings::{authorities, read};
use super::snippet::snippet;
use crate::pack::{
    Authority, FetchedPack, PublicKey, VerifiedPack, build, generate_key_pair, read_archive,
    sign_blob, verify,
};
use crate::policy::{CompiledPack, Limits, LoadError, compile};

/// A pack that is ready to judge.
pub(super) struct Judge {
    pub pack: Arc<CompiledPack>,
    pub name: String,
    /// Whether somebody whom the caller trusts signed it.
    pub signed: bool,
}

/// Verifies and compiles the pack that the arguments name.
pub(super) fn judge(policy: &Policy) -> Result<Judge, Failure> {
    let path = &policy.policy_pack;
    if !path.exists() {
        return Err(Failure::undecided(format!("--policy-pack {}: there is none", path.display())));
    }
    let signed = !path.is_dir();
    let verified = match signed {
        true => signed_tar(path, policy.policy_pack_bundle.as_deref(), &policy.trust)?,
        false => sealed(path)?,
    };
    Ok(Judge { pack: Arc::new(compiled(&verified)?), name: path.display().to_string(), signed })
}

/// Compiles a pack and runs its tests.
pub(super) fn compiled(verified: &VerifiedPack) -> Result<CompiledPack, Failure> {
    compile(verified, &Limits::default()).map_err(|error| explained(verified, &error))
}

/// Why a pack does not load, with the line that is to blame.
pub(super) fn explained(verified: &VerifiedPack, error: &LoadError) -> Failure {
    let mut text = format!("policy pack: {}: {error}", error.reason());
    let files = read_archive(verified.tar(), &Limits::default().archive);
    if let (Some(place), Ok(files)) = (error.place(), files) {
        let shown = snippet(&files, place);
        if !shown.is_empty() {
            text = format!("{text}\n{shown}");
        }
    }
    Failure::denied(text)
}

/// Verifies a signed tar.
pub(super) fn signed_tar(
    tar: &Path,
    bundle: Option<&Path>,
    trust: &Trust,
) -> Result<VerifiedPack, Failure> {
    let authorities = authorities(trust)?;
    let bundle = bundle.map_or_else(|| bundle_of(tar), Path::to_owned);
    let bundle = match bundle.exists() {
        true => Some(read(&bundle)?.into()),
        false => None,
    };
    checked(read(tar)?.into(), bundle, tar, &authorities)
}

/// `<TAR>.sigstore.json`.
pub(super) fn bundle_of(tar: &Path) -> PathBuf {
    let mut name = tar.as_os_str().to_owned();
    name.push(".sigstore.json");
    name.into()
}

/// A pack's own source, or a tar that is only to be tried: whoever can change it can change what it
/// says, so that the caller's trust in it stands for a signature. Sealed with a key that nobody else
/// ever sees, it takes the same way as every other pack.
pub(super) fn sealed(path: &Path) -> Result<VerifiedPack, Failure> {
    let wrong = |error: String| Failure::denied(format!("policy pack: {error}"));
    let tar = match path.is_dir() {
        true => build(path).map_err(|error| wrong(error.to_string()))?.tar,
        false => read(path)?.into(),
    };
    let keys = generate_key_pair().map_err(|error| wrong(error.to_string()))?;
    let bundle = sign_blob(&tar, &keys.private).map_err(|error| wrong(error.to_string()))?;
    let key = PublicKey::parse(&keys.public).map_err(|error| wrong(error.to_string()))?;
    let authority = Authority::Key { key, log_root: None };
    checked(tar, Some(bundle.into_bytes().into()), path, &[authority])
}

fn checked(
    tar: bytes::Bytes,
    bundle: Option<bytes::Bytes>,
    path: &Path,
    authorities: &[Authority],
) -> Result<VerifiedPack, Failure> {
    let fetched =
        FetchedPack { tar, bundle, url: path.display().to_string(), ..FetchedPack::default() };
    verify(fetched, None, authorities).map_err(|error| {
        Failure::denied(format!("{}: {}: {error}", path.display(), error.reason()))
    })
}
