//! `lazaret contracts registry`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::super::args::Plain;
use super::super::exit::{DENIED, Failure};
use super::super::say::printable;
use super::super::workspace::write;
use super::source;
use crate::contracts::Comparison;
use crate::contracts::functions::{Registry, diff};
use crate::law::registry::{findings, fresh};
use crate::law::{Finding, Set, Unit};

#[derive(Subcommand, Debug)]
pub(in super::super) enum Commands {
    /// Writes what the sources of a module offer (Rust, Python, TypeScript, Go) into its registry. What
    /// people keep in there stays: owners, consumers, tests, side effects, `experimental`.
    Extract(Arguments),
    /// Fails if a registry's file does not say what the sources give.
    Check(Arguments),
}

#[derive(Args, Debug)]
pub(in super::super) struct Arguments {
    /// The folder of contracts.yaml.
    #[arg(value_name = "ROOT", default_value = ".")]
    root: PathBuf,
    /// Only this module; otherwise all that have a registry.
    #[arg(long, value_name = "NAME")]
    module: Option<String>,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Plain::Human)]
    output: Plain,
}

pub(super) fn registry(command: &Commands) -> Result<ExitCode, Failure> {
    match command {
        Commands::Extract(arguments) => extract(arguments),
        Commands::Check(arguments) => check(arguments),
    }
}

fn open(arguments: &Arguments) -> Result<Set, Failure> {
    let tree = source::folder(&arguments.root)?;
    Set::open(tree).map_err(|error| Failure::undecided(error.to_string()))
}

/// The modules that are asked for.
fn units<'a>(set: &'a Set, arguments: &Arguments) -> Result<Vec<&'a Unit>, Failure> {
    let wanted = |unit: &&Unit| {
        let named = arguments.module.as_ref().is_none_or(|name| *name == unit.module.name);
        named && unit.module.functions.is_some()
    };
    let units: Vec<&Unit> = set.units.iter().filter(wanted).collect();
    match (&arguments.module, units.is_empty()) {
        (_, false) => Ok(units),
        (Some(name), true) => {
            Err(Failure::usage(format!("no module {name} has `functions` in contracts.yaml")))
        }
        (None, true) => Err(Failure::usage("no module has `functions` in contracts.yaml")),
    }
}

fn extract(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let set = open(arguments)?;
    let units = units(&set, arguments)?;
    let mut wrong = Vec::new();
    let mut all = Vec::new();
    for unit in units {
        let (Some(functions), Some(fresh)) = (&unit.module.functions, fresh(&set, unit)) else {
            continue;
        };
        for trouble in &fresh.troubles {
            wrong.push(format!("{}:{}: it {}", trouble.file, trouble.line, trouble.message));
        }
        let before = match fresh.written {
            // What people keep in there would be lost.
            Some(Err(why)) => {
                wrong.push(format!("{}: it {why}; mend or remove it", functions.registry));
                continue;
            }
            Some(Ok(before)) => before,
            None => Registry::new(&unit.module.name, Vec::new()),
        };
        all.push((functions.registry.as_str(), before, fresh.registry));
    }
    if !wrong.is_empty() {
        return Err(Failure::undecided(wrong.join("\n")));
    }
    let mut report = Vec::new();
    for (path, before, after) in &all {
        let text = after.text();
        let written = set.tree.get(path) != Some(text.as_bytes());
        if written {
            write(&arguments.root.join(path), text.as_bytes())?;
        }
        report.push((*path, after, diff(before, after), written));
    }
    match arguments.output {
        Plain::Human => report.iter().for_each(tell),
        Plain::Json => {
            let one = |(path, after, comparison, written): &Extracted<'_>| {
                json!({
                    "module": after.module,
                    "registry": path,
                    "functions": after.functions.len(),
                    "written": written,
                    "comparison": comparison,
                })
            };
            let all: Vec<Value> = report.iter().map(one).collect();
            sayln!("{:#}", json!({ "registries": all }));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The file's path, what is in it now, how that differs from before, and whether it was written.
type Extracted<'a> = (&'a str, &'a Registry, Comparison, bool);

fn tell((path, after, comparison, written): &Extracted<'_>) {
    for change in &comparison.changes {
        let at = change.new.as_ref().or(change.old.as_ref());
        let at = at.map_or("", |place| place.pointer.as_str());
        let (class, rule) = (change.class.name(), &change.rule);
        sayln!("{class:<9} {rule:<24} {}", printable(at));
        sayln!("          {}", printable(&change.message));
    }
    let state = if *written { "written" } else { "as it was" };
    sayln!("{path}: {} functions, {state}", after.functions.len());
}

fn check(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let set = open(arguments)?;
    let units = units(&set, arguments)?;
    let found: Vec<Finding> = units.iter().flat_map(|unit| findings(&set, unit)).collect();
    match arguments.output {
        Plain::Human => {
            for finding in &found {
                sayln!("{}", line(&arguments.root, finding));
            }
            match found.len() {
                0 => sayln!("{} registries say what their sources give", units.len()),
                some => sayln!("{some} findings"),
            }
        }
        Plain::Json => sayln!("{:#}", json!({ "findings": found })),
    }
    Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DENIED) })
}

fn line(root: &Path, finding: &Finding) -> String {
    let file = root.join(&finding.file);
    let at = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
    let message = printable(&finding.message);
    format!("{}{at}: {}: {message}\n  → {}", file.display(), finding.rule, finding.remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_extracted_passes_its_check_and_drift_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put(
            "contracts.yaml",
            "apiVersion: lazaret.dev/contracts/v1\nname: x\nmodules:\n- name: sdk\n  functions: {registry: registry.json, sources: ['src/*']}\n- name: other\n",
        );
        put("sdk/src/lib.rs", "pub fn a() {}");
        put("sdk/src/b.py", "def b(x): pass");
        let arguments = |module: Option<&str>| Arguments {
            root: dir.path().to_owned(),
            module: module.map(str::to_owned),
            output: Plain::Json,
        };
        let read = || std::fs::read_to_string(dir.path().join("sdk/registry.json")).unwrap();
        assert_eq!(check(&arguments(None)).unwrap(), ExitCode::from(DENIED));
        extract(&arguments(Some("sdk"))).unwrap();
        assert_eq!(check(&arguments(None)).unwrap(), ExitCode::SUCCESS);
        let kept = read().replacen("\"owners\": []", "\"owners\": [\n        \"me\"\n      ]", 1);
        put("sdk/registry.json", &kept);
        extract(&arguments(None)).unwrap();
        assert_eq!(read(), kept, "what people keep stays, to the byte");
        put("sdk/src/lib.rs", "pub fn a(x: u8) {}");
        assert_eq!(check(&arguments(None)).unwrap(), ExitCode::from(DENIED));
        // Nothing is written over what cannot be read.
        put("sdk/src/lib.rs", "pub fn a(");
        assert!(extract(&arguments(None)).unwrap_err().message().contains("src/lib.rs:1"));
        put("sdk/src/lib.rs", "");
        put("sdk/registry.json", "{}");
        assert!(extract(&arguments(None)).unwrap_err().message().contains("registry.json"));
        assert_eq!(read(), "{}");
        assert!(units(&open(&arguments(None)).unwrap(), &arguments(Some("other"))).is_err());
    }
}
