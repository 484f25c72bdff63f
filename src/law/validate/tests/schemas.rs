//! What is wrong with JSON Schemas.

use super::Row;

pub(super) const ROWS: &[Row] = &[
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
];
