//! `lazaret contracts` as a person runs it.

mod ci;
mod guard;
mod law;
mod schemas;
mod validate;

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

fn run(arguments: &[&str], folder: &Path) -> (Option<i32>, String, String) {
    contracts("diff", arguments, folder)
}

fn contracts(command: &str, arguments: &[&str], folder: &Path) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_lazaret"))
        .args(["contracts", command])
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

fn text(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

const SET: &str = "
apiVersion: lazaret.dev/contracts/v1
name: shop
modules:
- {name: events, schemas: ['*.json'], graphql: ['*.graphql'], openapi: ['*.yaml'], direction: producer}
consumers:
- {name: billing, contact: '#billing', contracts: ['events/*.json']}
";

#[test]
fn two_sets_and_whom_their_difference_concerns() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for side in ["old", "new"] {
        text(at, &format!("{side}/contracts.yaml"), SET);
        write(at, &format!("{side}/events/envelope.json"), &envelope(&["id"]));
        text(at, &format!("{side}/events/api.graphql"), "type Query { a: Int }");
    }
    write(at, "old/events/band.json", &band(&["GREEN"]));
    write(at, "new/events/band.json", &band(&["GREEN", "RED"]));
    text(at, "new/events/api.graphql", "type Query { a: Int! b: Int }");
    let (code, out, _) = run(&["old", "new"], at);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("events/band.json (changed), used by billing"), "{out}");
    assert!(out.contains("SAFE      field-type-changed               Query.a"), "{out}");
    // What refers to it is broken as well, and says where.
    assert!(out.contains("events/envelope.json (changed)"), "{out}");
    assert!(out.contains("events/band.json: /enum") || out.contains("band.json: /enum"), "{out}");
    let (code, out, _) = run(&["../old", "--output", "markdown"], &at.join("new"));
    assert_eq!(code, Some(1), "{out}");
    let row = "| **BREAKING** | <code>events</code> | <code>events/band.json</code> | <code>enum-value-added</code> |";
    assert!(out.contains(row), "{out}");
    let (code, out, _) = run(&["old", "new", "--output", "sarif"], at);
    let log: Value = serde_json::from_str(&out).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let broken = results.iter().find(|one| one["ruleId"] == "enum-value-added").unwrap();
    let place = &broken["locations"][0];
    assert_eq!((code, &broken["level"]), (Some(1), &Value::from("error")));
    assert_eq!(place["physicalLocation"]["artifactLocation"]["uri"], "new/events/band.json");
    assert_eq!(place["logicalLocations"][0]["fullyQualifiedName"], "/enum");
    let (_, out, _) = run(&["new", "old", "--output", "json"], at);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["class"], "BREAKING");
    let band = &report["contracts"][1];
    assert_eq!(
        (band["id"].as_str(), band["status"].as_str()),
        (Some("events/band.json"), Some("changed"))
    );
    assert!(band["before"].as_str().is_some_and(|digest| digest.starts_with("sha256:")), "{band}");
    let (code, _, err) = run(&["old", "nowhere"], at);
    assert_eq!(code, Some(2), "{err}");
}

#[test]
fn documents_are_compared_by_their_kind() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let api = |kind: &str| {
        format!(
            "{{openapi: 3.0.3, paths: {{/a: {{get: {{responses: {{'200': {{description: d, content: {{application/json: {{schema: {{$ref: '{kind}.json'}}}}}}}}}}}}}}}}}}"
        )
    };
    text(at, "a/api.yaml", &api("int"));
    text(at, "b/api.yaml", &api("text"));
    for side in ["a", "b"] {
        write(at, &format!("{side}/int.json"), &json!({"type": "integer"}));
        write(at, &format!("{side}/text.json"), &json!({"type": "string", "nullable": true}));
    }
    text(at, "a.graphql", "type Query { a: Int b: Int }");
    text(at, "b.graphql", "type Query { a: Int }");
    let crd = |scope: &str| {
        format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: a}}\nspec: {{scope: {scope}}}\n"
        )
    };
    text(at, "a.yaml", &crd("Cluster"));
    text(at, "b.yaml", &crd("Namespaced"));
    for (arguments, wanted) in [
        (["a/api.yaml", "b/api.yaml"], "GET /a 200: type \"integer\" became [\"string\",\"null\"]"),
        (["a.graphql", "b.graphql"], "field-removed                    Query.b"),
        (["a.yaml", "b.yaml"], "scope-changed                    /spec/scope"),
    ] {
        let (code, out, err) = run(&arguments, at);
        assert_eq!(code, Some(1), "{out}{err}");
        assert!(out.contains(wanted), "{out}{err}");
    }
    let (code, _, err) = run(&["a.yaml", "a/api.yaml"], at);
    assert_eq!(code, Some(3), "{err}");
    // Definitions among other documents, which are not compared.
    let among = |name: &str, scope: &str| format!("kind: {name}\n---\n{}", crd(scope));
    text(at, "c.yaml", &among("Namespace", "Cluster"));
    text(at, "d.yaml", &among("Namespace", "Namespaced"));
    text(at, "e.yaml", &among("Role", "Cluster"));
    let (code, out, err) = run(&["c.yaml", "d.yaml"], at);
    assert!(code == Some(1) && out.contains("scope-changed"), "{out}{err}");
    let (code, _, err) = run(&["c.yaml", "e.yaml"], at);
    assert!(code == Some(3) && err.contains("are not compared"), "{err}");
}
