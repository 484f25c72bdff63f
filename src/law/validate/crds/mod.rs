//! CustomResourceDefinitions: ones that an API server would take, and manifests that it would take or not.
//! Unknown members are refused, as the API server does with strict field validation.

mod definition;
mod lists;
mod structural;
mod translate;

use std::collections::BTreeMap;

use serde_json::Value;

use super::context::Context;
use super::schemas::said;
use super::{EACH, Validation, fixtures, rules};
use crate::contracts::{CompiledSchema, Schemas, Violation};
use crate::law::set::Contract;

/// A version whose manifests can be judged.
struct Version<'a> {
    kind: &'a str,
    schema: &'a Value,
    compiled: CompiledSchema,
}

pub(super) fn check(context: &Context<'_>, contract: &Contract) -> Validation {
    let path = contract.path.as_str();
    let mut all = Validation::default();
    let Some(documents) = context.documents(path) else { return all };
    let mut versions = BTreeMap::new();
    for crd in documents {
        let faults = definition::faults(crd);
        for (pointer, text) in faults.iter().take(EACH) {
            all.findings.push(rules::CRD.at(path, pointer, text));
        }
        if !faults.is_empty() {
            return all;
        }
        for (at, version) in definition::versions(crd).iter().enumerate() {
            let pointer = format!("/spec/versions/{at}/schema/openAPIV3Schema");
            let Some(schema) = version.pointer("/schema/openAPIV3Schema") else { continue };
            let faults = structural::faults(schema, &pointer);
            for (pointer, text) in faults.iter().take(EACH) {
                all.findings.push(rules::STRUCTURAL.at(path, pointer, text));
            }
            if let Some(place) = structural::first_cel(schema, &pointer) {
                all.findings.push(rules::CEL.at(path, place, "its CEL rules are not evaluated"));
            }
            defaults(path, schema, &pointer, &mut all);
            let translated = translate::root(schema);
            match Schemas::new([(path, &translated)]).strictly(path) {
                Err(fault) => {
                    let text = format!("{pointer}{} {}", fault.pointer, fault.message);
                    all.findings.push(rules::CRD.at(path, pointer, text));
                }
                Ok(compiled) => {
                    let (name, kind) = definition::names(crd, version);
                    versions.insert(name, Version { kind, schema, compiled });
                }
            }
        }
    }
    all.add(fixtures::check(context, contract, |manifest| judge(&versions, manifest)));
    all
}

/// What an API server would say of a manifest.
fn judge(versions: &BTreeMap<String, Version<'_>>, manifest: &Value) -> Vec<Violation> {
    let word = |name: &str| manifest.get(name).and_then(Value::as_str).unwrap_or_default();
    let Some(version) = versions.get(word("apiVersion")) else {
        let known: Vec<&str> = versions.keys().map(String::as_str).collect();
        return vec![Violation::new("/apiVersion", format!("is none of {}", known.join(", ")))];
    };
    if word("kind") != version.kind {
        return vec![Violation::new("/kind", format!("is not {}", version.kind))];
    }
    let mut found = version.compiled.violations(manifest);
    lists::repeated(version.schema, manifest, "", &mut found);
    found
}

/// Defaults are accepted by the schemas that they stand in.
fn defaults(path: &str, schema: &Value, at: &str, all: &mut Validation) {
    let mut found = Vec::new();
    structural::each(schema, at, &mut |pointer, inner| {
        if let Some(value) = inner.get("default") {
            found.push((pointer.to_owned(), translate::inner(inner), value));
        }
    });
    for (pointer, schema, value) in found {
        // One that does not compile is told with the whole.
        let Ok(compiled) = Schemas::new([(path, &schema)]).strictly(path) else { continue };
        if let Some(first) = compiled.violations(value).first() {
            let text = said(&first.pointer, &first.message);
            all.findings.push(rules::DEFAULT.at(path, format!("{pointer}/default"), text));
        }
    }
}
