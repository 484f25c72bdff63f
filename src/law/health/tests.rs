use super::*;
use crate::law::Tree;

const MANIFEST: &str = "apiVersion: lazaret.dev/contracts/v1
name: shop <b>
modules:
- name: orders
  owners: ['team:orders']
  schemas: ['*.schema.json']
  policies: ['*.rego']
  fixtures: ['f/*']
consumers:
- {name: billing, contracts: ['orders/a*']}
";

const VERSIONS: &str = "module: orders
version: 1.2.0
releases:
- {version: 1.2.0, date: 2026-10-01, summary: s}
- {version: 1.1.0, date: 2026-06-01, summary: s}
- {version: 1.0.0, date: 2026-01-01, summary: s}
deprecations:
- {contract: a.v1.schema.json, at: /properties/x, since: 1.0.0, on: 2026-01-01, replacement: y, removal: {releases: 2, notBefore: 2026-11-01}}
- {contract: b.v1.schema.json, since: 1.2.0, on: 2026-10-01, replacement: c, removal: {releases: 1, notBefore: 2026-12-01}}
";

fn set(files: &[(&str, &str)]) -> Set {
    let mut tree = Tree::default();
    for (path, text) in
        [("contracts.yaml", MANIFEST), ("orders/versions.yaml", VERSIONS)].iter().chain(files)
    {
        tree.insert(path, text.as_bytes().to_vec()).unwrap();
    }
    Set::open(tree).unwrap()
}

fn whole() -> Set {
    set(&[
        ("orders/a.v1.schema.json", "{}"),
        ("orders/f/a.v1.valid.json", "1"),
        ("orders/f/a.v1.invalid-x.json", "1"),
        ("orders/f/a.v1.invalid-y.json", "1"),
        ("orders/b.v1.schema.json", "{}"),
        ("orders/p.rego", "package p\ndeny contains 1"),
        ("orders/p_test.rego", "package p_test"),
        ("orders/lib.rego", "package lib\nx := 1"),
    ])
}

fn judged(set: &Set, findings: &[Finding], frozen: Option<&Set>) -> Health {
    let frozen = frozen.map(|set| Frozen { name: "1.1.0", date: None, set });
    health(&Input { set, findings, frozen, today: "2026-11-21".parse().unwrap() })
}

#[test]
fn what_covers_a_contract() {
    let health = judged(&whole(), &[], None);
    let lacks: Vec<(&str, &str)> =
        health.contracts.iter().map(|one| (one.id.as_str(), one.lacks.as_str())).collect();
    let none = "no valid fixture, fewer than two invalid fixtures";
    assert_eq!(
        lacks,
        [
            ("orders/a.v1.schema.json", ""),
            ("orders/b.v1.schema.json", none),
            ("orders/lib.rego", ""),
            ("orders/p.rego", none),
        ]
    );
    assert_eq!((health.covered, health.state), (2, State::Attention));
    assert_eq!(health.contracts[0].consumers, ["billing"]);
    assert_eq!(health.contracts[3].tests, 1);
}

#[test]
fn what_changed_since_the_freeze() {
    let old = set(&[("orders/a.v1.schema.json", "{ }"), ("orders/gone.v1.schema.json", "{}")]);
    let health = judged(&whole(), &[], Some(&old));
    let drift: Vec<Drift> = health.contracts.iter().map(|one| one.drift).collect();
    assert_eq!(drift, [Drift::Changed, Drift::New, Drift::New, Drift::New]);
    assert_eq!(health.freeze.as_ref().unwrap().removed, ["orders/gone.v1.schema.json"]);
    assert_eq!(health.modules[0].drifted, 5);
    let same = judged(&whole(), &[], Some(&whole()));
    assert_eq!(same.modules[0].drifted, 0);
    assert!(same.contracts.iter().all(|one| one.drift == Drift::Same));
}

#[test]
fn what_is_on_its_way_out() {
    let health = judged(&whole(), &[], None);
    let all: Vec<(&str, u32, bool)> = health
        .deprecations
        .iter()
        .map(|one| (one.contract.as_str(), one.releases_left, one.due))
        .collect();
    assert_eq!(all, [("orders/a.v1.schema.json", 0, true), ("orders/b.v1.schema.json", 1, false)]);
    let text = health.text();
    assert!(text.contains("at /properties/x\n      may go since 2026-11-01; use y"), "{text}");
    assert!(text.contains("may go after 1 more release, not before 2026-12-01; use c"), "{text}");
}

#[test]
fn errors_break_it_and_strangers_texts_do_not_break_the_page() {
    let finding = Finding {
        file: "orders/a.v1.schema.json".into(),
        pointer: "/x".into(),
        line: Some(3),
        rule: "schema-does-not-compile",
        severity: Severity::Error,
        message: "<script>alert('x')</script>\u{202e}\u{0}".into(),
        remedy: "\" onload=\"x".into(),
    };
    let note = Finding { severity: Severity::Note, rule: "a", ..finding.clone() };
    let health = judged(&whole(), &[note, finding], None);
    assert_eq!((health.state, health.errors, health.warnings), (State::Broken, 1, 0));
    assert_eq!(health.findings[0].severity, Severity::Error);
    let html = health.html();
    assert!(html.contains("<title>Contracts of shop &lt;b&gt;</title>"));
    assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;\\u{202e}\\u{0}"));
    assert!(html.contains("&quot; onload=&quot;x"));
    for never in ["<script", "<b>", "http://", "https://", "url(", "src=", "\u{202e}"] {
        assert!(!html.contains(never), "{never}");
    }
    // Every element that is opened is closed.
    for name in ["table", "tr", "th", "td", "details", "div", "dl", "main", "code", "span"] {
        let open =
            html.matches(&format!("<{name}>")).count() + html.matches(&format!("<{name} ")).count();
        assert_eq!(open, html.matches(&format!("</{name}>")).count(), "{name}");
    }
    assert!(
        health.text().contains("error    orders/a.v1.schema.json:3/x  schema-does-not-compile")
    );
}

#[test]
fn a_set_in_order_is_sound() {
    let files = [
        ("orders/a.v1.schema.json", "{}"),
        ("orders/f/a.v1.valid.json", "1"),
        ("orders/f/a.v1.invalid-x.json", "1"),
        ("orders/f/a.v1.invalid-y.json", "1"),
    ];
    let quiet = VERSIONS.split("deprecations").next().unwrap();
    let mut tree = set(&files).tree;
    tree.insert("orders/versions.yaml", quiet.as_bytes().to_vec()).unwrap();
    let mut set = Set::open(tree).unwrap();
    assert_eq!(judged(&set, &[], None).state, State::Sound);
    // Changed, and still the version that was frozen.
    let frozen = set.clone();
    set.tree.insert("orders/a.v1.schema.json", b"true".to_vec()).unwrap();
    assert_eq!(judged(&set, &[], Some(&frozen)).state, State::Attention);
    set.tree.insert("orders/versions.yaml", b"module: [".to_vec()).unwrap();
    assert_eq!(judged(&set, &[], None).state, State::Broken);
}
