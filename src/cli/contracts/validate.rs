//! `lazaret contracts validate`.

mod annotations;
mod human;
mod junit;
mod sarif;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::super::exit::{DENIED, Failure};
use super::super::say::printable;
use super::source;
use crate::law::validate::Validation;
use crate::law::{Finding, Set, Severity, validate as law};

/// Says whether a contract set is sound: every file parses, every schema, API, CRD and policy is what
/// its kind demands, and every fixture gets the verdict that its name promises.
///
/// Exit code 1 if there is an error; with --strict also if there is a warning.
#[derive(Args, Debug)]
pub(in super::super) struct Validate {
    /// The folder of contracts.yaml.
    #[arg(value_name = "ROOT", default_value = ".")]
    root: PathBuf,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    output: Format,
    /// Writes one more report into a file, for instance sarif=contracts.sarif.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = further)]
    report: Vec<(Format, PathBuf)>,
    /// Fails for warnings too.
    #[arg(long)]
    strict: bool,
    /// Shows notes, and why invalid fixtures are refused.
    #[arg(long, short)]
    verbose: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Human,
    /// The whole report.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML: one test case a contract and a fixture.
    Junit,
    /// GitHub's workflow commands: annotations at the lines.
    Github,
    /// GitLab's Code Quality report.
    Gitlab,
}

fn further(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, file) = text.split_once('=').ok_or("FORMAT=FILE is wanted")?;
    let format = Format::from_str(format, false).map_err(|error| format!("{format}: {error}"))?;
    Ok((format, file.into()))
}

/// All that there is to tell.
struct Report<'a> {
    /// The set's name; empty if nobody knows it.
    name: &'a str,
    /// What was looked at: modules with the files of their contracts and fixtures.
    modules: Vec<(&'a str, Vec<&'a str>)>,
    validation: &'a Validation,
    /// From where the reader stands to the set's folder.
    root: &'a Path,
    verbose: bool,
}

pub(super) fn validate(arguments: &Validate) -> Result<ExitCode, Failure> {
    let tree = source::folder(&arguments.root)?;
    let set = Set::open(tree).map_err(|error| error.to_string());
    let validation = match &set {
        Ok(set) => law::validate(set),
        Err(why) => Validation::without_manifest(why),
    };
    let units = set.as_ref().map_or(&[][..], |set| &set.units);
    let modules = units.iter().map(|unit| {
        let contracts = unit.contracts.iter().map(|contract| contract.path.as_str());
        let files = contracts.chain(unit.fixtures.iter().map(String::as_str));
        let files = std::iter::once(unit.module.versions.as_str()).chain(files);
        (unit.module.name.as_str(), files.collect())
    });
    let report = Report {
        name: set.as_ref().map_or("", |set| &set.manifest.name),
        modules: modules.collect(),
        validation: &validation,
        root: &arguments.root,
        verbose: arguments.verbose,
    };
    say!("{}", report.render(arguments.output));
    for (format, file) in &arguments.report {
        std::fs::write(file, report.render(*format))
            .map_err(|error| Failure::undecided(format!("{}: {error}", file.display())))?;
    }
    let bad = validation.count(Severity::Error) > 0
        || (arguments.strict && validation.count(Severity::Warning) > 0);
    Ok(if bad { ExitCode::from(DENIED) } else { ExitCode::SUCCESS })
}

/// Findings of another command in one of these forms.
pub(super) fn render(root: &Path, set: &Set, findings: Vec<Finding>, format: Format) -> String {
    let validation = Validation {
        findings,
        contracts: set.contracts().len(),
        fixtures: set.units.iter().map(|unit| unit.fixtures.len()).sum(),
        ..Validation::default()
    };
    let name = &set.manifest.name;
    let report = Report { name, modules: Vec::new(), validation: &validation, root, verbose: true };
    report.render(format)
}

impl Report<'_> {
    fn render(&self, format: Format) -> String {
        match format {
            Format::Human => printable(&human::render(self)),
            Format::Json => self.json(),
            Format::Sarif => sarif::render(self),
            Format::Junit => junit::render(self),
            Format::Github => annotations::github(self),
            Format::Gitlab => annotations::gitlab(self),
        }
    }

    /// A file as whoever reads the report finds it.
    fn path(&self, file: &str) -> String {
        let mut names: Vec<&str> = Vec::new();
        let root = self.root.to_str().unwrap_or_default();
        names.extend(root.split('/').enumerate().filter_map(|(at, name)| match name {
            "" if at > 0 => None,
            "." => None,
            name => Some(name),
        }));
        names.push(file);
        names.join("/")
    }

    fn json(&self) -> String {
        let validation = self.validation;
        let mut report = json!({
            "set": self.name,
            "contracts": validation.contracts,
            "fixtures": validation.fixtures,
            "errors": validation.count(Severity::Error),
            "warnings": validation.count(Severity::Warning),
            "notes": validation.count(Severity::Note),
            "findings": validation.findings,
        });
        if self.verbose {
            report["refusals"] = json!(validation.refusals);
        }
        format!("{report:#}\n")
    }

    fn summary(&self) -> String {
        let validation = self.validation;
        let count = |severity, word: &str| match validation.count(severity) {
            1 => format!("1 {word}"),
            many => format!("{many} {word}s"),
        };
        format!(
            "{} contracts, {} fixtures: {}, {}, {}",
            validation.contracts,
            validation.fixtures,
            count(Severity::Error, "error"),
            count(Severity::Warning, "warning"),
            count(Severity::Note, "note"),
        )
    }
}

/// A finding's place and words, as one line.
fn sentence(finding: &Finding) -> String {
    let at = match finding.pointer.as_str() {
        "" => String::new(),
        pointer => format!("{pointer}: "),
    };
    let end = if finding.message.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{at}{}{end} {}", finding.message, finding.remedy)
}

#[cfg(test)]
mod tests;
