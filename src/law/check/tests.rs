mod decisions;
mod invariants;
mod weakened;

use serde_json::{Value, json};

use super::super::compare::compare;
use super::super::decision::{Action, ActionKind, Done, Ruling, Verdict};
use super::super::tree::Tree;
use super::*;

const MANIFEST: &str = "apiVersion: lazaret.dev/contracts/v1
name: shop
modules:
- name: m
  schemas: ['*.schema.json']
consumers:
- name: billing
  contracts: ['m/order.schema.json']
invariants:
- contract: m/order.schema.json
  fields: [id, /properties/at]
";

/// `versions.yaml` with the releases as `version | members`, and what was deprecated.
fn versions(releases: &[&str], deprecations: &str) -> String {
    let mut text =
        format!("module: m\nversion: {}\nreleases:\n", releases[0].split(' ').next().unwrap());
    for release in releases {
        let (version, more) = release.split_once(' ').unwrap_or((release, ""));
        text += &format!("- {{version: {version}, date: 2026-01-01, summary: s{more}}}\n");
    }
    text + deprecations
}

fn order(change: impl Fn(&mut Value)) -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "id": {"type": "string"}, "at": {"type": "string"}, "note": {"type": "string"},
            "size": {"type": "integer", "maximum": 9},
        },
        "required": ["id", "note"],
        "additionalProperties": false,
    });
    change(&mut schema);
    schema
}

fn set(manifest: &str, versions: &str, contracts: &[(&str, Value)]) -> Set {
    let mut tree = Tree::default();
    tree.insert("contracts.yaml", manifest.as_bytes().to_vec()).unwrap();
    tree.insert("m/versions.yaml", versions.as_bytes().to_vec()).unwrap();
    for (name, schema) in contracts {
        tree.insert(&format!("m/{name}.schema.json"), schema.to_string().into_bytes()).unwrap();
    }
    Set::open(tree).unwrap()
}

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

struct World {
    old: Set,
    new: Set,
    submissions: Vec<Submission>,
    signed: bool,
    now: Timestamp,
}

impl World {
    fn new(old: Set, new: Set) -> Self {
        Self { old, new, submissions: vec![], signed: false, now: now() }
    }

    fn ruling(&self, verdict: Verdict) -> Ruling {
        let action = |description: &str| Action {
            kind: ActionKind::Docs,
            description: description.into(),
            done: None,
        };
        Ruling {
            verdict,
            reasons: vec!["because".into()],
            by: "ada".into(),
            at: now(),
            expires: None,
            actions: match verdict {
                Verdict::ApproveWithConditions => vec![action("write it down"), action("tell all")],
                _ => vec![],
            },
            emergency: false,
        }
    }

    fn decide(&self, ruling: Ruling) -> Decision {
        let report = compare(&self.old, &self.new);
        Decision::record((&self.old, "old"), (&self.new, "."), &report, ruling).unwrap()
    }

    fn submit(mut self, decision: &Decision, signed: Result<(), String>) -> Self {
        let bytes = decision.bytes().unwrap();
        self.submissions.push(Submission::new("decisions/d.json", &bytes, signed));
        self
    }

    fn approved(self) -> Self {
        let decision = self.decide(self.ruling(Verdict::Approve));
        self.submit(&decision, Ok(()))
    }

    fn judge(&self) -> Judgement {
        let report = compare(&self.old, &self.new);
        check(&Case {
            old: &self.old,
            new: &self.new,
            report: &report,
            submissions: &self.submissions,
            signed: self.signed,
            now: self.now,
            exists: &|path| path == "tests/a.rs",
        })
        .unwrap()
    }

    /// Rules of all errors.
    fn errors(&self) -> Vec<&'static str> {
        let found = self.judge().findings;
        for finding in &found {
            let listed = RULES.iter().find(|rule| rule.id == finding.rule);
            assert_eq!(
                listed.map(|rule| rule.severity),
                Some(finding.severity),
                "{}",
                finding.rule
            );
        }
        let errors = found.iter().filter(|finding| finding.severity == Severity::Error);
        let mut rules: Vec<_> = errors.map(|finding| finding.rule).collect();
        rules.sort_unstable();
        rules
    }
}

const OUT: &str = "1.0.0";
const FULL: &str =
    "2.0.0 , migration: read on, tests: [tests/a.rs], consumers: [{name: billing, evidence: PR 1}]";
const ANNOUNCED: &str = "deprecations:\n- {contract: order.schema.json, at: /properties/note, since: 0.9.0, \
                         on: 2026-01-01, replacement: x, removal: {releases: 1, notBefore: 2026-02-01}}\n";

fn pair(change: impl Fn(&mut Value), releases: &[&str]) -> World {
    World::new(
        set(MANIFEST, &versions(&[OUT], ANNOUNCED), &[("order", order(|_| {}))]),
        set(MANIFEST, &versions(releases, ""), &[("order", order(change))]),
    )
}

fn tighten(schema: &mut Value) {
    schema["properties"]["size"]["maximum"] = json!(5);
}

fn remove_note(schema: &mut Value) {
    schema["properties"].as_object_mut().unwrap().remove("note");
    schema["required"] = json!(["id"]);
}

