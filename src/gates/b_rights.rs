//! Gate B: the licence is explicit and allows the intended use; holder and attribution are named.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::dataset::layout::{DATASET, DCAT, STAC_COLLECTION};
use crate::domain::{Digest, Reason};

use crate::policy::Obligation;

use super::b_licence::{Licence, id_of_url, is_placeholder};
use super::known::Known;
use super::rdf::Term;
use super::{b_obligations, codes};

const DCT_LICENSE: &str = "http://purl.org/dc/terms/license";

pub(super) fn check(known: &Known<'_>, obligations: &BTreeSet<Obligation>) -> Vec<Reason> {
    let dataset = known.facts.dataset.value();
    let Some(rights) = dataset.and_then(|d| d.get("rights")).and_then(Value::as_object) else {
        let message = match dataset {
            None => "dataset.json cannot be read, so nothing is known of the rights.",
            Some(_) => "dataset.json has no rights.",
        };
        return vec![codes::RIGHTS_MISSING.because(message).at(DATASET, "/rights")];
    };
    let mut reasons = Vec::new();
    let text = |name: &str| rights.get(name).and_then(Value::as_str);
    if text("rights_holder").is_none_or(is_placeholder) {
        let message = "rights.rights_holder does not say who holds the rights.";
        let reason = codes::RIGHTS_HOLDER_MISSING.because(message);
        reasons.push(reason.at(DATASET, "/rights/rights_holder"));
    }
    if text("attribution").is_none_or(is_placeholder) {
        let message = "rights.attribution does not say how to credit the source.";
        let reason = codes::ATTRIBUTION_MISSING.because(message);
        reasons.push(reason.at(DATASET, "/rights/attribution"));
    }
    licence(known, rights, &mut reasons);
    b_obligations::check(known, text("attribution").unwrap_or_default(), obligations, &mut reasons);
    reasons
}

fn licence(known: &Known<'_>, rights: &serde_json::Map<String, Value>, reasons: &mut Vec<Reason>) {
    let Some(text) = rights.get("license").and_then(Value::as_str).filter(|t| !is_placeholder(t))
    else {
        let message = "rights.license does not name a licence.";
        reasons.push(codes::LICENSE_UNCLEAR.because(message).at(DATASET, "/rights/license"));
        return;
    };
    let licence = match Licence::parse(text) {
        Ok(licence) => licence,
        Err(error) => {
            let message = format!("rights.license {text:?} is no strict SPDX expression: {error}.");
            reasons.push(codes::LICENSE_INVALID.because(message).at(DATASET, "/rights/license"));
            return;
        }
    };
    let digest = rights.get("license_text_digest");
    if licence.is_custom() || digest.is_some() {
        let digest = digest.and_then(Value::as_str);
        let held = |digest: Digest| known.facts.objects.values().any(|o| o.digest == digest);
        let message = match digest.map(str::parse::<Digest>) {
            None => Some(format!(
                "{text} is a licence of its own, and rights.license_text_digest does not say where its text is."
            )),
            Some(Err(error)) => Some(format!("rights.license_text_digest is no digest: {error}.")),
            Some(Ok(digest)) if !held(digest) => {
                Some(format!("No object of the workspace has the licence text's digest {digest}."))
            }
            Some(Ok(_)) => None,
        };
        if let Some(message) = message {
            let reason = codes::LICENSE_TEXT_MISSING.because(message);
            reasons.push(reason.at(DATASET, "/rights/license_text_digest"));
        }
    }
    let intended = &known.facts.requested.intended_use;
    if !licence.allows(intended) {
        let message = format!("{text} does not allow {intended:?} use.");
        reasons.push(codes::LICENSE_INCOMPATIBLE.because(message).at(DATASET, "/rights/license"));
    }
    dcat(known, text, &licence, rights, reasons);
    stac(known, text, &licence, reasons);
}

fn dcat(
    known: &Known<'_>,
    text: &str,
    licence: &Licence,
    rights: &serde_json::Map<String, Value>,
    reasons: &mut Vec<Reason>,
) {
    let Some(graph) = known.dcat.read() else { return };
    let own_text = |term: &Term| {
        let digest = rights.get("license_text_digest").and_then(Value::as_str);
        let object = known.target(DCAT, term).and_then(|path| known.facts.objects.get(&path));
        licence.is_custom() && object.is_some_and(|o| Some(o.digest.to_string().as_str()) == digest)
    };
    let mut subjects = graph.of_type("http://www.w3.org/ns/dcat#Dataset");
    subjects.extend(graph.of_type("http://www.w3.org/ns/dcat#Distribution"));
    for subject in subjects {
        let named: Vec<&Term> = graph.objects(subject, DCT_LICENSE).collect();
        if named.is_empty() || named.iter().all(|term| own_text(term)) {
            continue;
        }
        let read = |term: &&Term| match term {
            Term::Iri(iri) => Licence::parse(&id_of_url(iri)?).ok(),
            Term::Literal(text) => {
                Licence::parse(&id_of_url(text).unwrap_or_else(|| text.clone())).ok()
            }
            Term::Blank(_) => None,
        };
        let parsed: Vec<Licence> = named.iter().filter_map(read).collect();
        if parsed.len() == named.len() && licence.agrees_with(&parsed) {
            continue;
        }
        let shown: Vec<String> = named.iter().map(|term| known.show(term)).collect();
        let message = format!(
            "The DCAT record's dct:license is {}, which is not {text} of dataset.json.",
            shown.join(" and ")
        );
        let mut places = named.clone();
        places.push(subject);
        let pointer = graph.pointer_of(&places);
        reasons.push(codes::LICENSE_CONTRADICTION.because(message).at(DCAT, pointer));
    }
}

fn stac(known: &Known<'_>, text: &str, licence: &Licence, reasons: &mut Vec<Reason>) {
    for (path, document) in &known.facts.stac {
        let what = if path == STAC_COLLECTION { "The STAC collection" } else { "A STAC document" };
        let Some(value) = document.value() else { continue };
        let mut vague = None;
        for pointer in ["/license", "/properties/license"] {
            let Some(found) = value.pointer(pointer).and_then(Value::as_str) else { continue };
            // What STAC can only say so; the last two are deprecated since 1.1.
            let agrees = if matches!(found, "other" | "proprietary" | "various") {
                vague = Some((pointer, found));
                licence.is_beyond_one_id()
            } else {
                Licence::parse(found).is_ok_and(|named| licence.agrees_with(&[named]))
            };
            if !agrees {
                let message = format!(
                    "{what} has the licence {found:?}, which is not {text} of dataset.json."
                );
                reasons.push(codes::LICENSE_CONTRADICTION.because(message).at(path, pointer));
            }
        }
        let links = value.get("links").and_then(Value::as_array).into_iter().flatten().enumerate();
        let mut linked = false;
        for (index, link) in links.filter(|(_, link)| link["rel"] == "license") {
            linked = true;
            let href = link.get("href").and_then(Value::as_str).unwrap_or_default();
            let named = id_of_url(href).and_then(|id| Licence::parse(&id).ok());
            if named.is_some_and(|named| !licence.has(&named)) {
                let message = format!(
                    "{what} links to the licence {href:?}, which is no part of {text} of dataset.json."
                );
                let pointer = format!("/links/{index}/href");
                reasons.push(codes::LICENSE_CONTRADICTION.because(message).at(path, pointer));
            }
        }
        if let Some((pointer, found)) = vague.filter(|_| !linked) {
            let message = format!("{what} has the licence {found:?} and no link with rel license.");
            reasons.push(codes::LICENSE_LINK_MISSING.because(message).at(path, pointer));
        }
    }
}
