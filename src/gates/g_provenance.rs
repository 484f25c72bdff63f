//! Gate G: SBOMs are of the images that ran. Signed provenance cannot be verified yet, so
//! requiring it denies.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::dataset::layout::ATTESTATIONS;
use crate::dataset::{DocumentState, Facts};
use crate::domain::{Digest, Reason};

use super::codes;

/// None if the gate is not required and there is nothing that it could check.
pub(super) fn check(facts: &Facts, required: bool) -> Option<Vec<Reason>> {
    let images = images(facts);
    let mut reasons = Vec::new();
    let mut seen = BTreeSet::new();
    let mut sboms = 0;
    for (path, document) in &facts.attestations {
        let value = match &document.state {
            DocumentState::Value(value) => value,
            DocumentState::Invalid(message) => {
                let message = format!("{path} is {message}.");
                let sbom = ["sbom", "bom.", "cdx", "cyclonedx", "spdx"];
                let named = path.to_lowercase();
                let is_sbom = sbom.iter().any(|part| named.contains(part));
                let code = if is_sbom { &codes::SBOM_INVALID } else { &codes::ATTESTATION_INVALID };
                reasons.push(code.because(message).at(path, ""));
                continue;
            }
            DocumentState::Missing => continue,
        };
        let kind = value.get("_type").and_then(Value::as_str).unwrap_or_default();
        if kind.starts_with("https://in-toto.io/Statement") {
            let message = format!("{path} is a bare in-toto statement without a signature.");
            reasons.push(codes::PROVENANCE_UNSIGNED.because(message).at(path, ""));
        }
        let Some(sbom) = Sbom::read(value) else { continue };
        sboms += 1;
        if let Some((pointer, what)) = sbom.fault {
            let message = format!("{path} is no whole {} SBOM: {what}.", sbom.format);
            reasons.push(codes::SBOM_INVALID.because(message).at(path, pointer));
            continue;
        }
        let matching: Vec<Digest> = sbom.subjects.intersection(&images).copied().collect();
        if matching.is_empty() {
            let message = format!("{path} names no image digest that the receipts name.");
            reasons.push(codes::SBOM_SUBJECT_MISMATCH.because(message).at(path, sbom.subject));
        }
        seen.extend(matching);
    }
    if !required {
        return (sboms > 0 || !reasons.is_empty()).then_some(reasons);
    }
    // An SBOM that was found wanting has its own reason.
    if reasons.is_empty() {
        for image in images.difference(&seen) {
            let message = format!("There is no SBOM of the image {image} under {ATTESTATIONS}.");
            reasons.push(codes::SBOM_MISSING.because(message).in_file(ATTESTATIONS));
        }
        if images.is_empty() {
            let message = "No receipt names an image that an SBOM could be of.";
            reasons.push(codes::SBOM_MISSING.because(message).in_file(ATTESTATIONS));
        }
    }
    let message = "Gate G is required, but this version cannot verify signed build provenance.";
    reasons.push(codes::PROVENANCE_NOT_VERIFIABLE.because(message));
    Some(reasons)
}

fn images(facts: &Facts) -> BTreeSet<Digest> {
    let digest = |document: &crate::dataset::Document| {
        let text = document.value()?.pointer("/environment/container_digest")?.as_str()?;
        text.parse().ok()
    };
    facts.receipts.values().filter_map(digest).collect()
}

struct Sbom {
    format: &'static str,
    /// What is wrong with the document itself, and where.
    fault: Option<(&'static str, &'static str)>,
    /// Where the subject is named.
    subject: &'static str,
    subjects: BTreeSet<Digest>,
}

impl Sbom {
    /// None if the document is no SBOM at all.
    fn read(value: &Value) -> Option<Self> {
        if value.get("spdxVersion").is_some() {
            Some(Self::spdx(value))
        } else if value.get("bomFormat").is_some() {
            Some(Self::cyclone_dx(value))
        } else {
            None
        }
    }

    fn spdx(value: &Value) -> Self {
        let packages = value.get("packages").and_then(Value::as_array);
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let fault = if !matches!(text("spdxVersion"), Some("SPDX-2.3" | "SPDX-2.2")) {
            Some(("/spdxVersion", "spdxVersion is not SPDX-2.3"))
        } else if text("SPDXID") != Some("SPDXRef-DOCUMENT") {
            Some(("/SPDXID", "SPDXID is not SPDXRef-DOCUMENT"))
        } else if text("documentNamespace").is_none_or(str::is_empty) {
            Some(("/documentNamespace", "there is no documentNamespace"))
        } else if packages.is_none_or(Vec::is_empty) {
            Some(("/packages", "there are no packages"))
        } else {
            None
        };
        let mut described: BTreeSet<&str> = BTreeSet::new();
        let list = |name: &str| value.get(name).and_then(Value::as_array).into_iter().flatten();
        described.extend(list("documentDescribes").filter_map(Value::as_str));
        for relation in list("relationships") {
            if relation["relationshipType"] == "DESCRIBES"
                && relation["spdxElementId"] == "SPDXRef-DOCUMENT"
            {
                described.extend(relation["relatedSpdxElement"].as_str());
            }
        }
        let mut subjects = BTreeSet::new();
        for package in packages.into_iter().flatten() {
            if package["SPDXID"].as_str().is_some_and(|id| described.contains(id)) {
                for checksum in package["checksums"].as_array().into_iter().flatten() {
                    if checksum["algorithm"] == "SHA256" {
                        subjects.extend(hex(&checksum["checksumValue"]));
                    }
                }
                subjects.extend(within(&package["versionInfo"]));
                subjects.extend(within(&package["name"]));
                for reference in package["externalRefs"].as_array().into_iter().flatten() {
                    subjects.extend(within(&reference["referenceLocator"]));
                }
            }
        }
        Self { format: "SPDX", fault, subject: "/packages", subjects }
    }

    fn cyclone_dx(value: &Value) -> Self {
        let component = value.pointer("/metadata/component");
        let version = value.get("specVersion").and_then(Value::as_str).unwrap_or_default();
        let fault = if value["bomFormat"] != "CycloneDX" {
            Some(("/bomFormat", "bomFormat is not CycloneDX"))
        } else if !version.starts_with("1.") {
            Some(("/specVersion", "specVersion is not 1.x"))
        } else if !component.is_some_and(Value::is_object) {
            Some(("/metadata/component", "there is no metadata.component"))
        } else {
            None
        };
        let mut subjects = BTreeSet::new();
        if let Some(component) = component {
            for hash in component["hashes"].as_array().into_iter().flatten() {
                if hash["alg"] == "SHA-256" {
                    subjects.extend(hex(&hash["content"]));
                }
            }
            for name in ["version", "purl", "bom-ref", "name"] {
                subjects.extend(within(&component[name]));
            }
        }
        Self { format: "CycloneDX", fault, subject: "/metadata/component", subjects }
    }
}

fn hex(value: &Value) -> Option<Digest> {
    format!("sha256:{}", value.as_str()?.to_lowercase()).parse().ok()
}

/// A digest inside a version, a package URL or an image reference.
fn within(value: &Value) -> Option<Digest> {
    let text = value.as_str()?.replace("%3A", ":").replace("%3a", ":");
    let at = text.find("sha256:")?;
    text.get(at..at + "sha256:".len() + 64)?.parse().ok()
}