#[test]
fn each_class_asks_for_its_duties() {
    let title = |schema: &mut Value| schema["title"] = json!("Order");
    for (name, world, expected) in [
        ("nothing", pair(|_| {}, &[OUT]), vec![]),
        ("safe, no bump", pair(title, &[OUT]), vec!["version-too-small"]),
        ("safe", pair(title, &["1.0.1", OUT]), vec![]),
        (
            "breaking, nothing done",
            pair(tighten, &[OUT]),
            vec![
                "consumers-missing",
                "decision-missing",
                "migration-missing",
                "tests-missing",
                "version-too-small",
            ],
        ),
        (
            "breaking, minor",
            pair(tighten, &[&FULL.replace("2.0.0", "1.1.0"), OUT]).approved(),
            vec!["version-too-small"],
        ),
        ("breaking, all done", pair(tighten, &[FULL, OUT]).approved(), vec![]),
        ("breaking, undecided", pair(tighten, &[FULL, OUT]), vec!["decision-missing"]),
        (
            "evidence is empty",
            pair(tighten, &[&FULL.replace("PR 1", "''"), OUT]).approved(),
            vec!["consumers-missing"],
        ),
        (
            "a test that is not there",
            pair(tighten, &[&FULL.replace("tests/a.rs", "tests/b.rs"), OUT]).approved(),
            vec!["tests-missing"],
        ),
        (
            "a note that is not there",
            pair(tighten, &[&FULL.replace("read on", "docs/no.md"), OUT]).approved(),
            vec!["migration-missing"],
        ),
        ("done in the release between", pair(tighten, &["2.0.1", FULL, OUT]).approved(), vec![]),
        ("no entry", pair(tighten, &[FULL, OUT]).renumbered("2.1.0"), vec!["release-missing"]),
        ("backwards", pair(|_| {}, &["0.9.0", OUT]), vec!["version-backwards"]),
        ("a release struck out", pair(title, &["1.0.1"]), vec!["release-dropped"]),
        ("removed after its window", pair(remove_note, &[FULL, OUT]).approved(), vec![]),
    ] {
        assert_eq!(world.errors(), expected, "{name}: {:#?}", world.judge().findings);
    }
    let idle = pair(|_| {}, &["1.0.1", OUT]).judge();
    assert_eq!(idle.findings[0].rule, "version-without-change");
    assert!(idle.passes());
}

impl World {
    fn renumbered(mut self, version: &str) -> Self {
        let text = self.new.tree.get("m/versions.yaml").unwrap();
        let text = String::from_utf8(text.to_vec()).unwrap();
        let text = text.replacen("version: 2.0.0", &format!("version: {version}"), 1);
        self.new.tree.insert("m/versions.yaml", text.into_bytes()).unwrap();
        self.approved()
    }
}

#[test]
fn what_goes_was_announced_and_only_an_emergency_cuts_it_short() {
    let with = |deprecations: &str| {
        World::new(
            set(MANIFEST, &versions(&[OUT], deprecations), &[("order", order(|_| {}))]),
            set(MANIFEST, &versions(&[FULL, OUT], deprecations), &[("order", order(remove_note))]),
        )
    };
    assert_eq!(with("").approved().errors(), ["deprecation-missing"]);
    assert_eq!(
        with(&ANNOUNCED.replace("releases: 1", "releases: 2")).approved().errors(),
        ["deprecation-open"]
    );
    assert_eq!(
        with(&ANNOUNCED.replace("2026-02-01", "2026-12-01")).approved().errors(),
        ["deprecation-open"]
    );
    // Announced in the same change: nobody was warned.
    let mut late = with(ANNOUNCED);
    late.old.tree.insert("m/versions.yaml", versions(&[OUT], "").into_bytes()).unwrap();
    assert_eq!(late.approved().errors(), ["deprecation-missing"]);
    let world = with("");
    let ruling = Ruling { emergency: true, ..world.ruling(Verdict::Approve) };
    let decision = world.decide(ruling);
    assert_eq!(world.submit(&decision, Ok(())).errors(), Vec::<&str>::new());
}

#[test]
fn a_risky_change_asks_for_tests_and_a_review() {
    let risky = |schema: &mut Value| schema["properties"]["note"]["default"] = json!("x");
    let world = pair(risky, &["1.1.0", OUT]);
    let class = compare(&world.old, &world.new).class;
    assert_eq!(class, Class::Risky);
    assert_eq!(world.errors(), ["review-missing", "tests-missing"]);
    let done = "1.1.0 , tests: [tests/a.rs], review: fine";
    assert_eq!(pair(risky, &[done, OUT]).errors(), Vec::<&str>::new());
    assert_eq!(
        pair(risky, &[&done.replace("1.1.0", "1.0.1"), OUT]).errors(),
        ["version-too-small"]
    );
    // Nobody has to decide, but who says no is heard.
    let world = pair(risky, &[done, OUT]);
    let no = world.decide(world.ruling(Verdict::Deny));
    assert_eq!(world.submit(&no, Ok(())).errors(), ["decision-denied"]);
}

impl World {
    fn approved_if_possible(self) -> Self {
        match self.old.digest().unwrap() == self.new.digest().unwrap() {
            true => self,
            false => self.approved(),
        }
    }
}

#[test]
fn line_endings_ask_for_no_version() {
    let with = |text: &str| {
        let mut set = set(MANIFEST, &versions(&[OUT], ""), &[]);
        set.tree.insert("m/order.schema.json", text.as_bytes().to_vec()).unwrap();
        Set::open(set.tree).unwrap()
    };
    let text = "{\n\"properties\": {\"id\": {}, \"at\": {}}\n}\n";
    let judge = |new: &str| World::new(with(text), with(new)).errors();
    assert_eq!(judge(&text.replace('\n', "\r\n")), Vec::<&str>::new());
    assert_eq!(judge(&text.replace('\n', "\n ")), ["version-too-small"]);
    assert_eq!(
        judge(&text.replace("{}", "{\"title\": \"x\"}").replace('\n', "\r\n")),
        ["version-too-small"]
    );
}
