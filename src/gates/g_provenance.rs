//! Gate G: SBOMs are valid and of the images that ran, signed provenance says who built these from
//! what, and smoke reports keep within the pack's budgets.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::dataset::layout::{ATTESTATIONS, PROOFS};
use crate::dataset::{DocumentState, Facts};
use crate::domain::{Digest, Reason};

use super::codes;
use super::e_provenance;
use super::g_sbom::{self, Sbom};
use super::g_signed::{Engine, Provenance, Trust};
use super::g_smoke::Smoke;

/// Findings about one document: enough to mend it, not all of its thousand components.
const FINDINGS: usize = 10;

/// None if the gate is not required and there is nothing that it could check. `data` are the pack's
/// documents: whom it trusts, and its budgets.
pub(super) fn check(
    facts: &Facts,
    required: bool,
    data: &Value,
    engine: &dyn Engine,
) -> Option<Vec<Reason>> {
    let images = images(facts);
    let mut reasons = Vec::new();
    let trust = Trust::read(data);
    let mut provenance = Provenance::new(&trust, engine, &images);
    let mut smoke = Smoke::new(data);
    let mut described = BTreeSet::new();
    let mut sboms = 0;
    for (path, document) in &facts.attestations {
        // What an earlier publication said of itself proves nothing about this one.
        if path.starts_with(PROOFS) {
            continue;
        }
        let value = match &document.state {
            DocumentState::Value(value) => value,
            DocumentState::Invalid(message) => {
                reasons.push(unreadable(path, message));
                continue;
            }
            DocumentState::Missing => continue,
        };
        match e_provenance::statement(value) {
            Some(Ok(statement)) if value.get("_type").is_some() => {
                let kind = statement.value["_type"].as_str().unwrap_or_default();
                if kind.starts_with("https://in-toto.io/Statement") {
                    let message =
                        format!("{path} is a bare in-toto statement without a signature.");
                    reasons.push(codes::PROVENANCE_UNSIGNED.because(message).at(path, ""));
                }
                continue;
            }
            Some(_) => {
                provenance.look(path, value, &mut reasons);
                continue;
            }
            None => {}
        }
        if smoke.look(path, value, &mut reasons) {
            continue;
        }
        let Some(sbom) = Sbom::read(value) else { continue };
        sboms += 1;
        if sbom_faults(path, value, &sbom, &mut reasons) {
            continue;
        }
        let matching: Vec<Digest> = sbom.subjects.intersection(&images).copied().collect();
        if matching.is_empty() {
            let message = format!("{path} is not of {}.", ran(&images));
            reasons.push(codes::SBOM_SUBJECT_MISMATCH.because(message).at(path, sbom.subject));
        }
        described.extend(matching);
    }
    let counts = sboms > 0 || provenance.seen > 0 || smoke.seen > 0 || !reasons.is_empty();
    if !required {
        return counts.then_some(reasons);
    }
    // A document that was found wanting has its own reason.
    let found = reasons.clone();
    let told = |codes: &[&codes::Code]| {
        found.iter().any(|reason| codes.iter().any(|code| reason.code == code.reason_code()))
    };
    if !told(&[&codes::SBOM_INVALID, &codes::SBOM_SUBJECT_MISMATCH, &codes::ATTESTATION_INVALID]) {
        missing(&images, &described, &codes::SBOM_MISSING, "SBOM", &mut reasons);
    }
    provenance.missing(&found, &mut reasons);
    smoke.missing(&mut reasons);
    Some(reasons)
}

/// The images that the receipts name, the first of many.
pub(super) fn ran(images: &BTreeSet<Digest>) -> String {
    match (images.first(), images.len()) {
        (None, _) => "an image that the receipts name: they name none".to_owned(),
        (Some(image), 1) => format!("the image {image} that the receipts name"),
        (Some(image), n) => format!("any of the {n} images that the receipts name, {image} first"),
    }
}

/// Tells which images nothing speaks of.
pub(super) fn missing(
    images: &BTreeSet<Digest>,
    described: &BTreeSet<Digest>,
    code: &codes::Code,
    what: &str,
    reasons: &mut Vec<Reason>,
) {
    for image in images.difference(described) {
        let message = format!("There is no {what} of the image {image} under {ATTESTATIONS}.");
        reasons.push(code.because(message).in_file(ATTESTATIONS));
    }
    if images.is_empty() {
        let message = format!("No receipt names an image that a {what} could be of.");
        reasons.push(code.because(message).in_file(ATTESTATIONS));
    }
}

fn unreadable(path: &str, message: &str) -> Reason {
    let sbom = ["sbom", "bom.", "cdx", "cyclonedx", "spdx"];
    let named = path.to_lowercase();
    let is_sbom = sbom.iter().any(|part| named.contains(part));
    let code = if is_sbom { &codes::SBOM_INVALID } else { &codes::ATTESTATION_INVALID };
    code.because(format!("{path} is {message}.")).at(path, "")
}

/// Says what is wrong with an SBOM; true if something is.
fn sbom_faults(path: &str, value: &Value, sbom: &Sbom, reasons: &mut Vec<Reason>) -> bool {
    let Ok(format) = sbom.format else {
        let message = format!("{path} is none of SPDX 2.3, SPDX 3.0.1, CycloneDX 1.5 to 1.7.");
        let pointer = sbom.format.err().unwrap_or_default();
        reasons.push(codes::SBOM_INVALID.because(message).at(path, pointer));
        return true;
    };
    let found = g_sbom::violations(format, value);
    for violation in found.iter().take(FINDINGS) {
        let place = if violation.pointer.is_empty() { "it" } else { &violation.pointer };
        let message =
            format!("{path} is no valid {}: {place} {}.", format.name(), violation.message);
        reasons.push(codes::SBOM_INVALID.because(message).at(path, violation.pointer.clone()));
    }
    !found.is_empty()
}

fn images(facts: &Facts) -> BTreeSet<Digest> {
    let receipts = super::e_receipts::read(facts, &mut Vec::new());
    receipts.iter().filter_map(|r| r.container.as_ref()?.text.parse().ok()).collect()
}
