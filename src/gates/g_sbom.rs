//! What an SBOM is of: the digests that its subject is named by.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::contracts::{Format, Violation, official_violations};
use crate::domain::Digest;

use super::{g_bom_refs, g_spdx};

/// What an SBOM breaks of its format: of the official schema, and if of none, of what the format's
/// text demands beyond it.
pub(super) fn violations(format: Format, value: &Value) -> Vec<Violation> {
    let mut found = official_violations(format, value);
    if !found.is_empty() {
        // By SPDX 3's schema a fault anywhere makes every member around it an unknown one, too.
        let follows = |violation: &Violation| violation.message == "is not a known member";
        if format == Format::Spdx3 && !found.iter().all(follows) {
            found.retain(|violation| !follows(violation));
        }
        return found;
    }
    match format {
        Format::Spdx2 => g_spdx::violations(value),
        Format::Spdx3 => g_bom_refs::spdx_3(value),
        _ => g_bom_refs::cyclone_dx(value),
    }
}

/// An SBOM as far as gate G asks.
pub(super) struct Sbom {
    /// Its format; or where it names one that is not known here.
    pub(super) format: Result<Format, &'static str>,
    /// Where the subject is named.
    pub(super) subject: &'static str,
    pub(super) subjects: BTreeSet<Digest>,
}

impl Sbom {
    /// None if the document is no SBOM at all.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let context = || value.get("@context").map(Value::to_string).unwrap_or_default();
        if value.get("spdxVersion").is_some() {
            Some(Self::spdx_2(value))
        } else if value.get("bomFormat").is_some() {
            Some(Self::cyclone_dx(value))
        } else if context().contains("spdx.org/rdf/3.") {
            Some(Self::spdx_3(value))
        } else {
            None
        }
    }

    fn spdx_2(value: &Value) -> Self {
        let known = value["spdxVersion"] == "SPDX-2.3";
        let mut described: BTreeSet<&str> = BTreeSet::new();
        described.extend(list(value, "documentDescribes").filter_map(Value::as_str));
        for relation in list(value, "relationships") {
            let (from, to) = (&relation["spdxElementId"], &relation["relatedSpdxElement"]);
            match relation["relationshipType"].as_str() {
                Some("DESCRIBES") if from == "SPDXRef-DOCUMENT" => described.extend(to.as_str()),
                Some("DESCRIBED_BY") if to == "SPDXRef-DOCUMENT" => described.extend(from.as_str()),
                _ => {}
            }
        }
        // A document of one package need not say that it is of that.
        let packages = list(value, "packages").count();
        let only = described.is_empty() && packages == 1;
        let mut subjects = BTreeSet::new();
        for package in list(value, "packages") {
            let described = package["SPDXID"].as_str().is_some_and(|id| described.contains(id));
            if !described && !only {
                continue;
            }
            for checksum in list(package, "checksums") {
                if checksum["algorithm"] == "SHA256" {
                    subjects.extend(hex(&checksum["checksumValue"]));
                }
            }
            subjects.extend(within(&package["versionInfo"]));
            subjects.extend(within(&package["name"]));
            let references = list(package, "externalRefs");
            subjects.extend(references.filter_map(|r| within(&r["referenceLocator"])));
        }
        let format = if known { Ok(Format::Spdx2) } else { Err("/spdxVersion") };
        Self { format, subject: "/packages", subjects }
    }

    /// In SPDX 3 the document's roots are its subject, or an `software_Sbom` whose roots are.
    fn spdx_3(value: &Value) -> Self {
        let known = value["@context"] == "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
        let elements: BTreeMap<&str, &Value> = list(value, "@graph")
            .filter_map(|element| Some((element["spdxId"].as_str()?, element)))
            .collect();
        let mut todo: Vec<&Value> =
            list(value, "@graph").filter(|element| element["type"] == "SpdxDocument").collect();
        let mut seen = BTreeSet::new();
        let mut subjects = BTreeSet::new();
        while let Some(element) = todo.pop() {
            let kind = element["type"].as_str().unwrap_or_default();
            if matches!(kind, "SpdxDocument" | "software_Sbom" | "Bom" | "Bundle") {
                let roots = list(element, "rootElement").filter_map(Value::as_str);
                let new = roots.filter(|id| seen.insert(*id));
                todo.extend(new.filter_map(|id| elements.get(id).copied()));
                continue;
            }
            for hash in list(element, "verifiedUsing") {
                if hash["algorithm"] == "sha256" {
                    subjects.extend(hex(&hash["hashValue"]));
                }
            }
            for name in ["name", "software_packageVersion", "software_packageUrl"] {
                subjects.extend(within(&element[name]));
            }
            for identifier in list(element, "externalIdentifier") {
                subjects.extend(within(&identifier["identifier"]));
            }
            for identifier in list(element, "software_contentIdentifier") {
                subjects.extend(within(&identifier["software_contentIdentifierValue"]));
            }
        }
        let format = if known { Ok(Format::Spdx3) } else { Err("/@context") };
        Self { format, subject: "/@graph", subjects }
    }

    fn cyclone_dx(value: &Value) -> Self {
        let format = match value["specVersion"].as_str() {
            Some("1.5") => Ok(Format::CycloneDx15),
            Some("1.6") => Ok(Format::CycloneDx16),
            Some("1.7") => Ok(Format::CycloneDx17),
            _ => Err("/specVersion"),
        };
        let mut subjects = BTreeSet::new();
        if let Some(component) = value.pointer("/metadata/component") {
            for hash in list(component, "hashes") {
                if hash["alg"] == "SHA-256" {
                    subjects.extend(hex(&hash["content"]));
                }
            }
            for name in ["version", "purl", "bom-ref", "name"] {
                subjects.extend(within(&component[name]));
            }
        }
        Self { format, subject: "/metadata/component", subjects }
    }
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
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
