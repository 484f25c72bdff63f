//! What a change asks of the module that it is in.

use std::collections::BTreeSet;

use super::super::bump::{Level, adds, is_newer};
use super::super::compare::Row;
use super::super::finding::{Finding, Severity};
use super::super::set::{Kind, Unit};
use super::super::versions::{Release, Versions};
use super::super::window::{Window, window};
use super::{Case, Duty, Item, ModuleVerdict, endings};
use crate::contracts::{Change, Class};

/// What becomes of a module, and what else is worth knowing.
pub(super) fn module(
    case: &Case<'_>,
    unit: &Unit,
    emergency: bool,
) -> (ModuleVerdict, Vec<Finding>) {
    let name = &unit.module.name;
    let before = case.old.units.iter().find(|old| old.module.name == *name);
    // What moved to another module changed this one, too.
    let was_here = |row: &&Row| {
        let was = row.was.as_deref().and_then(|was| was.strip_prefix(name.as_str()));
        row.module == *name || was.is_some_and(|path| path.starts_with('/'))
    };
    let rows: Vec<&Row> = case.report.contracts.iter().filter(was_here).collect();
    let rows: Vec<&Row> =
        rows.into_iter().filter(|row| !endings::only(case.old, case.new, row)).collect();
    let was = before.and_then(|old| {
        let path = &old.module.versions;
        case.old.tree.get(path).map(|_| Versions::of(&case.old.tree, path))
    });
    let is = Versions::of(&case.new.tree, &unit.module.versions);
    let class = rows.iter().map(|row| row.comparison.class).max();
    let mut verdict = ModuleVerdict {
        module: name.clone(),
        versions: unit.module.versions.clone(),
        class,
        old: was.as_ref().and_then(|was| was.as_ref().ok()).map(|was| was.version.clone()),
        new: is.as_ref().ok().map(|is| is.version.clone()),
        level: None,
        least: None,
        duties: Vec::new(),
    };
    let mut notes = Vec::new();
    let (was, is) = match (was.transpose(), is) {
        (Ok(was), Ok(is)) => (was, is),
        (Err(why), _) => {
            verdict.duties.push(unreadable(format!("the old versions cannot be read: {why}")));
            return (verdict, notes);
        }
        (_, Err(why)) => {
            verdict.duties.push(unreadable(format!("the versions cannot be read: {why}")));
            return (verdict, notes);
        }
    };
    if is.module != *name {
        let why = format!("{} is of the module {}", unit.module.versions, is.module);
        verdict.duties.push(unreadable(why));
        return (verdict, notes);
    }
    let (Some(class), true) = (class, before.is_some()) else {
        unchanged(&mut verdict, was.as_ref(), &is, &mut notes);
        return (verdict, notes);
    };
    let level = Level::of(class, rows.iter().any(|row| row_adds(row)));
    version(&mut verdict, level, was.as_ref(), &is);
    // All that came out since the old side: between two freezes there may be several releases.
    let since = |release: &&Release| {
        was.as_ref().is_none_or(|was| is_newer(&release.version, &was.version))
    };
    let releases: Vec<&Release> = is.releases.iter().filter(since).collect();
    if class == Class::Breaking {
        verdict.duties.push(migration(case, &releases));
        verdict.duties.extend(brought_along(&rows, &releases));
    }
    if class >= Class::Risky {
        verdict.duties.push(tests(case, &releases));
    }
    if class == Class::Risky {
        verdict.duties.push(review(&releases));
    }
    verdict.duties.extend(deprecation(case, was.as_ref(), name, &rows, emergency));
    (verdict, notes)
}

fn row_adds(row: &Row) -> bool {
    row.before.is_none() || row.comparison.changes.iter().any(adds)
}

fn unreadable(message: String) -> Item {
    let remedy = "mend versions.yaml; `lazaret contracts validate` says more";
    Item::unmet(Duty::Version, ("versions-unreadable", ""), message, remedy)
}

/// A module without changes stays where it is.
fn unchanged(
    verdict: &mut ModuleVerdict,
    was: Option<&Versions>,
    is: &Versions,
    notes: &mut Vec<Finding>,
) {
    let Some(was) = was else { return };
    if is_newer(&was.version, &is.version) {
        verdict.duties.push(backwards(was, is));
    } else if is_newer(&is.version, &was.version) {
        notes.push(Finding {
            file: verdict.versions.clone(),
            pointer: "/version".into(),
            line: None,
            rule: "version-without-change",
            severity: Severity::Note,
            message: format!(
                "{} moves from {} to {} and no contract of it changed",
                verdict.module, was.version, is.version
            ),
            remedy: String::new(),
        });
    }
}

