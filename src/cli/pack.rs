//! `lazaret pack`.

use std::path::Path;
use std::process::ExitCode;

use super::args::Pack;
use super::exit::Failure;
use super::policy::{bundle_of, compiled, signed_tar};
use super::settings::read;
use crate::pack::{build, generate_key_pair, sign_blob};

pub(super) fn pack(command: Pack) -> Result<ExitCode, Failure> {
    match command {
        Pack::Build { dir, out } => {
            let built = build(&dir).map_err(|error| Failure::usage(error.to_string()))?;
            write(&out, &built.tar)?;
            let manifest = out.with_file_name("manifest.json");
            write(&manifest, built.manifest_json.as_bytes())?;
            println!("{}  {}", built.digest, out.display());
        }
        Pack::Keygen { out } => {
            let pair = generate_key_pair().map_err(|e| Failure::undecided(e.to_string()))?;
            let private = out.join("lazaret.key");
            private_file(&private, pair.private.as_bytes())?;
            write(&out.join("lazaret.pub"), pair.public.as_bytes())?;
            println!("{}\n{}", private.display(), out.join("lazaret.pub").display());
        }
        Pack::Sign { tar, key } => {
            let key = String::from_utf8_lossy(&read(&key)?).into_owned();
            let bundle =
                sign_blob(&read(&tar)?, &key).map_err(|e| Failure::usage(e.to_string()))?;
            let out = bundle_of(&tar);
            write(&out, bundle.as_bytes())?;
            println!("{}", out.display());
        }
        Pack::Verify { tar, bundle, trust } => {
            let verified = signed_tar(&tar, bundle.as_deref(), &trust)?;
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
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes)
        .map_err(|error| Failure::undecided(format!("{}: {error}", path.display())))
}

/// A private key is for its owner's eyes, and never written over another.
fn private_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let opened = std::fs::File::options().write(true).create_new(true).mode(0o600).open(path);
    let written = opened.and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| Failure::undecided(format!("{}: {error}", path.display())))
}
