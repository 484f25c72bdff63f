//! Two versions of a policy → rules and classes.

use super::*;
use crate::law::Tree;

const SET: &str = "apiVersion: lazaret.dev/contracts/v1\nname: x\nmodules:\n- name: p\n  policies: ['**/*.rego']\n  data: ['data/**']\n  recorded: ['recorded/*']\n  fixtures: ['fixtures/*']\n";

type Files<'a> = &'a [(&'a str, &'a str)];

/// A set with policies, and recorded inputs `n` = 0, 1, … of `a.rego`.
fn set(files: Files<'_>, recorded: usize) -> Set {
    let mut tree = Tree::default();
    tree.insert("contracts.yaml", SET.into()).unwrap();
    for (path, text) in files {
        tree.insert(path, text.as_bytes().to_vec()).unwrap();
    }
    for n in 0..recorded {
        let path = format!("p/recorded/a.{n:02}.json");
        tree.insert(&path, format!("{{\"n\": {n}}}").into_bytes()).unwrap();
    }
    Set::open(tree).unwrap()
}

fn wrong(rows: &[(&str, Files<'_>, Files<'_>, usize, &[&str])]) -> Vec<String> {
    let wrong = rows.iter().filter_map(|(what, old, new, recorded, wanted)| {
        let got = seen(&set(old, *recorded), &set(new, *recorded));
        (got != *wanted).then(|| format!("{what}\n  gives {got:#?}\n  not   {wanted:#?}"))
    });
    wrong.collect()
}

fn seen(old: &Set, new: &Set) -> Vec<String> {
    let mut lines = Vec::new();
    for (id, comparison) in compare(&old.units[0], &new.units[0], old, new) {
        for change in comparison.changes {
            assert_eq!(change.remedy.is_empty(), change.class == Class::Safe, "{change:?}");
            let witness = change.witness.map(|witness| format!(" {}", witness.instance));
            let witness = witness.unwrap_or_default();
            lines.push(format!("{id} {} {}{witness}", change.class.name(), change.rule));
        }
    }
    lines
}

const A: &str = "package a\ndeny contains \"big\" if input.n > 50\n";

