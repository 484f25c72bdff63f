//! Ways of writing that policies in the wild have, each with OPA's answer (1.22.0), and what OPA does
//! not load.

use regorus::Value as Rego;
use serde_json::{Value, json};

use super::graph::Graph;
use super::{Limits, LoadError, compile, engine, sandbox};

/// What `p` of a package of these lines is; none if it is undefined.
fn answer(lines: &str) -> Result<Option<Value>, String> {
    let asked = || {
        let limits = Limits::default();
        let mut engine = loaded(lines, &limits).map_err(|e| e.to_string())?;
        compile::prepare(&mut engine).map_err(|e| e.to_string())?;
        match engine.eval_rule("data.t.p".to_owned()).map_err(|e| e.to_string())? {
            Rego::Undefined => Ok(None),
            value => serde_json::to_value(value).map(Some).map_err(|e| e.to_string()),
        }
    };
    sandbox::run(asked).unwrap()
}

fn loaded(lines: &str, limits: &Limits) -> Result<regorus::Engine, LoadError> {
    let mut engine = engine::new(limits)?;
    let text = format!("package t\n{lines}\n");
    compile::parse(&mut engine, "t.rego", text.as_bytes(), limits)?;
    let graph = Graph::new(&engine.get_modules().clone(), limits)?;
    graph.check(limits)?;
    Ok(engine)
}

#[track_caller]
fn all_are(cases: &[(&str, Value)]) {
    for (lines, expected) in cases {
        let expected = Some(expected.clone()).filter(|value| !value.is_null());
        assert_eq!(answer(lines), Ok(expected), "{lines}");
    }
}

#[test]
fn a_name_that_a_reference_gives_its_value_may_stand_in_a_negation() {
    all_are(&[
        ("e := [{\"v\": 1}]\np if { some i; e[i].v == 1; not e[i].v == 2 }", json!(true)),
        ("e := [{\"v\": 1}]\np if { e[i].v; not e[i].v == 1 }", json!(null)),
        ("e := [{\"v\": 1}]\np if { some i; not e[i].v == 2; e[i].v }", json!(true)),
        (
            "o := {\"a\": 1, \"c\": 2}\ns := {\"c\"}\np contains n if { some n; o[n]; not s[n] }",
            json!(["a"]),
        ),
        (
            "o := {\"a\": 1, \"c\": 2}\ns := {[\"c\", 2]}\np contains n if { v := o[n]; not s[[n, v]] }",
            json!(["a"]),
        ),
        (
            "l := [\"a\", \"b\"]\nm := {\"a\": {\"x\": 1}}\np contains n if { n = l[_]; not m[n] }",
            json!(["b"]),
        ),
        (
            "l := [\"a\", \"b\"]\nm := {\"a\": {\"x\": 1}}\np contains n if { l[_] = n; not m[n].x }",
            json!(["b"]),
        ),
        (
            "l := [\"a\", \"b\"]\nm := {\"a\": [\"x\"]}\np contains n if { some n in l; not \"x\" in m[n] }",
            json!([]),
        ),
        (
            "l := [\"a\", \"b\"]\nm := {\"a\": [\"x\"], \"b\": []}\np contains n if { some n in l; not \"x\" in m[n] }",
            json!(["b"]),
        ),
        ("l := [\"a\", \"b\"]\nm := {\"a\": 1}\nw := \"a\"\np if { not m[w] }", json!(null)),
        ("m := {\"a\": 1}\np if { not m[nothing] }\nnothing if false", json!(null)),
    ]);
}

#[test]
fn another_name_for_a_key_leads_on() {
    all_are(&[
        (
            "l := {\"a\": 1, \"b\": 2}\nm := {\"a\": {\"x\": 1}}\np contains k if { l[k]; n := k; m[n].x == 1 }",
            json!(["a"]),
        ),
        ("e := [{\"v\": 1}]\np if { some i; e[i].v; x := i; not e[x].v == 2 }", json!(true)),
        ("q := 1\np := x if { x := q }", json!(1)),
        ("q := 1 if false\np := x if { x := q }", json!(null)),
    ]);
}

#[test]
fn names_may_be_declared_behind_what_has_two_solutions() {
    all_are(&[
        ("p contains x if { q := [[1, 2], [1]][_]; some i; x := q[i] }", json!([1, 2])),
        ("p := [x | some x; q := [[1, 2], [1]][x]; some i; q[i] == 1]", json!([0, 1])),
        (
            "p contains [x, y] if { q := [[1, 2], [3]][_]; q; some i,\n\tj # both\n\tx := q[i]; y := q[j]; i < j }",
            json!([[1, 2]]),
        ),
        (
            "l := [[1], [2, 1]]\np contains x if { l[x]; some i; not l[x][i] == 2; l[x][i] == 1 }",
            json!([0, 1]),
        ),
    ]);
}

