//! What a change asks for, and whether it was done: a new version of every module that changed, what a
//! release must say of risky and breaking changes, and a decision by somebody about exactly these bytes.

mod approval;
mod duties;
mod endings;
mod law;
mod rules;

use jiff::Timestamp;
use jiff::civil::Date;
use semver::Version;
use serde::Serialize;

use super::bump::Level;
use super::compare::SetReport;
use super::decision::Decision;
use super::finding::{Finding, Severity};
use super::registry;
use super::set::Set;
use crate::contracts::Class;
use crate::domain::{CanonicalError, Digest};

pub use approval::{Standing, Submission};
pub use rules::RULES;

/// A change, and all that speaks for it.
pub struct Case<'a> {
    /// The contracts as they were: their law judges the change.
    pub old: &'a Set,
    /// As they are to be.
    pub new: &'a Set,
    /// How they differ.
    pub report: &'a SetReport,
    /// The decisions that lie in the new set.
    pub submissions: &'a [Submission],
    /// Whether a decision counts only with a signature.
    pub signed: bool,
    /// The time.
    pub now: Timestamp,
    /// Whether a path of the repository is there.
    pub exists: &'a dyn Fn(&str) -> bool,
}

/// Something that a change asks for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Duty {
    /// Nothing that can never be removed is removed.
    Invariants,
    /// The law in force is not weakened in passing.
    Law,
    /// A module that moves far enough.
    Version,
    /// A way to come over.
    Migration,
    /// Consumers that were brought along.
    Consumers,
    /// Tests that hold the change.
    Tests,
    /// What the review said.
    Review,
    /// An announcement whose time has passed.
    Deprecation,
    /// A decision about exactly these bytes.
    Decision,
}

/// Whether it was done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// What.
    pub duty: Duty,
    /// Whether it was done.
    pub met: bool,
    /// What was found.
    pub message: String,
    /// How to do it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// The finding's rule.
    #[serde(skip)]
    rule: &'static str,
    /// Where in the file.
    #[serde(skip)]
    pointer: &'static str,
}

/// What becomes of a module.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModuleVerdict {
    /// Its name.
    pub module: String,
    /// Its versions file.
    pub versions: String,
    /// The worst change; none if nothing changed.
    pub class: Option<Class>,
    /// Its version before.
    pub old: Option<Version>,
    /// Its version after.
    pub new: Option<Version>,
    /// How far it must move.
    pub level: Option<Level>,
    /// The smallest release that does.
    pub least: Option<Version>,
    /// What the change asks for.
    pub duties: Vec<Item>,
}

/// The judgement of a change.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    /// The worst change.
    pub class: Class,
    /// The digest that a decision names the old side by.
    pub before: Digest,
    /// The digest that a decision names the new side by.
    pub after: Digest,
    /// The modules, in the order of `contracts.yaml`.
    pub modules: Vec<ModuleVerdict>,
    /// What is asked for as a whole.
    pub duties: Vec<Item>,
    /// The id of the decision that lets it pass.
    pub decision: Option<String>,
    /// What is not done, and what is worth knowing.
    pub findings: Vec<Finding>,
}

impl Judgement {
    /// Whether everything was done.
    pub fn passes(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity < Severity::Error)
    }
}

impl Case<'_> {
    fn today(&self) -> Date {
        jiff::tz::TimeZone::UTC.to_datetime(self.now).date()
    }
}

/// Judges a change.
///
/// # Errors
/// If a side has no digest, which does not happen.
pub fn check(case: &Case<'_>) -> Result<Judgement, CanonicalError> {
    let (before, after) = (case.old.digest()?, case.new.digest()?);
    let mut findings = super::invariants::broken(case.old, case.new);
    let mut whole = vec![Item {
        duty: Duty::Invariants,
        met: findings.is_empty(),
        message: match findings.len() {
            0 => "nothing frozen is removed".into(),
            count => format!("{count} broken: no bump and no decision helps"),
        },
        remedy: String::new(),
        rule: "invariant-broken",
        pointer: "",
    }];
    let weakened = law::weakened(case.old, case.new);
    let standing = approval::standing(case, (before, after));
    let mut decision = None;
    if case.report.class == Class::Breaking || !weakened.is_empty() {
        whole.extend(law::item(&weakened));
        whole.push(standing.item());
    } else if let Standing::Denied(_) = standing {
        whole.push(standing.item());
    }
    let mut emergency = false;
    if let Standing::Approved(approved) = &standing {
        decision = Some(approved.decision_id.clone());
        emergency = approved.emergency;
    }
    findings.extend(law::dropped(case.old, case.new));
    findings.extend(law::unchecked(case.new));
    // What the sources do is compared by what their registry says of them.
    findings.extend(case.new.units.iter().flat_map(|unit| registry::findings(case.new, unit)));
    findings.extend(approval::unreadable(case.submissions));
    for item in whole.iter().filter(|item| !item.met && item.duty != Duty::Invariants) {
        findings.push(item.finding(&case.new.manifest.decisions));
    }
    let mut modules = Vec::new();
    for unit in &case.new.units {
        let (verdict, more) = duties::module(case, unit, emergency);
        let unmet = verdict.duties.iter().filter(|item| !item.met);
        findings.extend(unmet.map(|item| item.finding(&verdict.versions)));
        findings.extend(more);
        modules.push(verdict);
    }
    findings.sort();
    findings.dedup();
    Ok(Judgement {
        class: case.report.class,
        before,
        after,
        modules,
        duties: whole,
        decision,
        findings,
    })
}

impl Item {
    fn met(duty: Duty, message: impl Into<String>) -> Self {
        let (message, remedy) = (message.into(), String::new());
        Self { duty, met: true, message, remedy, rule: "", pointer: "" }
    }

    fn unmet(
        duty: Duty,
        (rule, pointer): (&'static str, &'static str),
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let (message, remedy) = (message.into(), remedy.into());
        Self { duty, met: false, message, remedy, rule, pointer }
    }

    fn finding(&self, file: &str) -> Finding {
        Finding {
            file: file.to_owned(),
            pointer: self.pointer.to_owned(),
            line: None,
            rule: self.rule,
            severity: Severity::Error,
            message: self.message.clone(),
            remedy: self.remedy.clone(),
        }
    }
}

impl Submission {
    /// A decision file. `signed` says whether it bears a signature that counts, or why not.
    pub fn new(file: &str, bytes: &[u8], signed: Result<(), String>) -> Self {
        let decision = Decision::parse(bytes).map_err(|error| error.to_string());
        Self { file: file.to_owned(), decision, signed }
    }
}

#[cfg(test)]
mod tests;
