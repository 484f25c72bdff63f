//! How fast gates judge: `cargo bench --bench gates`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lazaret::contracts::stac_violations;
use lazaret::gates::single::{dcat_shape_violations, prov_statements};
use serde_json::{Value, json};

fn example(path: &str) -> Value {
    let path = format!("{}/examples/seattle-weather/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Items that differ, with three extensions.
fn items(count: usize) -> Vec<Value> {
    let item = example("catalog/stac/items/seattle-2012-2015.json");
    let extension =
        |name: &str| json!(format!("https://stac-extensions.github.io/{name}/schema.json"));
    (0..count)
        .map(|number| {
            let mut item = item.clone();
            item["id"] = json!(format!("item-{number}"));
            item["properties"]["eo:cloud_cover"] = json!(number % 100);
            item["properties"]["proj:code"] = json!("EPSG:4326");
            let list = item["stac_extensions"].as_array_mut().unwrap();
            list.extend([extension("eo/v2.0.0"), extension("projection/v2.0.0")]);
            item
        })
        .collect()
}

fn stac(c: &mut Criterion) {
    let items = items(10_000);
    let mut group = c.benchmark_group("stac");
    group.sample_size(10).throughput(Throughput::Elements(items.len() as u64));
    let core: Vec<Value> = items
        .iter()
        .cloned()
        .map(|mut item| {
            item["stac_extensions"] = json!([]);
            item
        })
        .collect();
    group.bench_function("10000 items, core", |b| {
        b.iter(|| assert!(core.iter().all(|item| stac_violations(item).is_empty())));
    });
    group.bench_function("10000 items, three extensions", |b| {
        b.iter(|| assert!(items.iter().all(|item| stac_violations(item).is_empty())));
    });
    group.finish();
}

fn catalogs(c: &mut Criterion) {
    let dcat = example("catalog/dcat.jsonld");
    let prov = example("catalog/prov/bundle.jsonld");
    c.bench_function("dcat read and held against its shapes", |b| {
        b.iter(|| assert!(dcat_shape_violations(&dcat).unwrap().is_empty()));
    });
    let mut large = dcat.clone();
    let distribution = large["dcat:distribution"][0].clone();
    large["dcat:distribution"] = json!(vec![distribution; 10_000]);
    let mut group = c.benchmark_group("dcat");
    group.sample_size(10);
    group.bench_function("10000 distributions", |b| {
        b.iter(|| assert!(dcat_shape_violations(&large).unwrap().is_empty()));
    });
    group.finish();
    c.bench_function("prov read", |b| {
        b.iter(|| assert!(!prov_statements(&prov).unwrap().is_empty()))
    });
}

criterion_group!(benches, stac, catalogs);
criterion_main!(benches);