fn backwards(was: &Versions, is: &Versions) -> Item {
    let message = format!("the version goes back from {} to {}", was.version, is.version);
    let remedy =
        "a version only grows; to take a change back, release what was before as a new version";
    Item::unmet(Duty::Version, ("version-backwards", "/version"), message, remedy)
}

fn version(verdict: &mut ModuleVerdict, level: Level, was: Option<&Versions>, is: &Versions) {
    verdict.level = Some(level);
    let listed = is.releases.iter().any(|release| release.version == is.version);
    let Some(was) = was else {
        // The first versions.yaml: there is nothing to move from.
        verdict.duties.push(Item::met(Duty::Version, format!("begins with {}", is.version)));
        return;
    };
    let least = level.least(&was.version);
    verdict.least = Some(least.clone());
    verdict.duties.push(if is_newer(&was.version, &is.version) {
        backwards(was, is)
    } else if !level.suffices(&was.version, &is.version) {
        let name = level.name();
        let message =
            format!("{} must become {least} at least ({name}), and is {}", was.version, is.version);
        let remedy = format!("`lazaret contracts bump {} {name}`", verdict.module);
        Item::unmet(Duty::Version, ("version-too-small", "/version"), message, remedy)
    } else if !listed {
        let message = format!("{} has no entry among the releases", is.version);
        let remedy = "add the release to versions.yaml, newest first";
        Item::unmet(Duty::Version, ("release-missing", "/releases"), message, remedy)
    } else {
        Item::met(Duty::Version, format!("{} → {} ({})", was.version, is.version, level.name()))
    });
}

fn migration(case: &Case<'_>, releases: &[&Release]) -> Item {
    let notes = releases.iter().filter_map(|release| release.migration.as_deref()).map(str::trim);
    // One word is a path, more are the note itself.
    let is_path = |note: &&str| !note.contains(char::is_whitespace) && !note.contains("://");
    let (mut missing, mut found) = (Vec::new(), false);
    for note in notes.filter(|note| !note.is_empty()) {
        if is_path(&note) && !(case.exists)(note) {
            missing.push(note);
        } else {
            found = true;
        }
    }
    let place = ("migration-missing", "/releases/0");
    let remedy =
        "say in the release's `migration` how to come over: a text, or a path that is there";
    match (missing.is_empty(), found) {
        (false, _) => {
            let message = format!("no such migration note: {}", missing.join(", "));
            Item::unmet(Duty::Migration, place, message, remedy)
        }
        (_, false) => Item::unmet(Duty::Migration, place, "no migration note", remedy),
        _ => Item::met(Duty::Migration, "a migration note is there"),
    }
}

/// Consumers of what breaks; none if nobody depends on it.
fn brought_along(rows: &[&Row], releases: &[&Release]) -> Option<Item> {
    let broken = rows.iter().filter(|row| row.comparison.class == Class::Breaking);
    let impacted: BTreeSet<&str> =
        broken.flat_map(|row| &row.consumers).map(|consumer| consumer.name.as_str()).collect();
    if impacted.is_empty() {
        return None;
    }
    let told = |name: &&&str| {
        let updated = releases.iter().flat_map(|release| &release.consumers);
        updated.into_iter().any(|one| one.name == **name && !one.evidence.trim().is_empty())
    };
    let left: Vec<&str> = impacted.iter().filter(|name| !told(name)).copied().collect();
    Some(match left.as_slice() {
        [] => Item::met(Duty::Consumers, format!("{} brought along", impacted.len())),
        left => Item::unmet(
            Duty::Consumers,
            ("consumers-missing", "/releases/0"),
            format!("not brought along: {}", left.join(", ")),
            "name each among the release's `consumers`, with evidence of its update",
        ),
    })
}

