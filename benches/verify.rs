//! Verifications per second in process, of the committed keyless pack: verifier made once, as the
//! controller has it, and made anew each time.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, criterion_group, criterion_main};
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

criterion_group!(benches, verifications);
criterion_main!(benches);