#[test]
fn what_has_no_members_has_none() {
    all_are(&[
        ("q := \"text\"\np := [x | some x in q]", json!([])),
        ("q := null\np := [x | some _, x in q]", json!([])),
        ("q := [1, {\"a\": 2}, \"x\"]\np := [x | some m in q; some x in m]", json!([2])),
        ("q := {\"l\": [[1], [2]]}\np := [x | some x in q.l[_]]", json!([1, 2])),
        ("q := {\"l\": [1]}\np := [x | some x in (q.l)]", json!([1])),
        ("p := [x | some x in data.nothing]", json!([])),
        ("p := [x | some x in array.concat([1], [2])]", json!([1, 2])),
        ("p := [x | some x in {1, 2} | {3}]", json!([1, 2, 3])),
        ("p := [x | some x in input.l with input as {\"l\": [1]}]", json!([1])),
    ]);
}

#[test]
fn an_object_may_be_compared_and_be_given_a_name() {
    all_are(&[
        ("p := r if { m := 1; r = {\"a\": m} }", json!({"a": 1})),
        ("f(m) = r if { r = {\"a\": [m]} }\np := f(3)", json!({"a": [3]})),
        ("p if { some m in [1, 2]; {\"a\": m} = {\"a\": 2} }", json!(true)),
        ("q := {\"a\": 1}\np if { q = {\"a\": 1} }", json!(true)),
        ("q := {\"a\": 1}\np if { q = {\"a\": 2} }", json!(null)),
        ("p contains r if { some m in [1, 2]; r = {\"a\": m} }", json!([{"a": 1}, {"a": 2}])),
    ]);
    for lines in [
        "p := x if { o := {\"a\": 3}; {\"a\": x} = o }",
        "p := x if { [{\"a\": x}] = [{\"a\": 1}] }",
    ] {
        assert!(answer(lines).unwrap_err().contains("pattern"), "{lines}");
    }
}

#[test]
fn sets_come_after_objects_wherever_values_are_ordered() {
    all_are(&[
        (
            "p := [type_name(x) | some x in sort([{1}, {\"a\": 1}, [], \"x\", 1, null])]",
            json!(["null", "number", "string", "array", "object", "set"]),
        ),
        (
            "p := [type_name(max([{1}, {\"a\": 1}])), type_name(min({{1}, {\"a\": 1}}))]",
            json!(["set", "object"]),
        ),
        ("p := sort({3, 1, 2})", json!([1, 2, 3])),
        ("p := max([])", json!(null)),
    ]);
}

#[test]
fn names_that_opa_calls_conflicting_are_refused() {
    for (lines, part) in [
        ("p contains 1 if true\np if false", "is a value here and a set at"),
        ("p(x) := 1\np := 2", "is a value here and a function at"),
        ("default p := 1\np contains 2", "is a set here and a value at"),
        ("default p := 1\ndefault p := 2", "has a default already"),
        ("import data.foo\nfoo := 1\np := foo", "the import hides the rule foo"),
        ("import data.foo\nfoo.bar := 1\np := foo", "the import hides the rule foo"),
        ("import data.bar.foo\nimport data.foo\np := 1", "two imports are called foo"),
        ("import input.x\np := x", "write input.x"),
        ("f(input) := 3\np := f(1)", "may be input"),
        // To the engine `i` is 7 here.
        ("i := 7\np contains x if { some i; [1, 2][i] == 2; x := i }", "the name of a rule"),
        ("import data.i\np contains x if { some i; [1, 2][i] == 2; x := i }", "the name of a rule"),
        ("p := y if { i := 0; y := [i | some i; [5, 6][i]] }", "the one around it"),
        ("f(i) := [i | some i; [5, 6][i]]\np := f(0)", "the one around it"),
        ("p if { some i; [5][i]; every e in [5] { some i; [5][i] == e } }", "the one around it"),
        ("i := 7\np := [i | some i in [3]]", "the name of a rule"),
        ("p if { some x; not x == 1 }", "nothing gives x a value"),
        ("p if { some x; not x = 1 }", "nothing gives x a value"),
        ("p if { some i; not input.list[i] == 1 }", "nothing gives"),
        ("p := 1 + b", "nothing gives b a value"),
        ("p := sprintf(\"%v\", [b])", "nothing gives b a value"),
        ("p := 1 if { false }\n{ true }", "a further body"),
        ("f(x) := 1 if { x }\n{ x == 2 }\np := f(2)", "a further body"),
    ] {
        let error = answer(lines).unwrap_err();
        assert!(error.contains(part), "{lines}: {error}");
    }
    for lines in [
        "p := 1 if { [i | some i; [5][i]] == [0]; [i | some i; [6][i]] == [0] }",
        "import data.foo as f\nfoo := 1\np := foo",
        "import rego.v1\nimport data.foo\np := 1",
        "default f(_) := 0\nf(x) := 1 if x > 3\np := f(5)",
        "default p := 0\np := 1 if true",
        "q if { false }\n{ true }\np := 1 if q",
        "p := 2 if { false } else := 1",
    ] {
        assert_eq!(answer(lines), Ok(Some(json!(1))), "{lines}");
    }
}
