//! What surrounds a run: image, commit, time, chance.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;

use crate::cli::exit::Failure;
use crate::domain::{Digest, DigestWriter};

const PIECE: usize = 1 << 20;

/// The digest of a file of any size.
pub(super) fn digest(path: &Path) -> Result<Digest, Failure> {
    let failed = |error| Failure::undecided(format!("{}: {error}", path.display()));
    let mut file = File::open(path).map_err(failed)?;
    let mut writer = DigestWriter::new();
    let mut piece = vec![0; PIECE];
    loop {
        let count = file.read(&mut piece).map_err(failed)?;
        if count == 0 {
            return Ok(writer.finish());
        }
        writer.update(piece.get(..count).unwrap_or_default());
    }
}

/// The image that is named, or else the program: without an image, the program is what ran.
pub(super) fn container(named: Option<&str>, program: Option<&str>) -> Result<Digest, Failure> {
    if let Some(named) = named {
        let digest = named.rsplit_once('@').map_or(named, |(_, digest)| digest);
        return digest.parse().map_err(|error| {
            Failure::usage(format!("--container {named}: {error}; a tag can be moved"))
        });
    }
    let program = program.unwrap_or_default();
    let path = found(program).ok_or_else(|| {
        Failure::usage(format!("{program}: no such program; or give --container"))
    })?;
    eprintln!("lazaret: no --container: container_digest is that of {}", path.display());
    digest(&path)
}

/// Where a program lies, as the system would find it.
fn found(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(program.into()).filter(|path: &PathBuf| path.is_file());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// The commit that is named, or that of the checkout around the current directory.
pub(super) fn git_commit(named: Option<&str>) -> Result<String, Failure> {
    let is_commit = |text: &str| {
        matches!(text.len(), 40 | 64)
            && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    if let Some(named) = named {
        return match is_commit(named) {
            true => Ok(named.to_owned()),
            false => Err(Failure::usage("--git-commit: the full commit id, in lower case")),
        };
    }
    let unknown = || Failure::usage("no git checkout here: give the pipeline's --git-commit");
    let head = git(&["rev-parse", "HEAD"]).filter(|head| is_commit(head)).ok_or_else(unknown)?;
    if git(&["status", "--porcelain", "--untracked-files=no"]).is_none_or(|text| !text.is_empty()) {
        eprintln!(
            "lazaret: the git checkout has changes that no commit has: {head} is not all of it"
        );
    }
    Ok(head)
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(text.trim().to_owned())
}

/// Receipts tell time by the second.
pub(super) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// Eight hexadecimal digits that tell runs of one second apart.
pub(super) fn random() -> String {
    format!("{:08x}", rand::random::<u32>())
}
