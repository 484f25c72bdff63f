//! Any bytes as a file of the state directory. What is read is written again as the same, and
//! the key vouches for none of it: what it signed is not among the seeds.
#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use lazaret::pack::{Authority, PublicKey, keep, read_kept, verify};
use libfuzzer_sys::fuzz_target;

static KEY: &str = include_str!("../seeds/key.pub");
static AUTHORITIES: LazyLock<Vec<Authority>> = LazyLock::new(|| {
    vec![Authority::Key { key: PublicKey::parse(KEY).unwrap(), log_root: None }]
});

fuzz_target!(|data: &[u8]| {
    let Ok(pack) = read_kept("n/p/u", &Bytes::copy_from_slice(data)) else { return };
    let again = read_kept("n/p/u", &keep("n/p/u", &pack).unwrap().into()).unwrap();
    assert!(pack.tar == again.tar && pack.bundle == again.bundle);
    assert!(pack.manifest == again.manifest && pack.candidates == again.candidates);
    assert!(verify(pack, None, &AUTHORITIES).is_err(), "a key vouches for what it never signed");
});