fn tests(case: &Case<'_>, releases: &[&Release]) -> Item {
    let all: Vec<&String> = releases.iter().flat_map(|release| &release.tests).collect();
    let missing: Vec<&str> =
        all.iter().map(|path| path.as_str()).filter(|path| !(case.exists)(path)).collect();
    let place = ("tests-missing", "/releases/0");
    let remedy = "name among the release's `tests` the files that hold the change";
    match (all.is_empty(), missing.as_slice()) {
        (true, _) => Item::unmet(Duty::Tests, place, "no test is named", remedy),
        (_, []) => Item::met(Duty::Tests, format!("{} named", all.len())),
        (_, missing) => {
            let message = format!("no such test: {}", missing.join(", "));
            Item::unmet(Duty::Tests, place, message, remedy)
        }
    }
}

fn review(releases: &[&Release]) -> Item {
    let said = |release: &&&Release| release.review.as_ref().is_some_and(|r| !r.trim().is_empty());
    match releases.iter().find(said) {
        Some(_) => Item::met(Duty::Review, "review notes are there"),
        None => Item::unmet(
            Duty::Review,
            ("review-missing", "/releases/0"),
            "nobody says what the review made of it",
            "say in the release's `review` why the risk is taken",
        ),
    }
}

/// Whether what goes was announced, and its time has passed; none if nothing goes.
fn deprecation(
    case: &Case<'_>,
    was: Option<&Versions>,
    module: &str,
    rows: &[&Row],
    emergency: bool,
) -> Option<Item> {
    let (mut gone, mut early) = (0, BTreeSet::new());
    let mut unannounced = false;
    for row in rows {
        let id = row.was.as_deref().unwrap_or(&row.id);
        let contract = id.strip_prefix(&format!("{module}/")).unwrap_or(id);
        for change in row.comparison.changes.iter().filter(|change| removes(row.kind, change)) {
            gone += 1;
            let pointer = change.old.as_ref().map_or("", |at| &at.pointer);
            let at = if pointer.is_empty() {
                contract.to_owned()
            } else {
                format!("{contract} at {pointer}")
            };
            match window(was, contract, pointer, case.today()) {
                Window::Passed => {}
                Window::Unannounced => {
                    unannounced = true;
                    early.insert(format!("{at} was never announced"));
                }
                Window::Open { releases, not_before } => {
                    let mut left = Vec::new();
                    if releases > 0 {
                        left.push(format!("{releases} more releases"));
                    }
                    left.extend(not_before.map(|day| format!("the {day}")));
                    early.insert(format!("{at} waits for {}", left.join(" and ")));
                }
            }
        }
    }
    if gone == 0 {
        return None;
    }
    let why = early.into_iter().collect::<Vec<_>>().join("; ");
    Some(if why.is_empty() {
        Item::met(Duty::Deprecation, format!("{gone} announced, and their time has passed"))
    } else if emergency {
        Item::met(Duty::Deprecation, format!("cut short by an emergency: {why}"))
    } else {
        let rule = if unannounced { "deprecation-missing" } else { "deprecation-open" };
        Item::unmet(
            Duty::Deprecation,
            (rule, "/deprecations"),
            why,
            "put it back, announce it under `deprecations`, and remove it when the window has passed; in an \
             emergency have it decided so: `lazaret contracts decide --approve --emergency`",
        )
    })
}

/// Constraints of a schema: without one there is more that may be said, not less that can be used.
const CONSTRAINTS: &[&str] = &[
    "additional-properties",
    "const",
    "contains",
    "default",
    "dependent-required",
    "dependent-schemas",
    "else",
    "enum",
    "exclusive-maximum",
    "exclusive-minimum",
    "format",
    "if",
    "items",
    "max-contains",
    "max-items",
    "max-length",
    "max-properties",
    "maximum",
    "min-contains",
    "min-items",
    "min-length",
    "min-properties",
    "minimum",
    "multiple-of",
    "not",
    "pattern",
    "property-names",
    "required",
    "then",
    "unevaluated-items",
    "unevaluated-properties",
    "unique-items",
];

/// Whether something that others could use is no longer there.
fn removes(kind: Kind, change: &Change) -> bool {
    // Under its old name nobody finds it any more.
    if change.rule == "function-renamed" {
        return change.class == Class::Breaking;
    }
    let Some(what) = change.rule.strip_suffix("-removed") else { return false };
    let constrains = matches!(kind, Kind::Schema | Kind::Crd | Kind::OpenApi)
        && CONSTRAINTS.iter().any(|name| {
            what.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('-'))
        });
    change.class == Class::Breaking && !constrains
}
