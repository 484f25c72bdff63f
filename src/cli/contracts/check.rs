//! `lazaret contracts check`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};

use super::super::exit::{DENIED, Failure};
use super::super::say::printable;
use super::freeze::opened;
use super::source::Elsewhere;
use super::{git, source, validate};
use crate::contracts::Class;
use crate::law::check::{Case, Item, Judgement, ModuleVerdict, Submission, check as judge};
use crate::law::{Finding, Set, SetReport, Severity, Tree, compare};
use crate::pack::{Authority, Content, Payload, PublicKey, verify_blob};

/// Judges the contract set against what it was: whether every version moved as far as its changes ask,
/// whether what breaks or may break has its tests, notes and consumers, whether what is removed was
/// announced, and whether somebody approved exactly these bytes.
///
/// Exit code 0 if so, 1 if not, 3 if that cannot be told.
#[derive(Args, Debug)]
pub(in super::super) struct Check {
    /// The folder of contracts.yaml.
    #[arg(default_value = ".")]
    root: PathBuf,
    /// What it was: a folder, git:REV, freeze:NAME, freeze:latest or oci://registry/repository:tag.
    #[arg(long, value_name = "SOURCE", default_value = "freeze:latest")]
    against: String,
    /// The day to judge by [default: now].
    #[arg(long, value_name = "DATE")]
    today: Option<Date>,
    /// A PEM public key: decisions count only with a signature by it. Without one, the keys that the old
    /// contracts.yaml names.
    #[arg(long, value_name = "PEM")]
    key: Vec<PathBuf>,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    output: Format,
    #[command(flatten)]
    elsewhere: Elsewhere,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// The whole judgement.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// GitHub's workflow commands: annotations.
    Github,
    /// GitLab's Code Quality report.
    Gitlab,
}

/// Two sides and how they differ.
pub(super) struct Sides {
    pub old: Set,
    pub new: Set,
    pub report: SetReport,
}

impl Sides {
    pub(super) fn open(root: &Path, against: &str, elsewhere: &Elsewhere) -> Result<Self, Failure> {
        elsewhere.suits(&[against])?;
        Self::of(source::open(against, root, elsewhere)?, against, root)
    }

    fn of(old: Tree, name: &str, root: &Path) -> Result<Self, Failure> {
        let old = Set::open(old).map_err(|error| Failure::undecided(format!("{name}: {error}")))?;
        let new = opened(root)?;
        let report = compare(&old, &new);
        Ok(Self { old, new, report })
    }

    /// What the change asks for today.
    pub(super) fn judged(&self, root: &Path) -> Result<Judgement, Failure> {
        judged(self, root, &[], Timestamp::now())
    }
}

/// Refuses to freeze what `check` denies: the freeze would be what all are held against from then on.
pub(super) fn passed(root: &Path, before: &str, old: Tree) -> Result<(), Failure> {
    let sides = Sides::of(old, before, root)?;
    let judgement = sides.judged(root)?;
    let is_error = |finding: &&Finding| finding.severity == Severity::Error;
    let errors: Vec<&Finding> = judgement.findings.iter().filter(is_error).collect();
    let Some(first) = errors.first() else { return Ok(()) };
    Err(Failure::denied(format!(
        "the set does not pass its check against the freeze {before}: {} duties are not met, the first in {}: \
         {}; `lazaret contracts check` shows them all, --unchecked REASON freezes it and records why",
        errors.len(),
        first.file,
        first.message
    )))
}

pub(super) fn check(arguments: &Check) -> Result<ExitCode, Failure> {
    let root = &arguments.root;
    let sides = Sides::open(root, &arguments.against, &arguments.elsewhere)?;
    let midnight = |day: Date| {
        let start = day.to_zoned(TimeZone::UTC);
        start.map(|start| start.timestamp()).map_err(|e| Failure::usage(format!("--today: {e}")))
    };
    let now = arguments.today.map(midnight).transpose()?.unwrap_or_else(Timestamp::now);
    let judgement = judged(&sides, root, &arguments.key, now)?;
    let findings = |form| validate::render(root, &sides.new, judgement.findings.clone(), form);
    match arguments.output {
        Format::Human => human(&judgement, &arguments.against),
        Format::Json => sayln!("{:#}", serde_json::json!(judgement)),
        Format::Sarif => say!("{}", findings(validate::Format::Sarif)),
        Format::Github => say!("{}", findings(validate::Format::Github)),
        Format::Gitlab => say!("{}", findings(validate::Format::Gitlab)),
    }
    Ok(if judgement.passes() { ExitCode::SUCCESS } else { ExitCode::from(DENIED) })
}

