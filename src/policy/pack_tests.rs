//! Whole packs, from a directory to a verdict.

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::evaluate_evidence;
use super::{CompiledPack, Limits, LoadError, PackStore, Unavailable, compile, evaluate};
use crate::domain::{GateId, ReasonCode};
use crate::pack::{VerifiedPack, build};

/// Builds, signs and verifies a pack of the given files.
pub(super) fn verified(files: &[(&str, &str)]) -> VerifiedPack {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    signed(dir.path())
}

fn signed(dir: &Path) -> VerifiedPack {
    crate::pack::testing::verified(build(dir).unwrap().tar)
}

pub(super) fn load(files: &[(&str, &str)]) -> Result<CompiledPack, LoadError> {
    compile(&verified(files), &Limits::default())
}

fn one(rego: &str) -> CompiledPack {
    load(&[("opa/b.rego", rego)]).unwrap()
}

const DATE: &str = "package lazaret.gates.b\n\ndeny contains \"no date\" if not input.date\n";

#[test]
fn a_pack_denies_and_lets_pass() {
    let pack = one(DATE);
    let verdict = evaluate(&pack, "ns/p", &json!({})).unwrap();
    assert_eq!(verdict.pack.name, "ns/p");
    assert_eq!(verdict.pack.digest, pack.digest());
    let reasons = &verdict.denials[&GateId::B];
    assert_eq!(reasons[0].message, "no date");
    assert_eq!(reasons[0].code, ReasonCode::builtin("PolicyDenied"));
    let verdict = evaluate(&pack, "ns/p", &json!({"date": "today"})).unwrap();
    assert!(verdict.denials[&GateId::B].is_empty());
    assert!(!verdict.denials.contains_key(&GateId::A));
    assert_eq!(evaluate_evidence(&pack, &json!({})), Ok(vec![]));
    assert_eq!(pack.packages(), ["lazaret.gates.b"]);
    assert_eq!(pack.files(), ["opa/b.rego"]);
    assert!(pack.size() > 0);
}

#[test]
fn the_shipped_pack_loads_and_its_tests_pass() {
    let dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/contracts/policy/default"));
    let pack = compile(&signed(dir), &Limits::default()).unwrap();
    assert!(pack.tests_passed() > 20, "{}", pack.tests_passed());
    assert_eq!(pack.gates().len(), 7);
    let verdict = evaluate(&pack, "default", &json!({})).unwrap();
    assert!(verdict.denials.values().any(|reasons| !reasons.is_empty()));
}

