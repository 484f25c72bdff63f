//! Policies that would kill, hang or fool the process. Each must end in an error, and the process
//! must live to see it.

use std::time::{Duration, Instant};

use serde_json::json;

use super::pack_tests::{load, verified};
use super::{Limits, compile, evaluate};

fn reason(rego: &str) -> &'static str {
    let text = format!("package lazaret.gates.b\n\n{rego}\n");
    load(&[("opa/b.rego", &text)]).err().map_or("loaded", |e| e.reason())
}

#[test]
fn recursion_is_refused() {
    for rego in [
        "deny contains f(1)\nf(x) := f(x + 1)",
        "deny contains f(1)\nf(x) := g(x)\ng(x) := f(x)",
        "deny contains \"a\" if f(1)\nf(x) if { some y in [1]; count([z | z := f(y)]) > x }",
        "deny contains data.lazaret.gates.b.f(1)\nf(x) := data.lazaret.gates.b.f(x)",
        "deny contains data[\"lazaret\"][\"gates\"].b[\"f\"](1)\nf(x) := data[\"lazaret\"].gates.b.f(x)",
        "deny contains \"a\" if f(1)\nf(x) if x == 0 else := f(x - 1)",
        "deny contains \"a\" if f(1)\nf(x) if { every y in [x] { f(y) } }",
        "deny contains \"a\" if f(1)\ndefault f(_) := false\nf(x) if f(x + 1)",
        "deny contains \"a\" if f(1)\nf(x) if { f := 1; f(x) }",
        "deny contains \"a\" if f(1)\nf(x) if not r\nr if f(2)",
        "deny contains \"a\" if p\np if q\nq if p",
        "deny contains x if some x in deny",
        "deny contains \"a\" if f(1)\nf(x) if data.lazaret.gates[x]",
        "deny contains \"a\" if data.lazaret",
    ] {
        assert_eq!(reason(rego), "RegoRecursive", "{rego}");
    }
}

#[test]
fn recursion_through_an_import_is_refused() {
    for import in ["import data.lib", "import data.lib as other", "import data.lib.g as other"] {
        let call = match import {
            "import data.lib" => "lib.g(x)",
            "import data.lib as other" => "other.g(x)",
            _ => "other(x)",
        };
        let b = format!("package lazaret.gates.b\n{import}\ndeny contains f(1)\nf(x) := {call}\n");
        let lib = "package lib\nimport data.lazaret.gates.b\ng(x) := b.f(x)\n";
        let error = load(&[("opa/b.rego", &b), ("opa/lib.rego", lib)]).unwrap_err();
        assert_eq!(error.reason(), "RegoRecursive", "{import}: {error}");
    }
}

#[test]
fn what_only_looks_like_recursion_is_not_refused() {
    for rego in [
        "deny contains x if { some x in [\"a\"]; not ok(x) }\nlabel := ok(\"x\")\nok(label) if label == \"a\"",
        "deny := [x | some x in [\"a\"]]\nname := deny",
        "deny contains \"a\" if { count(input.x) > 0 }\nx := 1",
    ] {
        let text = format!("package lazaret.gates.b\n\n{rego}\n");
        assert_eq!(load(&[("opa/b.rego", &text)]).map(drop), Ok(()), "{rego}");
    }
}

#[test]
fn builtins_that_are_missing_or_unsafe_are_refused() {
    for call in [
        "http.send({\"url\": \"http://127.0.0.1\"})",
        "opa.runtime()",
        "time.now_ns()",
        "rand.intn(\"a\", 2)",
        "uuid.rfc4122(\"a\")",
        "crypto.sha256(\"a\")",
        "io.jwt.decode(\"a\")",
        "json.match_schema({}, {})",
        "net.cidr_expand(\"::/0\")",
        "no_such_function(1)",
        "data.other.f(1)",
        "input.f(1)",
    ] {
        assert_eq!(reason(&format!("deny contains \"a\" if {call}")), "BuiltinRefused", "{call}");
        let test = format!("deny := []\ntest_a if {{ x := {call}; x }}");
        assert_eq!(reason(&test), "BuiltinRefused", "{call}");
    }
    for with in ["time.now_ns as 1", "count as f", "data.lazaret.gates.b.f as g", "f as 1"] {
        let rego = format!("deny := []\nf(x) := x\ng(x) := x\ntest_a if f(1) == 1 with {with}");
        assert!(["BuiltinRefused", "RegoInvalid"].contains(&reason(&rego)), "{with}");
    }
}

