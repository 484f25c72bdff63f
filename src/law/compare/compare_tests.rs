use super::*;
use crate::law::Tree;

fn tree(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::default();
    for (path, text) in files {
        tree.insert(path, text.as_bytes().to_vec()).unwrap();
    }
    tree
}

const MANIFEST: &str = "
apiVersion: lazaret.dev/contracts/v1
name: shop
modules:
- {name: m, schemas: ['**/*.json'], openapi: ['*.yaml'], graphql: ['*.graphql'], policies: ['*.rego'], crds: ['crds/*.yaml'], direction: consumer}
consumers:
- {name: billing, contact: '@billing', contracts: ['m/**']}
";

fn set(files: &[(&str, &str)]) -> Set {
    let all: Vec<_> =
        [("contracts.yaml", MANIFEST)].into_iter().chain(files.iter().copied()).collect();
    Set::open(tree(&all)).unwrap()
}

const BAND: &str = r#"{"$id": "https://a.example/band.json", "enum": ["GREEN", "RED"]}"#;
const LESS: &str = r#"{"$id": "https://a.example/band.json", "enum": ["GREEN"]}"#;
const USES: &str = r#"{"$id": "https://a.example/uses.json", "items": {"$ref": "band.json"}}"#;
const THROUGH: &str = r#"{"items": {"$ref": "uses.json"}}"#;

fn rows(report: &SetReport) -> Vec<(&str, Status, Class)> {
    report.contracts.iter().map(|one| (one.id.as_str(), one.status, one.comparison.class)).collect()
}

#[test]
fn a_change_concerns_all_who_refer_to_it_and_their_consumers() {
    let files = |band| {
        [
            ("m/band.json", band),
            ("m/uses.json", USES),
            ("m/through.json", THROUGH),
            ("m/apart.json", "{}"),
        ]
    };
    let (old, new) = (set(&files(BAND)), set(&files(LESS)));
    let report = compare(&old, &new);
    let broken = |id| (id, Status::Changed, Class::Breaking);
    assert_eq!(rows(&report), ["m/band.json", "m/through.json", "m/uses.json"].map(broken));
    let band = &report.contracts[0];
    assert_ne!(band.before, band.after);
    assert_eq!(report.contracts[1].before, report.contracts[1].after);
    let change = &band.comparison.changes[0];
    assert_eq!(change.old.as_ref().unwrap(), &Location::new("m/band.json", "/enum"));
    assert!(change.witness.is_some());
    assert_eq!(report.impacted(Class::Breaking)["billing"].len(), 3);
    assert_eq!(report.modules()["m"], Class::Breaking);
    assert!(compare(&old, &old).contracts.is_empty());
    // A direction that is not asked about.
    assert_eq!(compare(&new, &old).class, Class::Safe);
}

