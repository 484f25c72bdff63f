//! Promotions per second: a workspace read, judged by all gates and the default pack, and planned.
//! `cargo bench --bench promotions`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::future::join_all;
use lazaret::dataset::{Digests, Limits, Recall, Requested, StoreReader};
use lazaret::objects::{FileAccess, Store};
use lazaret::pack::{
    Authority, FetchedPack, PublicKey, build, generate_key_pair, sign_blob, verify,
};
use lazaret::policy::{self, CompiledPack, compile};
use lazaret::promotion::{Subject, assess};
use serde_json::Value;

/// At once, as many as a controller works on by default.
const AT_ONCE: usize = 16;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pack() -> Arc<CompiledPack> {
    let tar = build(&root().join("contracts/policy/default")).unwrap().tar;
    let keys = generate_key_pair().unwrap();
    let bundle = sign_blob(&tar, &keys.private).unwrap().into_bytes().into();
    let key = PublicKey::parse(&keys.public).unwrap();
    let fetched = FetchedPack { tar, bundle: Some(bundle), ..FetchedPack::default() };
    let verified = verify(fetched, None, &[Authority::Key { key, log_root: None }]).unwrap();
    Arc::new(compile(&verified, &policy::Limits::default()).unwrap())
}

async fn one(pack: &Arc<CompiledPack>, workspace: &Path) {
    let url = format!("file://{}", workspace.display());
    let source = Store::open(&url, &FileAccess::Caller).unwrap();
    let dataset: Value =
        serde_json::from_slice(&std::fs::read(workspace.join("dataset.json")).unwrap()).unwrap();
    let text = |name: &str| dataset[name].as_str().unwrap().to_owned();
    let digests = Digests::default();
    let limits = Limits::default();
    let subject = Subject {
        source: StoreReader::new(source, limits.objects),
        // Each time all bytes are read.
        recall: Recall { digests: &digests, believe: false },
        destination: None,
        ledger: None,
        requested: Requested {
            dataset_slug: text("dataset_slug"),
            dataset_version_id: text("dataset_version_id"),
            intended_use: "publication".into(),
        },
        required: Vec::new(),
        expected_spec: None,
        pack: pack.clone(),
        pack_name: "default".into(),
        limits,
    };
    let assessment = assess(subject, jiff::Timestamp::now(), &|_| {}).await.unwrap();
    assert!(assessment.plan.is_some(), "{:#?}", assessment.report);
}

fn promotions(c: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let pack = pack();
    let mut group = c.benchmark_group("promotions");
    group.sample_size(10);
    for name in ["seattle-weather", "restricted-sightings"] {
        let workspace: PathBuf = root().join("examples").join(name);
        group.throughput(Throughput::Elements(AT_ONCE as u64));
        group.bench_function(format!("{AT_ONCE} at once, {name}"), |b| {
            b.iter(|| {
                runtime.block_on(join_all((0..AT_ONCE).map(|_| one(&pack, &workspace))));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, promotions);
criterion_main!(benches);
