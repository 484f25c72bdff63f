//! What is wrong with `contracts.yaml`, versions, documents, fixtures and policies.

use super::Row;

pub(super) const ROWS: &[Row] = &[
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