#[test]
fn what_came_went_moved_or_cannot_be_told() {
    let old = set(&[
        ("m/band.json", BAND),
        ("m/gone.json", "{}"),
        ("m/odd.json", r#"{"$ref": "nowhere.json"}"#),
        ("m/a.rego", "package a"),
        ("m/id.json", r#"{"$id": "https://a.example/1"}"#),
        ("m/api.yaml", "{openapi: 3.1.0, paths: {/a: {}}}"),
        ("m/a.graphql", "type Query { a: Int }"),
        ("m/crds/a.yaml", "{kind: x}"),
    ]);
    let new = set(&[
        ("m/deep/band.json", BAND),
        ("m/odd.json", r#"{"$ref": "nowhere.json", "type": "null"}"#),
        ("m/a.rego", "package b"),
        ("m/id.json", r#"{"$id": "https://a.example/2"}"#),
        ("m/api.yaml", "{openapi: 3.1.0, paths: {}}"),
        ("m/a.graphql", "type Query { b: Int }"),
        ("m/crds/a.yaml", "{kind: y}"),
    ]);
    let report = compare(&old, &new);
    use Class::{Breaking, Risky};
    use Status::{Changed, NotComparable, Removed};
    assert_eq!(
        rows(&report),
        [
            ("m/a.graphql", Changed, Breaking),
            ("m/a.rego", Changed, Breaking),
            ("m/api.yaml", Changed, Breaking),
            ("m/crds/a.yaml", NotComparable, Risky),
            ("m/deep/band.json", Changed, Risky),
            ("m/gone.json", Removed, Breaking),
            ("m/id.json", Changed, Breaking),
            ("m/odd.json", NotComparable, Risky),
        ]
    );
    let rules: Vec<&str> = report.changes(Risky).map(|(_, change)| change.rule.as_str()).collect();
    let wanted = [
        "field-removed",
        "package-changed",
        "api-path-removed",
        "not-comparable",
        "contract-moved",
        "contract-removed",
        "id-changed",
        "not-comparable",
    ];
    assert_eq!(rules, wanted);
    assert_eq!(report.contracts[4].was.as_deref(), Some("m/band.json"));
    assert!(report.contracts[3].why.as_ref().unwrap().contains("CustomResourceDefinition"));
}

#[test]
fn who_is_struck_off_still_counts() {
    let old = set(&[("m/band.json", BAND)]);
    let without = MANIFEST.split("consumers:").next().unwrap();
    let new = Set::open(tree(&[("contracts.yaml", without), ("m/band.json", LESS)])).unwrap();
    let report = compare(&old, &new);
    assert_eq!(report.contracts[0].consumers[0].name, "billing");
}

#[test]
fn a_comment_is_escaped_and_ends_in_time() {
    let hostile = |values: &str| format!(r##"{{"enum": [{values}]}}"##);
    let old = set(&[("m/a.json", &hostile(r#""<script>| @someone `x` #1","b""#))]);
    let new = set(&[("m/a.json", &hostile(r#""b""#))]);
    let text = markdown(&compare(&old, &new));
    assert!(
        text.starts_with("<!-- lazaret contracts diff -->\n### Contracts: BREAKING\n"),
        "{text}"
    );
    let row = text.lines().find(|line| line.starts_with("| **BREAKING**")).unwrap();
    assert_eq!(row.matches('|').count(), 9, "{row}");
    assert!(row.contains("<code>billing</code> (<code>@billing</code>)"), "{row}");
    assert!(
        !text.contains("<script>") && !row.contains(" @someone") && !text.contains("`x`"),
        "{text}"
    );
    let many: String = (0..2_000).map(|n| format!("type A{n} {{ a: Int }} ")).collect();
    let report =
        compare(&set(&[("m/a.graphql", &many)]), &set(&[("m/a.graphql", "type B { a: Int }")]));
    let text = markdown(&report);
    assert!(
        text.chars().count() < 65_000 && text.contains("more, which the JSON report has"),
        "{}",
        text.len()
    );
    assert!(markdown(&SetReport::of(Vec::new())).contains("No contract changed"));
}

#[test]
fn what_nobody_can_read_any_more_is_as_good_as_gone() {
    let one = |text: &str| set(&[("m/band.json", text)]);
    assert_eq!(compare(&one(BAND), &one("{")).class, Class::Breaking);
    assert_eq!(compare(&one("{"), &one(BAND)).class, Class::Risky);
    assert_eq!(compare(&one("{"), &one("[")).class, Class::Risky);
}

#[test]
fn parts_of_an_api_are_told_where_it_uses_them() {
    let root = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {/a: {$ref: a.yaml}}\n";
    let path = |kind: &str| {
        format!(
            "get: {{parameters: [{{name: n, in: query, schema: {{type: {kind}}}}}], responses: {{'200': {{description: ok}}}}}}\n"
        )
    };
    let (wide, narrow) = (path("string"), path("integer"));
    let api = |path: &str| set(&[("m/api.yaml", root), ("m/a.yaml", path)]);
    let report = compare(&api(&wide), &api(&narrow));
    assert_eq!(
        rows(&report),
        [
            ("m/a.yaml", Status::Changed, Class::Safe),
            ("m/api.yaml", Status::Changed, Class::Breaking)
        ]
    );
    let inline = root.replace("{$ref: a.yaml}", &format!("{{{}}}", wide.trim()));
    let report = compare(&api(&wide), &set(&[("m/api.yaml", &inline)]));
    assert_eq!(report.contracts[0].comparison.class, Class::Safe, "{:#?}", report.contracts);
    // What no API leads to is no part.
    let alone = |path: &str| set(&[("m/a.yaml", path)]);
    assert_eq!(compare(&alone(&wide), &alone(&narrow)).contracts[0].status, Status::NotComparable);
}
