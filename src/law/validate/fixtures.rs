//! Fixtures get the verdict that their names promise.

use serde_json::Value;

use super::context::Context;
use super::{EACH, Refusal, Rule, Validation, rules};
use crate::contracts::Violation;
use crate::law::set::{Contract, Unit};

/// Reasons that are told of a fixture that is refused as it must be.
const BECAUSE: usize = 3;

/// Fixtures that belong to nothing.
pub(super) fn orphans(unit: &Unit) -> Validation {
    let told = |path: &str| {
        let name = &unit.module.name;
        rules::ORPHAN.at(path, "", format!("no contract of module {name} has a name that fits"))
    };
    Validation { findings: unit.orphans().into_iter().map(told).collect(), ..Validation::default() }
}

/// Holds a contract's fixtures against a judge, who says what is wrong with a document.
pub(super) fn check(
    context: &Context<'_>,
    contract: &Contract,
    judge: impl Fn(&Value) -> Vec<Violation>,
) -> Validation {
    let mut all = Validation::default();
    for fixture in context.fixtures(contract) {
        // One that does not parse is told already.
        let Some(documents) = context.documents(fixture.path) else { continue };
        let mut found: Vec<Violation> = documents.iter().flat_map(&judge).collect();
        found.truncate(EACH);
        verdict(&mut all, contract, (fixture.path, fixture.valid), &found);
    }
    enough(context, &mut all, &rules::FIXTURES, contract);
    all
}

/// What a verdict means, given what the fixture's name says.
pub(super) fn verdict(
    all: &mut Validation,
    contract: &Contract,
    (path, valid): (&str, bool),
    found: &[Violation],
) {
    let said = |violation: &Violation| match violation.pointer.as_str() {
        "" => violation.message.clone(),
        pointer => format!("{pointer}: {}", violation.message),
    };
    match (valid, found) {
        (true, found) => {
            for violation in found {
                let text = format!("{} refuses it: {}", contract.id, said(violation));
                all.findings.push(rules::REFUSED.at(path, &violation.pointer, text));
            }
        }
        (false, []) => {
            let text = format!("{} accepts it", contract.id);
            all.findings.push(rules::ACCEPTED.at(path, "", text));
        }
        (false, found) => {
            let because = found.iter().take(BECAUSE).map(said).collect();
            all.refusals.push(Refusal { file: path.to_owned(), because });
        }
    }
}

/// Whether there are fixtures enough.
pub(super) fn enough(
    context: &Context<'_>,
    all: &mut Validation,
    rule: &Rule,
    contract: &Contract,
) {
    let fixtures = context.fixtures(contract);
    let valid = fixtures.iter().filter(|fixture| fixture.valid).count();
    let invalid = fixtures.len() - valid;
    if valid < 1 || invalid < 2 {
        let text = format!("it has {valid} valid and {invalid} invalid fixtures");
        all.findings.push(rule.at(&contract.path, "", text));
    }
}
