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

#[test]
fn a_decision_names_exact_bytes() {
    let world = || pair(tighten, &[FULL, OUT]);
    let good = world().decide(world().ruling(Verdict::Approve));
    // One digit of one digest, wherever it stands: the record is no record any more.
    let text = String::from_utf8(good.bytes().unwrap()).unwrap();
    let mut digests = 0;
    for (at, _) in text.match_indices("sha256:") {
        let mut bytes = text.clone().into_bytes();
        let digit = &mut bytes[at + 7 + 31];
        *digit = if *digit == b'0' { b'1' } else { b'0' };
        let mut world = world();
        world.submissions.push(Submission::new("decisions/d.json", &bytes, Ok(())));
        assert_eq!(world.errors(), ["decision-missing"]);
        digests += 1;
    }
    assert_eq!(digests, 4, "both sides, and both of the contract");
    // Made anew over other bytes, it is well-formed and still not about these.
    let other = pair(|s| s["properties"]["size"]["maximum"] = json!(6), &[FULL, OUT]);
    let other = other.decide(other.ruling(Verdict::Approve));
    assert_eq!(world().submit(&other, Ok(())).errors(), ["decision-missing"]);
    // The release's notes may still be written.
    let mut later = pair(tighten, &[&FULL.replace("read on", "read further"), OUT]);
    later = later.submit(&good, Ok(()));
    assert_eq!(later.errors(), Vec::<&str>::new());
    assert_eq!(later.judge().decision.as_deref(), Some(good.decision_id.as_str()));
}

