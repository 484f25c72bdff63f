//! `lazaret init`: a skeleton of a workspace that lacks only what a person must say.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::exit::Failure;
use super::settings::read;
use super::workspace::create;
use crate::domain::{DatasetSlug, DatasetVersionId, SpecHash, parse_i_json};

/// What a person has yet to say. Gates name it wherever it stands.
const TODO: &str = "TODO";

/// Makes a workspace: spec.json, dataset.json, and folders for the rest.
///
/// What only a person can say and nobody said is written as TODO; the gates name each with its
/// remedy. Nothing that is there is written over.
#[derive(Args, Debug)]
pub(super) struct Init {
    /// The directory to make it in.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The dataset's slug.
    #[arg(long, value_name = "SLUG")]
    slug: String,
    /// The dataset's title, in one line.
    #[arg(long, value_name = "TITLE")]
    title: String,
    /// The period of the version: YYYY, YYYY-MM or YYYY-MM-DD [default: this month].
    #[arg(long, value_name = "PERIOD")]
    period: Option<String>,
    /// The pipeline's spec [default: one without parameters]. The version id ends in its hash.
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    /// The data has places: STAC is written and demanded.
    #[arg(long)]
    spatial: bool,
    /// What the data covers, where it is from, what was done to it.
    #[arg(long, value_name = "TEXT", default_value = TODO, hide_default_value = true)]
    description: String,
    /// The licence, an SPDX expression.
    #[arg(long, value_name = "SPDX", default_value = TODO, hide_default_value = true)]
    license: String,
    /// Who holds the rights.
    #[arg(long, value_name = "NAME", default_value = TODO, hide_default_value = true)]
    rights_holder: String,
    /// How the source is to be credited.
    #[arg(long, value_name = "TEXT", default_value = TODO, hide_default_value = true)]
    attribution: String,
    /// The policy label: public, internal, restricted, sensitive_location or prohibited.
    #[arg(long, value_name = "LABEL", default_value = TODO, hide_default_value = true)]
    label: String,
    /// The steward, for instance principal:jane.
    #[arg(long, value_name = "PRINCIPAL", default_value = TODO, hide_default_value = true)]
    steward: String,
    /// The steward's e-mail address.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Files that were acquired, copied into raw/.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    raw: Vec<PathBuf>,
    /// Files that are to be published, copied into processed/.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    processed: Vec<PathBuf>,
}

pub(super) fn init(arguments: &Init) -> Result<ExitCode, Failure> {
    let usage = |error: &dyn std::fmt::Display| Failure::usage(error.to_string());
    let slug: DatasetSlug = arguments.slug.parse().map_err(|e| usage(&e))?;
    let period = arguments
        .period
        .clone()
        .unwrap_or_else(|| jiff::Timestamp::now().strftime("%Y-%m").to_string());
    let spec = match &arguments.spec {
        Some(path) => parse_i_json(&read(path)?)
            .map_err(|e| Failure::denied(format!("{}: {e}", path.display())))?,
        None => json!({
            "dataset_slug": arguments.slug, "title": arguments.title, "period": period, "params": {},
        }),
    };
    if !spec.is_object() {
        return Err(Failure::denied("a spec is a JSON object"));
    }
    let hash = SpecHash::of(&spec).map_err(|e| Failure::denied(e.to_string()))?;
    let version: DatasetVersionId =
        format!("{period}.{}", hash.prefix()).parse().map_err(|e| usage(&e))?;
    let copies = copies(arguments)?;
    let folder = &arguments.folder;
    let documents = [("spec.json", spec), ("dataset.json", dataset(arguments, &version, hash))];
    // First everything is looked at, then something is written.
    let targets = documents.iter().map(|(name, _)| folder.join(name));
    for target in targets.chain(copies.iter().map(|(_, target)| target.clone())) {
        if target.exists() {
            let message = format!("{} is there, and nothing is written over", target.display());
            return Err(Failure::denied(message));
        }
    }
    for name in ["raw", "work", "processed", "receipts", "catalog"] {
        let path = folder.join(name);
        std::fs::create_dir_all(&path)
            .map_err(|e| Failure::undecided(format!("{}: {e}", path.display())))?;
    }
    for (from, to) in &copies {
        copy(from, to)?;
    }
    for (name, document) in documents {
        create(&folder.join(name), format!("{document:#}\n").as_bytes())?;
    }
    tell(arguments, &slug, &version);
    Ok(ExitCode::SUCCESS)
}

fn dataset(arguments: &Init, version: &DatasetVersionId, hash: SpecHash) -> Value {
    let mut steward = json!({ "role": "steward", "principal": arguments.steward });
    if let Some(email) = &arguments.email {
        steward["email"] = email.as_str().into();
    }
    json!({
        "dataset_slug": arguments.slug,
        "dataset_version_id": version.to_string(),
        "spec_hash": hash.to_string(),
        "title": arguments.title,
        "description": arguments.description,
        "spatial": arguments.spatial,
        "rights": {
            "license": arguments.license,
            "rights_holder": arguments.rights_holder,
            "attribution": arguments.attribution,
        },
        "policy_label": arguments.label,
        "contacts": [steward],
        "evidence_refs": ["spec.json"],
    })
}

/// What is copied where.
fn copies(arguments: &Init) -> Result<Vec<(PathBuf, PathBuf)>, Failure> {
    let mut copies: Vec<(PathBuf, PathBuf)> = Vec::new();
    for (files, part) in [(&arguments.raw, "raw"), (&arguments.processed, "processed")] {
        for file in files {
            let name = file
                .file_name()
                .filter(|_| file.is_file())
                .ok_or_else(|| Failure::usage(format!("{} is no file", file.display())))?;
            let target = arguments.folder.join(part).join(name);
            if copies.iter().any(|(_, other)| *other == target) {
                let message = format!("two files would become {}", target.display());
                return Err(Failure::usage(message));
            }
            copies.push((file.clone(), target));
        }
    }
    Ok(copies)
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::undecided(format!("{}: {e}", to.display()));
    let mut source = std::fs::File::open(from).map_err(failed)?;
    let target = std::fs::File::options().write(true).create_new(true).open(to);
    std::io::copy(&mut source, &mut target.map_err(failed)?).map_err(failed)?;
    Ok(())
}

fn tell(arguments: &Init, slug: &DatasetSlug, version: &DatasetVersionId) {
    sayln!("{slug} {version}");
    let left: Vec<&str> = [
        ("description", &arguments.description),
        ("rights.license", &arguments.license),
        ("rights.rights_holder", &arguments.rights_holder),
        ("rights.attribution", &arguments.attribution),
        ("policy_label", &arguments.label),
        ("contacts", &arguments.steward),
    ]
    .into_iter()
    .filter_map(|(name, text)| (text == TODO).then_some(name))
    .collect();
    if !left.is_empty() {
        sayln!("for a person to say in dataset.json: {}", left.join(", "));
    }
    let folder = arguments.folder.display();
    sayln!(
        "next: lazaret receipt run --workspace {folder} --input raw/… --output processed/… -- COMMAND"
    );
}
