//! Lazaret's own contracts are under the law that it makes for others: what breaks a consumer does not pass
//! `make contracts`, which the continuous integration runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::tree;

/// A copy of our contract set, to be changed.
struct Ours(tempfile::TempDir);

impl Ours {
    fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let ours = Self(tempfile::tempdir().unwrap());
        for folder in ["contracts", "crds"] {
            tree::copy(&root.join(folder), &ours.path(folder));
        }
        fs::copy(root.join("contracts.yaml"), ours.path("contracts.yaml")).unwrap();
        ours
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Exit code, and all that was said.
    fn contracts(&self, arguments: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_lazaret"))
            .arg("contracts")
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = text(&output.stdout) + &text(&output.stderr);
        (output.status.code().unwrap(), said)
    }

    /// What `make contracts` runs.
    fn check(&self) -> (i32, String) {
        self.contracts(&["check", "--against", "freeze:latest", "--today", "2026-12-01"])
    }

    fn replace(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{name} has no {from:?}");
        fs::write(self.path(name), text.replacen(from, to, 1)).unwrap();
    }

    fn json(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        let mut value: Value = serde_json::from_str(&text).unwrap();
        change(&mut value);
        assert_ne!(value, serde_json::from_str::<Value>(&text).unwrap(), "{name} is as it was");
        fs::write(self.path(name), format!("{value:#}\n")).unwrap();
    }

    fn bump(&self, module: &str, level: &str) {
        let arguments = ["bump", module, level, "--summary", "s", "--date", "2026-12-01"];
        let (code, said) = self.contracts(&arguments);
        assert_eq!(code, 0, "{said}");
    }
}

const ENVELOPE: &str = "contracts/schemas/event_envelope.v1.schema.json";

fn without(list: &mut Value, name: &str) {
    list.as_array_mut().unwrap().retain(|entry| entry != name);
}

#[test]
fn as_they_are_they_pass() {
    let ours = Ours::new();
    for arguments in [&["validate"][..], &["verify"], &["changelog", "--check"]] {
        let (code, said) = ours.contracts(arguments);
        assert_eq!(code, 0, "{arguments:?}: {said}");
    }
    let (code, said) = ours.check();
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_field_of_the_envelope_stays_whatever_the_version() {
    for field in ["band", "obligations", "signature"] {
        let ours = Ours::new();
        ours.json(ENVELOPE, |schema| {
            schema["properties"].as_object_mut().unwrap().remove(field);
            without(&mut schema["required"], field);
        });
        let (code, said) = ours.check();
        assert_eq!(code, 1, "{field}: {said}");
        assert!(said.contains(field), "{field}: {said}");
        ours.bump("schemas", "major");
        // Nor does it help to say that it is no invariant any more.
        let (from, to) = match field {
            "signature" => (", signature]".to_owned(), "]"),
            field => (format!("{field}, "), ""),
        };
        ours.replace("contracts.yaml", &from, to);
        let (code, said) = ours.check();
        assert_eq!(code, 1, "{field}: {said}");
        assert!(said.contains("invariant") && said.contains(field), "{field}: {said}");
    }
}

#[test]
fn what_others_rely_on_does_not_tighten_without_a_version() {
    type Change = fn(&Ours);
    let changes: &[(&str, &str, Change)] = &[
        ("schemas", "a member is required", |ours| {
            ours.json("contracts/schemas/run_receipt.v1.schema.json", |schema| {
                schema["required"].as_array_mut().unwrap().push("seed".into());
            });
        }),
        ("schemas", "an enum loses a value", |ours| {
            ours.json("contracts/schemas/quarantine.v1.schema.json", |schema| {
                without(&mut schema["properties"]["phase"]["enum"], "Overdue");
            });
        }),
        ("schemas", "a contract is removed", |ours| {
            fs::remove_file(ours.path("contracts/schemas/watcher.v1.schema.json")).unwrap();
        }),
        ("crds", "a bound is tightened", |ours| {
            ours.replace("crds/quarantines.lazaret.dev.yaml", "maxItems: 256", "maxItems: 8");
        }),
        ("api", "a member of an answer goes", |ours| {
            ours.replace(
                "contracts/api/evidence.graphql",
                "\tok: Boolean!\n",
                "\tfine: Boolean!\n",
            );
        }),
        ("api", "a path goes", |ours| {
            ours.replace(
                "contracts/api/policy-packs.openapi.yaml",
                "  /v1/policy/packs/{id}/attestation:",
                "  /v1/policy/packs/{id}/statement:",
            );
        }),
        ("policy", "a rule denies more", |ours| {
            let path = ours.path("contracts/policy/conftest/receipt.rego");
            let more =
                "\ndeny contains \"operation is not ingest\" if input.operation != \"ingest\"\n";
            fs::write(&path, fs::read_to_string(&path).unwrap() + more).unwrap();
        }),
    ];
    for (module, what, change) in changes {
        let ours = Ours::new();
        change(&ours);
        let (code, said) = ours.check();
        assert_eq!(code, 1, "{what}: {said}");
        assert!(said.contains("BREAKING") && said.contains(module), "{what}: {said}");
    }
}

#[test]
fn what_breaks_nobody_passes_with_its_version() {
    let ours = Ours::new();
    ours.json(ENVELOPE, |schema| schema["description"] = "In other words.".into());
    let (code, said) = ours.check();
    assert_eq!(code, 1, "a change without a version: {said}");
    ours.bump("schemas", "patch");
    let (code, said) = ours.check();
    assert_eq!(code, 0, "{said}");
}
