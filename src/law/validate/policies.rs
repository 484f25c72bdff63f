//! Policies: they compile, their tests pass, each that denies is tested, and they judge their fixtures.

use std::collections::BTreeMap;

use super::context::Context;
use super::{EACH, Validation, fixtures, rules};
use crate::contracts::Violation;
use crate::law::set::{Contract, Kind, Unit};
use crate::law::{Bundle, BundleError};
use crate::policy::TestReport;

pub(super) fn check(context: &Context<'_>, unit: &Unit) -> Validation {
    let mut all = Validation::default();
    let bundle = match Bundle::of(&context.set.tree, unit) {
        Ok(None) => return all,
        Ok(Some(bundle)) => bundle,
        Err(error) => {
            all.findings.push(match &error {
                BundleError::Policy(why) => {
                    let place = why.place();
                    let file = place.map_or(unit.module.path.as_str(), |place| &place.file);
                    let line = place.and_then(|place| usize::try_from(place.line).ok());
                    rules::POLICY.on(file, line, error.to_string())
                }
                BundleError::Data { path, .. } => {
                    rules::POLICY_DATA.at(path, "", error.to_string())
                }
            });
            return all;
        }
    };
    let report = bundle.test().unwrap_or_else(|error| {
        all.findings.push(rules::POLICY_TEST.at(&unit.module.path, "", error.to_string()));
        TestReport::default()
    });
    for test in &report.tests {
        let Some(failure) = &test.failure else { continue };
        let place = test.failed_at.as_ref().unwrap_or(&test.place);
        let text = format!("{} {failure}", test.name);
        let line = usize::try_from(place.line).ok();
        all.findings.push(rules::POLICY_TEST.on(&place.file, line, text));
    }
    for contract in unit.contracts.iter().filter(|contract| contract.kind == Kind::Policy) {
        if bundle.decides(&contract.path) {
            one(context, contract, &bundle, &report, &mut all);
        }
    }
    all
}

fn one(
    context: &Context<'_>,
    contract: &Contract,
    bundle: &Bundle,
    report: &TestReport,
    all: &mut Validation,
) {
    let path = contract.path.as_str();
    let package = bundle.library().package(path).unwrap_or_default().join(".");
    let stem = path.strip_suffix(".rego").unwrap_or(path);
    let beside = format!("{stem}_test.rego");
    let tests = [format!("data.{package}."), format!("data.{package}_test.")];
    let tested = report.tests.iter().any(|test| {
        test.place.file == beside || tests.iter().any(|prefix| test.name.starts_with(prefix))
    });
    if !tested {
        let text = format!("no test speaks of package {package}");
        all.findings.push(rules::UNTESTED.at(path, "", text));
    }
    let mut undecided = BTreeMap::new();
    for fixture in context.fixtures(contract) {
        let Some(documents) = context.documents(fixture.path) else { continue };
        let mut found = Vec::new();
        for input in documents {
            match bundle.judge(path, input) {
                Ok(said) => {
                    let violation = |text: String| Violation::new("", text);
                    found.extend(said.denials.into_iter().map(violation).take(EACH));
                }
                Err(error) => drop(undecided.insert(fixture.path, error.to_string())),
            }
        }
        if !undecided.contains_key(fixture.path) {
            fixtures::verdict(all, contract, (fixture.path, fixture.valid), &found);
        }
    }
    for (fixture, why) in undecided {
        all.findings.push(rules::UNDECIDED.at(fixture, "", format!("{}: {why}", contract.id)));
    }
    fixtures::enough(context, all, &rules::FIXTURES, contract);
}
