//! The PROV bundle: everything defined, nothing derived from itself, every object accounted for.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::dataset::layout::{PROCESSED, PROV};
use crate::domain::Reason;

use super::known::Known;
use super::lineage::{Kind, Lineage};
use super::rdf::Term;
use super::{codes, d_events};

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
    times(known, lineage, reasons);
    d_events::check(known, lineage, reasons);
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
            let message = format!(
                "{} in prov:{} is defined nowhere in the bundle as a prov:{kind:?}.",
                known.show(term),
                edge.name
            );
            let pointer = lineage.graph.pointer_of(&[term, &edge.from.1, &edge.to.1]);
            reasons.push(codes::PROV_UNDEFINED.because(message).at(PROV, pointer));
        }
    }
}

fn times(known: &Known<'_>, lineage: &Lineage, reasons: &mut Vec<Reason>) {
    for activity in lineage.all(Kind::Activity) {
        let pointer = lineage.graph.pointer_of(&[activity]);
        let mut read = |name: &str| -> Vec<Timestamp> {
            let property = format!("http://www.w3.org/ns/prov#{name}");
            let mut times = Vec::new();
            for term in lineage.graph.objects(activity, &property) {
                match term {
                    Term::Literal(text) if instant(text).is_some() => times.extend(instant(text)),
                    other => {
                        let message = format!(
                            "prov:{name} of {} is {}, which is no xsd:dateTime.",
                            known.show(activity),
                            known.show(other)
                        );
                        reasons.push(codes::PROV_TIME_INVALID.because(message).at(PROV, &pointer));
                    }
                }
            }
            times
        };
        let (started, ended) = (read("startedAtTime"), read("endedAtTime"));
        if let (Some(start), Some(end)) = (started.iter().max(), ended.iter().min())
            && start > end
        {
            let message = format!("{} starts at {start} and ends at {end}.", known.show(activity));
            reasons.push(codes::PROV_TIME_ORDER.because(message).at(PROV, &pointer));
        }
    }
}

/// An `xsd:dateTime`; one without a zone counts as UTC.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    if !text.contains('T') {
        return None;
    }
    text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}
