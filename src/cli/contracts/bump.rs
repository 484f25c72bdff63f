//! `lazaret contracts bump`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use semver::Version;

use super::super::exit::Failure;
use super::super::settings::read;
use super::super::workspace::write;
use super::check::Sides;
use super::freeze::today;
use super::source::{Elsewhere, folder};
use crate::law::check::Duty;
use crate::law::{Level, NewRelease, Set, Versions, release};

/// Puts a release on top of a module's versions.yaml, and sets its version; comments and layout stay.
#[derive(Args, Debug)]
pub(in super::super) struct Bump {
    /// Which module.
    #[arg(value_name = "MODULE")]
    module: String,
    /// How far: what breaks is major (below 1.0.0 that moves the minor number), what adds is minor. `auto` is
    /// what `check` asks for.
    #[arg(value_enum, value_name = "LEVEL", required_unless_present = "to")]
    level: Option<Step>,
    /// The version itself.
    #[arg(long, value_name = "VERSION", conflicts_with = "level")]
    to: Option<Version>,
    /// With auto: what the contracts were, as `check` takes it.
    #[arg(long, value_name = "SOURCE", default_value = "freeze:latest")]
    against: String,
    /// What is new, for the changelog [default: TODO].
    #[arg(long, value_name = "TEXT")]
    summary: Option<String>,
    /// The release's date [default: today].
    #[arg(long, value_name = "DATE")]
    date: Option<Date>,
    /// The folder of contracts.yaml.
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    #[command(flatten)]
    elsewhere: Elsewhere,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
enum Step {
    Major,
    Minor,
    Patch,
    Auto,
}

pub(super) fn bump(arguments: &Bump) -> Result<ExitCode, Failure> {
    let set = Set::open(folder(&arguments.root)?).map_err(|e| Failure::denied(e.to_string()))?;
    let module = set.manifest.modules.iter().find(|module| module.name == arguments.module);
    let module = module.ok_or_else(|| {
        let names: Vec<&str> = set.manifest.modules.iter().map(|m| m.name.as_str()).collect();
        Failure::usage(format!(
            "there is no module {}; there are {}",
            arguments.module,
            names.join(", ")
        ))
    })?;
    let path = &module.versions;
    let wrong = |why: &dyn std::fmt::Display| Failure::denied(format!("{path}: {why}"));
    let old = Versions::of(&set.tree, path).map_err(|error| wrong(&error))?.version;
    let fixed = |level: Level| (Some(level), level.least(&old));
    let (level, version) = match (arguments.level, &arguments.to) {
        (Some(Step::Major), _) => fixed(Level::Major),
        (Some(Step::Minor), _) => fixed(Level::Minor),
        (Some(Step::Patch), _) => fixed(Level::Patch),
        (Some(Step::Auto), _) => match demanded(arguments)? {
            Some((level, version)) => (Some(level), version),
            None => {
                let (name, against) = (&arguments.module, &arguments.against);
                sayln!("{name}: {old} is far enough for what changed since {against}");
                return Ok(ExitCode::SUCCESS);
            }
        },
        (None, Some(version)) => (None, version.clone()),
        (None, None) => {
            return Err(Failure::usage("give major, minor, patch, auto or --to VERSION"));
        }
    };
    let new = NewRelease {
        version: &version,
        date: arguments.date.unwrap_or_else(today),
        summary: arguments.summary.as_deref(),
        breaking: level.unwrap_or(Level::Patch) == Level::Major
            || Level::Major.suffices(&old, &version),
    };
    let file = arguments.root.join(path);
    let text = String::from_utf8(read(&file)?).map_err(|error| wrong(&error))?;
    let text = release(&text, &new).map_err(|error| wrong(&error))?;
    write(&file, text.as_bytes())?;
    sayln!("{}: {old} → {version} in {path}", arguments.module);
    Ok(ExitCode::SUCCESS)
}

/// How far the module must still move for what changed, and to which version; none if it has.
fn demanded(arguments: &Bump) -> Result<Option<(Level, Version)>, Failure> {
    let root = &arguments.root;
    let sides = Sides::open(root, &arguments.against, &arguments.elsewhere)?;
    let mut modules = sides.judged(root)?.modules.into_iter();
    let verdict = modules.find(|verdict| verdict.module == arguments.module);
    let short = verdict.filter(|verdict| {
        verdict.duties.iter().any(|item| item.duty == Duty::Version && !item.met)
    });
    Ok(short.and_then(|verdict| verdict.level.zip(verdict.least)))
}
