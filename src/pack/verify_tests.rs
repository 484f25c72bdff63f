use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self as sig, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::Digest as _;

use super::fetch::FetchedPack;
use super::sign::{generate_key_pair, sign_blob};
use super::trust::{Authority, Identity, PublicKey, Requirements, TrustRoot};
use super::verify::{VerifiedPack, VerifyError, verify};
use crate::domain::Digest;

const TAR: &[u8] = include_bytes!("../../e2e/fixtures/keyless/pack.tar");
const BUNDLE: &str = include_str!("../../e2e/fixtures/keyless/pack.sigstore.json");
const ROOT: &str = include_str!("../../e2e/fixtures/keyless/trusted_root.json");
const OTHER_ROOT: &str = include_str!("../../e2e/fixtures/keyless/other_root.json");
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const SUBJECT: &str =
    "https://github.com/lazaret/packs/.github/workflows/release.yml@refs/heads/main";

fn fetched(tar: &[u8], bundle: Option<&str>) -> FetchedPack {
    FetchedPack {
        tar: Bytes::copy_from_slice(tar),
        bundle: bundle.map(|text| Bytes::copy_from_slice(text.as_bytes())),
        url: "https://packs.test/pack.tar".into(),
        ..FetchedPack::default()
    }
}

fn exact(issuer: &str, subject: &str) -> Identity {
    Identity::new(Some(issuer), None, Some(subject), None).unwrap()
}

fn expression(issuer: &str, subject: &str) -> Identity {
    Identity::new(None, Some(issuer), None, Some(subject)).unwrap()
}

fn keyless(root: &str, identities: Vec<Identity>) -> Authority {
    let require = Requirements::default();
    Authority::Keyless { root: TrustRoot::parse(root).unwrap(), identities, require }
}

fn mine() -> Authority {
    keyless(ROOT, vec![exact(ISSUER, SUBJECT)])
}

fn key(pem: &str) -> Authority {
    Authority::Key { key: PublicKey::parse(pem).unwrap(), log_root: None }
}

fn check(tar: &[u8], bundle: &str, authority: Authority) -> Result<VerifiedPack, VerifyError> {
    verify(fetched(tar, Some(bundle)), None, &[authority])
}

fn reason<T>(outcome: Result<T, VerifyError>) -> &'static str {
    outcome.err().map_or("verified", |e| e.reason())
}

fn changed(bundle: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(bundle).unwrap();
    change(&mut value);
    value.to_string()
}

#[test]
fn a_keyless_pack_verifies_and_its_signer_is_recorded() {
    let pack = check(TAR, BUNDLE, mine()).unwrap();
    assert_eq!(pack.digest(), Digest::of(TAR));
    assert_eq!(pack.bundle().as_ref(), BUNDLE.as_bytes());
    let signer = pack.signer();
    assert_eq!(signer.issuer.as_deref(), Some(ISSUER));
    assert_eq!(signer.subject.as_deref(), Some(SUBJECT));
    assert!(signer.log_index.is_some() && signer.integrated_time.is_some());
    let family = expression("https://token\\.actions\\..*", "https://github\\.com/lazaret/.*");
    assert!(check(TAR, BUNDLE, keyless(ROOT, vec![family])).is_ok());
}

#[test]
fn someone_else_is_refused_and_named() {
    for identity in [
        exact("https://accounts.google.com", SUBJECT),
        exact(
            ISSUER,
            "https://github.com/lazaret/packs/.github/workflows/other.yml@refs/heads/main",
        ),
        // Each would match somewhere inside the text.
        expression(ISSUER, "github.com/lazaret/packs"),
        expression("token.actions", ".*"),
        expression(ISSUER, "https://github.com/lazaret/packs|evil"),
    ] {
        let error = check(TAR, BUNDLE, keyless(ROOT, vec![identity])).unwrap_err();
        assert_eq!(error.reason(), "IdentityMismatch");
        assert!(error.to_string().contains(SUBJECT) && error.to_string().contains(ISSUER));
    }
    assert_eq!(reason(check(TAR, BUNDLE, keyless(ROOT, vec![]))), "IdentityMismatch");
}

