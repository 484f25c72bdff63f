//! What the schemas of CycloneDX and SPDX 3 cannot say: what is referred to by an id is there, and
//! once.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::contracts::Violation;

/// References of a CycloneDX document that lead nowhere, and ids of components and services that
/// are there twice.
pub(super) fn cyclone_dx(bom: &Value) -> Vec<Violation> {
    let mut refs = Refs::default();
    if let Some(component) = bom.pointer("/metadata/component") {
        refs.part(component, "/metadata/component");
    }
    refs.parts(bom, "", "components");
    refs.parts(bom, "", "services");
    refs.every(bom);
    for (at, dependency) in items(bom, "", "dependencies") {
        refs.leads(&dependency["ref"], &format!("{at}/ref"));
        refs.list(dependency, &at, &["dependsOn", "provides"]);
    }
    for (at, composition) in items(bom, "", "compositions") {
        refs.list(composition, &at, &["assemblies", "dependencies", "vulnerabilities"]);
    }
    for (at, vulnerability) in items(bom, "", "vulnerabilities") {
        for (at, affected) in items(vulnerability, &at, "affects") {
            refs.leads(&affected["ref"], &format!("{at}/ref"));
        }
    }
    refs.found
}

/// References of an SPDX 3 document that lead nowhere, and ids that are there twice. What is
/// elsewhere is among the document's imports.
pub(super) fn spdx_3(document: &Value) -> Vec<Violation> {
    let mut refs = Refs::default();
    for (at, element) in items(document, "", "@graph") {
        if let Some(id) = element["spdxId"].as_str() {
            refs.once(id, &format!("{at}/spdxId"));
        }
        for (_, import) in items(element, &at, "import") {
            refs.known.extend(import["externalSpdxId"].as_str());
        }
    }
    for (at, element) in items(document, "", "@graph") {
        refs.list(element, &at, &["rootElement", "to"]);
        if let Some(from) = element.get("from") {
            refs.leads(from, &format!("{at}/from"));
        }
    }
    refs.found
}

/// The items of a list, each with its place.
pub(super) fn items<'a>(
    value: &'a Value,
    at: &str,
    name: &str,
) -> impl Iterator<Item = (String, &'a Value)> + use<'a> {
    let place = format!("{at}/{name}");
    let list = value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().enumerate().map(move |(index, item)| (format!("{place}/{index}"), item))
}

/// What is in other documents: BOM-Links, and SPDX 3's own individuals and listed licences.
const ELSEWHERE: [&str; 3] =
    ["urn:cdx:", "https://spdx.org/rdf/3.0.1/terms/", "https://spdx.org/licenses/"];

#[derive(Default)]
struct Refs<'a> {
    known: BTreeSet<&'a str>,
    found: Vec<Violation>,
}

impl<'a> Refs<'a> {
    fn say(&mut self, at: &str, message: String) {
        if self.found.len() < Violation::MAX {
            self.found.push(Violation::new(at, message));
        }
    }

    fn once(&mut self, id: &'a str, at: &str) {
        if !self.known.insert(id) {
            self.say(at, format!("is {id:?}, which something else has, too"));
        }
    }

    /// A component or service, and those in it.
    fn part(&mut self, part: &'a Value, at: &str) {
        if let Some(id) = part["bom-ref"].as_str() {
            self.once(id, &format!("{at}/bom-ref"));
        }
        self.parts(part, at, "components");
        self.parts(part, at, "services");
    }

    fn parts(&mut self, value: &'a Value, at: &str, list: &str) {
        for (at, part) in items(value, at, list) {
            self.part(part, &at);
        }
    }

    /// Everything else that has an id. Where those are not unique, nothing here depends on it.
    fn every(&mut self, value: &'a Value) {
        match value {
            Value::Object(members) => {
                self.known.extend(members.get("bom-ref").and_then(Value::as_str));
                members.values().for_each(|value| self.every(value));
            }
            Value::Array(items) => items.iter().for_each(|value| self.every(value)),
            _ => {}
        }
    }

    fn leads(&mut self, id: &Value, at: &str) {
        let Some(id) = id.as_str() else { return };
        let elsewhere = ELSEWHERE.iter().any(|begin| id.starts_with(begin));
        if !elsewhere && !self.known.contains(id) {
            self.say(at, format!("is {id:?}, and nothing here has that id"));
        }
    }

    fn list(&mut self, value: &Value, at: &str, names: &[&str]) {
        for name in names {
            for (at, id) in items(value, at, name) {
                self.leads(id, &at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn places(found: Vec<Violation>) -> Vec<String> {
        found.into_iter().map(|violation| violation.pointer).collect()
    }

    #[test]
    fn a_cyclone_dx_document_refers_to_what_it_has() {
        let bom = json!({
            "metadata": {"component": {"bom-ref": "app"}},
            "components": [
                {"bom-ref": "a", "components": [{"bom-ref": "inner"}, {"bom-ref": "app"}]},
                {"name": "without"}, {"bom-ref": "a"},
            ],
            "services": [{"bom-ref": "s"}],
            "vulnerabilities": [
                {"bom-ref": "v", "affects": [{"ref": "a"}, {"ref": "urn:cdx:x/1#a"}, {"ref": "gone"}]},
            ],
            "dependencies": [{"ref": "app", "dependsOn": ["inner", "s", "gone"]}, {"ref": "no"}],
            "compositions": [{"assemblies": ["app", "no"], "vulnerabilities": ["v"]}],
        });
        assert_eq!(
            places(cyclone_dx(&bom)),
            [
                "/components/0/components/1/bom-ref",
                "/components/2/bom-ref",
                "/dependencies/0/dependsOn/2",
                "/dependencies/1/ref",
                "/compositions/0/assemblies/1",
                "/vulnerabilities/0/affects/2/ref",
            ]
        );
    }

    #[test]
    fn an_spdx_3_document_refers_to_what_it_has() {
        let document = json!({"@graph": [
            {"type": "CreationInfo", "@id": "_:c"},
            {"spdxId": "urn:doc", "rootElement": ["urn:a", "urn:gone"],
             "import": [{"externalSpdxId": "urn:other"}]},
            {"spdxId": "urn:a"},
            {"spdxId": "urn:r", "from": "urn:a", "to": ["urn:other", "urn:no",
             "https://spdx.org/rdf/3.0.1/terms/Core/NoAssertionElement"]},
            {"spdxId": "urn:a", "from": "urn:nobody"},
        ]});
        assert_eq!(
            places(spdx_3(&document)),
            ["/@graph/4/spdxId", "/@graph/1/rootElement/1", "/@graph/3/to/1", "/@graph/4/from",]
        );
    }
}
