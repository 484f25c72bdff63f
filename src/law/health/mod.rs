//! How a contract set is: what covers it, what changed since it was frozen, what is on its way out.

mod html;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;

use jiff::civil::Date;
use semver::Version;
use serde::Serialize;

use super::finding::{Finding, Severity};
use super::set::{Contract, Kind, Set, Unit};
use super::versions::{Deprecation, Versions};
use super::window::{Window, window};

/// What a set is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The set.
    pub set: &'a Set,
    /// What is wrong with it.
    pub findings: &'a [Finding],
    /// What it was when it was last frozen.
    pub frozen: Option<Frozen<'a>>,
    /// The day.
    pub today: Date,
}

/// The last freeze.
#[derive(Clone, Copy, Debug)]
pub struct Frozen<'a> {
    /// Its name.
    pub name: &'a str,
    /// When it was made, if that is known.
    pub date: Option<Date>,
    /// What it holds.
    pub set: &'a Set,
}

/// How a set is.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Its name.
    pub set: String,
    /// On which day.
    pub today: Date,
    /// In one word.
    pub state: State,
    /// Contracts that have what their kind should have.
    pub covered: usize,
    /// Findings by how bad they are.
    pub errors: usize,
    /// Findings by how bad they are.
    pub warnings: usize,
    /// By module, as in `contracts.yaml`.
    pub modules: Vec<ModuleHealth>,
    /// Every contract, by module and path.
    pub contracts: Vec<ContractHealth>,
    /// The last freeze.
    pub freeze: Option<FreezeHealth>,
    /// What is on its way out, first what may go first.
    pub deprecations: Vec<Leaving>,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
}

/// How a set is, in one word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Nothing is wrong and nothing is missing.
    Sound,
    /// Something asks for attention.
    Attention,
    /// Something is wrong.
    Broken,
}

/// How a module is.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModuleHealth {
    /// Its name.
    pub name: String,
    /// Who answers for it.
    pub owners: Vec<String>,
    /// Its version, if its `versions.yaml` says one.
    pub version: Option<Version>,
    /// The day of that version.
    pub released: Option<Date>,
    /// The version in the last freeze.
    pub frozen: Option<Version>,
    /// How many contracts it has.
    pub contracts: usize,
    /// How many of them are covered.
    pub covered: usize,
    /// How many changed, came or went since the freeze.
    pub drifted: usize,
}

/// How a contract is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContractHealth {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Its module.
    pub module: String,
    /// Fixtures that it must accept.
    pub valid: usize,
    /// Fixtures that it must refuse.
    pub invalid: usize,
    /// Files of tests.
    pub tests: usize,
    /// What it lacks to be covered; empty if nothing.
    pub lacks: String,
    /// Against the freeze.
    pub drift: Drift,
    /// Who depends on it.
    pub consumers: Vec<String>,
    /// Errors in its file.
    pub errors: usize,
}

/// A contract against the last freeze.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Drift {
    /// There is no freeze.
    Unfrozen,
    /// Byte for byte what it was.
    Same,
    /// Its bytes changed.
    Changed,
    /// It was not there.
    New,
}

/// The last freeze, and what is gone since.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FreezeHealth {
    /// Its name.
    pub name: String,
    /// When it was made, if that is known.
    pub date: Option<Date>,
    /// Contracts that are not there any more.
    pub removed: Vec<String>,
}

/// Something on its way out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Leaving {
    /// The contract's id.
    pub contract: String,
    /// Where in it; empty: all of it.
    pub at: String,
    /// Since which version.
    pub since: Version,
    /// What to use instead.
    pub replacement: String,
    /// The first day on which it may go.
    pub not_before: Date,
    /// Releases that must still come out with it.
    pub releases_left: u32,
    /// Whether it may go now.
    pub due: bool,
}

