//! `lazaret contracts validate` as a person, and as CI, runs it.

use std::path::Path;

use serde_json::Value;

fn run(arguments: &[&str], folder: &Path) -> (Option<i32>, String, String) {
    super::contracts("validate", arguments, folder)
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn set(at: &Path) {
    write(
        at,
        "set/contracts.yaml",
        "apiVersion: lazaret.dev/contracts/v1\nname: shop\nmodules:\n- name: orders\n  schemas: ['*.schema.json']\n  policies: ['*.rego']\n  fixtures: ['fixtures/*']\n",
    );
    write(
        at,
        "set/orders/versions.yaml",
        "module: orders\nversion: 1.0.0\nreleases:\n- {version: 1.0.0, date: 2026-11-21, summary: first}\n",
    );
    write(
        at,
        "set/orders/order.schema.json",
        "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"$id\": \"https://example.org/order\",\n  \"required\": [\"id\"],\n  \"properties\": {\"id\": {\"format\": \"ulid\"}}\n}\n",
    );
    write(
        at,
        "set/orders/small.rego",
        "package small\ndeny contains \"too large\" if input.n > 3\n",
    );
    write(
        at,
        "set/orders/small_test.rego",
        "package small_test\ntest_large if count(data.small.deny) == 1 with input as {\"n\": 4}\n",
    );
    for (name, text) in [
        ("order.valid.json", "{\"id\": \"01ARZ3NDEKTSV4RRFFQ69G5FAV\"}"),
        ("order.invalid-none.json", "{}"),
        ("order.invalid-id.json", "{\"id\": \"8\"}"),
        ("small.valid.json", "{\"n\": 1}"),
        ("small.invalid-4.json", "{\"n\": 4}"),
        ("small.invalid-5.yaml", "n: 5"),
    ] {
        write(at, &format!("set/orders/fixtures/{name}"), text);
    }
}

#[test]
fn a_sound_set_passes_and_a_broken_one_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    set(at);
    let (code, out, err) = run(&["set"], at);
    let wanted = "3 contracts, 6 fixtures: 0 errors, 0 warnings, 0 notes\n";
    assert_eq!((code, out.as_str()), (Some(0), wanted), "{err}");
    let (code, out, _) = run(&[], &at.join("set"));
    assert_eq!((code, out.as_str()), (Some(0), wanted));
    let (_, out, _) = run(&["set", "--verbose"], at);
    assert!(
        out.contains(
            "order.invalid-id.json\n        is refused, as it must be: /id: is not a ulid"
        ),
        "{out}"
    );

    write(at, "set/orders/fixtures/order.invalid-none.json", "{\n  \"id\": null\n}");
    write(at, "set/orders/fixtures/small.valid.json", "{\"n\": 9}");
    let (code, out, _) = run(&["set"], at);
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("set/orders/fixtures/order.invalid-none.json\nERROR   fixture-accepted"),
        "{out}"
    );
    assert!(out.contains("orders/small.rego refuses it: too large"), "{out}");
    assert!(out.ends_with("2 errors, 0 warnings, 0 notes\n"), "{out}");

    let (code, out, _) = run(
        &["set", "--output", "github", "--report", "junit=j.xml", "--report", "gitlab=g.json"],
        at,
    );
    assert_eq!(code, Some(1));
    assert!(out.contains("::error file=set/orders/fixtures/order.invalid-none.json,line=1,title=fixture-accepted::"), "{out}");
    let junit = std::fs::read_to_string(at.join("j.xml")).unwrap();
    assert!(junit.contains("tests=\"11\" failures=\"2\""), "{junit}");
    let gitlab: Value = serde_json::from_slice(&std::fs::read(at.join("g.json")).unwrap()).unwrap();
    assert_eq!(gitlab[0]["check_name"], "fixture-accepted");
    let (_, out, _) = run(&["set", "--output", "sarif"], at);
    let sarif: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 2);
    let (_, out, _) = run(&["set", "--output", "json"], at);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["errors"], &report["set"]), (&2.into(), &"shop".into()));
}

#[test]
fn warnings_fail_only_the_strict_and_no_set_is_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    set(at);
    let path = at.join("set/orders/order.schema.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"required\"", "\"minItmes\": 1, \"required\"")).unwrap();
    assert_eq!(run(&["set"], at).0, Some(0));
    let (code, out, _) = run(&["set", "--strict"], at);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("WARNING keyword-misspelt             line 4 /minItmes"), "{out}");

    let (code, _, err) = run(&["."], at);
    assert_eq!(code, Some(2), "{err}");
    write(at, "set/contracts.yaml", "apiVersion: lazaret.dev/contracts/v1\nname: [");
    let (code, out, _) = run(&["set"], at);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("manifest-invalid"), "{out}");
}

/// What validates must not read beyond the set, whatever its patterns and links say.
#[test]
fn a_link_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    set(at);
    write(at, "secret.json", "{\"token\": 1}");
    std::os::unix::fs::symlink(
        at.join("secret.json"),
        at.join("set/orders/fixtures/order.valid-2.json"),
    )
    .unwrap();
    let (code, out, err) = run(&["set"], at);
    assert_eq!(code, Some(3), "{out}");
    assert!(err.contains("no link") && !out.contains("token"), "{err}");
}