#[test]
fn what_was_changed_is_refused() {
    let mut tar = TAR.to_vec();
    tar[600] ^= 1;
    assert_eq!(reason(check(&tar, BUNDLE, mine())), "ArtifactMismatch");
    assert_eq!(
        reason(check(TAR, BUNDLE, keyless(OTHER_ROOT, vec![exact(ISSUER, SUBJECT)]))),
        "Untrusted"
    );
    let entry = |bundle: &mut Value, change: &dyn Fn(&mut Value)| {
        change(&mut bundle["verificationMaterial"]["tlogEntries"][0]);
    };
    let without = |name: &'static str| {
        changed(BUNDLE, |bundle| {
            entry(bundle, &|entry| {
                entry.as_object_mut().unwrap().remove(name);
            });
        })
    };
    assert_eq!(reason(check(TAR, &without("inclusionProof"), mine())), "InclusionProofMissing");
    // The older label under which the library would accept the log's promise alone.
    let relabelled = changed(&without("inclusionProof"), |bundle| {
        bundle["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1".into();
    });
    assert_eq!(reason(check(TAR, &relabelled, mine())), "InclusionProofMissing");
    let unlogged = changed(BUNDLE, |bundle| {
        bundle["verificationMaterial"]["tlogEntries"] = json!([]);
    });
    assert_eq!(reason(check(TAR, &unlogged, mine())), "InclusionProofMissing");
    let proof = changed(BUNDLE, |bundle| {
        entry(bundle, &|entry| entry["inclusionProof"]["rootHash"] = BASE64.encode([0; 32]).into());
    });
    assert!(["LogProofInvalid", "BundleInvalid"].contains(&reason(check(TAR, &proof, mine()))));
    let promise = changed(BUNDLE, |bundle| {
        entry(bundle, &|entry| entry["logIndex"] = "1".into());
    });
    assert_eq!(reason(check(TAR, &promise, mine())), "LogPromiseInvalid");
    let time = changed(BUNDLE, |bundle| {
        entry(bundle, &|entry| entry["integratedTime"] = "1700000000".into());
    });
    assert!(check(TAR, &time, mine()).is_err());
    let signature = changed(BUNDLE, |bundle| {
        bundle["messageSignature"]["signature"] = BASE64.encode([1; 70]).into();
    });
    assert!(check(TAR, &signature, mine()).is_err());
    for rubbish in ["", "{}", "null", "[]", "{\"mediaType\":1}"] {
        assert_eq!(reason(check(TAR, rubbish, mine())), "BundleInvalid", "{rubbish}");
    }
}

#[test]
fn digest_bundle_and_authorities_are_demanded() {
    let pinned = Digest::of(b"other");
    let outcome = verify(fetched(TAR, Some(BUNDLE)), Some(pinned), &[mine()]);
    assert_eq!(reason(outcome), "DigestMismatch");
    assert!(verify(fetched(TAR, Some(BUNDLE)), Some(Digest::of(TAR)), &[mine()]).is_ok());
    assert_eq!(reason(verify(fetched(TAR, None), None, &[mine()])), "BundleMissing");
    assert_eq!(reason(verify(fetched(TAR, Some(BUNDLE)), None, &[])), "NoAuthority");
}

#[test]
fn any_one_authority_is_enough() {
    let pair = generate_key_pair().unwrap();
    let signed = sign_blob(TAR, &pair.private).unwrap();
    let both = [mine(), key(&pair.public)];
    for bundle in [BUNDLE, &signed] {
        assert!(verify(fetched(TAR, Some(bundle)), None, &both).is_ok());
    }
    assert_eq!(reason(check(TAR, &signed, mine())), "AuthorityMismatch");
    assert_eq!(reason(check(TAR, BUNDLE, key(&pair.public))), "AuthorityMismatch");
    // The nearest refusal is told, whatever the order.
    let stranger = generate_key_pair().unwrap();
    for authorities in [[mine(), key(&stranger.public)], [key(&stranger.public), mine()]] {
        let outcome = verify(fetched(TAR, Some(&signed)), None, &authorities);
        assert_eq!(reason(outcome), "KeyMismatch");
    }
}