fn judged(
    Sides { old, new, report }: &Sides,
    root: &Path,
    keys: &[PathBuf],
    now: Timestamp,
) -> Result<Judgement, Failure> {
    let authorities = authorities(keys, old, new)?;
    let submissions = submissions(new, &authorities);
    let top = git::top(root);
    let exists = |path: &str| {
        let below = |folder: &Path| {
            let plain = !path.starts_with('/')
                && path.split('/').all(|name| !matches!(name, "" | "." | ".."));
            // A folder is neither a test nor a note.
            plain && folder.join(path).is_file()
        };
        below(root) || top.as_deref().is_some_and(below)
    };
    let case = Case {
        old,
        new,
        report,
        submissions: &submissions,
        signed: !authorities.is_empty(),
        now,
        exists: &exists,
    };
    judge(&case).map_err(|error| Failure::undecided(error.to_string()))
}

/// Whose signature counts: the caller's choice, else that of the law in force. A set that names its first
/// keys is held to them at once.
fn authorities(given: &[PathBuf], old: &Set, new: &Set) -> Result<Vec<Authority>, Failure> {
    if !given.is_empty() {
        return given.iter().map(|path| source::authority(path)).collect();
    }
    let parse = |name: &str, bytes: &[u8]| {
        let key = PublicKey::parse(&String::from_utf8_lossy(bytes))
            .map_err(|error| Failure::usage(format!("{name}: {error}")))?;
        Ok(Authority::Key { key, log_root: None })
    };
    let set = if old.manifest.keys.is_empty() { new } else { old };
    let named = |path: &String| {
        let missing = || {
            Failure::undecided(format!(
                "{path}: contracts.yaml names this key, and it is not there"
            ))
        };
        parse(path, set.tree.get(path).ok_or_else(missing)?)
    };
    set.manifest.keys.iter().map(named).collect()
}

/// The decisions of a set, each with what is known of its signature.
fn submissions(set: &Set, authorities: &[Authority]) -> Vec<Submission> {
    let below = format!("{}/", set.manifest.decisions);
    let files = set.tree.iter().filter(|(path, _)| {
        path.starts_with(&below) && path.ends_with(".json") && !path.ends_with(".sigstore.json")
    });
    let submission = |(path, bytes): (&str, &[u8])| {
        let bundle = format!("{}.sigstore.json", path.trim_end_matches(".json"));
        let signed = match set.tree.get(&bundle) {
            _ if authorities.is_empty() => Ok(()),
            None => Err(format!("{bundle} is not there")),
            Some(bundle) => {
                verify_blob(&Content::of(bytes), bundle, authorities, &Payload::Signature)
                    .map(|_| ())
                    .map_err(|error| error.to_string())
            }
        };
        Submission::new(path, bytes, signed)
    };
    files.map(submission).collect()
}

/// Names and values are strangers'.
fn human(judgement: &Judgement, against: &str) {
    say!("{}", printable(&text(judgement)));
    if !judgement.passes() && judgement.class > Class::Safe {
        sayln!(
            "{}",
            printable(&format!(
                "`lazaret contracts diff {against}` shows what changed and why it counts"
            ))
        );
    }
}

fn text(judgement: &Judgement) -> String {
    let mut out = String::new();
    for module in &judgement.modules {
        line(&mut out, module);
        items(&mut out, &module.duties);
    }
    out.push_str("the whole set\n");
    items(&mut out, &judgement.duties);
    let listed = |severity| judgement.findings.iter().filter(move |f| f.severity == severity);
    // Duties are told above; what is left has no duty of its own.
    let told: Vec<&str> = judgement
        .modules
        .iter()
        .flat_map(|module| &module.duties)
        .chain(&judgement.duties)
        .map(|item| item.message.as_str())
        .collect();
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        for finding in listed(severity).filter(|f| !told.contains(&f.message.as_str())) {
            let mark = if severity == Severity::Error { "✗" } else { "·" };
            _ = writeln!(out, "  {mark} {}: {}", finding.file, finding.message);
            if !finding.remedy.is_empty() {
                _ = writeln!(out, "      → {}", finding.remedy);
            }
        }
    }
    let errors = listed(Severity::Error).count();
    _ = match errors {
        0 => writeln!(out, "passes"),
        1 => writeln!(out, "denied: 1 duty is not met"),
        count => writeln!(out, "denied: {count} duties are not met"),
    };
    out
}

fn line(out: &mut String, module: &ModuleVerdict) {
    let version = |version: &Option<_>| match version {
        Some(version) => format!("{version}"),
        None => "none".to_owned(),
    };
    let (old, new): (String, String) = (version(&module.old), version(&module.new));
    let class = module.class.map_or("unchanged", Class::name);
    let demands = match (&module.least, module.level) {
        (Some(least), Some(level)) => format!("  demands {least} ({})", level.name()),
        _ => String::new(),
    };
    _ = writeln!(out, "{:<9} {}  {old} → {new}{demands}", class, module.module);
}

fn items(out: &mut String, items: &[Item]) {
    for item in items {
        let mark = if item.met { "✓" } else { "✗" };
        let duty = format!("{:?}", item.duty).to_lowercase();
        _ = writeln!(out, "  {mark} {duty:<12} {}", item.message);
        if !item.remedy.is_empty() {
            _ = writeln!(out, "      → {}", item.remedy);
        }
    }
}
