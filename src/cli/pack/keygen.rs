//! `lazaret pack keygen`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::super::exit::Failure;
use super::{make_folder_of, write};
use crate::pack::generate_key_pair;

/// Makes a key pair: lazaret.key and lazaret.pub.
#[derive(Args, Debug)]
pub(in super::super) struct Keygen {
    /// Directory to write both into; made if it is not there.
    #[arg(long, default_value = ".", value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Keygen) -> Result<ExitCode, Failure> {
    let pair = generate_key_pair().map_err(|e| Failure::undecided(e.to_string()))?;
    let (private, public) = (arguments.out.join("lazaret.key"), arguments.out.join("lazaret.pub"));
    make_folder_of(&private)?;
    private_file(&private, pair.private.as_bytes())?;
    write(&public, pair.public.as_bytes())?;
    sayln!("{}\n{}", private.display(), public.display());
    Ok(ExitCode::SUCCESS)
}

/// A private key is for its owner's eyes, and never written over another.
fn private_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let opened = std::fs::File::options().write(true).create_new(true).mode(0o600).open(path);
    let written = opened.and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| Failure::undecided(format!("{}: {error}", path.display())))
}
