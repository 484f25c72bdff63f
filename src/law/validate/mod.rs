//! Whether a contract set is sound: every file parses, every contract is what its kind demands, and
//! every fixture gets the verdict that its name promises.

mod context;
mod crds;
mod defaults;
mod fixtures;
mod graphql;
mod keywords;
mod lines;
mod manifest;
mod openapi;
mod parallel;
mod policies;
pub(in crate::law) mod rules;
mod schemas;
mod versions;

use serde::Serialize;

pub use rules::{RULES, Rule, rules_page};

use super::set::{Contract, Kind, Set, Unit};
use super::{Finding, Severity};
use context::Context;

/// Findings of one kind of judgement about one file that are told.
const EACH: usize = 10;
/// Findings that are told in all.
const ALL: usize = 5_000;

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Validation {
    /// What is wrong, by file and place.
    pub findings: Vec<Finding>,
    /// Why fixtures that must be invalid are refused: for whoever wonders whether it is for the right
    /// reason.
    pub refusals: Vec<Refusal>,
    /// How many contracts there are.
    pub contracts: usize,
    /// How many fixtures they have.
    pub fixtures: usize,
}

/// Why a fixture is refused, as it must be.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Refusal {
    /// The fixture.
    pub file: String,
    /// What is wrong with it, as `pointer: message`.
    pub because: Vec<String>,
}

impl Validation {
    /// How many findings are as bad as this.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// That `contracts.yaml` cannot be read, so that nothing else is known.
    pub fn without_manifest(why: &str) -> Self {
        let finding = rules::MANIFEST.on(super::MANIFEST, lines::named(why), why);
        Self { findings: vec![finding], ..Self::default() }
    }

    fn add(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.refusals.extend(other.refusals);
    }
}

/// One piece of work, done on its own.
enum Task<'a> {
    Manifest,
    Versions(&'a Unit),
    Fixtures(&'a Unit),
    Policies(&'a Unit),
    Contract(&'a Contract),
}

/// Judges a set.
pub fn validate(set: &Set) -> Validation {
    let context = Context::new(set);
    let mut tasks = vec![Task::Manifest];
    for unit in &set.units {
        tasks.extend([Task::Versions(unit), Task::Fixtures(unit), Task::Policies(unit)]);
        tasks.extend(unit.contracts.iter().map(Task::Contract));
    }
    let done = parallel::each(&tasks, |task| match task {
        Task::Manifest => manifest::check(&context),
        Task::Versions(unit) => versions::check(&context, unit),
        Task::Fixtures(unit) => fixtures::orphans(unit),
        Task::Policies(unit) => policies::check(&context, unit),
        Task::Contract(contract) => match contract.kind {
            Kind::Schema => schemas::check(&context, contract),
            Kind::OpenApi => openapi::check(&context, contract),
            Kind::GraphQl => graphql::check(&context, contract),
            Kind::Crd => crds::check(&context, contract),
            Kind::Functions => manifest::registry(&context, contract),
            // All policies of a module are one bundle.
            Kind::Policy => Validation::default(),
        },
    });
    let mut all = Validation { findings: context.syntax(), ..Validation::default() };
    for one in done {
        all.add(one);
    }
    all.findings.sort();
    all.findings.dedup();
    if all.findings.len() > ALL {
        // What fails the run is told first.
        all.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let more = all.findings.len() - ALL;
        all.findings.truncate(ALL);
        let text = format!("{more} more findings are left out");
        all.findings.push(rules::MORE.at(super::MANIFEST, "", text));
    }
    lines::fill(&set.tree, &mut all.findings);
    all.findings
        .sort_by(|a, b| (&a.file, a.line, &a.pointer, a).cmp(&(&b.file, b.line, &b.pointer, b)));
    all.refusals.sort();
    all.contracts = set.units.iter().map(|unit| unit.contracts.len()).sum();
    all.fixtures = set.units.iter().map(|unit| unit.fixtures.len()).sum();
    all
}

#[cfg(test)]
mod tests;
