//! A set that has a contract of each kind, and nothing to find.

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

pub(super) fn manifest(spec: &str) -> String {
    format!(
        "{{\"apiVersion\": \"example.org/v1\", \"kind\": \"Order\", \"metadata\": {{}}, \"spec\": {spec}}}"
    )
}

/// A set with nothing wrong.
pub(super) fn sound() -> Vec<(&'static str, String)> {
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
