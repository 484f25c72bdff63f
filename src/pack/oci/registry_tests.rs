use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::super::fetch::http_tests::{MISSING, Server, ok, reason, serve};
use super::super::{
    Auth, CONTRACTS_MEDIA_TYPE, FetchSettings, Fetched, FetchedPack, PACK_MEDIA_TYPE, fetch,
};
use super::manifest::{BUNDLE_ARTIFACT, INDEX_TYPE, MANIFEST_TYPE, SIMPLE_SIGNING, artifact};
use super::{Signature, Version};
use crate::domain::Digest;

type Shelf = Arc<Mutex<BTreeMap<String, String>>>;

/// A registry of fixed answers: a path below `/v2/packs/a/` and what it gives.
async fn registry(shelf: &Shelf) -> Server {
    let shelf = Arc::clone(shelf);
    serve(move |head| {
        let path = head.split(' ').nth(1).unwrap();
        let path = path.strip_prefix("/v2/packs/a/").unwrap_or(path);
        let shelf = shelf.lock().unwrap();
        shelf.get(path).cloned().unwrap_or_else(|| MISSING.into())
    })
    .await
}

fn put(shelf: &Shelf, path: impl Into<String>, body: impl Into<String>) {
    shelf.lock().unwrap().insert(path.into(), ok(&body.into()));
}

fn blob(shelf: &Shelf, body: &str) -> (Digest, u64) {
    let digest = Digest::of(body.as_bytes());
    put(shelf, format!("blobs/{digest}"), body);
    (digest, body.len() as u64)
}

fn manifest(shelf: &Shelf, bytes: Vec<u8>) -> (Digest, u64) {
    let (digest, size) = (Digest::of(&bytes), bytes.len() as u64);
    put(shelf, format!("manifests/{digest}"), String::from_utf8(bytes).unwrap());
    (digest, size)
}

/// A pack with this tar under a tag.
fn pack(shelf: &Shelf, tag: &str, tar: &str) -> Digest {
    let bytes = artifact(PACK_MEDIA_TYPE, blob(shelf, tar), None, None);
    put(shelf, format!("manifests/{tag}"), String::from_utf8(bytes.clone()).unwrap());
    manifest(shelf, bytes).0
}

fn settings(server: &Server, version: Version) -> FetchSettings {
    FetchSettings {
        url: format!("oci://{}/packs/a", server.address),
        version: Some(version),
        plain_http: true,
        ..server.settings("")
    }
}

fn tag(text: &str) -> Version {
    Version::Tag(text.into())
}

async fn pulled(settings: &FetchSettings) -> FetchedPack {
    match fetch(settings, None).await.unwrap() {
        Fetched::Pack(pack) => pack,
        Fetched::NotModified => panic!("nothing was there before"),
    }
}

#[tokio::test]
async fn by_tag_by_range_over_pages_and_by_digest() {
    let shelf = Shelf::default();
    let server = registry(&shelf).await;
    let old = pack(&shelf, "v1.2.0", "old");
    pack(&shelf, "1.10.0", "new");
    pack(&shelf, "2.0.0", "next");
    let list = |tags: &[&str]| json!({ "name": "packs/a", "tags": tags }).to_string();
    let link = "Link: </v2/packs/a/tags/list?n=1000&last=x>; rel=\"next\"\r\nConnection";
    let first = ok(&list(&["latest", "v1.2.0", "2.0.0"])).replace("Connection", link);
    shelf.lock().unwrap().insert("tags/list?n=1000".into(), first);
    put(&shelf, "tags/list?n=1000&last=x", list(&["1.10.0", "1.99.0/../../x"]));

    assert_eq!(pulled(&settings(&server, tag("v1.2.0"))).await.tar, "old");
    let range = Version::range("^1").unwrap();
    assert_eq!(pulled(&settings(&server, range)).await.tar, "new");
    let by_digest = pulled(&settings(&server, Version::Digest(old))).await;
    assert_eq!(by_digest.tar, "old");
    assert!(by_digest.url.ends_with(&format!("/packs/a@{old}")), "{}", by_digest.url);
    assert_eq!(by_digest.candidates, []);

    let same = fetch(&settings(&server, tag("v1.2.0")), Some(&by_digest.previous)).await.unwrap();
    assert!(matches!(same, Fetched::NotModified));
    let moved = fetch(&settings(&server, tag("2.0.0")), Some(&by_digest.previous)).await.unwrap();
    assert!(matches!(moved, Fetched::Pack(_)));

    let none = settings(&server, Version::range("^3").unwrap());
    assert_eq!(reason(&none).await, "NoTagInRange");
    assert_eq!(reason(&settings(&server, tag("absent"))).await, "NotFound");
    // An index with one pack leads to it.
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [
        { "mediaType": MANIFEST_TYPE, "artifactType": PACK_MEDIA_TYPE, "digest": old, "size": 1 },
    ]});
    put(&shelf, "manifests/index", index.to_string());
    assert_eq!(pulled(&settings(&server, tag("index"))).await.tar, "old");
}

