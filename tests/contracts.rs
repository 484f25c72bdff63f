//! `lazaret contracts` as a person runs it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "contracts/validate.rs"]
mod validate;

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

fn run(arguments: &[&str], folder: &Path) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_lazaret"))
        .args(["contracts", "diff"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn write(folder: &Path, name: &str, schema: &Value) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, schema.to_string()).unwrap();
}

fn envelope(required: &[&str]) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.org/envelope.json",
        "type": "object",
        "properties": {"id": {"type": "string"}, "band": {"$ref": "band.json"}},
        "required": required,
    })
}

fn band(bands: &[&str]) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.org/band.json",
        "enum": bands,
    })
}

#[test]
fn a_folder_of_schemas_against_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    write(at, "old/envelope.json", &envelope(&["id"]));
    write(at, "old/band.json", &band(&["GREEN", "RED"]));
    write(at, "new/envelope.json", &envelope(&["id"]));
    write(at, "new/band.json", &band(&["GREEN", "RED", "BLACK"]));
    // Whoever reads by the new one reads all that was written; whoever reads by the old one does not.
    let (code, out, _) = run(&["old", "new", "--direction", "consumer"], at);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("SAFE      enum-value-added") && out.contains("band.json"), "{out}");
    let (code, out, _) = run(&["old", "new", "--direction", "producer"], at);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("the new schema accepts  \"BLACK\""), "{out}");
    assert!(out.contains("1 breaking, 0 risky, 0 safe"), "{out}");

    write(at, "new/envelope.json", &envelope(&["id", "band"]));
    std::fs::remove_file(at.join("new/band.json")).unwrap();
    let (code, out, err) = run(&["old", "new"], at);
    assert_eq!(code, Some(3), "{out}");
    assert!(out.contains("BREAKING  schema-removed"), "{out}");
    assert!(err.contains("envelope.json: /properties/band: $ref band.json"), "{err}");
}

#[test]
fn two_files_and_a_report_for_machines() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    write(at, "a.json", &json!({"properties": {"n": {"type": "number", "default": 1}}}));
    write(at, "b.json", &json!({"properties": {"n": {"type": "number", "default": 2}}}));
    let (code, out, _) = run(&["a.json", "b.json", "--output", "json"], at);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, report["class"].as_str()), (Some(0), Some("RISKY")));
    let change = &report["schemas"][0]["changes"][0];
    assert_eq!(change["rule"], "default-changed");
    assert_eq!(change["new"]["pointer"], "/properties/n/default");
    assert_eq!(run(&["a.json", "b.json", "--fail-on", "risky"], at).0, Some(1));
    let (code, out, _) = run(&["a.json", "a.json"], at);
    assert_eq!((code, out.as_str()), (Some(0), "no differences\n"));
    std::fs::write(at.join("c.json"), "{").unwrap();
    assert_eq!(run(&["a.json", "c.json"], at).0, Some(3));
    assert_eq!(run(&["a.json", "."], at).0, Some(2));
}
