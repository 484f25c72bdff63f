//! Expressions whose value was not OPA's, asked as a pack asks them; what is expected is what
//! `opa eval` 1.22 gives.

use regorus::{Source, Value};

use crate::policy::{Limits, engine, rewrite, sandbox};

fn ask(expression: &str) -> Result<Value, String> {
    let text = format!("package p\n\na := {{\"b\": 0.1, \"c\": 0.2}}\n\nx := {expression}\n");
    sandbox::run(|| {
        let source =
            Source::from_contents("p.rego".into(), text.clone()).map_err(|e| e.to_string())?;
        let written = rewrite::rewrite(&source).map_err(|e| e.to_string())?;
        let written = written.unwrap_or_else(|| text.clone());
        assert_eq!(written.lines().count(), text.lines().count());
        let mut engine = engine::new(&Limits::default()).map_err(|e| e.to_string())?;
        engine.add_policy("p.rego".into(), written).map_err(|e| e.to_string())?;
        engine.eval_rule("data.p.x".into()).map_err(|e| e.to_string())
    })?
}

#[test]
fn arithmetic_is_opa_s() {
    for (expression, expected) in [
        ("0.1+0.2 == 0.3", "true"),
        ("a.b + a[\"c\"] == 0.3", "true"),
        ("a.b + a.c", "0.3"),
        ("1.1*3 == 3.3", "false"),
        ("0.1*3 > 0.3", "false"),
        ("sum([0.1, 0.2]) == 0.3", "true"),
        ("sum([0.1, 0.2])", "0.3"),
        ("sum({1, 2.5})", "3.5"),
        ("product([])", "1"),
        ("product([0.1, 3])", "0.30000000000000004"),
        ("floor(-0.5)", "0"),
        ("ceil(-0.5)", "1"),
        ("sum([-9223372036854775808, -1]) == -9223372036854775809", "true"),
        ("ceil(1.1)", "2"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("abs(-1.10)", "1.1"),
        ("-5 % 3", "-2"),
        ("10/4", "2.5"),
        ("1/3 > 0.3", "true"),
        ("round(100 * 1 / 3)", "33"),
        ("(1 + 2) * (3 - 1)", "6"),
        ("round(2.5)+1-2==2", "true"),
        ("\"\"==1+1", "false"),
        ("7 -3", "4"),
        ("7-3", "4"),
        ("1 - (2 - 3)", "2"),
        ("{1, 2} - {2}", "[1]"),
        ("count(({1, 2} - {2}) | {3})", "2"),
        ("1 + 1 == \"2\"", "false"),
        ("\"x\" != 1 + 1", "true"),
        ("[y | some z in [1, 2]; y := z * 2]", "[2, 4]"),
        ("[1 + 1, {\"a\": 2 * 2}]", "[2, {\"a\": 4}]"),
        ("[10, 20, 30][1 + 1]", "30"),
        ("1000000*1000000*1000000*1000000 == 1000000000000000000000000", "true"),
        ("9007199254740993+0 == 9007199254740993", "true"),
    ] {
        let value = ask(expression).unwrap_or_else(|e| panic!("{expression}: {e}"));
        let json = value.to_json_str().unwrap().replace([' ', '\n'], "");
        assert_eq!(json, expected.replace(' ', ""), "{expression}");
    }
}

#[test]
fn what_cannot_be_kept_or_read_is_an_error() {
    for expression in [
        "1/3",
        "1/0",
        "1 % 0",
        "7 % 2.5",
        "1 + \"a\"",
        "{1} - 1",
        "-a.b",
        "0.33333333333333333334",
        "lazaret_arithmetic.add_vv(1, 2)",
    ] {
        assert!(ask(expression).is_err(), "{expression}");
    }
    let error = ask("1 +\n\t1/3 + true").unwrap_err();
    assert!(error.contains("numbers"), "{error}");
}

/// A denial that was silent before.
#[test]
fn a_sum_of_fractions_denies() {
    let allowed = ask("[1 | a.b + a.c == 0.3]").unwrap();
    assert_eq!(allowed, Value::from(vec![Value::from(1)]));
}
