//! `lazaret spec`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::args::Plain;
use super::exit::{DENIED, Failure};
use super::settings::read;
use crate::domain::{SpecHash, Spelling, canonical_bytes, differences, parse_i_json};

/// More places than these nobody reads.
const PLACES: usize = 100;

#[derive(Subcommand, Debug)]
pub(super) enum Spec {
    /// Prints the hash of a spec and what a version id made from it ends in.
    Hash(Hash),
}

#[derive(Args, Debug)]
pub(super) struct Hash {
    /// The spec: any JSON object within I-JSON.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Prints the canonical form (RFC 8785), whose SHA-256 the hash is, and nothing else.
    #[arg(long, conflicts_with_all = ["explain", "output"])]
    canonical: bool,
    /// Another spec: says what makes the two differ, and exits 1 if their hashes do.
    #[arg(long, value_name = "OTHER")]
    explain: Option<PathBuf>,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Plain::Human)]
    output: Plain,
}

/// A spec as it was read.
struct Read {
    text: String,
    value: Value,
    hash: SpecHash,
}

pub(super) fn spec(command: &Spec) -> Result<ExitCode, Failure> {
    let Spec::Hash(arguments) = command;
    let spec = open(&arguments.file)?;
    if arguments.canonical {
        let bytes = canonical_bytes(&spec.value)
            .map_err(|error| Failure::denied(format!("{}: {error}", arguments.file.display())))?;
        // Not one byte more: what is printed hashes to the hash.
        let written = std::io::stdout().write_all(&bytes);
        written.map_err(|error| Failure::undecided(format!("standard output: {error}")))?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(other) = &arguments.explain else {
        match arguments.output {
            Plain::Human => {
                sayln!("spec hash       {}", spec.hash);
                sayln!("version suffix  .{}", spec.hash.prefix());
            }
            Plain::Json => sayln!(
                "{:#}",
                serde_json::json!({ "specHash": spec.hash, "versionSuffix": spec.hash.prefix() })
            ),
        }
        return Ok(ExitCode::SUCCESS);
    };
    let other = open(other)?;
    match arguments.output {
        Plain::Human => say!("{}", human(&spec, &other)),
        Plain::Json => sayln!(
            "{:#}",
            serde_json::json!({
                "specHashes": [spec.hash, other.hash],
                "same": spec.hash == other.hash,
                "sameBytes": spec.text == other.text,
                "spelling": (spec.hash == other.hash).then(|| Spelling::of(&spec.text, &other.text)),
                "differences": differences(&spec.value, &other.value, PLACES),
            })
        ),
    }
    Ok(if spec.hash == other.hash { ExitCode::SUCCESS } else { ExitCode::from(DENIED) })
}

fn open(path: &Path) -> Result<Read, Failure> {
    let bytes = read(path)?;
    let wrong = |why: &dyn std::fmt::Display| Failure::denied(format!("{}: {why}", path.display()));
    let value = parse_i_json(&bytes).map_err(|error| wrong(&error))?;
    if !value.is_object() {
        return Err(wrong(&"a spec is a JSON object"));
    }
    let hash = SpecHash::of(&value).map_err(|error| wrong(&error))?;
    let text = String::from_utf8(bytes).map_err(|error| wrong(&error))?;
    Ok(Read { text, value, hash })
}

fn human(first: &Read, second: &Read) -> String {
    let mut lines = vec![first.hash.to_string(), second.hash.to_string()];
    if first.hash == second.hash {
        let spelling = Spelling::of(&first.text, &second.text);
        let ways: Vec<&str> = [
            (spelling.white_space, "white space"),
            (spelling.member_order, "the order of members"),
            (spelling.numbers, "how numbers are written"),
            (spelling.strings, "how strings are escaped"),
        ]
        .into_iter()
        .filter_map(|(differs, what)| differs.then_some(what))
        .collect();
        lines.push(match ways.is_empty() {
            true => "the same bytes".to_owned(),
            false => format!("the same spec: only {} differ", ways.join(", ")),
        });
    } else {
        let found = differences(&first.value, &second.value, PLACES);
        let shown = |value: &Option<Value>| {
            value.as_ref().map_or_else(|| "nothing".to_owned(), |value| short(&value.to_string()))
        };
        for one in &found {
            let place = if one.pointer.is_empty() { "the whole" } else { &one.pointer };
            lines.push(format!("{place}: {} -> {}", shown(&one.from), shown(&one.to)));
        }
        if found.len() == PLACES {
            lines.push("… and perhaps more".to_owned());
        }
    }
    lines.join("\n") + "\n"
}

fn short(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
