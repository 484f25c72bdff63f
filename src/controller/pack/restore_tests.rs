use serde_json::json;

use super::*;
use crate::pack::{Authority, KeyPairPem, PublicKey, build, generate_key_pair, sign_blob};

const KEY: &str = "team/default/0b9e";

/// A pack, told apart by `name`.
fn signed(name: &str, rego: &str, keys: &KeyPairPem) -> FetchedPack {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("opa")).unwrap();
    std::fs::write(dir.path().join("README.md"), name).unwrap();
    std::fs::write(dir.path().join("opa/a.rego"), rego).unwrap();
    let tar = build(dir.path()).unwrap().tar;
    let bundle = sign_blob(&tar, &keys.private).unwrap();
    FetchedPack { tar, bundle: Some(bundle.into()), ..FetchedPack::default() }
}

const TESTED: &str =
    "package lazaret.gates.b\n\ndeny contains \"x\" if input.x\n\ntest_it if true\n";

fn trusting(keys: &KeyPairPem, pinned: Option<Digest>) -> Trusted {
    let key = PublicKey::parse(&keys.public).unwrap();
    Trusted {
        authorities: vec![Authority::Key { key, log_root: None }],
        pinned,
        digest: Digest::of(b"trust"),
    }
}

fn object(loaded: &[&FetchedPack], checked: Option<&str>) -> PolicyPack {
    let history = loaded.iter().map(|pack| {
        json!({ "digest": Digest::of(&pack.tar).to_string(), "loadedAt": "2026-01-01T00:00:00Z" })
    });
    let mut status = json!({ "history": history.collect::<Vec<_>>() });
    if let Some(at) = checked {
        status["lastCheckedAt"] = json!(at);
    }
    serde_json::from_value(json!({
        "apiVersion": "lazaret.dev/v1alpha1",
        "kind": "PolicyPack",
        "metadata": { "namespace": "team", "name": "default", "uid": "0b9e" },
        "spec": {
            "source": { "http": { "url": "https://packs.example.org/p.tar" } },
            "verify": { "keys": [{ "secretRef": { "name": "k" } }] },
        },
        "status": status,
    }))
    .unwrap()
}

#[test]
fn what_was_loaded_last_comes_back_with_the_time_of_its_last_check() {
    let keys = generate_key_pair().unwrap();
    let (pack, trusted) = (signed("now", TESTED, &keys), trusting(&keys, None));
    let file = Bytes::from(keep(KEY, &pack).unwrap());
    let at = |checked| reload(&file, KEY, &object(&[&pack], Some(checked)), &trusted);
    let (verified, compiled, checked) = at("2026-01-02T00:00:00Z").unwrap();
    assert_eq!((verified.digest(), compiled.tests_passed()), (Digest::of(&pack.tar), 1));
    assert_eq!(checked.to_string(), "2026-01-02T00:00:00Z");
    // A status of the future keeps nothing alive.
    let (_, _, checked) = at("9999-01-01T00:00:00Z").unwrap();
    assert!(checked <= Timestamp::now());
}

#[test]
fn anything_else_stays_away() {
    let (keys, other) = (generate_key_pair().unwrap(), generate_key_pair().unwrap());
    let (old, pack) = (signed("old", TESTED, &keys), signed("now", TESTED, &keys));
    let bare = signed("bare", "package lazaret.gates.b\n\ndeny contains \"x\" if input.x\n", &keys);
    let file = |pack: &FetchedPack| keep(KEY, pack).unwrap();
    let unsigned = FetchedPack { bundle: None, ..pack.clone() };
    let swapped = FetchedPack { bundle: old.bundle.clone(), ..pack.clone() };
    let mut flipped = file(&pack);
    *flipped.last_mut().unwrap() ^= 1;
    let cut = file(&pack)[..file(&pack).len() - 512].to_vec();
    let loaded = object(&[&pack, &old], Some("2026-01-02T00:00:00Z"));
    let trusted = trusting(&keys, None);
    let pinned = trusting(&keys, Some(Digest::of(&old.tar)));
    let strangers = trusting(&other, None);
    for (what, file, object, trusted, reason) in [
        ("changed bytes", flipped, &loaded, &trusted, "KeptOlder"),
        ("cut off", cut, &loaded, &trusted, "KeptMalformed"),
        ("another's", keep("team/other/1", &pack).unwrap(), &loaded, &trusted, "KeptOfAnother"),
        ("an older revision", file(&old), &loaded, &trusted, "KeptOlder"),
        ("no signature", file(&unsigned), &loaded, &trusted, "BundleMissing"),
        ("another's signature", file(&swapped), &loaded, &trusted, "ArtifactMismatch"),
        ("a key struck out", file(&pack), &loaded, &strangers, "KeyMismatch"),
        ("pinned to another", file(&pack), &loaded, &pinned, "DigestMismatch"),
        ("nothing was loaded", file(&pack), &object(&[], None), &trusted, "KeptUnknown"),
        ("never checked", file(&pack), &object(&[&pack], None), &trusted, "KeptUnknown"),
        (
            "no tests",
            file(&bare),
            &object(&[&bare], Some("2026-01-02T00:00:00Z")),
            &trusted,
            "TestsMissing",
        ),
    ] {
        let failure = reload(&file.into(), KEY, object, trusted).unwrap_err();
        assert_eq!(failure.reason, reason, "{what}: {}", failure.message);
    }
}