#[test]
fn verdicts_and_rules_are_compared() {
    let a = |more: &str| format!("{A}{more}");
    let lib = "package lib\nlimit := 50\n";
    let uses = "package a\nimport data.lib\ndeny contains \"big\" if input.n > lib.limit\n";
    let allow = "package a\ndefault allow := false\nallow if input.n < 5\n";
    let rows: &[(&str, Files<'_>, Files<'_>, usize, &[&str])] = &[
        ("same", &[("p/a.rego", A)], &[("p/a.rego", A)], 12, &[]),
        (
            "layout",
            &[("p/a.rego", A)],
            &[("p/a.rego", "package a\n\n# why\ndeny contains \"big\" if {\n\tinput.n > 50\n}\n")],
            12,
            // Braces are words.
            &["p/a.rego RISKY deny-changed"],
        ),
        (
            "comments",
            &[("p/a.rego", A)],
            &[("p/a.rego", "package a # here\n\ndeny contains \"big\" if input.n > 50 # why\n")],
            0,
            &["p/a.rego SAFE policy-reworded"],
        ),
        (
            "tests",
            &[("p/a.rego", A)],
            &[("p/a.rego", &a("test_it if count(deny) == 0 with input as {}"))],
            0,
            &["p/a.rego SAFE policy-reworded"],
        ),
        (
            "tightened, seen",
            &[("p/a.rego", A)],
            &[("p/a.rego", "package a\ndeny contains \"big\" if input.n > 10\n")],
            12,
            &["p/a.rego BREAKING policy-tightened {\"n\":11}", "p/a.rego RISKY deny-changed"],
        ),
        (
            "tightened, unseen",
            &[("p/a.rego", A)],
            &[("p/a.rego", "package a\ndeny contains \"big\" if input.n > 40\n")],
            12,
            &["p/a.rego RISKY deny-changed"],
        ),
        (
            "tightened, nothing recorded",
            &[("p/a.rego", A)],
            &[("p/a.rego", "package a\ndeny contains \"big\" if input.n > 40\n")],
            9,
            &["p/a.rego BREAKING deny-changed"],
        ),
        (
            "one more denial",
            &[("p/a.rego", A)],
            &[("p/a.rego", &a("deny contains \"odd\" if input.odd"))],
            0,
            &["p/a.rego BREAKING deny-changed"],
        ),
        (
            "the first denial",
            &[("p/a.rego", "package a\nx := 1\n")],
            &[("p/a.rego", "package a\nx := 1\ndeny contains \"odd\" if input.odd\n")],
            0,
            &["p/a.rego BREAKING deny-added"],
        ),
        (
            "one denial fewer",
            &[("p/a.rego", &a("deny contains \"seven\" if input.n == 7"))],
            &[("p/a.rego", A)],
            12,
            &["p/a.rego RISKY policy-loosened {\"n\":7}", "p/a.rego RISKY deny-changed"],
        ),
        (
            "other words",
            &[("p/a.rego", "package a\ndeny contains \"big\" if input.n > 5\n")],
            &[("p/a.rego", "package a\ndeny contains \"too big\" if input.n > 5\n")],
            12,
            &["p/a.rego RISKY policy-reasons-changed", "p/a.rego RISKY deny-changed"],
        ),
        (
            "a warning",
            &[("p/a.rego", A)],
            &[("p/a.rego", &a("warn contains \"hm\" if input.n > 3"))],
            12,
            &["p/a.rego SAFE policy-warnings-changed", "p/a.rego SAFE warn-added"],
        ),
        (
            "a helper, unused",
            &[("p/a.rego", A)],
            &[("p/a.rego", &a("x := 1"))],
            0,
            &["p/a.rego SAFE rule-added"],
        ),
        (
            "a library that denials stand on, unproven",
            &[("p/a.rego", uses), ("p/lib.rego", lib)],
            &[("p/a.rego", uses), ("p/lib.rego", "package lib\nlimit := 40\n")],
            0,
            &["p/lib.rego BREAKING rule-changed"],
        ),
        (
            "a library that denials stand on, proven",
            &[("p/a.rego", uses), ("p/lib.rego", lib)],
            &[("p/a.rego", uses), ("p/lib.rego", "package lib\nlimit := 40\n")],
            10,
            &["p/lib.rego RISKY rule-changed"],
        ),
        (
            "a library that denials stand on, refuted",
            &[("p/a.rego", uses), ("p/lib.rego", lib)],
            &[("p/a.rego", uses), ("p/lib.rego", "package lib\nlimit := 8\n")],
            10,
            &["p/a.rego BREAKING policy-tightened {\"n\":9}", "p/lib.rego RISKY rule-changed"],
        ),
        (
            "a library that nothing stands on",
            &[("p/a.rego", A), ("p/lib.rego", lib)],
            &[("p/a.rego", A), ("p/lib.rego", "package lib\nlimit := 40\n")],
            0,
            &["p/lib.rego RISKY rule-changed"],
        ),
        (
            "less is allowed",
            &[("p/a.rego", allow)],
            &[("p/a.rego", "package a\ndefault allow := false\nallow if input.n < 4\n")],
            12,
            &["p/a.rego BREAKING policy-tightened {\"n\":4}", "p/a.rego RISKY allow-changed"],
        ),
        (
            "more is allowed",
            &[("p/a.rego", allow)],
            &[(
                "p/a.rego",
                "package a\ndefault allow := false\nallow if input.n < 5\nallow if input.vip\n",
            )],
            0,
            &["p/a.rego RISKY allow-changed"],
        ),
        (
            "data",
            &[
                ("p/a.rego", "package a\ndeny contains \"big\" if input.n > data.limits.most\n"),
                ("p/data/limits/l.json", "{\"most\": 50}"),
            ],
            &[
                ("p/a.rego", "package a\ndeny contains \"big\" if input.n > data.limits.most\n"),
                ("p/data/limits/l.json", "{\"most\": 10}"),
            ],
            12,
            &["p/a.rego BREAKING policy-tightened {\"n\":11}", "p/a.rego RISKY data-changed"],
        ),
        (
            "data, unproven",
            &[("p/a.rego", A), ("p/data/limits/l.json", "{\"most\": 50}")],
            &[("p/a.rego", A), ("p/data/limits/l.json", "{\"most\": 10}")],
            0,
            &["p/a.rego BREAKING data-changed"],
        ),
        (
            "a new policy",
            &[("p/a.rego", A)],
            &[("p/a.rego", A), ("p/b.rego", "package b\ndeny contains \"x\" if input.x\n")],
            12,
            &["p/b.rego BREAKING deny-added"],
        ),
        (
            "a file of tests alone",
            &[("p/a.rego", A)],
            &[
                ("p/a.rego", A),
                (
                    "p/a_test.rego",
                    "package a_test\ntest_x if count(data.a.deny) == 0 with input as {}\n",
                ),
            ],
            0,
            &["p/a_test.rego SAFE policy-added"],
        ),
        (
            "a file of tests is gone",
            &[
                ("p/a.rego", A),
                (
                    "p/a_test.rego",
                    "package a_test\ntest_x if count(data.a.deny) == 0 with input as {}\n",
                ),
            ],
            &[("p/a.rego", A)],
            12,
            &["p/a_test.rego RISKY policy-tests-removed"],
        ),
        (
            "a file that decides is gone: its contract is",
            &[("p/a.rego", A), ("p/b.rego", "package b\ndeny contains \"x\" if input.x\n")],
            &[("p/a.rego", A)],
            12,
            &[],
        ),
        (
            "another package",
            &[("p/a.rego", "package a\nx := 1\n")],
            &[("p/a.rego", "package b\nx := 1\n")],
            12,
            &[
                "p/a.rego BREAKING package-changed",
                "p/a.rego RISKY rule-removed",
                "p/a.rego SAFE rule-added",
            ],
        ),
        (
            "it no longer loads",
            &[("p/a.rego", A)],
            &[("p/a.rego", "package a\ndeny contains")],
            12,
            &["p/a.rego BREAKING policy-unknown"],
        ),
        (
            "it did not load",
            &[("p/a.rego", "package a\ndeny contains")],
            &[("p/a.rego", A)],
            12,
            &["p/a.rego RISKY policy-unknown"],
        ),
        (
            "no answer means no",
            &[("p/a.rego", A)],
            &[("p/a.rego", &a("deny contains 1 if input.n == 3"))],
            12,
            &["p/a.rego BREAKING policy-tightened {\"n\":3}", "p/a.rego RISKY deny-changed"],
        ),
        (
            "fixtures of old count, new ones that show a denial do not",
            &[("p/a.rego", A), ("p/fixtures/a.valid.json", "{\"n\": 45}")],
            &[
                ("p/a.rego", "package a\ndeny contains \"big\" if input.n > 40\n"),
                ("p/fixtures/a.valid.json", "{\"n\": 1}"),
                ("p/fixtures/a.invalid.json", "{\"n\": 44}"),
            ],
            12,
            &["p/a.rego BREAKING policy-tightened {\"n\":45}", "p/a.rego RISKY deny-changed"],
        ),
        (
            "an input that is none",
            &[("p/a.rego", A), ("p/recorded/a.xx.json", "{")],
            &[
                ("p/a.rego", "package a\ndeny contains \"big\" if input.n > 40\n"),
                ("p/recorded/a.xx.json", "{"),
            ],
            12,
            &["p/a.rego RISKY input-unreadable", "p/a.rego BREAKING deny-changed"],
        ),
    ];
    let wrong = wrong(rows);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Ways to tighten by the back door: nothing is recorded, so each is breaking.
#[test]
fn whatever_a_denial_stands_on_counts() {
    let warn = |of: &str| {
        format!(
            "package a\nwarn contains \"w\" if {of}\ndeny contains m if {{ input.strict; some m in warn }}\n"
        )
    };
    let test = |n: u8| {
        format!("package a\ntest_limit := {n}\ndeny contains \"big\" if input.n > test_limit\n")
    };
    let any = "package main\ndeny contains m if { some c; m := data.checks[c].fail[_] }\n";
    let check =
        |name: &str, of: &str| format!("package checks.{name}\nfail contains \"x\" if {of}\n");
    let extra = "package a\ndeny contains \"x\" if data.extra.block[input.user]\n";
    let not = "package a\nimport data.ex\ndeny contains \"x\" if { input.n; not ex.exempt }\n";
    let bracket = "package a\ndeny contains \"x\" if input.n > data[\"lib\"].limit\n";
    let parent = "package a\nimport data.org\ndeny contains \"x\" if input.n > org.lib.limit\n";
    let swap = |of: &str| {
        format!("package a\nimport data.{of} as l\ndeny contains \"x\" if input.n > l.limit\n")
    };
    let pair = "package one\nlimit := 9\n";
    let two = "package two\nlimit := 5\n";
    let allow = |more: &str| {
        format!("package a\ndefault allow := true\nallow := false if input.n > 50\n{more}")
    };
    let deny =
        |more: &str| format!("package a\ndefault deny := true\ndeny := false if input.ok\n{more}");
    let rows: &[(&str, Files<'_>, Files<'_>, usize, &[&str])] = &[
        (
            "a warning that a denial reads",
            &[("p/a.rego", &warn("input.x == 1"))],
            &[("p/a.rego", &warn("input.x > 0"))],
            0,
            &["p/a.rego BREAKING rule-changed"],
        ),
        (
            "a helper called like a test",
            &[("p/a.rego", &test(50))],
            &[("p/a.rego", &test(5))],
            0,
            &["p/a.rego BREAKING rule-changed"],
        ),
        (
            "one package more of those that are gathered",
            &[("p/a.rego", any), ("p/c1.rego", &check("one", "input.n == 1"))],
            &[
                ("p/a.rego", any),
                ("p/c1.rego", &check("one", "input.n == 1")),
                ("p/c2.rego", &check("two", "input.n == 2")),
            ],
            0,
            &["p/c2.rego BREAKING rule-added"],
        ),
        (
            "one of those that are gathered",
            &[("p/a.rego", any), ("p/c1.rego", &check("one", "input.n == 1"))],
            &[("p/a.rego", any), ("p/c1.rego", &check("one", "input.n > 0"))],
            0,
            &["p/c1.rego BREAKING rule-changed"],
        ),
        (
            "a name that was on somebody's lips",
            &[("p/a.rego", extra)],
            &[("p/a.rego", extra), ("p/e.rego", "package extra\nblock contains \"bob\"\n")],
            0,
            &["p/e.rego BREAKING rule-added"],
        ),
        (
            "an exemption is gone",
            &[("p/a.rego", not), ("p/e.rego", "package ex\nexempt if input.vip\nother := 1\n")],
            &[("p/a.rego", not), ("p/e.rego", "package ex\nother := 1\n")],
            0,
            &["p/e.rego BREAKING rule-removed"],
        ),
        (
            "a reference in brackets",
            &[("p/a.rego", bracket), ("p/e.rego", "package lib\nlimit := 50\n")],
            &[("p/a.rego", bracket), ("p/e.rego", "package lib\nlimit := 5\n")],
            0,
            &["p/e.rego BREAKING rule-changed"],
        ),
        (
            "an import of what it is part of",
            &[("p/a.rego", parent), ("p/e.rego", "package org.lib\nlimit := 50\n")],
            &[("p/a.rego", parent), ("p/e.rego", "package org.lib\nlimit := 5\n")],
            0,
            &["p/e.rego BREAKING rule-changed"],
        ),
        (
            "the same word means another package",
            &[("p/a.rego", &swap("one")), ("p/b.rego", pair), ("p/c.rego", two)],
            &[("p/a.rego", &swap("two")), ("p/b.rego", pair), ("p/c.rego", two)],
            0,
            &["p/a.rego BREAKING deny-changed", "p/a.rego RISKY import-changed"],
        ),
        (
            "one more way not to be allowed",
            &[("p/a.rego", &allow(""))],
            &[("p/a.rego", &allow("allow := false if input.bad\n"))],
            0,
            &["p/a.rego BREAKING allow-changed"],
        ),
        (
            "one way fewer not to be denied",
            &[("p/a.rego", &deny("deny := false if input.fine\n"))],
            &[("p/a.rego", &deny(""))],
            0,
            &["p/a.rego BREAKING deny-changed"],
        ),
        (
            "a denial in a package of tests",
            &[("p/a.rego", A)],
            &[("p/a.rego", A), ("p/b.rego", "package b_test\ndeny contains \"x\"\n")],
            0,
            &["p/b.rego BREAKING deny-added"],
        ),
    ];
    let wrong = wrong(rows);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_new_module_is_compared_with_none() {
    let with = |modules: &str, files: Files<'_>| {
        let mut tree = Tree::default();
        tree.insert("contracts.yaml", format!("{SET}{modules}").into_bytes()).unwrap();
        for (path, text) in files {
            tree.insert(path, text.as_bytes().to_vec()).unwrap();
        }
        Set::open(tree).unwrap()
    };
    let module = |name: &str| format!("- name: {name}\n  policies: ['*.rego']\n");
    let all = "package b\ndeny contains \"everything\"\n";
    let old = with("", &[("p/a.rego", A)]);
    let new = with(&module("q"), &[("p/a.rego", A), ("q/b.rego", all)]);
    let told = |old: &Set, new: &Set| -> Vec<String> {
        let report = crate::law::compare(old, new);
        let all = report.contracts.iter();
        all.map(|one| format!("{} {}", one.id, one.comparison.class.name())).collect()
    };
    assert_eq!(told(&old, &new), ["q/b.rego BREAKING"]);
}

#[test]
fn inputs_are_their_policies() {
    let files = |limit: u8| {
        let a = format!("package a\ndeny contains \"a\" if input.n > {limit}\n");
        let b = "package b\ndeny contains \"b\" if input.m\n".to_owned();
        set(&[("p/a.rego", &a), ("p/b.rego", &b)], 12)
    };
    // `b` has no inputs of its own, and its part is not proven by those of `a`.
    let (old, new) = (files(50), files(40));
    assert_eq!(seen(&old, &new), ["p/a.rego RISKY deny-changed"]);
    let side = |set: &Set| Side::of(set, &set.units[0]).unwrap();
    let (was, is) = (side(&old), side(&new));
    let recorded = |package: &str| {
        let (old, new) = ((&was, &old.units[0], &old), (&is, &new.units[0], &new));
        replay(&[package.to_owned()], old, new).recorded
    };
    assert_eq!((recorded("a"), recorded("b")), (12, 0));
}

#[test]
fn what_a_change_brings_along_proves_nothing_for_it() {
    let tightened = |limit: u8| format!("package a\ndeny contains \"big\" if input.n > {limit}\n");
    let old = set(&[("p/a.rego", A)], 0);
    let told = |limit| seen(&old, &set(&[("p/a.rego", &tightened(limit))], 12));
    assert_eq!(told(40), ["p/a.rego BREAKING deny-changed"]);
    // It may show what breaks.
    assert_eq!(
        told(10),
        ["p/a.rego BREAKING policy-tightened {\"n\":11}", "p/a.rego RISKY deny-changed"]
    );
}

#[test]
fn code_is_compared_with_all_other_contracts() {
    let old = set(&[("p/a.rego", A)], 12);
    let new =
        set(&[("p/a.rego", A), ("p/b.rego", "package b\ndeny contains \"x\" if input.x\n")], 12);
    let told = |old: &Set, new: &Set| -> Vec<(String, String)> {
        let report = crate::law::compare(old, new);
        let all = report.contracts.iter();
        all.map(|one| (one.id.clone(), one.comparison.changes[0].rule.clone())).collect()
    };
    let pair = |id: &str, rule: &str| (id.to_owned(), rule.to_owned());
    assert_eq!(told(&old, &new), [pair("p/b.rego", "deny-added")]);
    assert_eq!(told(&new, &old), [pair("p/b.rego", "contract-removed")]);
}