#[test]
fn a_key_verifies_its_own_signatures_only() {
    let pair = generate_key_pair().unwrap();
    let bundle = sign_blob(TAR, &pair.private).unwrap();
    let pack = check(TAR, &bundle, key(&pair.public)).unwrap();
    let hint = serde_json::from_str::<Value>(&bundle).unwrap();
    let hint = hint["verificationMaterial"]["publicKey"]["hint"].as_str().unwrap().to_owned();
    let fingerprint = pack.signer().key_fingerprint.unwrap();
    assert_eq!(BASE64.encode(fingerprint.as_bytes()), hint);
    assert_eq!(reason(check(b"other", &bundle, key(&pair.public))), "ArtifactMismatch");
    // The digest in the bundle mended, the signature not.
    let mended = changed(&bundle, |bundle| {
        let digest = BASE64.encode(Digest::of(b"other").as_bytes());
        bundle["messageSignature"]["messageDigest"]["digest"] = digest.into();
    });
    assert_eq!(reason(check(b"other", &mended, key(&pair.public))), "KeyMismatch");
    let stated_otherwise = check(TAR, &mended, key(&pair.public));
    assert_eq!(reason(stated_otherwise), "ArtifactMismatch");
    let stranger = generate_key_pair().unwrap();
    assert_eq!(reason(check(TAR, &bundle, key(&stranger.public))), "KeyMismatch");
    let undigested = changed(&bundle, |bundle| {
        bundle["messageSignature"].as_object_mut().unwrap().remove("messageDigest");
    });
    assert!(check(TAR, &undigested, key(&pair.public)).is_ok());
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64.encode(der))
}

fn bundle_of(algorithm: &str, digest: &[u8], signature: &[u8]) -> String {
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": ""}},
        "messageSignature": {
            "messageDigest": {"algorithm": algorithm, "digest": BASE64.encode(digest)},
            "signature": BASE64.encode(signature),
        },
    })
    .to_string()
}

#[test]
fn other_kinds_of_key_verify_too() {
    let random = SystemRandom::new();
    let sha256 = sha2::Sha256::digest(TAR);
    let sha384 = sha2::Sha384::digest(TAR);

    let p384 = EcdsaKeyPair::generate(&sig::ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
    let public: PublicKeyX509Der<'_> = p384.public_key().as_der().unwrap();
    let signature = p384.sign(&random, TAR).unwrap();
    let bundle = bundle_of("SHA2_384", &sha384, signature.as_ref());
    assert!(check(TAR, &bundle, key(&pem(public.as_ref()))).is_ok());

    let ed = Ed25519KeyPair::generate().unwrap();
    let public: PublicKeyX509Der<'_> = ed.public_key().as_der().unwrap();
    let bundle = bundle_of("SHA2_256", &sha256, ed.sign(TAR).as_ref());
    assert!(check(TAR, &bundle, key(&pem(public.as_ref()))).is_ok());
    assert_eq!(reason(check(b"other", &bundle, key(&pem(public.as_ref())))), "ArtifactMismatch");

    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public: PublicKeyX509Der<'_> = rsa.public_key().as_der().unwrap();
    let mut signature = vec![0; rsa.public_modulus_len()];
    rsa.sign(&sig::RSA_PKCS1_SHA256, &random, TAR, &mut signature).unwrap();
    let bundle = bundle_of("SHA2_256", &sha256, &signature);
    assert!(check(TAR, &bundle, key(&pem(public.as_ref()))).is_ok());
    signature[9] ^= 1;
    let bundle = bundle_of("SHA2_256", &sha256, &signature);
    assert_eq!(reason(check(TAR, &bundle, key(&pem(public.as_ref())))), "KeyMismatch");
}

#[test]
fn the_committed_pack_is_what_its_directory_builds() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/e2e/fixtures/keyless/pack");
    let built = super::build::build(std::path::Path::new(dir)).unwrap();
    assert!(built.tar == TAR);
}
