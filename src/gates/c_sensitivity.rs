//! Gate C: the label is known; what must be redacted was, and PROV records it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::contracts::{SchemaName, violations};
use crate::dataset::layout::{DATASET, PROCESSED, PROV, RAW};
use crate::dataset::{DocumentState, normal};
use crate::domain::{Band, PolicyLabel, Reason};

use super::known::Known;
use super::lineage::{Kind, Lineage};
use super::rdf::Term;
use super::{c_content, codes};

pub(super) fn check(known: &Known<'_>) -> Vec<Reason> {
    let dataset = known.facts.dataset.value();
    let label = match dataset.and_then(|d| d.get("policy_label")) {
        None | Some(Value::Null) => {
            let message = match dataset {
                None => "dataset.json cannot be read, so there is no policy label.",
                Some(_) => "dataset.json has no policy_label.",
            };
            return vec![codes::LABEL_MISSING.because(message).at(DATASET, "/policy_label")];
        }
        Some(Value::String(text)) if text.trim().is_empty() => {
            let message = "policy_label is blank.";
            return vec![codes::LABEL_MISSING.because(message).at(DATASET, "/policy_label")];
        }
        Some(value) => match value.as_str().map(str::parse::<PolicyLabel>) {
            Some(Ok(label)) => label,
            _ => {
                let message = format!("policy_label {value} is not a known one.");
                return vec![codes::LABEL_UNKNOWN.because(message).at(DATASET, "/policy_label")];
            }
        },
    };
    if label.band() == Band::Black {
        let message = format!("Data labelled {label} is in the BLACK band and never published.");
        return vec![codes::LABEL_PROHIBITED.because(message).at(DATASET, "/policy_label")];
    }
    let named = dataset.and_then(|d| d.get("redaction_plan"));
    if !label.needs_redaction_plan() && named.is_none() {
        return Vec::new();
    }
    match plan(known, label, named) {
        Ok((path, plan)) => {
            let required = label.needs_redaction_plan();
            let mut reasons = recorded(known, &path, plan, required);
            reasons.extend(c_content::check(known, &path, plan, required));
            reasons
        }
        Err(reasons) => reasons,
    }
}

/// The plan's path and content, valid against its schema.
fn plan<'a>(
    known: &Known<'a>,
    label: PolicyLabel,
    named: Option<&Value>,
) -> Result<(String, &'a Value), Vec<Reason>> {
    let missing = |message: String| {
        vec![codes::REDACTION_PLAN_MISSING.because(message).at(DATASET, "/redaction_plan")]
    };
    let Some(named) = named.and_then(Value::as_str) else {
        return Err(missing(format!(
            "Data labelled {label} needs a redaction plan, and dataset.json names none."
        )));
    };
    let path = normal(named).filter(|_| !named.starts_with('/')).unwrap_or_default();
    let Some(document) = known.facts.work.get(&path) else {
        return Err(missing(format!("There is no redaction plan {named:?} under work/.")));
    };
    let value = match &document.state {
        DocumentState::Value(value) => value,
        DocumentState::Invalid(message) => {
            let message = format!("The redaction plan is {message}.");
            return Err(vec![codes::REDACTION_PLAN_INVALID.because(message).at(&path, "")]);
        }
        DocumentState::Missing => {
            return Err(missing(format!("There is no redaction plan {named:?}.")));
        }
    };
    let found: Vec<Reason> = violations(SchemaName::RedactionPlan, value)
        .into_iter()
        .map(|violation| {
            let unknown = violation.pointer == "/method" && value.get("method").is_some();
            let code = if unknown {
                &codes::REDACTION_METHOD_UNKNOWN
            } else {
                &codes::REDACTION_PLAN_INVALID
            };
            let message = match (unknown, &value["method"]) {
                (true, method) => format!("The method {method} is not a known one."),
                (false, _) => format!("{} {}.", violation.pointer, violation.message),
            };
            code.because(message).at(&path, violation.pointer)
        })
        .collect();
    if found.is_empty() { Ok((path, value)) } else { Err(found) }
}

