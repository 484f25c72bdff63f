//! `lazaret contracts new`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::super::exit::Failure;
use super::super::workspace::{create, write};
use super::freeze::today;
use super::source::folder;
use crate::law::{self, Draft, MANIFEST, Set, Wanted};

/// Writes a contract that passes as it stands, with fixtures and, for a policy, with tests.
///
/// It goes where contracts.yaml looks for its kind; a module that is not there is added. Nothing that
/// is there is written over.
#[derive(Args, Debug)]
pub(in super::super) struct New {
    /// Of which kind; a set is a contracts.yaml with the event envelope.
    #[arg(value_enum)]
    kind: Kind,
    /// Its name: of a-z, 0-9 and _; a set's is free.
    #[arg(value_name = "NAME")]
    name: String,
    /// In which module [default: the only one that fits].
    #[arg(long, value_name = "MODULE")]
    module: Option<String>,
    /// What the schema's $id begins with [default: as its neighbours' do].
    #[arg(long, value_name = "URL")]
    base: Option<String>,
    /// The folder of contracts.yaml.
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// The date of a new module's first version [default: today].
    #[arg(long, value_name = "DATE")]
    date: Option<Date>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
enum Kind {
    Set,
    Schema,
    Event,
    Endpoint,
    Policy,
}

pub(super) fn new(arguments: &New) -> Result<ExitCode, Failure> {
    let today = arguments.date.unwrap_or_else(today);
    let new = match arguments.kind {
        Kind::Set => return set(arguments, today),
        Kind::Schema => law::New::Schema,
        Kind::Event => law::New::Event,
        Kind::Endpoint => law::New::Endpoint,
        Kind::Policy => law::New::Policy,
    };
    let set = Set::open(folder(&arguments.root)?).map_err(|e| Failure::denied(e.to_string()))?;
    let wanted = Wanted {
        new,
        name: &arguments.name,
        module: arguments.module.as_deref(),
        base: arguments.base.as_deref(),
        today,
    };
    let draft = law::draft(&set, &wanted).map_err(|error| Failure::usage(error.to_string()))?;
    put(&arguments.root, &draft)
}

fn set(arguments: &New, today: Date) -> Result<ExitCode, Failure> {
    if arguments.root.join(MANIFEST).exists() {
        return Err(Failure::denied(format!("{MANIFEST} is there, and nothing is written over")));
    }
    let draft =
        law::first(&arguments.name, today).map_err(|error| Failure::usage(error.to_string()))?;
    put(&arguments.root, &draft)
}

/// First everything is looked at, then something is written; contracts.yaml last, so that it never speaks
/// of what is not there.
fn put(root: &Path, draft: &Draft) -> Result<ExitCode, Failure> {
    for (path, _) in &draft.files {
        if std::fs::symlink_metadata(root.join(path)).is_ok() {
            return Err(Failure::denied(format!("{path} is there, and nothing is written over")));
        }
    }
    for (path, text) in &draft.files {
        create(&root.join(path), text.as_bytes())?;
        sayln!("wrote {path}");
    }
    if let Some(manifest) = &draft.manifest {
        write(&root.join(MANIFEST), manifest.as_bytes())?;
        sayln!("wrote {MANIFEST}");
    }
    sayln!("next: say what it is where TODO stands, then lazaret contracts validate");
    Ok(ExitCode::SUCCESS)
}
