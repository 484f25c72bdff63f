//! The PROV bundle: everything defined, nothing derived from itself, every object accounted for.

use std::collections::BTreeSet;

use crate::dataset::layout::{PROCESSED, PROV};
use crate::domain::Reason;

use super::known::Known;
use super::lineage::{Kind, Lineage};
use super::rdf::Term;
use super::{codes, d_constraints, d_order};

pub(super) fn check(known: &Known<'_>, lineage: &Lineage, reasons: &mut Vec<Reason>) {
    if lineage.all(Kind::Activity).next().is_none() {
        let message = format!("{PROV} describes no prov:Activity.");
        reasons.push(codes::PROV_INVALID.because(message).at(PROV, ""));
        return;
    }
    defined(known, lineage, reasons);
    for entity in lineage.all(Kind::Entity) {
        let Term::Iri(iri) = entity else { continue };
        let held = |path: String| known.facts.objects.contains_key(&path);
        if iri.starts_with(known.names.base()) && !known.names.path(iri).is_some_and(held) {
            let message =
                format!("The entity {} is no object of the workspace.", known.show(entity));
            let pointer = lineage.graph.pointer_of(&[entity]);
            reasons.push(codes::PROV_LINK_BROKEN.because(message).at(PROV, pointer));
        }
    }
    for node in lineage.cycles() {
        let message = format!("{} is derived from itself.", known.show(node));
        let pointer = lineage.graph.pointer_of(&[node]);
        reasons.push(codes::PROV_CYCLE.because(message).at(PROV, pointer));
    }
    d_constraints::check(known, lineage, reasons);
    d_order::check(known, lineage, reasons);
    for path in known.facts.under(PROCESSED) {
        let term = Term::Iri(known.names.iri(path));
        let message = if !lineage.is(Kind::Entity, &term) {
            format!("{path} is no prov:Entity of the PROV bundle.")
        } else if !lineage.is_generated(&term) {
            format!("{path} has no prov:wasGeneratedBy in the PROV bundle.")
        } else {
            continue;
        };
        let pointer = lineage.graph.pointer_of(&[&term]);
        reasons.push(codes::PROV_ARTIFACT_MISSING.because(message).at(PROV, pointer));
    }
}

fn defined(known: &Known<'_>, lineage: &Lineage, reasons: &mut Vec<Reason>) {
    let mut told = BTreeSet::new();
    for edge in &lineage.edges {
        for (kind, term) in [&edge.from, &edge.to] {
            if lineage.is(*kind, term) || !told.insert((*kind, term)) {
                continue;
            }
            // What is processed has a reason of its own.
            let processed = known.target(PROV, term).is_some_and(|p| p.starts_with(PROCESSED));
            if *kind == Kind::Entity && processed {
                continue;
            }
            let (shown, name) = (known.show(term), edge.name);
            let pointer = lineage.graph.pointer_of(&[term, &edge.from.1, &edge.to.1]);
            reasons.push(match other(*kind).filter(|other| lineage.is(*other, term)) {
                Some(other) => codes::PROV_TYPE_CONFLICT
                    .because(format!("{shown} is a prov:{other:?}, but a prov:{kind:?} in prov:{name}."))
                    .at(PROV, pointer),
                None => codes::PROV_UNDEFINED
                    .because(format!(
                        "{shown} in prov:{name} is defined nowhere in the bundle as a prov:{kind:?}."
                    ))
                    .at(PROV, pointer),
            });
        }
    }
}

/// What nothing of a kind can be. An agent may be anything besides.
const fn other(kind: Kind) -> Option<Kind> {
    match kind {
        Kind::Entity => Some(Kind::Activity),
        Kind::Activity => Some(Kind::Entity),
        Kind::Agent => None,
    }
}
