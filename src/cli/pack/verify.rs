//! `lazaret pack verify`.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::super::args::{Plain, Trust};
use super::super::exit::Failure;
use super::super::policy::bundle_of;
use super::super::settings::{authorities, read};
use crate::domain::{Digest, DigestWriter};
use crate::pack::{Authority, Content, Payload, Verification, VerifyError, verify_blob};

/// A bundle file larger than this is none, and is not read whole.
const MAX_BUNDLE: u64 = 4 << 20;
/// A signature that can only be checked over the bytes (Ed25519) is checked up to this size.
const MAX_WHOLE: u64 = 1 << 30;

/// Verifies the signature on a pack, or on any other file, offline.
///
/// Exit code 0 if it holds, 1 if it is refused.
#[derive(Args, Debug)]
pub(in super::super) struct Verify {
    /// The file, or its digest as sha256:HEX.
    #[arg(value_name = "FILE|DIGEST")]
    subject: String,
    /// The Sigstore bundle, or cosign's older bundle file [default: <FILE>.sigstore.json].
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// Demands an in-toto attestation of this predicate type instead of a signature; "any" takes a
    /// signature or any attestation.
    #[arg(long = "type", value_name = "PREDICATE_TYPE")]
    payload: Option<String>,
    #[command(flatten)]
    trust: Trust,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Plain::Human)]
    output: Plain,
}

pub(super) fn run(arguments: &Verify) -> Result<ExitCode, Failure> {
    let trust = &arguments.trust;
    if !trust.key.is_empty()
        && (trust.certificate_identity.is_some() || trust.certificate_identity_regexp.is_some())
    {
        return Err(Failure::usage("give a key or an identity: one signature is one signer's"));
    }
    let authorities = authorities(trust)?;
    let file = Path::new(&arguments.subject);
    // What is there as a file is meant as a file, as the conformance suite's protocol has it.
    let subject = match file.exists() {
        true => None,
        false => arguments.subject.parse::<Digest>().ok(),
    };
    let bundle = match (&arguments.bundle, subject.is_some()) {
        (Some(path), _) => path.clone(),
        (None, false) => bundle_of(file),
        (None, true) => return Err(Failure::usage("a digest needs --bundle")),
    };
    if std::fs::metadata(&bundle).is_ok_and(|found| found.len() > MAX_BUNDLE) {
        return Err(Failure::denied(format!(
            "{}: BundleTooLarge: larger than 4 MiB",
            bundle.display()
        )));
    }
    let bundle = read(&bundle)?;
    let wanted = match arguments.payload.as_deref() {
        None => Payload::Signature,
        Some("any") => Payload::Any,
        Some(predicate) => Payload::Attestation(predicate.to_owned()),
    };
    let digest = match subject {
        Some(digest) => digest,
        None => digest_of(file)?,
    };
    let mut outcome = verify_blob(&Content::Digest(digest), &bundle, &authorities, &wanted);
    if outcome == Err(VerifyError::ContentNeeded) && subject.is_none() {
        outcome = whole(file, &bundle, &authorities, &wanted)?;
    }
    match arguments.output {
        Plain::Json => sayln!("{}", document(&outcome, digest)),
        Plain::Human => {
            if let Ok(found) = &outcome {
                say!("{}", lines(found));
            }
        }
    }
    match outcome {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            Err(Failure::denied(format!("{}: {}: {error}", arguments.subject, error.reason())))
        }
    }
}

/// The digest of a file of any size, in little memory.
fn digest_of(path: &Path) -> Result<Digest, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::undecided(format!("{}: {error}", path.display()));
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let mut hash = DigestWriter::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece).map_err(unreadable)? {
            0 => return Ok(hash.finish()),
            n => hash.update(&piece[..n]),
        }
    }
}

fn whole(
    file: &Path,
    bundle: &[u8],
    authorities: &[Authority],
    wanted: &Payload,
) -> Result<Result<Verification, VerifyError>, Failure> {
    let size = std::fs::metadata(file).map_or(0, |found| found.len());
    if size > MAX_WHOLE {
        return Err(Failure::undecided(format!(
            "{}: this kind of signature is checked over the whole file, and it is larger than 1 GiB",
            file.display()
        )));
    }
    Ok(verify_blob(&Content::of(&read(file)?), bundle, authorities, wanted))
}

fn lines(found: &Verification) -> String {
    let signer = &found.signer;
    let key = || signer.key_fingerprint.map(|fingerprint| format!("key {fingerprint}"));
    let facts = [
        ("verified ", Some(found.digest.to_string())),
        ("signed by", signer.subject.clone().or_else(key)),
        ("issuer   ", signer.issuer.clone()),
        ("signed at", signer.timestamps.iter().min().map(ToString::to_string)),
        ("log index", signer.log_index.map(|index| index.to_string())),
        ("attests  ", found.predicate_type.clone()),
    ];
    let line = |(name, value): (&str, Option<String>)| Some(format!("{name} {}\n", value?));
    facts.into_iter().filter_map(line).collect()
}

fn document(outcome: &Result<Verification, VerifyError>, digest: Digest) -> serde_json::Value {
    match outcome {
        Ok(found) => {
            let payload = found.predicate_type.as_ref().map(|_| "application/vnd.in-toto+json");
            json!({
                "verified": true,
                "digest": digest,
                "signer": found.signer,
                "bundleMediaType": found.bundle_media_type,
                "payloadType": payload,
                "predicateType": found.predicate_type,
            })
        }
        Err(error) => json!({
            "verified": false,
            "digest": digest,
            "reason": error.reason(),
            "message": error.to_string(),
        }),
    }
}
