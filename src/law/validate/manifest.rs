//! What `contracts.yaml` names is there.

use std::collections::BTreeMap;

use serde_json::Value;

use super::context::Context;
use super::{Validation, rules};
use crate::contracts::{SchemaName, violations};
use crate::domain::yaml;
use crate::law::invariants::absent;
use crate::law::patterns::patterns;
use crate::law::registry::findings;
use crate::law::set::{Contract, Kind};
use crate::law::{Finding, MANIFEST};

pub(super) fn check(context: &Context<'_>) -> Validation {
    let mut all = Validation::default();
    globs(context, &mut all.findings);
    twice(context, &mut all.findings);
    let contracts = context.set.contracts();
    for (at, invariant) in context.set.manifest.invariants.iter().enumerate() {
        let place = format!("/invariants/{at}");
        if !contracts.contains_key(invariant.contract.as_str()) {
            let text = format!("there is no contract {}", invariant.contract);
            all.findings.push(rules::INVARIANT_CONTRACT.at(MANIFEST, place, text));
        }
    }
    for (contract, field) in absent(context.set) {
        let text = format!("{} has no {field}", contract.id);
        all.findings.push(rules::INVARIANT_FIELD.at(&contract.path, "", text));
    }
    for (at, consumer) in context.set.manifest.consumers.iter().enumerate() {
        for (index, pattern) in consumer.contracts.iter().enumerate() {
            let globs = patterns(std::slice::from_ref(pattern));
            if globs.is_ok_and(|globs| !contracts.keys().any(|id| globs.is_match(id))) {
                let text = format!("{pattern:?} of {} matches no contract", consumer.name);
                let place = format!("/consumers/{at}/contracts/{index}");
                all.findings.push(rules::CONSUMER.at(MANIFEST, place, text));
            }
        }
    }
    all
}

/// Every pattern matches a file.
fn globs(context: &Context<'_>, findings: &mut Vec<Finding>) {
    // As they are written: the set has made them paths of its own.
    let bytes = context.set.tree.get(MANIFEST).unwrap_or_default();
    let written = yaml::document(bytes).unwrap_or_default();
    for (at, module) in context.set.manifest.modules.iter().enumerate() {
        let functions = module.functions.as_ref();
        let none = Vec::new();
        for (name, list) in [
            ("schemas", &module.schemas),
            ("openapi", &module.openapi),
            ("graphql", &module.graphql),
            ("crds", &module.crds),
            ("policies", &module.policies),
            ("data", &module.data),
            ("recorded", &module.recorded),
            ("fixtures", &module.fixtures),
            ("functions/sources", functions.map_or(&none, |functions| &functions.sources)),
        ] {
            for (index, pattern) in list.iter().enumerate() {
                let found = patterns(std::slice::from_ref(pattern)).is_ok_and(|globs| {
                    context.set.tree.iter().any(|(path, _)| globs.is_match(path))
                });
                if !found {
                    let place = format!("/modules/{at}/{name}/{index}");
                    let shown = written.pointer(&place).and_then(Value::as_str);
                    let shown = shown.unwrap_or(pattern);
                    let text = format!("{shown:?} of module {} matches no file", module.name);
                    findings.push(rules::PATTERN.at(MANIFEST, place, text));
                }
            }
        }
    }
}

/// No file is two contracts.
fn twice(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut seen: BTreeMap<&str, &Contract> = BTreeMap::new();
    for contract in context.set.units.iter().flat_map(|unit| &unit.contracts) {
        if let Some(other) = seen.insert(&contract.path, contract) {
            let name = |one: &Contract| format!("{:?} of module {}", one.kind, one.module);
            let text = format!("it is {} and {}", name(other), name(contract));
            findings.push(rules::TWICE.at(&contract.path, "", text));
        }
    }
}

/// A registry of functions.
pub(super) fn registry(context: &Context<'_>, contract: &Contract) -> Validation {
    debug_assert_eq!(contract.kind, Kind::Functions);
    let mut all = Validation::default();
    let path = contract.path.as_str();
    if let Some(registry) = context.document(path) {
        for violation in violations(SchemaName::ContractRegistry, registry) {
            let text = format!("{} {}", violation.pointer, violation.message);
            all.findings.push(rules::REGISTRY.at(path, &violation.pointer, text));
        }
    }
    let there = context.set.tree.get(path).is_some();
    if all.findings.is_empty() && (!there || context.document(path).is_some()) {
        let unit = context.set.units.iter().find(|unit| unit.module.name == contract.module);
        all.findings.extend(unit.into_iter().flat_map(|unit| findings(context.set, unit)));
    }
    all
}
