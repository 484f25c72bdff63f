//! Every reason code, each with one mutation of the whole workspace that brings it alone, and its
//! whole message as people read it.

mod catalogs;
mod data;
mod runs;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::dataset::testing::{Workspace, image, workspace};
use crate::domain::{GateId, Report};
use crate::gates::codes::{self, Code};
use crate::gates::judge;
use crate::pack::{KeyPairPem, sign_statement};
use crate::policy::Verdict;

use super::{now, verdict};

/// A code, and the mutation that brings it.
type Row = (&'static Code, &'static str, fn(&mut Case));

/// Codes that cannot come alone, those that come along, and why.
const COMPANY: [(&Code, &[&Code], &str); 1] = [(
    &codes::DATASET_MISSING,
    &[&codes::RIGHTS_MISSING, &codes::LABEL_MISSING, &codes::EVIDENCE_MISSING],
    "without dataset.json nobody knows rights, label and evidence, and no gate passes on nothing",
)];

/// A workspace that passes, with all else that goes into a report.
struct Case {
    ws: Workspace,
    data: Value,
    verdict: Verdict,
    required: Vec<GateId>,
}

impl Case {
    fn new() -> Self {
        Self { ws: workspace(), data: json!({}), verdict: verdict(), required: Vec::new() }
    }

    fn edit(&mut self, path: &str, change: impl FnOnce(&mut Value)) {
        self.ws.edit(path, change);
    }

    /// Sets what is at a pointer.
    fn set(&mut self, path: &str, pointer: &str, value: Value) {
        self.edit(path, |document| *document.pointer_mut(pointer).unwrap() = value);
    }

    /// Adds to the list at a pointer.
    fn push(&mut self, path: &str, pointer: &str, value: Value) {
        self.edit(path, |document| {
            document.pointer_mut(pointer).unwrap().as_array_mut().unwrap().push(value);
        });
    }

    /// Takes away the member or item at a pointer.
    fn drop(&mut self, path: &str, pointer: &str) {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let name = name.replace("~1", "/");
        self.edit(path, |document| match document.pointer_mut(parent).unwrap() {
            Value::Array(items) => drop(items.remove(name.parse().unwrap())),
            other => drop(other.as_object_mut().unwrap().remove(&name).unwrap()),
        });
    }

    /// Requires gate G under a pack that trusts this key, with an SBOM of the image.
    fn attested(&mut self, keys: &KeyPairPem) {
        self.required = vec![GateId::G];
        self.data["provenance"] = json!({
            "keys": [keys.public], "builders": ["https://example.org/builder"],
            "sources": ["git+https://example.org/pipeline"],
        });
        let version = image().to_string();
        let component = json!({"type": "container", "name": "pipeline", "version": version});
        let sbom = json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
            "metadata": {"component": component}});
        self.ws.put_json("attestations/sbom.json", &sbom);
    }

    /// Adds signed provenance of the image, changed before it is signed.
    fn signed(&mut self, keys: &KeyPairPem, change: impl FnOnce(&mut Value)) {
        let mut statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "pipeline", "digest": {"sha256": image().hex()}}],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {
                "buildDefinition": {"buildType": "https://example.org/build/v1",
                    "externalParameters": {},
                    "resolvedDependencies": [{"uri": "git+https://example.org/pipeline@refs/heads/main",
                        "digest": {"gitCommit": "0123456789abcdef0123456789abcdef01234567"}}]},
                "runDetails": {"builder": {"id": "https://example.org/builder"}},
            },
        });
        change(&mut statement);
        let bundle = sign_statement(statement.to_string().as_bytes(), &keys.private).unwrap();
        self.ws.put("attestations/image.json", bundle);
    }

    fn report(self) -> Report {
        let verdict = Verdict { data: Arc::new(self.data), ..self.verdict };
        judge(&self.ws.facts(), &verdict, &self.required, now())
    }
}

fn rows() -> Vec<Row> {
    [data::ROWS, catalogs::ROWS, runs::ROWS].concat()
}

/// As the command line shows it, for one code.
fn page(name: &str, report: &Report) -> String {
    let mut page = format!("## {name}\n");
    for (gate, reason) in report.reasons() {
        let place = reason.path.as_deref().unwrap_or("the whole");
        let pointer = reason.pointer.as_deref().map(|p| format!("#{p}")).unwrap_or_default();
        let message = without_key(&reason.message);
        page.push_str(&format!(
            "{gate} {} at {place}{pointer}\n  {message}\n  → {}\n",
            reason.code, reason.remedy
        ));
    }
    page
}

/// Keys are made anew each time.
fn without_key(message: &str) -> String {
    match message.split_once("the key sha256:") {
        Some((before, after)) => [before, "the key sha256:…", &after[64..]].concat(),
        None => message.to_owned(),
    }
}

#[test]
fn the_base_passes_even_where_gate_g_is_required() {
    let keys = crate::pack::generate_key_pair().unwrap();
    let mut case = Case::new();
    case.attested(&keys);
    case.signed(&keys, |_| {});
    let report = case.report();
    assert!(report.passed(), "{:#?}", report.reasons().collect::<Vec<_>>());
}

#[test]
fn each_mutation_brings_its_code_alone() {
    let company: BTreeMap<&str, &[&Code]> =
        COMPANY.iter().map(|(code, others, _)| (code.code, *others)).collect();
    let mut wrong = Vec::new();
    let mut pages = Vec::new();
    for (code, name, mutate) in rows() {
        let mut case = Case::new();
        mutate(&mut case);
        let report = case.report();
        let mut expected = vec![code.code];
        expected.extend(company.get(code.code).into_iter().copied().flatten().map(|c| c.code));
        expected.sort_unstable();
        let mut found: Vec<&str> = report.reasons().map(|(_, r)| r.code.as_str()).collect();
        found.sort_unstable();
        if found != expected {
            wrong.push(format!("{name}: expected {expected:?}, found {}", page(name, &report)));
        }
        for (gate, reason) in report.reasons() {
            assert!(codes::ALL.iter().any(|c| c.gate == gate && c.code == reason.code.as_str()));
            assert!(reason.message.ends_with('.'), "{name}: {}", reason.message);
        }
        pages.push(page(&format!("{}: {name}", code.code), &report));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    insta::assert_snapshot!("messages", pages.join("\n"));
}

#[test]
fn every_code_has_a_row_and_stands_in_order() {
    let rows: Vec<&str> = rows().iter().map(|(code, ..)| code.code).collect();
    let missing: Vec<&str> =
        codes::ALL.iter().map(|c| c.code).filter(|code| !rows.contains(code)).collect();
    assert!(missing.is_empty(), "no mutation for {missing:?}");
    let mut seen = BTreeSet::new();
    assert!(rows.iter().all(|code| seen.insert(*code)), "a code has two rows");
}