#[tokio::test]
async fn contract_sets_and_packs_are_not_taken_for_each_other() {
    let shelf = Shelf::default();
    let server = registry(&shelf).await;
    pack(&shelf, "pack", "pack");
    let bytes = artifact(CONTRACTS_MEDIA_TYPE, blob(&shelf, "set"), None, None);
    put(&shelf, "manifests/set", String::from_utf8(bytes).unwrap());
    let contracts =
        |version| FetchSettings { media_type: CONTRACTS_MEDIA_TYPE, ..settings(&server, version) };
    assert_eq!(pulled(&contracts(tag("set"))).await.tar, "set");
    assert_eq!(reason(&contracts(tag("pack"))).await, "NotAPack");
    assert_eq!(reason(&settings(&server, tag("set"))).await, "NotAPack");
    let other = Version::Digest(Digest::of(b"other"));
    assert_eq!(reason(&contracts(other)).await, "NotFound");
}

#[tokio::test]
async fn what_a_registry_can_do_wrong() {
    let shelf = Shelf::default();
    let server = registry(&shelf).await;
    let good = pack(&shelf, "good", "tar");
    pack(&shelf, "other-bytes", "expected");
    put(&shelf, format!("blobs/{}", Digest::of(b"expected")), "imposter");
    let lying = artifact(PACK_MEDIA_TYPE, (Digest::of(b"tar"), 2), None, None);
    put(&shelf, "manifests/longer", String::from_utf8(lying).unwrap());
    let huge = artifact(PACK_MEDIA_TYPE, (Digest::of(b"tar"), 1 << 40), None, None);
    put(&shelf, "manifests/huge", String::from_utf8(huge).unwrap());
    put(&shelf, "manifests/noise", "noise");
    let away = Digest::of(b"away");
    put(&shelf, format!("manifests/{away}"), "{}");
    let link = "Link: <https://packs.invalid/next>; rel=next\r\nConnection";
    let page = ok(r#"{"name":"a","tags":[]}"#).replace("Connection", link);
    shelf.lock().unwrap().insert("tags/list?n=1000".into(), page);
    for (version, expected) in [
        (tag("other-bytes"), "RegistryDigestMismatch"),
        (tag("longer"), "TooLarge"),
        (tag("huge"), "TooLarge"),
        (tag("noise"), "ManifestInvalid"),
        (Version::Digest(away), "RegistryDigestMismatch"),
        (Version::range("*").unwrap(), "RedirectRefused"),
    ] {
        assert_eq!(reason(&settings(&server, version.clone())).await, expected, "{version}");
    }
    let endless = "Link: </v2/packs/a/tags/list?n=1000>; rel=next\r\nConnection";
    let page = ok(r#"{"name":"a","tags":[]}"#).replace("Connection", endless);
    shelf.lock().unwrap().insert("tags/list?n=1000".into(), page);
    let range = settings(&server, Version::range("*").unwrap());
    assert_eq!(reason(&range).await, "TooLarge");

    for (url, expected) in [
        ("oci://packs.invalid/a", "ReferenceInvalid"),
        ("oci://169.254.169.254/a", "ReferenceInvalid"),
        ("oci://r", "ReferenceInvalid"),
    ] {
        let in_clear = FetchSettings { url: url.into(), ..settings(&server, tag("x")) };
        assert_eq!(reason(&in_clear).await, expected, "{url}");
    }
    let metadata = FetchSettings {
        url: "oci://169.254.169.254/a".into(),
        plain_http: false,
        ..settings(&server, tag("x"))
    };
    assert_eq!(reason(&metadata).await, "AddressForbidden");
    let outside =
        FetchSettings { allow_loopback: false, ..settings(&server, Version::Digest(good)) };
    assert_eq!(reason(&outside).await, "AddressForbidden");
}

#[tokio::test]
async fn signatures_as_referrers_and_under_cosigns_tag() {
    let shelf = Shelf::default();
    let server = registry(&shelf).await;
    let name = pack(&shelf, "v1", "tar");
    let holder = |subject: Digest, body: &str| {
        let layer = blob(&shelf, body);
        let bytes = artifact(BUNDLE_ARTIFACT, layer, None, Some((subject, 1)));
        manifest(&shelf, bytes)
    };
    let entry = |(digest, size): (Digest, u64)| json!({ "mediaType": MANIFEST_TYPE, "artifactType": BUNDLE_ARTIFACT, "digest": digest, "size": size });
    let foreign = holder(Digest::of(b"foreign"), "{\"foreign\":1}");
    let ours = holder(name, "{\"ours\":1}");
    let missing = (Digest::of(b"missing"), 1);
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [
        entry(foreign), entry(missing), entry(ours),
    ]});
    // No list of referrers: the tag that stands in for it.
    put(&shelf, format!("manifests/sha256-{}", name.hex()), index.to_string());
    let payload = blob(&shelf, "{\"critical\":1}");
    let signed = json!({ "schemaVersion": 2, "mediaType": MANIFEST_TYPE,
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": payload.0, "size": 1 },
        "layers": [
            { "mediaType": SIMPLE_SIGNING, "digest": payload.0, "size": payload.1,
              "annotations": { "dev.cosignproject.cosign/signature": "c2ln", "dev.sigstore.cosign/certificate": "" } },
            { "mediaType": SIMPLE_SIGNING, "digest": payload.0, "size": payload.1 },
        ],
    });
    put(&shelf, format!("manifests/sha256-{}.sig", name.hex()), signed.to_string());
    let expected = [
        Signature::Bundle("{\"ours\":1}".into()),
        Signature::SimpleSigning {
            payload: "{\"critical\":1}".into(),
            signature: "c2ln".into(),
            certificate: None,
            rekor_bundle: None,
        },
    ];
    assert_eq!(pulled(&settings(&server, tag("v1"))).await.candidates, expected);

    // With a list, that one counts, and the tag is not asked for.
    let listed = json!({ "schemaVersion": 2, "manifests": [entry(foreign)] });
    put(&shelf, format!("referrers/{name}"), listed.to_string());
    assert_eq!(pulled(&settings(&server, tag("v1"))).await.candidates, expected[1..]);
}