#[test]
fn data_lies_where_opa_puts_it() {
    let pack = load(&[
        ("opa/a.rego", "package lazaret.gates.a\nimport data.tables.uses\ndeny := [data.root, data.licenses.a, data.tables.x, data.tables.more.y, uses.z]"),
        ("data/data.json", r#"{"root": "1"}"#),
        ("data/licenses.json", r#"{"licenses": {"a": "2"}}"#),
        ("data/tables/data.yaml", "x: '3'"),
        ("data/tables/more/any.yml", "y: '4'"),
        ("data/tables/more.json", r#"{"uses": {"z": "5"}}"#),
    ])
    .unwrap();
    let verdict = evaluate(&pack, "", &json!({})).unwrap();
    let messages: Vec<_> = verdict.denials[&GateId::A].iter().map(|r| r.message.as_str()).collect();
    assert_eq!(messages, ["1", "2", "3", "4", "5"]);
}

#[test]
fn bad_data_is_refused() {
    for (file, text) in [
        ("data/x.json", "{"),
        ("data/x.json", r#"{"a": 1, "a": 2}"#),
        ("data/x.yaml", "a: 1\na: 2"),
        ("data/x.yaml", "a: .inf"),
        ("data/x.yaml", "a: !tag b"),
        ("data/data.json", "[]"),
        ("data/lazaret/gates.json", "{}"),
        ("data/x.json", "1"),
        ("data/x.yaml", ""),
        ("data/data.json", r#"{"lazaret": {}}"#),
    ] {
        let error = load(&[("opa/b.rego", DATE), (file, text)]).unwrap_err();
        assert_eq!(error.reason(), "DataInvalid", "{file}: {text}: {error}");
    }
    let twice = [("opa/b.rego", DATE), ("data/x.json", r#"{"a": 1}"#), ("data/y.yaml", "a: 2")];
    assert_eq!(load(&twice).unwrap_err().reason(), "DataInvalid");
}

#[test]
fn tests_must_pass_and_are_named_with_their_place() {
    let good = "package t\nimport data.lazaret.gates.b\ntest_a if count(b.deny) == 1\ntest_b if count(b.deny) == 0 with input as {\"date\": 1}\n";
    let pack = load(&[("opa/b.rego", DATE), ("opa/t.rego", good)]).unwrap();
    assert_eq!(pack.tests_passed(), 2);
    let bad = "package t\n\ntest_false := false\n\ntest_undefined if 1 == 2\ntest_text := \"true\"\ntest_error if to_number(\"x\") == 1\ntest_twice if true\ntest_twice if false\ntest_set contains 1\ntest_ok if true\n";
    let Err(LoadError::TestsFailed(failures)) = load(&[("opa/b.rego", DATE), ("opa/t.rego", bad)])
    else {
        panic!()
    };
    let shown: Vec<_> = failures.iter().map(ToString::to_string).collect();
    assert_eq!(shown.len(), 6, "{shown:#?}");
    assert_eq!(shown[0], "opa/t.rego:3:1: data.t.test_false is false");
    assert_eq!(shown[1], "opa/t.rego:5:1: data.t.test_undefined is undefined");
    assert!(shown[3].contains("test_error failed at opa/t.rego:7"), "{}", shown[3]);
    assert!(shown[4].contains("test_twice is defined 2 times"));
}

#[test]
fn a_pack_without_gates_or_with_mistaken_ones_is_refused() {
    for (rego, expected) in [
        ("package other\ndeny := []", "NoGates"),
        ("package lazaret.gates.h\ndeny := []", "GateInvalid"),
        ("package lazaret.gates.B\ndeny := []", "GateInvalid"),
        ("package lazaret.gates\ndeny := []", "GateInvalid"),
        ("package lazaret.gates.b\nallow := true", "GateInvalid"),
        ("package lazaret.gates.b\ndeny(x) := [] if x", "GateInvalid"),
        ("package lazaret.gates.b_test\ntest_a := true", "NoGates"),
    ] {
        assert_eq!(load(&[("opa/a.rego", rego)]).unwrap_err().reason(), expected, "{rego}");
    }
}

#[test]
fn rego_that_does_not_compile_is_refused_with_its_place() {
    for (rego, line) in [
        ("package lazaret.gates.b\n\ndeny contains x if {", 3),
        ("package lazaret.gates.b\n\ndeny contains x if true", 3),
        ("package lazaret.gates.b\n\ndeny { true }", 3),
        ("package lazaret.gates.b\n\ndeny contains \"a\" if f(1, 2, 3)\nf(x) := x", 3),
    ] {
        match load(&[("opa/x/b.rego", rego)]) {
            Err(LoadError::RegoInvalid { place, .. }) => {
                assert_eq!((place.file.as_str(), place.line), ("opa/x/b.rego", line), "{rego}");
            }
            // Arity shows only in evaluation; it must not show as a pass.
            Ok(pack) => assert!(evaluate(&pack, "", &json!({})).is_err(), "{rego}"),
            Err(other) => panic!("{rego}: {other}"),
        }
    }
}

#[test]
fn no_answer_is_an_error() {
    for (rego, expected) in [
        ("deny := [] if input.x", "PolicyUndefined"),
        ("deny := true", "PolicyAnswerMalformed"),
        ("deny := {\"a\": 1}", "PolicyAnswerMalformed"),
        ("deny contains 1", "PolicyAnswerMalformed"),
        ("deny contains \"x\" if to_number(\"x\") == 1", "PolicyFailed"),
        ("deny contains \"x\" if regex.match(\"(\", \"x\")", "PolicyFailed"),
        ("deny contains \"x\" if count(1) == 1", "PolicyFailed"),
        ("deny := []\ndeny := [\"x\"] if not input.x", "PolicyFailed"),
    ] {
        let pack = one(&format!("package lazaret.gates.b\n{rego}\n"));
        assert_eq!(evaluate(&pack, "", &json!({})).unwrap_err().reason(), expected, "{rego}");
    }
}

#[test]
fn input_is_bounded() {
    let limits = Limits { input: 1000, ..Limits::default() };
    let pack = compile(&verified(&[("opa/b.rego", DATE)]), &limits).unwrap();
    let large = json!({"text": "x".repeat(1000)});
    assert_eq!(evaluate(&pack, "", &large).unwrap_err().reason(), "PolicyInputRefused");
    let many = json!({"list": vec![0; 200]});
    assert_eq!(evaluate(&pack, "", &many).unwrap_err().reason(), "PolicyInputRefused");
    assert!(evaluate(&pack, "", &json!({"list": vec![0; 50]})).is_ok());
    let mut deep = Value::Null;
    for _ in 0..120 {
        deep = json!([deep]);
    }
    assert!(evaluate(&pack, "", &deep).is_ok());
}

#[test]
fn evidence_has_its_own_package() {
    let pack = load(&[(
        "opa/e.rego",
        "package lazaret.evidence\ndeny contains \"slow\" if input.p95 > 350",
    )])
    .unwrap();
    assert_eq!(evaluate_evidence(&pack, &json!({"p95": 400})).unwrap().len(), 1);
    assert_eq!(evaluate_evidence(&pack, &json!({"p95": 300})), Ok(vec![]));
    assert!(evaluate(&pack, "", &json!({})).unwrap().denials.is_empty());
}

#[test]
fn many_threads_ask_one_pack() {
    let pack = one(
        "package lazaret.gates.b\ndeny contains sprintf(\"%d\", [input.n]) if regex.match(\"^[0-9]+$\", input.t)",
    );
    std::thread::scope(|scope| {
        for n in 0..8 {
            let pack = &pack;
            scope.spawn(move || {
                for _ in 0..20 {
                    let verdict = evaluate(pack, "", &json!({"n": n, "t": "7"})).unwrap();
                    assert_eq!(verdict.denials[&GateId::B][0].message, n.to_string());
                }
            });
        }
    });
}

#[test]
fn the_store_keeps_the_last_revision_and_knows_its_age() {
    let store = PackStore::new();
    let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
    let stale = Some(SignedDuration::from_secs(60));
    assert_eq!(store.get("ns/p", at(0)).unwrap_err(), Unavailable::NotLoaded);
    store.touch("ns/p", at(0), stale);
    assert!(store.is_empty());
    let first = Arc::new(one(DATE));
    store.publish("ns/p", Arc::clone(&first), at(0), stale);
    assert!(store.get("ns/p", at(60)).is_ok());
    assert_eq!(store.get("ns/p", at(61)).unwrap_err(), Unavailable::Stale { since: at(0) });
    assert!(store.peek("ns/p").is_some());
    store.touch("ns/p", at(61), stale);
    assert!(store.get("ns/p", at(100)).is_ok());
    let second = Arc::new(one("package lazaret.gates.a\ndeny := []"));
    store.publish("ns/p", Arc::clone(&second), at(100), None);
    assert_eq!(store.get("ns/p", at(1_000_000)).unwrap().digest(), second.digest());
    assert_eq!((store.len(), store.keys()), (1, vec!["ns/p".to_owned()]));
    store.remove("ns/p");
    assert!(store.is_empty());
}

#[test]
fn the_keyless_fixture_goes_all_the_way() {
    let dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/e2e/fixtures/keyless/pack"));
    let pack = compile(&signed(dir), &Limits::default()).unwrap();
    assert_eq!(pack.tests_passed(), 2);
}
