//! Decisions per second, in process and through the worker. `benches/peers/policy.sh` times OPA on
//! the same policies and inputs.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../tests/it/signed.rs"]
mod signed;

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use lazaret::dataset::{Limits as Reading, Requested, StoreReader, gather};
use lazaret::objects::{FileAccess, Store};
use lazaret::policy::{Host, Limits, Room, compile_on, evaluate};
use serde_json::Value;
use signed::verified;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What the gates see of an example, also left where the peers find it.
fn facts() -> Value {
    let requests = std::fs::read(root().join("examples/requests.json")).unwrap();
    let requests: Value = serde_json::from_slice(&requests).unwrap();
    let text = |key: &str| requests["seattle-weather"][key].as_str().unwrap().to_owned();
    let requested = Requested {
        dataset_slug: text("dataset_slug"),
        dataset_version_id: text("dataset_version_id"),
        intended_use: text("intended_use"),
    };
    let dir = root().join("examples/seattle-weather");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let facts = runtime.block_on(async {
        let store = Store::open(&format!("file://{}", dir.display()), &FileAccess::Caller).unwrap();
        let reader = StoreReader::new(store, 10_000);
        gather(&reader, requested, None, &Reading::default(), &|_| {}).await.unwrap()
    });
    let input = facts.policy_input();
    let out = root().join("target/policy-bench");
    std::fs::create_dir_all(&out).unwrap();
    std::fs::write(out.join("default.json"), input.to_string()).unwrap();
    input
}

fn decisions(c: &mut Criterion) {
    let read = |name: &str| -> Value {
        let path = root().join("benches/policies").join(name).join("input.json");
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    for (name, dir, input) in [
        ("abac", "benches/policies/abac", read("abac")),
        ("receipts", "benches/policies/receipts", read("receipts")),
        ("default", "contracts/policy/default", facts()),
    ] {
        let verified = verified(&root().join(dir));
        let aside = Host::Aside {
            program: env!("CARGO_BIN_EXE_lazaret").into(),
            idle: Duration::from_secs(60),
            room: std::sync::Arc::new(Room::here()),
        };
        for (place, host) in [("here", Host::Here), ("worker", aside)] {
            let pack = compile_on(&host, &verified, &Limits::default()).unwrap();
            c.bench_function(&format!("{name}/{place}"), |b| {
                b.iter(|| black_box(evaluate(&pack, name, black_box(&input)).unwrap()));
            });
        }
    }
}

criterion_group!(benches, decisions);
criterion_main!(benches);
