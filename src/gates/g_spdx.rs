//! What the text of SPDX 2.3 demands beyond its JSON schema: ids are unique and references lead
//! somewhere, licences are listed or declared, texts have their form.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::contracts::Violation;

use super::g_bom_refs::items;
use super::g_spdx_forms::{self as forms, Flaw};

const DOCUMENT: &str = "SPDXRef-DOCUMENT";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    /// A package into whose files nobody looked.
    Unanalysed,
    Other,
}

/// Everything that is wrong, at most [`Violation::MAX`]. The document is valid by the schema.
pub(super) fn violations(document: &Value) -> Vec<Violation> {
    let mut check = Check {
        ids: BTreeMap::from([(DOCUMENT, Kind::Other)]),
        documents: texts(document, "externalDocumentRefs", "externalDocumentId"),
        licences: texts(document, "hasExtractedLicensingInfos", "licenseId"),
        found: Vec::new(),
    };
    check.ids(document);
    check.head(document);
    check.licences(document);
    for (at, package) in items(document, "", "packages") {
        check.package(package, &at);
    }
    for (at, file) in items(document, "", "files") {
        check.file(file, &at);
    }
    for (at, snippet) in items(document, "", "snippets") {
        check.snippet(snippet, &at);
    }
    check.relationships(document);
    check.found.sort();
    check.found.truncate(Violation::MAX);
    check.found
}

/// A member of every item of a list.
fn texts<'a>(value: &'a Value, list: &str, member: &str) -> BTreeSet<&'a str> {
    items(value, "", list).filter_map(|(_, item)| item.get(member)?.as_str()).collect()
}

struct Check<'a> {
    ids: BTreeMap<&'a str, Kind>,
    documents: BTreeSet<&'a str>,
    licences: BTreeSet<&'a str>,
    found: Vec<Violation>,
}

impl<'a> Check<'a> {
    fn say(&mut self, at: impl Into<String>, flaw: Flaw) {
        if let Some(message) = flaw.filter(|_| self.found.len() < Violation::MAX) {
            self.found.push(Violation::new(at, message));
        }
    }

    /// Holds members against a form, where they are there.
    fn texts(&mut self, value: &Value, at: &str, members: &[&str], form: fn(&str) -> Flaw) {
        for name in members {
            if let Some(text) = value.get(name).and_then(Value::as_str) {
                self.say(format!("{at}/{name}"), form(text));
            }
        }
    }

    /// Holds each text of a list against a form.
    fn each(&mut self, value: &Value, at: &str, list: &str, form: fn(&str) -> Flaw) {
        for (at, text) in items(value, at, list) {
            self.say(at, text.as_str().and_then(form));
        }
    }

    fn ids(&mut self, document: &'a Value) {
        for list in ["packages", "files", "snippets"] {
            for (at, item) in items(document, "", list) {
                let Some(id) = item.get("SPDXID").and_then(Value::as_str) else { continue };
                let kind = match list {
                    "files" => Kind::File,
                    "packages" if item["filesAnalyzed"] == false => Kind::Unanalysed,
                    _ => Kind::Other,
                };
                let taken = self.ids.insert(id, kind).is_some();
                let twice = taken.then(|| format!("is {id:?}, which something else has, too"));
                self.say(format!("{at}/SPDXID"), twice.or_else(|| forms::element_id(id)));
            }
        }
    }

    fn head(&mut self, document: &Value) {
        if let Some(id) = document["SPDXID"].as_str().filter(|id| *id != DOCUMENT) {
            self.say("/SPDXID", Some(format!("is {id:?}, and a document's is {DOCUMENT}")));
        }
        self.texts(document, "", &["spdxVersion"], forms::version);
        self.texts(document, "", &["dataLicense"], forms::data_licence);
        self.texts(document, "", &["documentNamespace"], forms::namespace);
        let creation = &document["creationInfo"];
        self.texts(creation, "/creationInfo", &["created"], forms::date);
        self.texts(creation, "/creationInfo", &["licenseListVersion"], forms::list_version);
        self.each(creation, "/creationInfo", "creators", forms::actor);
        self.annotations(document, "");
        for (at, other) in items(document, "", "externalDocumentRefs") {
            self.texts(other, &at, &["externalDocumentId"], forms::document_id);
            self.texts(other, &at, &["spdxDocument"], forms::namespace);
            self.checksum(&other["checksum"], &format!("{at}/checksum"));
        }
    }

