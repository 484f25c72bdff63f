//! Verifications per second in process, of the committed keyless pack: verifier made once, as the
//! controller has it, and made anew each time.
//! `COUNT=20000` prints the CPU time of so many of them instead.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::time::Instant;

use criterion::{Criterion, criterion_group};
use lazaret::pack::{
    Authority, Content, Identity, Payload, PublicKey, Requirements, TrustRoot, generate_key_pair,
    sign_blob, verify_blob,
};

const TAR: &[u8] = include_bytes!("../e2e/fixtures/keyless/pack.tar");
const BUNDLE: &[u8] = include_bytes!("../e2e/fixtures/keyless/pack.sigstore.json");
const ROOT: &str = include_str!("../e2e/fixtures/keyless/trusted_root.json");

fn keyless() -> Authority {
    let identity = Identity::new(
        Some("https://token.actions.githubusercontent.com"),
        None,
        Some("https://github.com/lazaret/packs/.github/workflows/release.yml@refs/heads/main"),
        None,
    );
    Authority::Keyless {
        root: TrustRoot::parse(ROOT).unwrap(),
        identities: vec![identity.unwrap()],
        require: Requirements::default(),
    }
}

fn verifications(bench: &mut Criterion) {
    let content = Content::of(TAR);
    let authorities = [keyless()];
    bench.bench_function("keyless", |b| {
        b.iter(|| verify_blob(&content, BUNDLE, &authorities, &Payload::Signature).unwrap());
    });
    bench.bench_function("keyless, trust root read anew", |b| {
        b.iter(|| verify_blob(&content, BUNDLE, &[keyless()], &Payload::Signature).unwrap());
    });
    let pair = generate_key_pair().unwrap();
    let bundle = sign_blob(TAR, &pair.private).unwrap();
    let key = [Authority::Key { key: PublicKey::parse(&pair.public).unwrap(), log_root: None }];
    bench.bench_function("key", |b| {
        b.iter(|| verify_blob(&content, bundle.as_bytes(), &key, &Payload::Signature).unwrap());
    });
}

/// CPU seconds are the better figure on a machine that others use, too: user and system time of this
/// process (fields 14 and 15 of its `stat`, in hundredths).
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}

fn main() {
    if let Some(count) = std::env::var("COUNT").ok().and_then(|count| count.parse::<u32>().ok()) {
        let (content, authorities) = (Content::of(TAR), [keyless()]);
        let (start, before) = (Instant::now(), cpu());
        for _ in 0..count {
            verify_blob(&content, BUNDLE, &authorities, &Payload::Signature).unwrap();
        }
        let each = |seconds: f64| seconds * 1e6 / f64::from(count);
        let (wall, used) = (each(start.elapsed().as_secs_f64()), each(cpu() - before));
        println!("{count} verifications: wall {wall:.1} µs each, CPU {used:.1} µs each");
        return;
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}

criterion_group!(benches, verifications);
