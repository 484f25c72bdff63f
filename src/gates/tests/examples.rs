//! The examples pass, and each of their variants fails at the gate that it names, with its code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::dataset::testing::Workspace;
use crate::dataset::{Requested, is_published};
use crate::domain::GateId;
use crate::gates::judge;

use super::{found, now, verdict};

/// What only the default policy pack's Rego finds.
const BY_PACK: &[&str] =
    &["B-obligation-not-stated", "B-use-forbidden", "C-plan-too-fine", "F-check-failed"];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples"))
}

fn read(folder: &Path, prefix: &str, into: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            read(&entry.path(), &format!("{name}/"), into);
        } else {
            into.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The example with a variant's changes.
fn example(base: &str, variant: Option<(&Path, &Value)>) -> (Workspace, Vec<GateId>) {
    let mut request = json(&root().join("requests.json"))[base].clone();
    let mut files = BTreeMap::new();
    read(&root().join(base), "", &mut files);
    let mut required = Vec::new();
    if let Some((folder, variant)) = variant {
        for removed in variant["remove"].as_array().unwrap() {
            files.remove(removed.as_str().unwrap()).unwrap();
        }
        if folder.join("files").is_dir() {
            read(&folder.join("files"), "", &mut files);
        }
        for (name, value) in variant["request"].as_object().unwrap() {
            request[name] = value.clone();
        }
        if let Some(gates) = request.get("required_gates") {
            required = serde_json::from_value(gates.clone()).unwrap();
        }
    }
    let text = |name: &str| request[name].as_str().unwrap().to_owned();
    let requested = Requested {
        dataset_slug: text("dataset_slug"),
        dataset_version_id: text("dataset_version_id"),
        intended_use: text("intended_use"),
    };
    (Workspace::of_files(requested, files), required)
}

#[test]
fn examples_pass() {
    for base in ["seattle-weather", "restricted-sightings"] {
        let (ws, _) = example(base, None);
        let report = judge(&ws.facts(), &verdict(), &[], now());
        assert_eq!(found(&report), Vec::<String>::new(), "{base}");
        assert!(ws.facts().objects.keys().any(|path| !is_published(path)));
    }
}

#[test]
fn each_variant_fails_at_its_gate_with_its_code() {
    let mut wrong = Vec::new();
    let mut messages = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("variants")).unwrap() {
        let folder = entry.unwrap().path();
        let variant = json(&folder.join("variant.json"));
        let name = variant["name"].as_str().unwrap();
        seen.insert(name.to_owned());
        let base = variant["base"].as_str().unwrap();
        let (ws, required) = example(base, Some((&folder, &variant)));
        let report = judge(&ws.facts(), &verdict(), &required, now());
        // Of those gates whose messages are held fast here.
        let held = |gate: &GateId| matches!(gate, GateId::B | GateId::C | GateId::D);
        messages.extend(report.reasons().filter(|(gate, _)| held(gate)).map(|(gate, reason)| {
            let place = (reason.path.as_deref(), reason.pointer.as_deref());
            let place = format!("{}#{}", place.0.unwrap_or("-"), place.1.unwrap_or_default());
            format!("{name}: {gate} {} at {place}: {}\n", reason.code, reason.message)
        }));
        let found = found(&report);
        let gate = variant["gate"].as_str().unwrap();
        let expected = format!("{gate} {} ", variant["code"].as_str().unwrap());
        let elsewhere = found.iter().any(|line| !line.starts_with(&format!("{gate} ")));
        let silent = !found.iter().any(|line| line.starts_with(&expected));
        if elsewhere || (silent && !BY_PACK.contains(&name)) {
            wrong.push(format!("{name}: expected {expected}, found {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    snapshot(&messages.into_iter().collect::<String>());
    assert!(seen.len() >= 30, "only {} variants", seen.len());
}

/// What the variants are told, word for word: `UPDATE=1` writes it again.
fn snapshot(actual: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/gates/tests/messages.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert!(actual == expected, "messages changed: look, then UPDATE=1. Now:\n{actual}");
}