#[test]
fn towers_and_deep_expressions_are_refused() {
    let tower = |n: usize| {
        let mut text = "deny contains \"a\" if r0\n".to_owned();
        for i in 0..n {
            text.push_str(&format!("r{i} if r{}\n", i + 1));
        }
        text + &format!("r{n} if input.x\n")
    };
    assert_eq!(reason(&tower(50)), "loaded");
    assert_eq!(reason(&tower(3000)), "RegoTooDeep");
    let mut functions = "deny contains \"a\" if f0(1)\n".to_owned();
    for i in 0..3000 {
        functions.push_str(&format!("f{i}(x) := f{}(x)\n", i + 1));
    }
    assert_eq!(reason(&(functions + "f3000(x) := x\n")), "RegoTooDeep");
    for text in [
        format!("x := {}1", "1 + ".repeat(20_000)),
        format!("x := {}1", "1 +\n".repeat(10_000)),
        format!("x := {}1{}", "(".repeat(400), ")".repeat(400)),
        format!("x := a{}", "[0]".repeat(300)),
        format!("x := {}", "[".repeat(900)),
        format!("x if {}true", "not ".repeat(200)),
    ] {
        let found = reason(&format!("deny := []\n{text}"));
        assert!(["RegoTooDeep", "RegoInvalid"].contains(&found), "{found}");
    }
    let long = format!("deny := []\n# {}", "x".repeat(300 << 10));
    assert_eq!(reason(&long), "PackTooLarge");
    let many: String = (0..6000).map(|i| format!("r{i} := 1\n")).collect();
    assert_eq!(reason(&format!("deny := []\n{many}")), "PackTooLarge");
}

/// The highest tower of the deepest expressions that is let in must fit the stack.
#[test]
fn what_is_let_in_fits_the_stack() {
    let mut text = "package lazaret.gates.b\ndeny contains \"a\" if f0(1) > 0\n".to_owned();
    let nested = |call: &str| {
        let sum = "1 + ".repeat(20);
        format!("{sum}sum([a | a := {sum}sum([b | b := {call}])])")
    };
    for i in 0..97 {
        text.push_str(&format!("f{i}(x) := {}\n", nested(&format!("f{}(x)", i + 1))));
    }
    text.push_str("f97(x) := x\n");
    let pack = load(&[("opa/b.rego", &text)]).unwrap();
    let verdict = evaluate(&pack, "", &json!({})).unwrap();
    assert_eq!(verdict.denials.len(), 1);
}

#[test]
fn endless_work_ends_in_time() {
    let limits = Limits { evaluation: Duration::from_millis(200), ..Limits::default() };
    for rego in [
        "deny contains \"a\" if { some i in numbers.range(1, 90000); some j in numbers.range(1, 90000); i * j == -1 }",
        "deny contains \"a\" if { count([1 | some i in numbers.range(1, 90000); some j in numbers.range(1, 90000); i < j]) < 0 }",
        "deny contains \"a\" if { every i in numbers.range(1, 90000) { every j in numbers.range(1, 90000) { i + j > 0 } } }",
    ] {
        let text = format!("package lazaret.gates.b\n{rego}\n");
        let pack = compile(&verified(&[("opa/b.rego", &text)]), &limits).unwrap();
        let begun = Instant::now();
        assert_eq!(
            evaluate(&pack, "", &json!({})).unwrap_err().reason(),
            "PolicyTimeout",
            "{rego}"
        );
        assert!(begun.elapsed() < Duration::from_secs(5), "{rego}");
        let test = format!(
            "package lazaret.gates.b\ndeny := []\ntest_{}",
            rego.replace("deny contains \"a\"", "x")
        );
        let error = compile(&verified(&[("opa/b.rego", &test)]), &limits).unwrap_err();
        assert_eq!(error.reason(), "TestsFailed", "{error}");
    }
    let large =
        "package lazaret.gates.b\ndeny contains \"a\" if count(numbers.range(1, 20000000)) > 0\n";
    let pack = compile(&verified(&[("opa/b.rego", large)]), &limits).unwrap();
    assert_eq!(evaluate(&pack, "", &json!({})).unwrap_err().reason(), "PolicyFailed");
}

#[test]
fn a_panic_of_the_engine_is_an_error() {
    let rego =
        "package lazaret.gates.b\ndeny contains \"a\" if strings.count(\"abc\", \"\") > 100\n";
    let pack = load(&[("opa/b.rego", rego)]).unwrap();
    // Panicking in one version, an answer in the next: never a crash.
    let _ = evaluate(&pack, "", &json!({}));
    assert!(evaluate(&pack, "", &json!({})).is_err() || evaluate(&pack, "", &json!({})).is_ok());
}

