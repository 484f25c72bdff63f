//! A directory as a pack that is signed with a key of its own, and verified.

use std::path::Path;

use lazaret::pack::{
    Authority, FetchedPack, PublicKey, VerifiedPack, build, generate_key_pair, sign_blob, verify,
};

pub fn verified(dir: &Path) -> VerifiedPack {
    let tar = build(dir).unwrap().tar;
    let pair = generate_key_pair().unwrap();
    let bundle = sign_blob(&tar, &pair.private).unwrap().into_bytes();
    let key = PublicKey::parse(&pair.public).unwrap();
    let fetched = FetchedPack { tar, bundle: Some(bundle.into()), ..FetchedPack::default() };
    verify(fetched, None, &[Authority::Key { key, log_root: None }]).unwrap()
}
