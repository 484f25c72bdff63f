//! Any bytes as the bundle of a fixed pack, for a fixed key and a fixed identity. Nothing but the
//! seeds may be accepted, and a changed seed may only be one that says the same.
#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use lazaret::pack::{Authority, FetchedPack, Identity, PublicKey, Requirements, TrustRoot, verify};
use libfuzzer_sys::fuzz_target;

static TAR: &[u8] = include_bytes!("../../e2e/fixtures/keyless/pack.tar");
static ROOT: &str = include_str!("../../e2e/fixtures/keyless/trusted_root.json");
static KEY: &str = include_str!("../seeds/key.pub");

static AUTHORITIES: LazyLock<Vec<Authority>> = LazyLock::new(|| {
    let identity = Identity::new(
        Some("https://token.actions.githubusercontent.com"),
        None,
        Some("https://github.com/lazaret/packs/.github/workflows/release.yml@refs/heads/main"),
        None,
    );
    let root = TrustRoot::parse(ROOT).unwrap();
    vec![
        Authority::Keyless { root, identities: vec![identity.unwrap()], require: Requirements::default() },
        Authority::Key { key: PublicKey::parse(KEY).unwrap(), log_root: None },
    ]
});

fuzz_target!(|data: &[u8]| {
    let bundle = Some(Bytes::copy_from_slice(data));
    let mut tar = TAR.to_vec();
    let good = FetchedPack { tar: tar.clone().into(), bundle, ..FetchedPack::default() };
    tar[700] ^= 1;
    let bad = FetchedPack { tar: tar.into(), ..good.clone() };
    let _ = verify(good, None, &AUTHORITIES);
    assert!(verify(bad, None, &AUTHORITIES).is_err(), "a signature holds for other bytes");
});
