//! `lazaret contracts diff`.

mod human;
mod pairs;
mod sarif;

use std::path::Path;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::super::exit::{DENIED, Failure};
use super::source::{self, Elsewhere};
use crate::contracts::{Change, Class, Direction};
use crate::law::compare::{Row, markdown};
use crate::law::{MANIFEST, Set, SetReport, compare};

/// Compares contracts by what they mean to others: each change is SAFE (proven), BREAKING (an instance
/// shows it, or its kind does) or RISKY (neither).
///
/// Folders with a contracts.yaml are compared as sets; so are git:REV, freeze:NAME, freeze:latest and
/// oci://registry/repository:tag. Else both are folders of JSON Schemas, or files: JSON Schema, OpenAPI 3.0 or 3.1, GraphQL SDL or CustomResourceDefinitions.
#[derive(Args, Debug)]
pub(in super::super) struct Diff {
    /// What it was.
    #[arg(value_name = "OLD")]
    old: String,
    /// What it is to be.
    #[arg(value_name = "NEW", default_value = ".")]
    new: String,
    /// Whom a change of JSON Schemas must not break; a set says so itself.
    #[arg(long, value_enum, default_value_t = Whom::Both)]
    direction: Whom,
    /// From which class on the exit code is 1.
    #[arg(long, value_enum, default_value_t = From::Breaking)]
    fail_on: From,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    output: Format,
    #[command(flatten)]
    elsewhere: Elsewhere,
}

/// [`Direction`] on the command line.
#[derive(Clone, Copy, ValueEnum, Debug)]
enum Whom {
    /// Those who read by the new schema what was written by the old one.
    Consumer,
    /// Those who read by the old schema what is written by the new one.
    Producer,
    /// Both.
    Both,
}

#[derive(Clone, Copy, ValueEnum, Debug)]
enum From {
    Risky,
    Breaking,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
enum Format {
    /// For people.
    Human,
    /// The whole report.
    Json,
    /// A comment for a change request: a table, the rest folded, never longer than GitHub takes.
    Markdown,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

pub(super) fn diff(arguments: &Diff) -> Result<ExitCode, Failure> {
    let (old, new) = (arguments.old.as_str(), arguments.new.as_str());
    let class = if is_set(old) || is_set(new) {
        sets(old, new, arguments)?
    } else {
        let direction = match arguments.direction {
            Whom::Consumer => Direction::Consumer,
            Whom::Producer => Direction::Producer,
            Whom::Both => Direction::Both,
        };
        pairs(Path::new(old), Path::new(new), direction, arguments.output)?
    };
    let limit = match arguments.fail_on {
        From::Risky => Class::Risky,
        From::Breaking => Class::Breaking,
    };
    Ok(if class >= limit { ExitCode::from(DENIED) } else { ExitCode::SUCCESS })
}

/// Whether a side is a set, wherever it lies.
fn is_set(side: &str) -> bool {
    source::is_named(side) || Path::new(side).join(MANIFEST).is_file()
}

fn sets(old: &str, new: &str, arguments: &Diff) -> Result<Class, Failure> {
    arguments.elsewhere.suits(&[old, new])?;
    // Whose revisions and freezes are meant.
    let folder = [new, old].into_iter().find(|side| !source::is_named(side)).unwrap_or(".");
    let open = |side: &str| {
        let tree = source::open(side, Path::new(folder), &arguments.elsewhere)?;
        Set::open(tree).map_err(|error| Failure::undecided(format!("{side}: {error}")))
    };
    let (old, new) = (open(old)?, open(new)?);
    let report = compare(&old, &new);
    match arguments.output {
        Format::Human => say!("{}", human::set(&report)),
        Format::Json => sayln!("{:#}", serde_json::json!(report)),
        Format::Markdown => say!("{}", markdown(&report)),
        Format::Sarif => {
            // A change may lie in a file that the contract refers to.
            let file = |row: &Row, change: &Change| {
                let at = change.new.as_ref().or(change.old.as_ref());
                let at = at.map(|at| at.document.as_str()).filter(|at| !at.contains("://"));
                let below = Path::new(folder).join(at.unwrap_or(&row.path));
                below.strip_prefix(".").unwrap_or(&below).display().to_string()
            };
            say!("{}", sarif::render(&report, &file));
        }
    }
    Ok(report.class)
}

fn pairs(old: &Path, new: &Path, direction: Direction, output: Format) -> Result<Class, Failure> {
    if old.is_dir() != new.is_dir() {
        return Err(Failure::usage("OLD and NEW are both files or both folders"));
    }
    let found = pairs::compared(old, new, direction)?;
    let report = SetReport::of(found.rows);
    match output {
        Format::Human => say!("{}", human::pairs(&report)),
        Format::Json => {
            let schemas: Vec<_> = report
                .contracts
                .iter()
                .map(|row| {
                    let mut one = serde_json::json!(row.comparison);
                    if !row.id.is_empty() {
                        one["file"] = row.id.as_str().into();
                    }
                    one["kind"] = serde_json::json!(row.kind);
                    one
                })
                .collect();
            let report = serde_json::json!({
                "class": report.class, "schemas": schemas, "notComparable": found.unknown,
            });
            sayln!("{report:#}");
        }
        Format::Markdown => say!("{}", markdown(&report)),
        Format::Sarif => {
            let file = |row: &Row, _: &Change| match row.path.as_str() {
                "" => new.display().to_string(),
                below => new.join(below).display().to_string(),
            };
            say!("{}", sarif::render(&report, &file));
        }
    }
    if !found.unknown.is_empty() {
        return Err(Failure::undecided(found.unknown.join("; ")));
    }
    Ok(report.class)
}
