//! A sound set, and what is said of it after one change.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::law::Tree;

const MANIFEST: &str = "
apiVersion: lazaret.dev/contracts/v1
name: shop
modules:
- name: orders
  schemas: ['schemas/*.json']
  openapi: ['api/*.yaml']
  graphql: ['api/*.graphql']
  crds: ['crds/*.yaml']
  policies: ['policy/*.rego']
  data: ['data/*.json']
  fixtures: ['fixtures/*']
invariants:
- contract: orders/schemas/order.v1.schema.json
  fields: [id, qos, /properties/id/format]
consumers:
- name: billing
  contracts: ['orders/schemas/*']
";

const VERSIONS: &str = "
module: orders
version: 1.1.0
releases:
- {version: 1.1.0, date: 2026-11-02, summary: b, consumers: [{name: billing, evidence: x}]}
- {version: 1.0.0, date: 2026-10-01, summary: a}
deprecations:
- contract: schemas/order.v1.schema.json
  at: /properties/id
  since: 1.1.0
  on: 2026-11-02
  replacement: nothing
  removal: {releases: 2, notBefore: 2027-05-01}
";

const ORDER: &str = r##"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "https://example.org/order.v1.schema.json",
  "type": "object",
  "required": ["id"],
  "properties": {
    "id": {"type": "string", "format": "ulid", "examples": ["01ARZ3NDEKTSV4RRFFQ69G5FAV"]},
    "kind": {"$ref": "kind.v1.schema.json", "default": "a"}
  },
  "allOf": [{"$ref": "#/$defs/envelope"}],
  "$defs": {"envelope": {"properties": {"qos": {"pattern": "^[a-z]+$"}}}}
}"##;

const KIND: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "https://example.org/kind.v1.schema.json",
  "enum": ["a", "b"]
}"#;

const API: &str = "
openapi: 3.1.0
info: {title: t, version: '1'}
security: [{token: []}]
paths:
  /orders/{id}:
    parameters:
    - {name: id, in: path, required: true, schema: {type: string}}
    get:
      operationId: order
      responses:
        '200':
          description: ok
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Order'}
              examples: {one: {value: {n: 1}}}
        '404': {description: none}
  /healthz:
    get:
      operationId: health
      security: []
      responses: {'200': {description: ok}, '400': {description: bad}}
components:
  schemas:
    Order: {type: object, properties: {n: {type: integer, examples: [2]}}}
  securitySchemes:
    token: {type: http, scheme: bearer}
";

const SDL: &str = "type Query { order(id: ID!): Order }\ntype Order { id: ID! }\n";

const CRD: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: orders.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {plural: orders, kind: Order}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [size]
            properties:
              size: {type: integer, minimum: 0, exclusiveMinimum: true, default: 1}
              port: {x-kubernetes-int-or-string: true}
              note: {type: string, nullable: true}
              items:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items: {type: object, required: [name], properties: {name: {type: string}}}
";

const POLICY: &str = "package orders.size
deny contains msg if {
\tinput.size > data.limits.size
\tmsg := \"too large\"
}
";