    fn licences(&mut self, document: &Value) {
        for (at, licence) in items(document, "", "hasExtractedLicensingInfos") {
            self.texts(licence, &at, &["licenseId"], forms::licence_id);
            self.each(licence, &at, "seeAlsos", forms::address);
            if licence["extractedText"].as_str().is_none_or(str::is_empty) {
                self.say(format!("{at}/extractedText"), Some("has no text".to_owned()));
            }
        }
    }

    fn package(&mut self, package: &Value, at: &str) {
        self.texts(package, at, &["downloadLocation"], forms::download);
        self.texts(package, at, &["homepage"], forms::address_or_none);
        self.texts(package, at, &["supplier", "originator"], forms::supplier);
        self.texts(
            package,
            at,
            &["builtDate", "releaseDate", "validUntilDate"],
            forms::optional_date,
        );
        self.expressions(
            package,
            at,
            &["licenseConcluded", "licenseDeclared"],
            "licenseInfoFromFiles",
        );
        self.checksums(package, at);
        self.annotations(package, at);
        for (at, id) in items(package, at, "hasFiles") {
            self.reference(&at, id, Some(Kind::File));
        }
        for (at, external) in items(package, at, "externalRefs") {
            let text = |name: &str| external[name].as_str().unwrap_or_default();
            let flaw = forms::external(
                text("referenceCategory"),
                text("referenceType"),
                text("referenceLocator"),
            );
            self.say(at, flaw);
        }
        if package["filesAnalyzed"] == false {
            self.unanalysed(package, at);
        } else if let Some(code) = package.get("packageVerificationCode") {
            let at = format!("{at}/packageVerificationCode");
            self.texts(code, &at, &["packageVerificationCodeValue"], forms::verification_code);
            self.each(code, &at, "packageVerificationCodeExcludedFiles", forms::file_name);
        }
    }

    /// A package into whose files nobody looked says nothing about them.
    fn unanalysed(&mut self, package: &Value, at: &str) {
        for name in ["packageVerificationCode", "licenseInfoFromFiles", "hasFiles"] {
            let said =
                package.get(name).is_some_and(|v| v.as_array().is_none_or(|l| !l.is_empty()));
            let flaw = said.then(|| "is there although filesAnalyzed is false".to_owned());
            self.say(format!("{at}/{name}"), flaw);
        }
    }

    fn file(&mut self, file: &Value, at: &str) {
        self.texts(file, at, &["fileName"], forms::file_name);
        self.expressions(file, at, &["licenseConcluded"], "licenseInfoInFiles");
        self.checksums(file, at);
        self.annotations(file, at);
        if !items(file, at, "checksums").any(|(_, checksum)| checksum["algorithm"] == "SHA1") {
            self.say(format!("{at}/checksums"), Some("has none by SHA1".to_owned()));
        }
    }

    fn snippet(&mut self, snippet: &Value, at: &str) {
        self.expressions(snippet, at, &["licenseConcluded"], "licenseInfoInSnippets");
        self.annotations(snippet, at);
        let from = format!("{at}/snippetFromFile");
        self.reference(&from, &snippet["snippetFromFile"], Some(Kind::File));
        let mut in_bytes = false;
        for (at, range) in items(snippet, at, "ranges") {
            let ends = |unit: &str| {
                let end = |name: &str| range[name][unit].as_u64();
                end("startPointer").zip(end("endPointer"))
            };
            in_bytes |= ends("offset").is_some();
            let flaw = match ends("offset").or_else(|| ends("lineNumber")) {
                None => Some("begins and ends neither by offset nor by lineNumber"),
                Some((start, end)) if start < 1 || start > end => {
                    Some("does not begin at 1 or later and end after that")
                }
                Some(_) => None,
            };
            self.say(at, flaw.map(str::to_owned));
        }
        if !in_bytes {
            self.say(format!("{at}/ranges"), Some("has none by offset".to_owned()));
        }
    }

