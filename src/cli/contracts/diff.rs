//! `lazaret contracts diff`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::Value;

use super::super::args::Plain;
use super::super::exit::{DENIED, Failure};
use super::files::{Schemas, schemas};
use crate::contracts::diff::compare;
use crate::contracts::{Change, Class, Comparison, Direction};

#[derive(Args, Debug)]
pub(in super::super) struct Diff {
    /// A schema, or a folder of schemas, as it was.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The same as it is to be.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Whom a change must not break.
    #[arg(long, value_enum, default_value_t = Whom::Both)]
    direction: Whom,
    /// From which class on the exit code is 1.
    #[arg(long, value_enum, default_value_t = From::Breaking)]
    fail_on: From,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Plain::Human)]
    output: Plain,
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

/// What became of one schema.
#[derive(Serialize)]
struct Row {
    #[serde(skip_serializing_if = "String::is_empty")]
    file: String,
    #[serde(flatten)]
    comparison: Comparison,
}

pub(super) fn diff(arguments: &Diff) -> Result<ExitCode, Failure> {
    if arguments.old.is_dir() != arguments.new.is_dir() {
        return Err(Failure::usage("OLD and NEW are both schemas or both folders"));
    }
    let (old, new) = (schemas(&arguments.old)?, schemas(&arguments.new)?);
    let direction = match arguments.direction {
        Whom::Consumer => Direction::Consumer,
        Whom::Producer => Direction::Producer,
        Whom::Both => Direction::Both,
    };
    let (rows, unknown) = rows(&old, &new, direction);
    let worst = rows.iter().map(|row| row.comparison.class).max().unwrap_or(Class::Safe);
    match arguments.output {
        Plain::Human => say!("{}", human(&rows)),
        Plain::Json => {
            let report =
                serde_json::json!({ "class": worst, "schemas": rows, "notComparable": unknown });
            sayln!("{report:#}");
        }
    }
    if !unknown.is_empty() {
        return Err(Failure::undecided(unknown.join("; ")));
    }
    let limit = match arguments.fail_on {
        From::Risky => Class::Risky,
        From::Breaking => Class::Breaking,
    };
    Ok(if worst >= limit { ExitCode::from(DENIED) } else { ExitCode::SUCCESS })
}

/// What became of each schema, and why some could not be compared.
fn rows(old: &Schemas, new: &Schemas, direction: Direction) -> (Vec<Row>, Vec<String>) {
    let names: BTreeSet<&String> = old.named.keys().chain(new.named.keys()).collect();
    let (mut rows, mut unknown) = (Vec::new(), Vec::new());
    let known = (borrowed(&old.known), borrowed(&new.known));
    for name in names {
        let comparison = match (old.named.get(name), new.named.get(name)) {
            // What it refers to is compared where it stands.
            (Some(a), Some(b)) if a == b && !name.is_empty() => continue,
            (Some(a), Some(b)) => match compare((a, &known.0), (b, &known.1), direction) {
                Ok(comparison) => comparison,
                Err(error) if name.is_empty() => {
                    unknown.push(error.to_string());
                    continue;
                }
                Err(error) => {
                    unknown.push(format!("{name}: {error}"));
                    continue;
                }
            },
            (Some(_), None) => whole("schema-removed", Class::Breaking, "the schema is gone"),
            _ => whole("schema-added", Class::Safe, "the schema is new"),
        };
        if !comparison.changes.is_empty() {
            rows.push(Row { file: name.clone(), comparison });
        }
    }
    (rows, unknown)
}

fn borrowed(known: &BTreeMap<String, Value>) -> BTreeMap<String, &Value> {
    known.iter().map(|(name, value)| (name.clone(), value)).collect()
}

fn whole(rule: &str, class: Class, message: &str) -> Comparison {
    let remedy = match class {
        Class::Safe => String::new(),
        _ => "keep it until nobody refers to it, and mark it as deprecated until then".to_owned(),
    };
    let change = Change {
        rule: rule.into(),
        class,
        old: None,
        new: None,
        message: message.into(),
        remedy,
        witness: None,
    };
    Comparison { class, changes: vec![change] }
}

fn human(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        if !row.file.is_empty() {
            let _ = writeln!(text, "{}", row.file);
        }
        for change in &row.comparison.changes {
            *counts.entry(name(change.class)).or_default() += 1;
            describe(&mut text, change);
        }
    }
    let count = |class: &str| counts.get(class).copied().unwrap_or(0);
    if counts.is_empty() {
        text.push_str("no differences\n");
    } else {
        let (breaking, risky, safe) = (count("BREAKING"), count("RISKY"), count("SAFE"));
        let _ = writeln!(text, "{breaking} breaking, {risky} risky, {safe} safe");
    }
    text
}

const fn name(class: Class) -> &'static str {
    match class {
        Class::Safe => "SAFE",
        Class::Risky => "RISKY",
        Class::Breaking => "BREAKING",
    }
}

fn describe(text: &mut String, change: &Change) {
    let at = change.new.as_ref().or(change.old.as_ref());
    let at = at.map_or("", |place| if place.pointer.is_empty() { "/" } else { &place.pointer });
    let _ = writeln!(text, "{:<9} {:<32} {at}", name(change.class), change.rule);
    let _ = writeln!(text, "          {}", change.message);
    if let Some(witness) = &change.witness {
        let (accepts, refuses) = match witness.accepted_by_old {
            true => ("old", "new"),
            false => ("new", "old"),
        };
        let _ = writeln!(text, "          the {accepts} schema accepts  {}", witness.instance);
        for reason in &witness.refused_because {
            let _ = writeln!(text, "          the {refuses} one refuses it  {reason}");
        }
    }
    if !change.remedy.is_empty() {
        let _ = writeln!(text, "          → {}", change.remedy);
    }
}