#[test]
fn hostile_archives_do_not_compile() {
    let rego = "package lazaret.gates.b\ndeny := []\n";
    let files = [("opa/b.rego", rego), ("opa/c.rego", "\u{feff}\u{0}")];
    assert_eq!(load(&files).unwrap_err().reason(), "RegoInvalid");
    let limits = Limits {
        archive: crate::pack::ArchiveLimits { entries: 1, ..Default::default() },
        ..Limits::default()
    };
    let error = compile(&verified(&[("opa/b.rego", rego)]), &limits).unwrap_err();
    assert_eq!(error.reason(), "TooManyEntries");
}

#[test]
fn what_the_engine_reads_otherwise_than_opa_is_refused() {
    for rego in [
        "deny contains input.list[_].path",
        "deny contains \"a\" if not f(input.list[_])\nf(x) := x",
        "deny contains \"a\" if { some i; not input.list[i] == 1 }",
        "deny contains \"a\" if not f(y)\nf(x) := x",
        "deny := y",
        "deny contains input if true with input as input.list.a",
        "deny contains \"a\" if y.z",
        "import input.y as z\ndeny contains y",
        "deny contains \"a\" if not { false }",
        "import future.keywords.not\ndeny contains \"a\" if not 1 == 2",
        "deny contains \"a\" if [p, v] := walk(input)",
        "deny contains \"a\" if (1, 1 in {1})",
        "deny contains \"a\" if \"x\", \"x\" in {\"x\"}",
        "deny contains \"a\" if p\np[q].r contains s if { some q in [\"a\"]; some s in [1] }",
        "deny contains \"a\" if some {} in input",
        "deny contains \"a\" if {\"a\": _} = input",
        "deny contains {1: input.x, 1: 1}",
        "deny contains \"a\" if r\nr.b if false",
    ] {
        let found = reason(rego);
        assert!(["RegoUnsupported", "RegoInvalid"].contains(&found), "{rego}: {found}");
    }
    for rego in [
        "deny contains a.path if some a in input.list",
        "deny contains sprintf(\"%s\", [a.path]) if some a in input.list",
        "deny contains {\"code\": \"Xxx\", \"message\": a.m} if some a in input.list",
        "deny contains f(a) if some a in input.list\nf(x) := x.path",
        "deny contains \"a\" if m[\"x\"]\nm[a.path] := 1 if some a in input.list",
        "deny contains \"a\" if x\nx := a.y if { a := input.list[_] }",
        "deny contains \"a\" if x\nx := 1 if false else := a.y if some a in input.list",
        "deny contains \"a\" if not [input.x]",
        "deny contains \"a\" if not input.x > 1",
        "deny contains \"a\" if not startswith(input.x, \"a\")",
        "deny contains \"a\" if not input.x in [1]",
        "deny contains \"a\" if not input.x + 1 == 2",
        "deny contains \"a\" if not f(input.x)\nf(x) := x",
        "m := {\"a\": 1}\ndeny contains \"a\" if not m[input.x]",
        "deny contains (1 in input.x)",
        "deny contains \"a\" if { x = (1 in input.x); x == false }",
        "deny contains \"a\" if { {1} < input }",
        "deny contains path if { some a in input.list; path := a.path }",
        "deny contains input if input with input as input.list.a",
        "deny contains sprintf(\"%s\", [input.x.y]) if some a in input.list",
        "deny contains sprintf(\"%s\", [a]) if some a in input.list",
        "deny contains f(a) if some a in input.list\nf(x) := {\"code\": x}",
        "deny contains f(a) if some a in input.list\nf(x) := x.y if x.y else := \"no\"",
        "deny contains f(input.x)\nf(x) := x.path",
        "deny contains \"a\" if f(1)\nf(k) := data.table[k].x if k > 0",
        "deny contains \"a\" if f(1)\nf(k) := v.x if { v := input.list[k] }",
        "deny contains \"a\" if walk(input, [_, 1])",
        "deny contains \"a\" if { is_string(input.x); not startswith(input.x, \"a\") }",
        "deny contains \"a\" if { x := input.x; not x in data.allowed }",
        "deny contains \"a\" if not input.x == 1",
        "deny contains \"a\" if not f(1)\nf(x) := input.y[x]",
    ] {
        assert_eq!(reason(rego), "loaded", "{rego}");
    }
}
