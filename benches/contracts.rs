//! How fast a contract set is judged: `cargo bench --bench contracts`. With `LAZARET_WRITE_SET=DIR` the set is
//! written there instead, for `benches/peers/contracts.sh`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lazaret::law::validate::validate;
use lazaret::law::{Set, Severity, Tree};
use serde_json::{Value, json};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// How many schemas; each has ten fixtures.
fn count() -> usize {
    std::env::var("COUNT").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000)
}

fn schema(number: usize) -> Value {
    json!({
        "$schema": DIALECT,
        "$id": format!("https://bench.invalid/event_{number}.schema.json"),
        "type": "object",
        "required": ["id", "ts", "kind", "amount", "lines"],
        "additionalProperties": false,
        "properties": {
            "id": {"type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{26}$"},
            "ts": {"type": "string", "format": "date-time"},
            "kind": {"enum": ["created", "changed", format!("special_{number}")]},
            "amount": {"type": "number", "minimum": 0, "exclusiveMaximum": 1_000_000 + number},
            "actor": {"$ref": "common.schema.json#/$defs/actor"},
            "note": {"type": ["string", "null"], "maxLength": 200},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "lines": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["sku", "count"],
                    "properties": {
                        "sku": {"type": "string", "minLength": 1},
                        "count": {"type": "integer", "minimum": 1},
                        "price": {"oneOf": [{"type": "number"}, {"type": "null"}]}
                    }
                }
            }
        }
    })
}

fn common() -> Value {
    json!({
        "$schema": DIALECT,
        "$id": "https://bench.invalid/common.schema.json",
        "$defs": {"actor": {
            "type": "object",
            "required": ["email"],
            "properties": {"email": {"type": "string", "format": "email"}, "roles": {"type": "array", "uniqueItems": true}}
        }},
        "$ref": "#/$defs/actor"
    })
}

/// Four that are valid and six that are not.
fn fixtures() -> Vec<(String, Value)> {
    let lines: Vec<Value> =
        (1..20).map(|n| json!({"sku": format!("sku-{n}"), "count": n, "price": 2.5})).collect();
    let good = json!({
        "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "ts": "2026-11-21T12:00:00Z",
        "kind": "created",
        "amount": 12.5,
        "actor": {"email": "jane@example.org", "roles": ["a", "b"]},
        "labels": {"a": "b"},
        "lines": lines
    });
    let with = |pointer: &str, value: Value| {
        let mut fixture = good.clone();
        *fixture.pointer_mut(pointer).unwrap() = value;
        fixture
    };
    let valid = [
        good.clone(),
        with("/kind", json!("changed")),
        with("/amount", json!(0)),
        with("/actor/roles", json!([])),
    ];
    let invalid = [
        with("/id", json!("x")),
        with("/ts", json!("yesterday")),
        with("/kind", json!("gone")),
        with("/amount", json!(-1)),
        with("/actor/email", json!("jane")),
        with("/lines/7/count", json!(0)),
    ];
    let name = |kind: &str, list: Vec<Value>| -> Vec<(String, Value)> {
        let each = list.into_iter().enumerate();
        each.map(|(at, value)| (format!("{kind}-{at}"), value)).collect()
    };
    [name("valid", valid.to_vec()), name("invalid", invalid.to_vec())].concat()
}

fn set(count: usize) -> Vec<(String, String)> {
    let manifest = "apiVersion: lazaret.dev/contracts/v1\nname: bench\nmodules:\n- name: events\n  schemas: ['schemas/*.json']\n  fixtures: ['fixtures/*.json']\n";
    let versions = "module: events\nversion: 1.0.0\nreleases:\n- {version: 1.0.0, date: 2026-11-21, summary: x}\n";
    let mut files = vec![
        ("contracts.yaml".to_owned(), manifest.to_owned()),
        ("events/versions.yaml".to_owned(), versions.to_owned()),
        ("events/schemas/common.schema.json".to_owned(), common().to_string()),
    ];
    for (name, text) in
        [("valid", "{\"email\": \"a@b.example\"}"), ("invalid-1", "1"), ("invalid-2", "{}")]
    {
        files.push((format!("events/fixtures/common.{name}.json"), text.to_owned()));
    }
    let fixtures = fixtures();
    for number in 0..count {
        files.push((
            format!("events/schemas/event_{number}.schema.json"),
            format!("{:#}", schema(number)),
        ));
        for (name, fixture) in &fixtures {
            let path = format!("events/fixtures/event_{number}.{name}.json");
            files.push((path, format!("{fixture:#}")));
        }
    }
    files
}

fn judge(c: &mut Criterion) {
    let count = count();
    let files = set(count);
    if let Some(folder) = std::env::var_os("LAZARET_WRITE_SET") {
        let folder = std::path::PathBuf::from(folder);
        for (path, text) in files {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        return;
    }
    let mut tree = Tree::default();
    for (path, text) in files {
        tree.insert(&path, text.into_bytes()).unwrap();
    }
    let set = Set::open(tree).unwrap();
    let mut group = c.benchmark_group("contracts");
    group.sample_size(10).throughput(Throughput::Elements(set.units[0].fixtures.len() as u64));
    group.bench_function(format!("{count} schemas, ten fixtures each"), |b| {
        b.iter(|| assert_eq!(validate(&set).count(Severity::Error), 0));
    });
    group.finish();
}

criterion_group!(benches, judge);
criterion_main!(benches);
