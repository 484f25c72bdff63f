//! What is wrong with GraphQL and OpenAPI.

use super::{Finding, Row, judged};

pub(super) const ROWS: &[Row] = &[
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
];

/// An API in three files: what of it lies where, and what is wrong with it there.
#[test]
fn an_api_may_lie_in_several_files() {
    let set = "apiVersion: lazaret.dev/contracts/v1\nname: shop\nmodules:\n- name: api\n  openapi: ['**/*.yaml']\n  versions: versions.yml\n";
    let root = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths:\n  /a/{id}: {$ref: paths/a.yaml}\n  /b/{id}:\n    get:\n      operationId: b\n      security: [{key: []}]\n      parameters: [{$ref: 'parts/all.yaml#/Id'}]\n      responses: {'400': {description: no}}\ncomponents:\n  securitySchemes: {key: {type: apiKey, in: header, name: X}}\n";
    let path = "get:\n  operationId: a\n  security: [{key: []}]\n  parameters: [{$ref: '../parts/all.yaml#/Id'}]\n  responses: {'404': {description: no, content: {application/json: {schema: {$ref: '../parts/all.yaml#/Pet'}, example: {id: null}}}}}\n";
    let parts = "Id: {name: id, in: path, required: true, schema: {type: string}}\nPet: {type: object, required: [id], properties: {id: {type: string, nullable: true}}}\n";
    let versions =
        "module: api\nversion: 1.0.0\nreleases: [{version: 1.0.0, date: 2026-01-01, summary: a}]";
    let changed = |file: &str, from: &str, to: &str| {
        let files = [
            ("contracts.yaml", set),
            ("api/versions.yml", versions),
            ("api/openapi.yaml", root),
            ("api/paths/a.yaml", path),
            ("api/parts/all.yaml", parts),
        ];
        let files = files.map(|(name, text)| {
            let text = if name == file { text.replacen(from, to, 1) } else { text.to_owned() };
            (name, text)
        });
        let found = judged(&files).findings;
        let line = |one: Finding| format!("{} {} {}", one.rule, one.file, one.pointer);
        found.into_iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(changed("", "", ""), Vec::<String>::new());
    for (file, from, to, wanted) in [
        ("api/paths/a.yaml", "'404'", "'200'", "operation-without-4xx api/paths/a.yaml /get"),
        (
            "api/paths/a.yaml",
            "  security: [{key: []}]\n",
            "",
            "operation-without-security api/paths/a.yaml /get",
        ),
        (
            "api/paths/a.yaml",
            "[{key:",
            "[{lock:",
            "security-scheme-unknown api/paths/a.yaml /get/security/0/lock",
        ),
        (
            "api/paths/a.yaml",
            "operationId: a",
            "operationId: b",
            "operation-id-duplicate api/openapi.yaml /paths/~1b~1{id}/get/operationId",
        ),
        (
            "api/paths/a.yaml",
            "all.yaml#/Pet",
            "all.yaml#/Dog",
            "reference-unresolved api/paths/a.yaml /get/responses/404/content/application~1json/schema/$ref",
        ),
        (
            "api/paths/a.yaml",
            "{id: null}",
            "{id: 1}",
            "example-refused api/paths/a.yaml /get/responses/404/content/application~1json/example",
        ),
        (
            "api/paths/a.yaml",
            "operationId: a",
            "operationId: 7",
            "openapi-invalid api/paths/a.yaml /get/operationId",
        ),
        (
            "api/parts/all.yaml",
            "in: path, required: true",
            "in: path",
            "openapi-invalid api/parts/all.yaml /Id",
        ),
        (
            "api/openapi.yaml",
            "  /a/{id}: {$ref: paths/a.yaml}\n",
            "",
            "openapi-invalid api/paths/a.yaml /openapi",
        ),
    ] {
        let found = changed(file, from, to);
        assert!(found.iter().any(|one| one.starts_with(wanted)), "{from} {to}: {found:#?}");
    }
}