#[test]
fn a_record_is_what_its_schema_says() {
    let schema = include_str!("../../../contracts/schemas/policy_decision.v1.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema);
    let validator = validator.unwrap();
    let world = pair(remove_note, &[FULL, OUT]);
    for verdict in [Verdict::Approve, Verdict::Deny, Verdict::ApproveWithConditions] {
        let ruling = Ruling { expires: Some(now()), emergency: true, ..world.ruling(verdict) };
        let mut decision = world.decide(ruling);
        if verdict == Verdict::ApproveWithConditions {
            let done = Done { evidence: "x".into(), by: Some("ada".into()), at: Some(now()) };
            decision.fulfil(1, done).unwrap();
        }
        let bytes = decision.bytes().unwrap();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(value["impactedConsumers"][0]["name"], "billing");
        assert_eq!(Decision::parse(&bytes).unwrap(), decision);
    }
}

#[test]
fn only_decisions_that_hold_count() {
    let world = || pair(tighten, &[FULL, OUT]);
    let rule = |change: &dyn Fn(&mut Ruling), verdict| {
        let mut ruling = world().ruling(verdict);
        change(&mut ruling);
        world().decide(ruling)
    };
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    for (name, decision, expected) in [
        ("deny", rule(&|_| {}, Verdict::Deny), vec!["decision-denied"]),
        ("expired", rule(&|r| r.expires = Some(now()), Verdict::Approve), vec!["decision-refused"]),
        (
            "not yet",
            rule(&|r| r.expires = Some(at("2026-11-21T12:00:01Z")), Verdict::Approve),
            vec![],
        ),
        ("expired no", rule(&|r| r.expires = Some(now()), Verdict::Deny), vec!["decision-refused"]),
        (
            "future",
            rule(&|r| r.at = at("2026-11-22T00:00:00Z"), Verdict::Approve),
            vec!["decision-refused"],
        ),
        ("conditions", rule(&|_| {}, Verdict::ApproveWithConditions), vec!["decision-refused"]),
    ] {
        let world = world().submit(&decision, Ok(()));
        assert_eq!(world.errors(), expected, "{name}");
    }
    // A no outweighs a yes, in either order.
    let (yes, no) = (rule(&|_| {}, Verdict::Approve), rule(&|_| {}, Verdict::Deny));
    assert_eq!(world().submit(&yes, Ok(())).submit(&no, Ok(())).errors(), ["decision-denied"]);
    assert_eq!(world().submit(&no, Ok(())).submit(&yes, Ok(())).errors(), ["decision-denied"]);
    // Conditions are met one by one, and the record keeps its name.
    let mut conditional = rule(&|_| {}, Verdict::ApproveWithConditions);
    let id = conditional.decision_id.clone();
    let done = |evidence: &str| Done { evidence: evidence.into(), by: None, at: None };
    conditional.fulfil(1, done("PR 2")).unwrap();
    assert_eq!(world().submit(&conditional, Ok(())).errors(), ["decision-refused"]);
    conditional.fulfil(2, done(" ")).unwrap();
    assert_eq!(world().submit(&conditional, Ok(())).errors(), ["decision-refused"]);
    conditional.fulfil(2, done("PR 3")).unwrap();
    assert_eq!(world().submit(&conditional, Ok(())).errors(), Vec::<&str>::new());
    assert!(conditional.fulfil(3, done("x")).is_err() && conditional.fulfil(0, done("x")).is_err());
    assert_eq!(Decision::parse(&conditional.bytes().unwrap()).unwrap().decision_id, id);
    // Where a key is demanded, only what it signed counts, a no included.
    for decision in [&yes, &no] {
        let mut world = world().submit(decision, Err("no bundle".into()));
        world.signed = true;
        assert_eq!(world.errors(), ["decision-refused"]);
    }
}

#[test]
fn the_law_is_not_weakened_in_passing() {
    let old = || set(MANIFEST, &versions(&[OUT], ""), &[("order", order(|_| {}))]);
    for (name, manifest, expected) in [
        (
            "direction",
            MANIFEST.replace("  schemas", "  direction: consumer\n  schemas"),
            vec!["decision-missing"],
        ),
        (
            "consumer",
            MANIFEST.replace("m/order.schema.json']", "m/none.json']"),
            vec!["decision-missing"],
        ),
        (
            "consumer gone",
            MANIFEST.replace("name: billing", "name: other"),
            vec!["decision-missing"],
        ),
        (
            "a consumer more",
            MANIFEST.replace("consumers:", "consumers:\n- {name: b, contracts: [m/x]}"),
            vec![],
        ),
        (
            "an invariant less",
            MANIFEST.replace("[id, /properties/at]", "[id]"),
            vec!["invariant-broken"],
        ),
        (
            "a module renamed",
            MANIFEST
                .replace("- name: m", "- name: n\n  path: m")
                .replace("contract: m/", "contract: n/"),
            // Its contracts are gone from their module; those of the other one are new.
            vec![
                "decision-missing",
                "invariant-broken",
                "invariant-broken",
                "invariant-broken",
                "module-dropped",
                // Its versions.yaml is still the old module's.
                "versions-unreadable",
            ],
        ),
        ("freezes", format!("{MANIFEST}frozen: other\n"), vec!["decision-missing"]),
        ("decisions", format!("{MANIFEST}decisions: other\n"), vec!["decision-missing"]),
    ] {
        let world =
            World::new(old(), set(&manifest, &versions(&[OUT], ""), &[("order", order(|_| {}))]));
        assert_eq!(world.errors(), expected, "{name}: {:#?}", world.judge().findings);
        let world = world.approved_if_possible();
        if expected == ["decision-missing"] {
            assert_eq!(world.errors(), Vec::<&str>::new(), "{name}");
        } else {
            assert!(world.errors().contains(&"invariant-broken") || expected.is_empty(), "{name}");
        }
    }
    // A key in force is not replaced by those whom it does not know.
    let keyed = |key: &str| {
        let manifest = format!("{MANIFEST}keys: [k.pem]\n");
        let mut set = set(&manifest, &versions(&[OUT], ""), &[("order", order(|_| {}))]);
        set.tree.insert("k.pem", key.as_bytes().to_vec()).unwrap();
        set
    };
    assert_eq!(World::new(keyed("a"), keyed("a")).errors(), Vec::<&str>::new());
    let changed = World::new(keyed("a"), keyed("b"));
    assert_eq!(changed.errors(), ["decision-missing"]);
    assert_eq!(changed.approved().errors(), Vec::<&str>::new());
    assert_eq!(World::new(old(), keyed("b")).errors(), Vec::<&str>::new());
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
fn invariants_never_go() {
    for (name, change, broken) in [
        ("a title", (|s: &mut Value| s["title"] = json!("x")) as fn(&mut Value), 0),
        // What is demanded and cannot be given leaves nothing that could be: the other one goes with it.
        ("removed", |s| drop(s["properties"].as_object_mut().unwrap().remove("id")), 2),
        ("false", |s| s["properties"]["id"] = json!(false), 2),
        ("never", |s| s["properties"]["id"] = json!({"not": {}}), 2),
        ("no value", |s| s["properties"]["id"] = json!({"enum": []}), 2),
        ("no longer required", |s| s["required"] = json!(["note"]), 1),
        ("forbidden elsewhere", |s| s["not"] = json!({"required": ["id"]}), 2),
        ("by pointer", |s| drop(s["properties"].as_object_mut().unwrap().remove("at")), 1),
        ("narrowed, but there", |s| s["properties"]["id"]["minLength"] = json!(3), 0),
        (
            "moved into allOf",
            |s| {
                let id = s["properties"].as_object_mut().unwrap().remove("id").unwrap();
                s["allOf"] = json!([{"$ref": "#/$defs/base"}]);
                s["$defs"] = json!({"base": {"properties": {"id": id}, "required": ["id"]}});
                s.as_object_mut().unwrap().remove("additionalProperties");
            },
            0,
        ),
        (
            "moved behind a reference",
            |s| {
                for name in ["id", "at"] {
                    s["$defs"][name] = s["properties"][name].take();
                    s["properties"][name] = json!({"$ref": format!("#/$defs/{name}")});
                }
            },
            0,
        ),
        ("no object", |s| s["type"] = json!("array"), 2),
        ("a pattern of nothing", |s| s["properties"]["id"]["pattern"] = json!("a^"), 1),
        ("never by parts", |s| s["properties"]["at"] = json!({"allOf": [false]}), 1),
        ("never, elsewhere", |s| s["allOf"] = json!([{"properties": {"at": false}}]), 1),
        (
            "both",
            |s| {
                s["properties"] = json!({});
                s["required"] = json!([]);
            },
            2,
        ),
    ] {
        // With all that could ever be asked for.
        let world = pair(change, &[FULL, OUT]).approved();
        let found = world.errors().into_iter().filter(|rule| *rule == "invariant-broken").count();
        assert_eq!(found, broken, "{name}: {:#?}", world.judge().findings);
        assert_eq!(world.judge().passes(), broken == 0 && world.errors().is_empty(), "{name}");
    }
    // The contract itself.
    let world = World::new(
        set(MANIFEST, &versions(&[OUT], ""), &[("order", order(|_| {})), ("b", json!({}))]),
        set(MANIFEST, &versions(&[FULL, OUT], ""), &[("b", json!({}))]),
    );
    assert!(world.errors().contains(&"invariant-broken"));
}

#[test]
fn envelopes_need_no_entry() {
    let manifest = MANIFEST.split("invariants").next().unwrap();
    let envelope = |without: &str| {
        let mut schema = json!({"type": "object", "properties": {}, "required": []});
        for name in super::super::invariants::ENVELOPE.iter().filter(|name| **name != without) {
            schema["properties"][name] = json!({});
        }
        schema
    };
    for name in super::super::invariants::ENVELOPE {
        let side =
            |schema| set(manifest, &versions(&[FULL, OUT], ""), &[("event_envelope.v1", schema)]);
        let world = World::new(side(envelope("")), side(envelope(name)));
        assert!(world.errors().contains(&"invariant-broken"), "{name}");
    }
}

#[test]
fn invariants_are_followed_wherever_they_stand() {
    let manifest = MANIFEST.replace("[id, /properties/at]", "[a, /properties/a/properties/b]");
    let inner =
        json!({"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]});
    let base = json!({"type": "object", "properties": {"a": inner}, "required": ["a"]});
    let with = |name: &str, value: &Value, more: Value| {
        let mut all = base.clone();
        all["properties"]["a"] = more;
        all[name] = value.clone();
        all
    };
    let anchored = |schema: Value| json!({"$ref": "#here", "$defs": {"x": schema}});
    let here = json!("here");
    let (named, embedded) = (json!("https://x.test/base"), "https://x.test/base");
    let by_id = |schema: Value| json!({"$ref": embedded, "$defs": {"x": schema}});
    let escaped = |schema: Value| json!({"$ref": "#/$defs/a%20b", "$defs": {"a b": schema}});
    let string = json!({"type": "string"});
    let optional = json!({"type": "object", "properties": {"b": {"type": "string"}}});
    for (name, before, after, broken) in [
        ("a is a string", base.clone(), with("title", &here, string.clone()), 1),
        ("a is never", base.clone(), with("title", &here, json!({"allOf": [false]})), 2),
        ("b may be left out", base.clone(), with("title", &here, optional), 1),
        (
            "a by reference",
            base.clone(),
            with("$defs", &json!({"a": inner}), json!({"$ref": "#/$defs/a"})),
            0,
        ),
        (
            "by anchor",
            anchored(with("$anchor", &here, inner.clone())),
            anchored(with("$anchor", &here, string.clone())),
            1,
        ),
        (
            "by id",
            by_id(with("$id", &named, inner.clone())),
            by_id(with("$id", &named, string.clone())),
            1,
        ),
        ("escaped", escaped(base.clone()), escaped(with("title", &here, string.clone())), 1),
        ("behind an anchor", base.clone(), anchored(with("$anchor", &here, inner.clone())), 0),
    ] {
        let old = set(&manifest, &versions(&[OUT], ""), &[("order", before)]);
        let new = set(&manifest, &versions(&[FULL, OUT], ""), &[("order", after)]);
        let found = super::super::invariants::broken(&old, &new);
        assert_eq!(found.len(), broken, "{name}: {found:#?}");
    }
}

#[test]
fn whom_either_side_guards_counts() {
    let loosen = |s: &mut Value| s["properties"]["size"]["maximum"] = json!(10);
    let narrow = MANIFEST.replace("  schemas", "  direction: consumer\n  schemas");
    let side = |manifest: &str, change: fn(&mut Value)| {
        set(manifest, &versions(&[OUT], ""), &[("order", order(change))])
    };
    let class = |old: Set, new: Set| compare(&old, &new).class;
    assert_eq!(class(side(&narrow, |_| {}), side(&narrow, loosen)), Class::Safe);
    assert_eq!(class(side(MANIFEST, |_| {}), side(&narrow, loosen)), Class::Breaking);
    assert_eq!(class(side(&narrow, |_| {}), side(MANIFEST, loosen)), Class::Breaking);
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

#[test]
fn versions_are_those_of_their_module() {
    let side = |text: String| set(MANIFEST, &text, &[("order", order(|_| {}))]);
    let (own, other) =
        (versions(&[OUT], ""), versions(&[OUT], "").replace("module: m", "module: n"));
    assert_eq!(
        World::new(side(own.clone()), side(other.clone())).errors(),
        ["versions-unreadable"]
    );
    assert_eq!(World::new(side(other), side(own)).errors(), Vec::<&str>::new());
}

#[test]
fn a_freeze_stays_and_says_if_nobody_checked_it() {
    let bare = || set(MANIFEST, &versions(&[OUT], ""), &[("order", order(|_| {}))]);
    let day = jiff::civil::date(2026, 1, 1);
    let frozen = |change: &dyn Fn(&mut super::super::freeze::Index)| {
        let mut index =
            super::super::freeze::freeze(&bare(), Some("one"), day, None).unwrap().index;
        change(&mut index);
        let mut set = bare();
        set.tree.insert("_frozen/one.json", index.bytes().unwrap()).unwrap();
        set
    };
    let plain = || frozen(&|_| {});
    let hasty = frozen(&|index| index.unchecked = Some("no time".into()));
    assert_eq!(World::new(plain(), plain()).errors(), Vec::<&str>::new());
    assert_eq!(World::new(plain(), bare()).errors(), ["freeze-dropped"]);
    assert_eq!(World::new(plain(), hasty.clone()).errors(), ["freeze-dropped"]);
    let found = World::new(bare(), hasty).judge();
    assert!(found.passes());
    assert!(
        found
            .findings
            .iter()
            .any(|f| f.rule == "freeze-unchecked" && f.message.contains("no time"))
    );
}