/// How a set is.
pub fn health(input: &Input<'_>) -> Health {
    let Input { set, findings, frozen, today } = *input;
    let then = frozen.map(|frozen| frozen.set.contracts()).unwrap_or_default();
    let now = set.contracts();
    let mut modules = Vec::new();
    let mut contracts = Vec::new();
    let mut deprecations = Vec::new();
    let removed: Vec<&Contract> = then
        .iter()
        .filter(|(id, old)| !now.contains_key(*id) && !is_test(old))
        .map(|(_, c)| *c)
        .collect();
    for unit in &set.units {
        let name = &unit.module.name;
        let own = unit.contracts.iter().filter(|contract| !is_test(contract));
        let own: Vec<ContractHealth> =
            own.map(|contract| one(input, unit, contract, &then)).collect();
        let moved = own.iter().filter(|one| matches!(one.drift, Drift::Changed | Drift::New));
        let gone = removed.iter().filter(|old| old.module == *name);
        let versions = Versions::of(&set.tree, &unit.module.versions).ok();
        let frozen = frozen.and_then(|frozen| {
            let old = frozen.set.units.iter().find(|old| old.module.name == *name)?;
            Versions::of(&frozen.set.tree, &old.module.versions).ok()
        });
        if let Some(versions) = &versions {
            deprecations
                .extend(versions.deprecations.iter().map(|said| leaving(versions, said, today)));
        }
        let first = versions.as_ref().and_then(|versions| versions.releases.first());
        modules.push(ModuleHealth {
            name: name.clone(),
            owners: unit.module.owners.clone(),
            released: first.map(|release| release.date),
            version: versions.map(|versions| versions.version),
            frozen: frozen.map(|versions| versions.version),
            contracts: own.len(),
            covered: own.iter().filter(|one| one.lacks.is_empty()).count(),
            drifted: moved.count() + gone.count(),
        });
        contracts.extend(own);
    }
    deprecations.sort_by(|a, b| (a.not_before, &a.contract).cmp(&(b.not_before, &b.contract)));
    let mut findings = findings.to_vec();
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
    let count = |severity| findings.iter().filter(|one| one.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let covered = contracts.iter().filter(|one| one.lacks.is_empty()).count();
    let stale = modules.iter().any(|one| one.drifted > 0 && one.version == one.frozen);
    let state = if errors > 0 || modules.iter().any(|one| one.version.is_none()) {
        State::Broken
    } else if warnings > 0
        || stale
        || covered < contracts.len()
        || deprecations.iter().any(|one| one.due)
    {
        State::Attention
    } else {
        State::Sound
    };
    let freeze = frozen.map(|frozen| FreezeHealth {
        name: frozen.name.to_owned(),
        date: frozen.date,
        removed: removed.iter().map(|old| old.id.clone()).collect(),
    });
    Health {
        set: set.manifest.name.clone(),
        today,
        state,
        covered,
        errors,
        warnings,
        modules,
        contracts,
        freeze,
        deprecations,
        findings,
    }
}

impl Health {
    /// For a terminal.
    pub fn text(&self) -> String {
        text::text(self)
    }

    /// As one page that needs nothing else: no script, no picture, no font from elsewhere.
    pub fn html(&self) -> String {
        html::html(self)
    }
}

/// Tests of policies are Rego files as well, and no contracts.
fn is_test(contract: &Contract) -> bool {
    contract.kind == Kind::Policy && contract.path.ends_with("_test.rego")
}

fn one(
    input: &Input<'_>,
    unit: &Unit,
    contract: &Contract,
    then: &BTreeMap<&str, &Contract>,
) -> ContractHealth {
    let set = input.set;
    let fixtures = unit.fixtures_of(contract);
    let valid = fixtures.iter().filter(|fixture| fixture.valid).count();
    let invalid = fixtures.len() - valid;
    let test = contract.path.strip_suffix(".rego").map(|stem| format!("{stem}_test.rego"));
    let tests = usize::from(test.is_some_and(|path| set.tree.get(&path).is_some()));
    let drift = match (input.frozen, then.get(contract.id.as_str())) {
        (None, _) => Drift::Unfrozen,
        (Some(_), None) => Drift::New,
        (Some(frozen), Some(old)) => {
            match frozen.set.tree.get(&old.path) == set.tree.get(&contract.path) {
                true => Drift::Same,
                false => Drift::Changed,
            }
        }
    };
    let consumers = set.manifest.consumers_of(&contract.id);
    let errors = input
        .findings
        .iter()
        .filter(|one| one.severity == Severity::Error && one.file == contract.path);
    let errors = errors.count();
    ContractHealth {
        id: contract.id.clone(),
        kind: contract.kind,
        module: contract.module.clone(),
        valid,
        invalid,
        tests,
        lacks: lacks(set, contract, (valid, invalid), tests, errors),
        drift,
        consumers: consumers.into_iter().map(|consumer| consumer.name.clone()).collect(),
        errors,
    }
}

fn lacks(
    set: &Set,
    contract: &Contract,
    (valid, invalid): (usize, usize),
    tests: usize,
    errors: usize,
) -> String {
    let mut lacks = Vec::new();
    let fixtures = match contract.kind {
        Kind::Schema | Kind::Crd => (1, 2),
        // What only helps other policies is tested with them.
        Kind::Policy => {
            if decides(set, contract) {
                (1, 2)
            } else {
                (0, 0)
            }
        }
        Kind::GraphQl => (1, 0),
        // These are held by their examples and by their sources.
        Kind::OpenApi | Kind::Functions => {
            if errors > 0 {
                lacks.push("it has errors");
            }
            (0, 0)
        }
    };
    if valid < fixtures.0 {
        lacks.push("no valid fixture");
    }
    if invalid < fixtures.1 {
        lacks.push("fewer than two invalid fixtures");
    }
    if fixtures.0 > 0 && contract.kind == Kind::Policy && tests == 0 {
        lacks.push("no tests");
    }
    lacks.join(", ")
}

/// Whether a policy says anything itself.
fn decides(set: &Set, policy: &Contract) -> bool {
    let text = set.tree.get(&policy.path).unwrap_or_default();
    let speaks =
        |line: &str| ["deny", "violation", "warn"].iter().any(|rule| line.starts_with(rule));
    String::from_utf8_lossy(text).lines().any(speaks)
}

fn leaving(versions: &Versions, said: &Deprecation, today: Date) -> Leaving {
    let window = window(Some(versions), &said.contract, &said.at, today);
    let releases_left = match window {
        Window::Open { releases, .. } => releases,
        Window::Unannounced | Window::Passed => 0,
    };
    Leaving {
        contract: format!("{}/{}", versions.module, said.contract),
        at: said.at.clone(),
        since: said.since.clone(),
        replacement: said.replacement.clone(),
        not_before: said.removal.not_before,
        releases_left,
        due: window == Window::Passed,
    }
}
