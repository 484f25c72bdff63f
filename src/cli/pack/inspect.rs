//! `lazaret pack inspect`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::super::args::Plain;
use super::super::exit::{DENIED, Failure};
use super::super::policy::{bundle_of, sealed};
use crate::domain::Digest;
use crate::pack::{ArchiveLimits, Files, VerifiedPack, read_archive};
use crate::policy::{CompiledPack, Limits, LoadError, compile};

/// Shows what a pack holds and whether it loads; believes nobody's signature.
#[derive(Args, Debug)]
pub(in super::super) struct Inspect {
    /// The tar, or the pack's source directory.
    #[arg(value_name = "TAR|DIR")]
    pack: PathBuf,
    /// Also lists every rule.
    #[arg(long)]
    rules: bool,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Plain::Human)]
    output: Plain,
}

pub(super) fn run(arguments: &Inspect) -> Result<ExitCode, Failure> {
    let sealed = sealed(&arguments.pack)?;
    let files = read_archive(sealed.tar(), &ArchiveLimits::default()).map_err(|error| {
        let path = arguments.pack.display();
        Failure::denied(format!("{path}: {}: {error}", error.reason()))
    })?;
    let loaded = compile(&sealed, &Limits::default());
    match arguments.output {
        Plain::Human => say!("{}", human(arguments, &sealed, &files, &loaded)),
        Plain::Json => sayln!("{:#}", json(arguments, &sealed, &files, &loaded)),
    }
    Ok(if loaded.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(DENIED) })
}

fn human(
    arguments: &Inspect,
    sealed: &VerifiedPack,
    files: &Files,
    loaded: &Result<CompiledPack, LoadError>,
) -> String {
    let mut lines = vec![
        format!("pack      {}", arguments.pack.display()),
        format!("digest    {}", sealed.digest()),
        format!("size      {} bytes, {} files", sealed.tar().len(), files.len()),
    ];
    let bundle = bundle_of(&arguments.pack);
    lines.push(match bundle.exists() {
        true => format!("bundle    {} (see lazaret pack verify)", bundle.display()),
        false => "bundle    none beside it".to_owned(),
    });
    match loaded {
        Ok(pack) => {
            let gates: Vec<_> = pack.gates().iter().map(ToString::to_string).collect();
            lines.push(format!("gates     {}", gates.join(" ")));
            lines.push(format!("packages  {}", pack.packages().join(" ")));
            lines.push(format!("tests     {} passed", pack.tests_passed()));
            lines.push(format!("rules     {}", pack.rules().len()));
            if arguments.rules {
                lines.extend(pack.rules().iter().map(|rule| format!("          {rule}")));
            }
        }
        Err(error) => lines.push(format!("loads     no: {}: {error}", error.reason())),
    }
    lines.push(String::new());
    for (path, bytes) in files.iter() {
        lines.push(format!("{}  {:>8}  {path}", &Digest::of(bytes).hex()[..12], bytes.len()));
    }
    lines.join("\n") + "\n"
}

fn json(
    arguments: &Inspect,
    sealed: &VerifiedPack,
    files: &Files,
    loaded: &Result<CompiledPack, LoadError>,
) -> Value {
    let listed = files.iter().map(|(path, bytes)| {
        json!({ "path": path, "sha256": Digest::of(bytes).hex(), "size": bytes.len() })
    });
    let bundle = Some(bundle_of(&arguments.pack)).filter(|path| path.exists());
    json!({
        "digest": sealed.digest().to_string(),
        "size": sealed.tar().len(),
        "files": listed.collect::<Vec<_>>(),
        "bundle": bundle.map(|path| path.display().to_string()),
        "pack": loaded.as_ref().ok().map(|pack| json!({
            "gates": pack.gates(),
            "packages": pack.packages(),
            "rules": pack.rules(),
            "testsPassed": pack.tests_passed(),
        })),
        "refused": loaded.as_ref().err().map(|error| json!({
            "reason": error.reason(),
            "message": error.to_string(),
        })),
    })
}