    fn relationships(&mut self, document: &Value) {
        let mut describes = false;
        for (at, id) in items(document, "", "documentDescribes") {
            describes = true;
            self.reference(&at, id, None);
        }
        for (at, relation) in items(document, "", "relationships") {
            let (from, to) = (&relation["spdxElementId"], &relation["relatedSpdxElement"]);
            self.reference(&format!("{at}/spdxElementId"), from, None);
            if !to.as_str().is_some_and(forms::is_none) {
                self.reference(&format!("{at}/relatedSpdxElement"), to, None);
            }
            match relation["relationshipType"].as_str() {
                Some("DESCRIBES") => describes |= from == DOCUMENT,
                Some("DESCRIBED_BY") => describes |= to == DOCUMENT,
                Some("CONTAINS") => self.contains(&at, from, to),
                Some("CONTAINED_BY") => self.contains(&at, to, from),
                _ => {}
            }
        }
        let count = |list: &str| items(document, "", list).count();
        let single = count("packages") == 1 && count("files") == 0 && count("snippets") == 0;
        if !describes && !single {
            let flaw = format!("has none by which {DOCUMENT} DESCRIBES something");
            self.say("/relationships", Some(flaw));
        }
    }

    fn contains(&mut self, at: &str, package: &Value, file: &Value) {
        let kind = |id: &Value| self.ids.get(id.as_str()?).copied();
        if kind(package) == Some(Kind::Unanalysed) && kind(file) == Some(Kind::File) {
            let flaw = format!("puts {file} into {package}, whose filesAnalyzed is false");
            self.say(at, Some(flaw));
        }
    }

    /// Holds an id against what is there: anything, or only this kind.
    fn reference(&mut self, at: &str, id: &Value, kind: Option<Kind>) {
        let id = id.as_str().unwrap_or_default();
        let flaw = match id.split_once(':') {
            Some((document, element)) => {
                forms::element_id(element).or_else(|| self.elsewhere(document))
            }
            None => forms::element_id(id).or_else(|| {
                let found = self.ids.get(id);
                let fits = found.is_some_and(|found| kind.is_none_or(|kind| kind == *found));
                let what = if kind == Some(Kind::File) { "file" } else { "element" };
                (!fits).then(|| format!("is {id:?}, and no {what} here has that id"))
            }),
        };
        self.say(at, flaw);
    }

    fn elsewhere(&self, document: &str) -> Flaw {
        (!self.documents.contains(document))
            .then(|| format!("leads to {document:?}, which is not among externalDocumentRefs"))
    }

    fn annotations(&mut self, value: &Value, at: &str) {
        for (at, annotation) in items(value, at, "annotations") {
            self.texts(annotation, &at, &["annotationDate"], forms::date);
            self.texts(annotation, &at, &["annotator"], forms::actor);
        }
    }

    fn checksums(&mut self, value: &Value, at: &str) {
        for (at, checksum) in items(value, at, "checksums") {
            self.checksum(checksum, &at);
        }
    }

    fn checksum(&mut self, checksum: &Value, at: &str) {
        let text = |name: &str| checksum[name].as_str().unwrap_or_default();
        let flaw = forms::checksum(text("algorithm"), text("checksumValue"));
        self.say(format!("{at}/checksumValue"), flaw);
    }

    fn expressions(&mut self, value: &Value, at: &str, members: &[&str], list: &str) {
        // An empty text there is none at all, to those who write it.
        let single = members.iter().map(|name| (format!("{at}/{name}"), &value[*name]));
        let single = single.filter(|(_, text)| *text != "");
        for (at, expression) in single.chain(items(value, at, list)) {
            if let Some(text) = expression.as_str() {
                let flaw = self.expression(text);
                self.say(at, flaw);
            }
        }
    }

    fn expression(&self, text: &str) -> Flaw {
        let own = match forms::licences(text) {
            Ok(own) => own,
            Err(flaw) => return Some(flaw),
        };
        own.iter().find_map(|licence| match &licence.doc_ref {
            Some(document) => self.elsewhere(&format!("DocumentRef-{document}")),
            None => {
                let id = licence.to_string();
                let flaw = || format!("names {id}, which is not among hasExtractedLicensingInfos");
                (!self.licences.contains(id.as_str())).then(flaw)
            }
        })
    }
}

#[cfg(test)]
#[path = "g_spdx_tests.rs"]
mod tests;
