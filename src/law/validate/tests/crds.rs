//! What is wrong with CustomResourceDefinitions.

use super::Row;

pub(super) const ROWS: &[Row] = &[
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
];
