//! `lazaret pack diff`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;

use super::super::args::Plain;
use super::super::exit::{DENIED, Failure, UNDECIDED};
use super::super::policy::{compiled, sealed};
use super::super::settings::read;
use crate::pack::{ArchiveLimits, Files, VerifiedPack, read_archive};
use crate::policy::{Change, CompiledPack, Said, compare};

/// Compares two packs: files, rules, and what they say of recorded facts.
///
/// Exit code 1 if a verdict turns, from pass to deny or back, and 3 if neither pack gives an answer on
/// some facts; other differences are no failure.
#[derive(Args, Debug)]
pub(in super::super) struct Diff {
    /// The old pack: a tar or a source directory.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The new pack.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Facts to judge by both: JSON files as `lazaret validate --record-facts` writes them, or
    /// directories of such.
    #[arg(long, value_name = "FILE|DIR")]
    facts: Vec<PathBuf>,
    /// Also prints the changed lines of each file.
    #[arg(long)]
    patch: bool,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Plain::Human)]
    output: Plain,
}

/// All that differs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Differences {
    old: String,
    new: String,
    files: Vec<Entry>,
    rules: Vec<Entry>,
    facts: usize,
    flipped: usize,
    decisions: Vec<Decision>,
    /// Facts on which neither pack gives an answer.
    undecided: Vec<String>,
}

#[derive(Serialize)]
struct Entry {
    change: &'static str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
}

#[derive(Serialize)]
struct Decision {
    facts: String,
    flips: bool,
    #[serde(flatten)]
    change: Change,
}

/// One side of the comparison.
struct Side {
    sealed: VerifiedPack,
    files: Files,
    pack: CompiledPack,
}

impl Side {
    fn read(path: &Path) -> Result<Self, Failure> {
        let sealed = sealed(path)?;
        let files = read_archive(sealed.tar(), &ArchiveLimits::default())
            .map_err(|error| Failure::denied(format!("{}: {error}", path.display())))?;
        let pack = compiled(&sealed)?;
        Ok(Self { sealed, files, pack })
    }
}

pub(super) fn run(arguments: &Diff) -> Result<ExitCode, Failure> {
    let (old, new) = (Side::read(&arguments.old)?, Side::read(&arguments.new)?);
    let (mut decisions, mut undecided) = (Vec::new(), Vec::new());
    let facts = recorded(&arguments.facts)?;
    for path in &facts {
        let input: Value = serde_json::from_slice(&read(path)?)
            .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
        let Some(changes) = compare(&old.pack, &new.pack, &input) else {
            undecided.push(path.display().to_string());
            continue;
        };
        for change in changes {
            let facts = path.display().to_string();
            decisions.push(Decision { facts, flips: change.flips(), change });
        }
    }
    let flipped = decisions.iter().filter(|decision| decision.flips).count();
    let seen = Differences {
        old: old.sealed.digest().to_string(),
        new: new.sealed.digest().to_string(),
        files: files(&old.files, &new.files, arguments.patch),
        rules: rules(&old.pack, &new.pack),
        facts: facts.len(),
        flipped,
        decisions,
        undecided,
    };
    match arguments.output {
        Plain::Human => say!("{}", human(&seen)),
        Plain::Json => {
            let text = serde_json::to_string_pretty(&seen)
                .map_err(|error| Failure::undecided(error.to_string()))?;
            sayln!("{text}");
        }
    }
    Ok(match (flipped, seen.undecided.len()) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::from(UNDECIDED),
        _ => ExitCode::from(DENIED),
    })
}

/// The files that hold facts, sorted; of directories those that end in `.json`.
fn recorded(places: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = BTreeSet::new();
    for place in places {
        if !place.is_dir() {
            found.insert(place.clone());
            continue;
        }
        let failed = |e: std::io::Error| Failure::undecided(format!("{}: {e}", place.display()));
        for entry in std::fs::read_dir(place).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                found.insert(path);
            }
        }
    }
    Ok(found.into_iter().collect())
}

fn files(old: &Files, new: &Files, patch: bool) -> Vec<Entry> {
    let names: BTreeSet<&str> = old.iter().chain(new.iter()).map(|(name, _)| name).collect();
    let entry = |name: &str| {
        let (before, after) = (old.get(name), new.get(name));
        let change = match (before, after) {
            (Some(before), Some(after)) if before == after => return None,
            (Some(_), Some(_)) => "changed",
            (None, _) => "added",
            (_, None) => "removed",
        };
        let text = |bytes: Option<&bytes::Bytes>| {
            String::from_utf8_lossy(bytes.map_or(&[][..], AsRef::as_ref)).into_owned()
        };
        let patch = patch.then(|| {
            let (before, after) = (text(before), text(after));
            let diff = TextDiff::from_lines(&before, &after);
            diff.unified_diff().header(&format!("old/{name}"), &format!("new/{name}")).to_string()
        });
        Some(Entry { change, name: name.to_owned(), patch })
    };
    names.into_iter().filter_map(entry).collect()
}

fn rules(old: &CompiledPack, new: &CompiledPack) -> Vec<Entry> {
    let names = |pack: &CompiledPack| pack.rules().iter().cloned().collect::<BTreeSet<_>>();
    let (before, after) = (names(old), names(new));
    let entry = |change, name: &String| Entry { change, name: name.clone(), patch: None };
    let gone = before.difference(&after).map(|name| entry("removed", name));
    gone.chain(after.difference(&before).map(|name| entry("added", name))).collect()
}

fn human(seen: &Differences) -> String {
    let mut lines = vec![format!("old  {}", seen.old), format!("new  {}", seen.new)];
    for (title, entries) in [("files", &seen.files), ("rules", &seen.rules)] {
        lines.push(String::new());
        lines.push(match entries.len() {
            0 => format!("{title}: no difference"),
            count => format!("{title}: {count} differ"),
        });
        for entry in entries {
            lines.push(format!("  {:<8} {}", entry.change, entry.name));
            lines.extend(entry.patch.iter().flat_map(|p| p.lines().map(|l| format!("    {l}"))));
        }
    }
    lines.push(String::new());
    lines.push(match seen.facts {
        0 => "decisions: no facts given; record some with lazaret validate --record-facts FILE"
            .to_owned(),
        facts => format!(
            "decisions: {} of {facts} recorded facts are judged otherwise, {} verdicts turn",
            seen.decisions.iter().map(|d| &d.facts).collect::<BTreeSet<_>>().len(),
            seen.flipped
        ),
    });
    for Decision { facts, change, .. } in &seen.decisions {
        let mut line = format!("  {facts}  gate {}", change.gate);
        match change.from == change.to {
            true => line.push_str(&format!("  {} for other reasons", said(change.from))),
            false => line.push_str(&format!("  {} -> {}", said(change.from), said(change.to))),
        }
        for (sign, codes) in [("-", &change.gone), ("+", &change.new)] {
            line.extend(codes.iter().map(|code| format!("  {sign}{code}")));
        }
        lines.push(line);
    }
    let silent = seen.undecided.iter();
    lines.extend(silent.map(|facts| format!("  {facts}  neither pack gives an answer")));
    lines.join("\n") + "\n"
}

const fn said(said: Said) -> &'static str {
    match said {
        Said::Pass => "pass",
        Said::Deny => "deny",
        Said::Failed => "no answer (deny)",
    }
}