const TEST: &str = "package orders.size_test
test_large_is_denied if count(data.orders.size.deny) == 1 with input as {\"size\": 9}
";

fn manifest(spec: &str) -> String {
    format!(
        "{{\"apiVersion\": \"example.org/v1\", \"kind\": \"Order\", \"metadata\": {{}}, \"spec\": {spec}}}"
    )
}

/// A set with nothing wrong.
fn sound() -> Vec<(&'static str, String)> {
    let files: Vec<(&str, &str)> = vec![
        ("contracts.yaml", MANIFEST),
        ("orders/versions.yaml", VERSIONS),
        ("orders/schemas/order.v1.schema.json", ORDER),
        ("orders/schemas/kind.v1.schema.json", KIND),
        (
            "orders/fixtures/order.v1.valid.json",
            r#"{"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "kind": "b"}"#,
        ),
        (
            "orders/fixtures/order.v1.invalid-kind.json",
            r#"{"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "kind": 1}"#,
        ),
        ("orders/fixtures/order.v1.invalid-id.json", r#"{"id": "x"}"#),
        ("orders/fixtures/kind.v1.valid.yaml", "a"),
        ("orders/fixtures/kind.v1.invalid-1.json", "\"c\""),
        ("orders/fixtures/kind.v1.invalid-2.json", "1"),
        ("orders/api/orders.openapi.yaml", API),
        ("orders/api/orders.graphql", SDL),
        ("orders/fixtures/orders.valid.graphql", "{ order(id: 1) { id } }"),
        ("orders/fixtures/orders.invalid-field.graphql", "{ order(id: 1) { name } }"),
        ("orders/fixtures/orders.invalid-argument.graphql", "{ order { id } }"),
        ("orders/crds/thing.crd.yaml", CRD),
        ("orders/policy/size.rego", POLICY),
        ("orders/policy/size_test.rego", TEST),
        ("orders/data/limits.json", r#"{"limits": {"size": 3}}"#),
        ("orders/fixtures/size.valid.json", r#"{"size": 1}"#),
        ("orders/fixtures/size.invalid-1.json", r#"{"size": 4}"#),
        ("orders/fixtures/size.invalid-2.json", r#"{"size": "x"}"#),
    ];
    let mut files: Vec<_> = files.into_iter().map(|(path, text)| (path, text.to_owned())).collect();
    files.extend([
        (
            "orders/fixtures/thing.valid.json",
            manifest(r#"{"port": "http", "note": null, "items": [{"name": "a"}]}"#),
        ),
        ("orders/fixtures/thing.invalid-unknown.json", manifest(r#"{"size": 2, "other": 1}"#)),
        ("orders/fixtures/thing.invalid-bound.json", manifest(r#"{"size": 0}"#)),
        (
            "orders/fixtures/thing.invalid-twice.json",
            manifest(r#"{"items": [{"name": "a"}, {"name": "a"}]}"#),
        ),
        ("orders/fixtures/thing.invalid-kind.json", manifest("{}").replace("Order", "Other")),
    ]);
    files
}

fn judged(files: &[(&str, String)]) -> Validation {
    let mut tree = Tree::default();
    for (path, text) in files {
        tree.insert(path, text.as_bytes().to_vec()).unwrap();
    }
    validate(&Set::open(tree).unwrap())
}

fn told(validation: &Validation) -> String {
    let line =
        |one: &Finding| format!("{} {} {}: {}", one.rule, one.file, one.pointer, one.message);
    validation.findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_sound_set_has_nothing_to_find() {
    let validation = judged(&sound());
    assert_eq!(told(&validation), "");
    assert_eq!((validation.contracts, validation.fixtures), (7, 17));
    assert_eq!(validation.refusals.len(), 12);
    let because = |file: &str| {
        let found = validation.refusals.iter().find(|refusal| refusal.file.contains(file));
        found.unwrap().because.join("; ")
    };
    assert_eq!(
        because("thing.invalid-bound"),
        "/spec/size: is less than or equal to the minimum of 0"
    );
    assert_eq!(because("thing.invalid-twice"), "/spec/items/1: has the keys of item 0");
    assert_eq!(because("order.v1.invalid-id"), "/id: is not a ulid");
}

/// After `from` became `to` in a file, these rules are broken, and no others; the first at this line.
type Row = (&'static str, &'static str, &'static str, &'static [&'static str], Option<usize>);

const ROWS: &[Row] = &[
    // contracts.yaml
    (
        "contracts.yaml",
        "'data/*.json'",
        "'data/*.json', 'none/*'",
        &["pattern-matches-nothing"],
        Some(11),
    ),
    (
        "contracts.yaml",
        "order.v1.schema.json\n",
        "gone.json\n",
        &["invariant-without-contract"],
        Some(14),
    ),
    ("contracts.yaml", "[id, qos,", "[id, ts,", &["invariant-without-field"], Some(1)),
    (
        "contracts.yaml",
        "/properties/id/format",
        "/properties/ts",
        &["invariant-without-field"],
        Some(1),
    ),
    (
        "contracts.yaml",
        "orders/schemas/*'",
        "payments/**'",
        &["consumer-without-contract"],
        Some(18),
    ),
    (
        "contracts.yaml",
        "data: ['data/*.json']",
        "data: ['data/*.json', 'schemas/k*']\n  recorded: ['schemas/*']",
        &[],
        None,
    ),
    (
        "contracts.yaml",
        "invariants:",
        "- {name: p2, path: orders, schemas: ['schemas/kind*'], fixtures: ['fixtures/kind*']}\ninvariants:",
        &["contract-claimed-twice", "versions-of-another-module", "deprecation-without-contract"],
        None,
    ),
    // documents
    ("orders/fixtures/kind.v1.valid.yaml", "a", "a: 1\na: 2", &["document-syntax"], Some(2)),
    (
        "orders/fixtures/order.v1.valid.json",
        "\"kind\": \"b\"",
        "\"id\": \"x\"",
        &["document-syntax"],
        Some(1),
    ),
    (
        "orders/schemas/kind.v1.schema.json",
        "\"enum\"",
        "\n\"enum\":",
        &["document-syntax", "reference-unresolved"],
        Some(5),
    ),
    // fixtures
    ("orders/fixtures/kind.v1.valid.yaml", "a", "c", &["fixture-refused"], Some(1)),
    ("orders/fixtures/kind.v1.invalid-2.json", "1", "\"b\"", &["fixture-accepted"], Some(1)),
    // schemas
    (
        "orders/schemas/kind.v1.schema.json",
        "draft/2020-12",
        "draft/2019-09",
        &["schema-dialect"],
        Some(2),
    ),
    (
        "orders/schemas/kind.v1.schema.json",
        "[\"a\", \"b\"]",
        "3",
        &["schema-does-not-compile", "schema-invalid"],
        None,
    ),
    (
        "orders/schemas/order.v1.schema.json",
        "^[a-z]+$",
        "^[a-z+$",
        &["schema-does-not-compile"],
        Some(11),
    ),
    (
        "orders/schemas/order.v1.schema.json",
        "kind.v1.schema.json",
        "kind.v2.schema.json",
        &["reference-unresolved"],
        Some(8),
    ),
    (
        "orders/schemas/order.v1.schema.json",
        "#/$defs/envelope",
        "#/$defs/enve",
        &["reference-unresolved", "invariant-without-field"],
        None,
    ),
    (
        "orders/schemas/order.v1.schema.json",
        "https://example.org/order",
        "order",
        &["schema-id-missing"],
        None,
    ),
    (
        "orders/schemas/kind.v1.schema.json",
        "\"$id\"",
        "\"$comment\"",
        &["schema-id-missing", "reference-unresolved"],
        None,
    ),
    (
        "orders/schemas/kind.v1.schema.json",
        "org/kind",
        "org/order",
        &["schema-id-duplicate", "reference-unresolved"],
        None,
    ),
    (
        "orders/schemas/order.v1.schema.json",
        "\"required\"",
        "\"requird\"",
        &["keyword-misspelt"],
        Some(5),
    ),
    (
        "orders/schemas/order.v1.schema.json",
        "\"required\": [",
        "\"owner\": 1, \"required\": [",
        &["keyword-unknown"],
        Some(5),
    ),
    (
        "orders/schemas/order.v1.schema.json",
        "\"required\": [",
        "\"x-owner\": 1, \"required\": [",
        &[],
        None,
    ),
    (
        "orders/schemas/order.v1.schema.json",
        "{\"pattern\"",
        "{\"format\": \"slug\", \"pattern\"",
        &["format-unknown"],
        Some(11),
    ),
    (
        "orders/schemas/order.v1.schema.json",
        "[\"01ARZ3",
        "[\"8ZZZZZ\", \"01ARZ3",
        &["example-refused"],
        Some(7),
    ),
    (
        "orders/schemas/order.v1.schema.json",
        "\"default\": \"a\"",
        "\"default\": \"c\"",
        &["default-refused"],
        Some(8),
    ),
    // GraphQL
    ("orders/api/orders.graphql", "Order }", "Orders }", &["graphql-invalid"], Some(1)),
    ("orders/fixtures/orders.invalid-field.graphql", "name", "id", &["fixture-accepted"], None),
    ("orders/fixtures/orders.valid.graphql", "{ id }", "{ nope }", &["fixture-refused"], None),
    // OpenAPI
    ("orders/api/orders.openapi.yaml", "3.1.0", "2.0", &["openapi-invalid"], Some(2)),
    (
        "orders/api/orders.openapi.yaml",
        "{title: t, version: '1'}",
        "{title: t}",
        &["openapi-invalid"],
        Some(3),
    ),
    (
        "orders/api/orders.openapi.yaml",
        "schemas/Order'",
        "schemas/Ordr'",
        &["reference-unresolved"],
        Some(16),
    ),
    (
        "orders/api/orders.openapi.yaml",
        "        '404': {description: none}\n",
        "        '404': {description: none}\n        default: {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/Nope'}}}}\n",
        &["reference-unresolved"],
        None,
    ),
    (
        "orders/api/orders.openapi.yaml",
        "'404': {description: none}",
        "'404': {$ref: '#/components/schemas/Order'}",
        &["reference-unresolved"],
        None,
    ),
    (
        "orders/api/orders.openapi.yaml",
        "    - {name: id, in: path, required: true, schema: {type: string}}\n",
        "    - {name: id, in: path, required: true, schema: {type: string}}\n    - {name: id, in: path, required: true, schema: {type: integer}}\n",
        &["openapi-invalid"],
        None,
    ),
    (
        "orders/api/orders.openapi.yaml",
        "security: [{token: []}]\npaths:",
        "servers: [{url: 'https://{host}.example.org'}]\nsecurity: [{token: []}]\npaths:",
        &["openapi-invalid"],
        None,
    ),
    (
        "orders/api/orders.openapi.yaml",
        "'#/components/schemas/Order'",
        "../schemas/kind.v1.schema.json",
        &["example-refused"],
        None,
    ),
    (
        "orders/api/orders.openapi.yaml",
        "        '404': {description: none}\n",
        "",
        &["operation-without-4xx"],
        Some(9),
    ),
    (
        "orders/api/orders.openapi.yaml",
        "security: [{token: []}]",
        "security: [{token: []}, {}]",
        &["operation-without-security"],
        Some(9),
    ),
    (
        "orders/api/orders.openapi.yaml",
        "security: [{token: []}]\npaths:\n  /orders/{id}:",
        "paths:\n  /orders/{id}:\n    x-public: true",
        &[],
        None,
    ),
    (
        "orders/api/orders.openapi.yaml",
        "security: [{token: []}]",
        "security: [{key: []}]",
        &["security-scheme-unknown"],
        Some(4),
    ),
    (
        "orders/api/orders.openapi.yaml",
        "      operationId: order\n",
        "",
        &["operation-id-missing"],
        Some(9),
    ),
    (
        "orders/api/orders.openapi.yaml",
        "operationId: health",
        "operationId: order",
        &["operation-id-duplicate"],
        Some(10),
    ),
    (
        "orders/api/orders.openapi.yaml",
        "/orders/{id}:",
        "/orders/{key}:",
        &["path-parameter-undeclared", "path-parameter-unused"],
        None,
    ),
    (
        "orders/api/orders.openapi.yaml",
        "  /healthz:",
        "  /orders/{n}: {}\n  /healthz:",
        &["path-duplicate"],
        None,
    ),
    (
        "orders/api/orders.openapi.yaml",
        "{value: {n: 1}}",
        "{value: {n: x}}",
        &["example-refused"],
        Some(17),
    ),
    (
        "orders/api/orders.openapi.yaml",
        "examples: [2]",
        "examples: [x]",
        &["example-refused"],
        Some(26),
    ),
    (
        "orders/api/orders.openapi.yaml",
        "openapi: 3.1.0",
        "openapi: 3.0.3",
        &["openapi-invalid"],
        None,
    ),
    // CRDs
    (
        "orders/crds/thing.crd.yaml",
        "name: orders.example.org",
        "name: order.example.org",
        &["crd-invalid"],
        Some(4),
    ),
    ("orders/crds/thing.crd.yaml", "storage: true", "storage: false", &["crd-invalid"], Some(9)),
    (
        "orders/crds/thing.crd.yaml",
        "scope: Namespaced",
        "scope: Everywhere",
        &["crd-invalid"],
        Some(7),
    ),
    (
        "orders/crds/thing.crd.yaml",
        "kind: CustomResourceDefinition",
        "kind: Other",
        &["crd-invalid"],
        None,
    ),
    (
        "orders/crds/thing.crd.yaml",
        "note: {type: string, nullable: true}",
        "note: {nullable: true}",
        &["crd-not-structural"],
        Some(24),
    ),
    (
        "orders/crds/thing.crd.yaml",
        "port: {x",
        "port: {type: string, x",
        &["crd-not-structural"],
        Some(23),
    ),
    (
        "orders/crds/thing.crd.yaml",
        "port: {x",
        "port: {anyOf: [{type: integer}, {type: string}], x",
        &[],
        None,
    ),
    (
        "orders/crds/thing.crd.yaml",
        "port: {x",
        "port: {anyOf: [{type: integer, default: 1}], x",
        &["crd-not-structural", "fixture-refused"],
        None,
    ),
    (
        "orders/crds/thing.crd.yaml",
        "items: {type: object, required: [name],",
        "items: {type: object,",
        &["crd-not-structural"],
        Some(28),
    ),
    (
        "orders/crds/thing.crd.yaml",
        "required: [spec]",
        "required: [spec]\n        x-kubernetes-validations: [{rule: 'true'}]",
        &["cel-not-evaluated"],
        Some(17),
    ),
    ("orders/crds/thing.crd.yaml", "default: 1", "default: 0", &["default-refused"], Some(22)),
    (
        "orders/crds/thing.crd.yaml",
        "exclusiveMinimum: true",
        "exclusiveMinimum: false",
        &["fixture-accepted"],
        None,
    ),
    (
        "orders/crds/thing.crd.yaml",
        "{type: object, required: [name], properties",
        "{type: object, required: [name], x-kubernetes-preserve-unknown-fields: true, properties",
        &[],
        None,
    ),
    // policies
    (
        "orders/policy/size.rego",
        "input.size >",
        "input.size > > ",
        &["policy-does-not-compile"],
        Some(3),
    ),
    (
        "orders/policy/size.rego",
        "data.limits.size",
        "http.send({}).x",
        &["policy-does-not-compile"],
        Some(3),
    ),
    ("orders/policy/size_test.rego", "== 1", "== 2", &["policy-test-failed"], Some(2)),
    ("orders/policy/size_test.rego", "test_large", "large", &["policy-without-tests"], None),
    ("orders/policy/size.rego", "\"too large\"", "1", &["policy-undecided"], None),
    ("orders/data/limits.json", "3", "0", &["fixture-refused"], None),
    (
        "orders/data/limits.json",
        "{\"limits\": {\"size\": 3}}",
        "[]",
        &["policy-data-invalid"],
        Some(1),
    ),
    // versions
    ("orders/versions.yaml", "module: orders", "modul: orders", &["versions-invalid"], Some(2)),
    (
        "orders/versions.yaml",
        "module: orders",
        "module: order",
        &["versions-of-another-module"],
        Some(2),
    ),
    (
        "orders/versions.yaml",
        "\nversion: 1.1.0",
        "\nversion: 1.2.0",
        &["versions-out-of-order"],
        Some(3),
    ),
    (
        "orders/versions.yaml",
        "version: 1.0.0, date: 2026-10-01",
        "version: 1.0.0, date: 2026-12-01",
        &["versions-out-of-order"],
        Some(6),
    ),
    (
        "orders/versions.yaml",
        "contract: schemas/order.v1",
        "contract: schemas/order.v9",
        &["deprecation-without-contract"],
        Some(8),
    ),
    (
        "orders/versions.yaml",
        "since: 1.1.0",
        "since: 1.0.5",
        &["deprecation-without-contract"],
        Some(10),
    ),
    (
        "orders/versions.yaml",
        "{name: billing,",
        "{name: selling,",
        &["release-consumer-unknown"],
        Some(5),
    ),
];

#[test]
fn each_change_breaks_the_rule_that_it_should() {
    let mut wrong = String::new();
    for (path, from, to, rules, line) in ROWS {
        let mut files = sound();
        let (_, text) = files.iter_mut().find(|(known, _)| known == path).unwrap();
        assert!(text.contains(from), "{path}: {from}");
        *text = text.replacen(from, to, 1);
        let validation = judged(&files);
        let found: BTreeSet<&str> = validation.findings.iter().map(|one| one.rule).collect();
        let first =
            rules.first().and_then(|rule| validation.findings.iter().find(|one| one.rule == *rule));
        let same_line = line.is_none() || first.is_some_and(|first| first.line == *line);
        if found != rules.iter().copied().collect() || !same_line {
            let at = first.map(|first| first.line);
            wrong += &format!(
                "\n{path}: {from} → {to}: {rules:?} {line:?} {at:?}\n{}\n",
                told(&validation)
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn fixtures_that_are_not_there_or_belong_to_nothing_are_told() {
    for (gone, rule, severity) in [
        ("orders/fixtures/kind.v1.invalid-2.json", "fixtures-missing", Severity::Error),
        ("orders/fixtures/size.valid.json", "fixtures-missing", Severity::Error),
        ("orders/fixtures/orders.valid.graphql", "operations-missing", Severity::Warning),
        ("orders/versions.yaml", "versions-invalid", Severity::Error),
    ] {
        let mut files = sound();
        files.retain(|(path, _)| *path != gone);
        let validation = judged(&files);
        assert_eq!(validation.findings.len(), 1, "{}", told(&validation));
        assert_eq!(
            (validation.findings[0].rule, validation.findings[0].severity),
            (rule, severity)
        );
    }
    let mut files = sound();
    files.push(("orders/fixtures/other.valid.json", "{}".into()));
    let validation = judged(&files);
    assert!(told(&validation).starts_with("fixture-without-contract orders/fixtures/other"));
}

#[test]
fn registries_of_functions_are_held_against_their_schema() {
    let mut files = sound();
    files[0].1 = files[0].1.replace(
        "  fixtures:",
        "  functions: {registry: registry.json, sources: ['src/*.rs']}\n  fixtures:",
    );
    files.push(("orders/src/a.rs", String::new()));
    assert!(told(&judged(&files)).starts_with("registry-invalid"), "{}", told(&judged(&files)));
    files.push(("orders/registry.json", "{\"apiVersion\": 1}".into()));
    assert!(told(&judged(&files)).starts_with("registry-invalid"), "{}", told(&judged(&files)));
    let empty = r#"{"contractRegistryVersion": "v1", "module": "orders", "functions": []}"#;
    files.last_mut().unwrap().1 = empty.to_owned();
    assert_eq!(told(&judged(&files)), "");
    files.push(("orders/src/b.rs", "pub fn b() {}".into()));
    assert!(told(&judged(&files)).starts_with("registry-drift"), "{}", told(&judged(&files)));
}

#[test]
fn findings_are_bounded() {
    let mut files = sound();
    let names: Vec<String> =
        (0..ALL + 5).map(|n| format!("orders/fixtures/other-{n}.valid.json")).collect();
    let names: &'static [String] = names.leak();
    files.extend(names.iter().map(|name| (name.as_str(), "{}".to_owned())));
    let validation = judged(&files);
    assert_eq!(validation.findings.len(), ALL + 1);
    assert!(told(&validation).contains("findings-left-out contracts.yaml : 5 more"));
}

#[test]
fn the_page_of_rules_is_whole() {
    assert_eq!(rules_page().lines().filter(|line| line.starts_with("| `")).count(), RULES.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever bytes a file holds, and wherever one is cut, there is an answer.
    #[test]
    fn no_file_brings_it_down(
        which in 1..20_usize,
        junk in proptest::collection::vec(any::<u8>(), 0..60),
        cut in any::<proptest::sample::Index>(),
        keep in any::<bool>(),
    ) {
        let mut tree = Tree::default();
        let files = sound();
        for (at, (path, text)) in files.iter().enumerate() {
            let mut bytes = text.as_bytes().to_vec();
            if at == which % files.len() && at > 0 {
                bytes.truncate(if keep { cut.index(bytes.len() + 1) } else { 0 });
                bytes.extend(&junk);
            }
            tree.insert(path, bytes).unwrap();
        }
        let validation = validate(&Set::open(tree).unwrap());
        prop_assert_eq!(validation.contracts, 7);
    }

    /// Nor does any JSON where a schema, an API, a CRD or versions are meant.
    #[test]
    fn no_document_brings_it_down(which in 0..4_usize, seed in any::<u64>()) {
        let path = [
            "orders/schemas/order.v1.schema.json",
            "orders/api/orders.openapi.yaml",
            "orders/crds/thing.crd.yaml",
            "orders/versions.yaml",
        ][which];
        let mut tree = Tree::default();
        for (known, text) in sound() {
            let text = if known == path { odd(&text, seed) } else { text };
            tree.insert(known, text.into_bytes()).unwrap();
        }
        validate(&Set::open(tree).unwrap());
    }
}

/// A document in which one word in eight is another word of it.
fn odd(text: &str, seed: u64) -> String {
    let words: Vec<&str> =
        text.split_inclusive([' ', '\n', ',', ':', '{', '}', '[', ']']).collect();
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % 1_000_003).unwrap()
    };
    let pick = |word: &&str| match next() % 8 {
        0 => words[next() % words.len()].to_owned(),
        _ => (*word).to_owned(),
    };
    words.iter().map(pick).collect()
}