#[tokio::test]
async fn tokens_are_fetched_for_the_scope_and_stay_with_the_registry() {
    let shelf = Shelf::default();
    let away = registry(&shelf).await;
    pack(&shelf, "v1", "tar");
    let (elsewhere, inner) = (away.address, Arc::clone(&shelf));
    let realm = Arc::new(Mutex::new(String::new()));
    let named = Arc::clone(&realm);
    let home = serve(move |head| {
        let path = head.split(' ').nth(1).unwrap();
        if path.starts_with("/token") {
            let known = head.contains("authorization: basic bwu6c2vjcmv0");
            return ok(if known { r#"{"token":"t1"}"# } else { r#"{"access_token":"anonymous"}"# });
        }
        if !head.contains("authorization: bearer t1") {
            let realm = named.lock().unwrap();
            let challenge =
                format!("WWW-Authenticate: Bearer realm=\"{realm}\",service=\"r\"\r\nConnection");
            return MISSING.replace("404 Not Found", "401 No").replace("Connection", &challenge);
        }
        if path.contains("/blobs/") {
            return format!(
                "HTTP/1.1 307 Go\r\nLocation: http://{elsewhere}{path}\r\nContent-Length: 0\r\n\r\n"
            );
        }
        let path = path.strip_prefix("/v2/packs/a/").unwrap_or(path);
        inner.lock().unwrap().get(path).cloned().unwrap_or_else(|| MISSING.into())
    })
    .await;
    *realm.lock().unwrap() = format!("http://{}/token", home.address);
    let auth = Auth::Basic { username: "me".into(), password: "secret".into() };
    let known = FetchSettings { auth, ..settings(&home, tag("v1")) };
    assert_eq!(pulled(&known).await.tar, "tar");
    let asked = home.asked();
    let tokens: Vec<_> = asked.iter().filter(|head| head.contains("/token")).collect();
    assert_eq!(tokens.len(), 1, "one token serves all requests");
    assert!(tokens[0].contains("scope=repository%3apacks%2fa%3apull&service=r"), "{}", tokens[0]);
    assert!(!asked[0].contains("authorization"), "nothing is sent unasked");
    assert!(!away.asked().is_empty());
    assert!(away.asked().iter().all(|head| !head.contains("authorization")));

    assert_eq!(
        reason(&settings(&home, tag("v1"))).await,
        "Unauthorized",
        "anonymous is not enough"
    );
    let bearer = FetchSettings { auth: Auth::Bearer("t1".into()), ..settings(&home, tag("v1")) };
    assert_eq!(pulled(&bearer).await.tar, "tar");
    let identity =
        FetchSettings { auth: Auth::Identity("refresh".into()), ..settings(&home, tag("v1")) };
    assert_eq!(reason(&identity).await, "Unauthorized");
    let asked = home.asked();
    assert!(asked.iter().any(|head| head.starts_with("post /token")));
    for (to, expected) in [
        ("http://169.254.169.254/token", "AuthChallengeInvalid"),
        ("https://169.254.169.254/token", "AddressForbidden"),
        ("http://packs.invalid/token", "AuthChallengeInvalid"),
        ("file:///etc/passwd", "AuthChallengeInvalid"),
        ("", "AuthChallengeInvalid"),
    ] {
        *realm.lock().unwrap() = to.into();
        assert_eq!(reason(&known).await, expected, "{to}");
    }
}

const END: &str = "Content-Length: 0\r\nConnection: close\r\n\r\n";

fn moved(to: &str) -> String {
    format!("HTTP/1.1 307 Go\r\nLocation: {to}\r\n{END}")
}

fn login_wanted(realm: &str) -> String {
    format!("HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm=\"{realm}\",service=\"r\"\r\n{END}")
}

fn each_auth() -> [Auth; 3] {
    [
        Auth::Basic { username: "me".into(), password: "secret".into() },
        Auth::Identity("refresh".into()),
        Auth::Bearer("given".into()),
    ]
}

#[tokio::test]
async fn where_a_registry_redirects_to_names_no_token_service() {
    // Whether the registry redirects at once, or only who is logged in.
    for at_once in [true, false] {
        let own = Arc::new(Mutex::new(String::new()));
        let realm = Arc::clone(&own);
        let away = serve(move |head| match head.contains(" /token") {
            true => ok(r#"{"token":"t2"}"#),
            false => login_wanted(&realm.lock().unwrap()),
        })
        .await;
        *own.lock().unwrap() = format!("http://{}/token", away.address);
        let to = away.address;
        let near = Arc::new(Mutex::new(String::new()));
        let realm = Arc::clone(&near);
        let home = serve(move |head| {
            if head.contains(" /token") {
                return ok(r#"{"token":"t1"}"#);
            }
            match at_once || head.contains("authorization: bearer") {
                true => moved(&format!("http://{to}/elsewhere")),
                false => login_wanted(&realm.lock().unwrap()),
            }
        })
        .await;
        *near.lock().unwrap() = format!("http://{}/token", home.address);
        for auth in each_auth() {
            let what = format!("{auth:?} {at_once}");
            let known = FetchSettings { auth, ..settings(&home, tag("v1")) };
            assert_eq!(reason(&known).await, "Unauthorized", "{what}");
        }
        let asked = away.asked();
        assert_eq!(asked.len(), 3);
        for head in asked {
            assert!(head.starts_with("get /elsewhere "), "{head}");
            assert!(!head.contains("authorization"), "{head}");
        }
    }
}

#[tokio::test]
async fn a_token_service_elsewhere_is_the_registrys_to_name_and_sends_no_secret_on() {
    let shelf = Shelf::default();
    pack(&shelf, "v1", "tar");
    let third = serve(|_| ok(r#"{"token":"t1"}"#)).await;
    let to = third.address;
    let service = serve(move |head| match head.starts_with("post ") {
        true => moved(&format!("http://{to}/token")),
        false => ok(r#"{"token":"t1"}"#),
    })
    .await;
    let realm = format!("http://{}/token", service.address);
    let home = serve(move |head| {
        if !head.contains("authorization: bearer t1") {
            return login_wanted(&realm);
        }
        let path = head.split(' ').nth(1).unwrap();
        let path = path.strip_prefix("/v2/packs/a/").unwrap_or(path);
        shelf.lock().unwrap().get(path).cloned().unwrap_or_else(|| MISSING.into())
    })
    .await;
    let [basic, identity, bearer] = each_auth();
    let with = |auth| FetchSettings { auth, ..settings(&home, tag("v1")) };
    assert_eq!(pulled(&with(basic)).await.tar, "tar");
    assert!(service.asked()[0].contains("authorization: basic bwu6c2vjcmv0"));
    // The refresh token is in the body, which a 307 would repeat to anybody.
    assert_eq!(reason(&with(identity)).await, "RedirectRefused");
    assert_eq!(third.asked().len(), 0);
    // A token of our own is sent when it is asked for, once, and to the registry alone.
    let before = (home.asked().len(), service.asked().len());
    assert_eq!(reason(&with(bearer)).await, "Unauthorized");
    let asked = home.asked().split_off(before.0);
    assert_eq!(asked.len(), 2);
    assert!(!asked[0].contains("authorization"), "{}", asked[0]);
    assert!(asked[1].contains("authorization: bearer given"), "{}", asked[1]);
    assert_eq!(service.asked().len(), before.1);
}

/// A manifest of signatures with these layers, and its entry in a list of referrers.
fn holder_of(
    shelf: &Shelf,
    of: Digest,
    name: usize,
    layers: &[(Digest, u64)],
) -> serde_json::Value {
    let layer = |(digest, size): &(Digest, u64)| json!({ "mediaType": BUNDLE_ARTIFACT, "digest": digest, "size": size });
    let document = json!({ "schemaVersion": 2, "mediaType": MANIFEST_TYPE,
        "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": Digest::of(b"{}"), "size": 2 },
        "layers": layers.iter().map(layer).collect::<Vec<_>>(),
        "subject": { "mediaType": MANIFEST_TYPE, "digest": of, "size": 1 },
        "annotations": { "name": name.to_string() },
    });
    let (digest, size) = manifest(shelf, document.to_string().into_bytes());
    json!({ "mediaType": MANIFEST_TYPE, "artifactType": BUNDLE_ARTIFACT, "digest": digest, "size": size })
}

fn asked_for(server: &Server, what: &str) -> usize {
    server.asked().iter().filter(|head| head.contains(what)).count()
}

#[tokio::test]
async fn signatures_have_one_budget_together() {
    for (what, holders, layers, size, found) in [
        ("many", 32, 32, 100, 32),
        // Of 8 MiB the manifests take a little, so that the eighth does not fit.
        ("large", 32, 32, 1 << 20, 7),
        ("large, one each", 32, 1, 1 << 20, 7),
    ] {
        let shelf = Shelf::default();
        let server = registry(&shelf).await;
        let of = pack(&shelf, "v1", "tar");
        let layer = blob(&shelf, &"x".repeat(size));
        let listed: Vec<_> =
            (0..holders).map(|name| holder_of(&shelf, of, name, &vec![layer; layers])).collect();
        let index = json!({ "schemaVersion": 2, "manifests": listed });
        put(&shelf, format!("referrers/{of}"), index.to_string());
        let pulled = pulled(&settings(&server, tag("v1"))).await;
        assert_eq!(pulled.candidates.len(), found, "{what}");
        assert_eq!(asked_for(&server, "/blobs/"), 1 + found, "{what}: the tar and the signatures");
        let manifests = 1 + found.div_ceil(layers);
        assert!(
            asked_for(&server, "/manifests/") <= manifests + 1,
            "{what}: nothing after the end"
        );
        assert_eq!(asked_for(&server, ".sig "), 0, "{what}");
    }
}

#[tokio::test]
async fn a_signature_that_is_broken_or_too_large_hides_no_other() {
    let shelf = Shelf::default();
    let server = registry(&shelf).await;
    let of = pack(&shelf, "v1", "tar");
    let (good, late) = (blob(&shelf, "{\"a\":1}"), blob(&shelf, "{\"b\":1}"));
    let missing = (Digest::of(b"missing"), 7);
    let huge = (Digest::of(b"huge"), 1 << 40);
    let mut oversized = holder_of(&shelf, of, 0, &[good]);
    oversized["size"] = json!(1_u64 << 40);
    let index = json!({ "schemaVersion": 2, "manifests": [
        oversized,
        holder_of(&shelf, of, 1, &[good, missing]),
        holder_of(&shelf, of, 2, &[huge]),
        holder_of(&shelf, of, 3, &[late]),
    ]});
    put(&shelf, format!("referrers/{of}"), index.to_string());
    let expected = [Signature::Bundle("{\"a\":1}".into()), Signature::Bundle("{\"b\":1}".into())];
    assert_eq!(pulled(&settings(&server, tag("v1"))).await.candidates, expected);
}

#[tokio::test]
async fn lists_end_after_a_few_pages_and_bytes() {
    let shelf = Shelf::default();
    let server = registry(&shelf).await;
    let of = pack(&shelf, "v1", "tar");
    let bundle = blob(&shelf, "{\"a\":1}");
    let mut sbom = holder_of(&shelf, of, 1, &[blob(&shelf, "{\"sbom\":1}")]);
    sbom["annotations"] =
        json!({ "dev.sigstore.bundle.predicateType": "https://spdx.dev/Document" });
    let page = |entries: &[serde_json::Value], next: &str| {
        let link = format!("Link: <{next}>; rel=next\r\nConnection");
        ok(&json!({ "schemaVersion": 2, "manifests": entries }).to_string()).replacen(
            "Connection",
            &link,
            1,
        )
    };
    // The second page leads to itself.
    let second = format!("/v2/packs/a/referrers/{of}?page=2");
    let signed = holder_of(&shelf, of, 2, &[bundle]);
    shelf.lock().unwrap().insert(format!("referrers/{of}"), page(&[sbom], &second));
    shelf.lock().unwrap().insert(format!("referrers/{of}?page=2"), page(&[signed], &second));
    let candidates = pulled(&settings(&server, tag("v1"))).await.candidates;
    assert_eq!(asked_for(&server, "/referrers/"), 4);
    let expected =
        [Signature::Bundle("{\"a\":1}".into()), Signature::Bundle("{\"sbom\":1}".into())];
    assert_eq!(candidates, expected, "signatures come first, and once");

    let long = json!({ "name": "packs/a", "tags": ["1.0.0", "x".repeat(3_900_000)] }).to_string();
    let link = "Link: </v2/packs/a/tags/list?n=1000>; rel=next\r\nConnection";
    shelf
        .lock()
        .unwrap()
        .insert("tags/list?n=1000".into(), ok(&long).replacen("Connection", link, 1));
    let range = settings(&server, Version::range("^1").unwrap());
    assert_eq!(reason(&range).await, "TooLarge");
    // 16 MiB hold four of these, and the fifth is refused by its announced length.
    assert_eq!(asked_for(&server, "/tags/"), 5);
}