fn recorded(known: &Known<'_>, path: &str, plan: &Value, of_all: bool) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut files = |name: &str| -> Vec<String> {
        let listed = plan.get(name).and_then(Value::as_array);
        let mut found = Vec::new();
        for (index, file) in listed.into_iter().flatten().enumerate() {
            let file = file.as_str().unwrap_or_default();
            match normal(file).filter(|p| known.facts.objects.contains_key(p)) {
                Some(file) => found.push(file),
                None => {
                    let message =
                        format!("The redaction plan names {file:?}, which does not exist.");
                    let reason = codes::REDACTION_PLAN_INVALID.because(message);
                    reasons.push(reason.at(path, format!("/{name}/{index}")));
                }
            }
        }
        found
    };
    let (inputs, outputs) = (files("inputs"), files("outputs"));
    if !reasons.is_empty() {
        return reasons;
    }
    let not_recorded = |message: String, pointer: String| {
        codes::REDACTION_NOT_RECORDED.because(message).at(PROV, pointer)
    };
    let Some(lineage) = known.prov.read() else {
        let message =
            "There is no readable PROV bundle that could record the redaction.".to_owned();
        return vec![codes::REDACTION_NOT_RECORDED.because(message).in_file(PROV)];
    };
    let named = plan.get("activity").and_then(Value::as_str).unwrap_or_default();
    let Some(activity) = activity(known, lineage, path, named) else {
        let message = format!("PROV has no activity {named:?}, which the redaction plan names.");
        return vec![not_recorded(message, String::new())];
    };
    let entity = |file: &String| Term::Iri(known.names.iri(file));
    let place = || lineage.graph.pointer_of(&[&activity]);
    for file in &inputs {
        if !lineage.has("used", &activity, &entity(file)) {
            let message = format!("PROV does not say that {named} used {file}.");
            reasons.push(not_recorded(message, place()));
        }
    }
    for file in &outputs {
        if !lineage.has("wasGeneratedBy", &entity(file), &activity) {
            let message = format!("PROV does not say that {named} generated {file}.");
            reasons.push(not_recorded(message, place()));
        }
    }
    if !reasons.is_empty() || !of_all {
        return reasons;
    }
    let outputs: BTreeSet<Term> = outputs.iter().map(entity).collect();
    let inputs: BTreeSet<Term> = inputs.iter().map(entity).collect();
    for file in known.facts.under(PROCESSED) {
        if !is_covered(known, lineage, Term::Iri(known.names.iri(file)), &inputs, &outputs) {
            let message = format!(
                "{file} is neither an output of the redaction nor made of nothing but such."
            );
            reasons.push(codes::REDACTION_INCOMPLETE.because(message).in_file(file));
        }
    }
    reasons
}

/// The activity's node: the plan names it absolutely, or relative to the plan or to the bundle.
fn activity(known: &Known<'_>, lineage: &Lineage, plan: &str, named: &str) -> Option<Term> {
    let with_fragment = |from: &str| {
        let path = known.names.resolve(from, named)?;
        let fragment = named.split_once('#').map(|(_, f)| format!("#{f}")).unwrap_or_default();
        Some(Term::Iri(known.names.iri(&path) + &fragment))
    };
    [Some(Term::Iri(named.to_owned())), with_fragment(plan), with_fragment(PROV)]
        .into_iter()
        .flatten()
        .find(|term| lineage.is(Kind::Activity, term))
}

/// Whether every way back from `start` ends at an output of the redaction before it comes to what
/// was to be redacted.
fn is_covered(
    known: &Known<'_>,
    lineage: &Lineage,
    start: Term,
    inputs: &BTreeSet<Term>,
    outputs: &BTreeSet<Term>,
) -> bool {
    let mut seen = BTreeSet::new();
    let mut queue = vec![start];
    let mut redacted = false;
    while let Some(node) = queue.pop() {
        if outputs.contains(&node) {
            redacted = true;
            continue;
        }
        let raw = known.target(PROV, &node).is_some_and(|path| path.starts_with(RAW));
        if raw || inputs.contains(&node) {
            return false;
        }
        if seen.insert(node.clone()) {
            queue.extend(lineage.upstream(&node).iter().cloned());
        }
    }
    redacted
}
