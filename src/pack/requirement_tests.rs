//! What an authority demands is what a bundle must carry: kind of key by kind of log by demand.

use serde_json::{Value, json};

use super::sign::{one_of_each_kind, public_of};
use super::testing::{
    Leaf, Station, TIME, V01, V03, attested, base64, key_verifier, keyed, legacy, pem, public_key,
    statement,
};
use super::trust::{Authority, PublicKey, Requirements};
use super::verify::{Content, Payload, Verification, VerifyError, verify_blob};
use crate::domain::Digest;

const TAR: &[u8] = b"a pack";

fn check(bundle: &Value, authority: &Authority) -> Result<Verification, VerifyError> {
    let authorities = [authority.clone()];
    verify_blob(&Content::of(TAR), bundle.to_string().as_bytes(), &authorities, &Payload::Any)
}

fn reason(bundle: &Value, authority: &Authority) -> &'static str {
    check(bundle, authority).err().map_or("verified", |error| error.reason())
}

#[test]
fn every_kind_of_key_with_every_kind_of_log() {
    let here = Station::new();
    for (details, private) in one_of_each_kind() {
        let bare = keyed(TAR, &private);
        let mut older = bare.clone();
        here.record(&mut older, &public_of(&private).unwrap());
        let mut newer = bare.clone();
        here.record_v2(&mut newer, details, key_verifier(&private));
        let alone = Authority::Key { key: public_key(&private), log_root: None };
        let (demanded, optional) = (here.key(&private, true), here.key(&private, false));
        for (name, bundle, found) in [
            ("bare", &bare, "InclusionProofMissing"),
            ("older", &older, "verified"),
            ("newer", &newer, "verified"),
        ] {
            assert_eq!(reason(bundle, &alone), "verified", "{details} {name}");
            assert_eq!(reason(bundle, &optional), "verified", "{details} {name}");
            assert_eq!(reason(bundle, &demanded), found, "{details} {name}");
        }
        let signer = check(&older, &demanded).unwrap().signer;
        assert_eq!(signer.integrated_time.map(|time| time.as_second()), Some(TIME));
        assert_eq!(signer.log_index, Some(0));
        // Who trusts no log records nothing of what it says.
        let signer = check(&older, &alone).unwrap().signer;
        assert_eq!((signer.integrated_time, signer.log_index), (None, None));
        let statement = attested("application/vnd.in-toto+json", &statement(TAR, "p"), &private);
        assert_eq!(check(&statement, &alone).unwrap().predicate_type.as_deref(), Some("p"));
    }
}

/// RFC 8032, 7.3: Ed25519ph over "abc".
#[test]
fn a_prehashed_ed25519_signature_verifies_where_its_digest_is_stated() {
    let key = hex::decode("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf");
    let spki = [hex::decode("302a300506032b6570032100").unwrap(), key.unwrap()].concat();
    let key = PublicKey::parse(&pem("PUBLIC KEY", &spki)).unwrap();
    let signature = hex::decode(
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41\
         31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406",
    );
    let message = |algorithm: &str, digest: &[u8]| {
        json!({
            "mediaType": V03,
            "verificationMaterial": {"publicKey": {"hint": ""}},
            "messageSignature": {
                "messageDigest": {"algorithm": algorithm, "digest": base64(digest)},
                "signature": base64(signature.as_ref().unwrap()),
            },
        })
        .to_string()
    };
    let authority = [Authority::Key { key, log_root: None }];
    let verified = |bundle: String, content: &[u8]| {
        verify_blob(&Content::of(content), bundle.as_bytes(), &authority, &Payload::Signature)
            .is_ok()
    };
    let sha512 = <sha2::Sha512 as sha2::Digest>::digest;
    assert!(verified(message("SHA2_512", &sha512(b"abc")), b"abc"));
    assert!(!verified(message("SHA2_512", &sha512(b"abd")), b"abd"));
    assert!(!verified(message("SHA2_256", Digest::of(b"abc").as_bytes()), b"abc"));
}

#[test]
fn a_digest_stands_for_the_content_where_it_can() {
    for (details, private) in one_of_each_kind() {
        let bundle = keyed(TAR, &private).to_string();
        let authority = [Authority::Key { key: public_key(&private), log_root: None }];
        let content = Content::Digest(Digest::of(TAR));
        let outcome = verify_blob(&content, bundle.as_bytes(), &authority, &Payload::Signature);
        let found = outcome.err().map_or("verified", |error| error.reason());
        let whole = details.contains("P384") || details.contains("ED25519");
        assert_eq!(found, if whole { "ContentNeeded" } else { "verified" }, "{details}");
    }
}

#[test]
fn a_softer_demand_takes_less_but_never_what_does_not_hold() {
    let here = Station::new();
    let strict = here.keyless(Requirements::default());
    let soft = here.keyless(Requirements { inclusion_proof: false, ..Requirements::default() });
    let good = here.signed(TAR, &Leaf::default());
    let mut promised = good.clone();
    let entry = promised["verificationMaterial"]["tlogEntries"][0].as_object_mut().unwrap();
    entry.remove("inclusionProof");
    assert_eq!(reason(&promised, &strict), "InclusionProofMissing");
    assert_eq!(reason(&promised, &soft), "verified");
    let mut relabelled = promised.clone();
    relabelled["mediaType"] = V01.into();
    assert_eq!(reason(&relabelled, &strict), "InclusionProofMissing");
    assert_eq!(reason(&relabelled, &soft), "verified");
    // A proof that is there must hold, though it was not asked for.
    let mut forged = good.clone();
    forged["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]["envelope"] =
        good["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]["envelope"]
            .as_str()
            .unwrap()
            .replace("log.test ", "log.test AAAA")
            .into();
    assert_eq!(reason(&forged, &soft), "LogProofInvalid");
    let mut bare = good.clone();
    bare["verificationMaterial"]["tlogEntries"] = json!([]);
    assert_eq!(reason(&bare, &soft), "SigningTimeUnknown");
    // Cosign's older file, by certificate.
    let (private, certificate) = here.certify(&Leaf::default());
    let mut signed = keyed(TAR, &private);
    here.record(&mut signed, &pem("CERTIFICATE", &certificate));
    let old = legacy(&signed, &pem("CERTIFICATE", &certificate));
    assert_eq!(reason(&old, &strict), "InclusionProofMissing");
    let found = check(&old, &soft).unwrap();
    assert_eq!(found.signer.subject.as_deref(), Some(super::testing::SUBJECT));
    assert_eq!(found.bundle_media_type, "cosign legacy bundle");
}

#[test]
fn either_of_two_roots_may_vouch_while_they_rotate() {
    let (old, new) = (Station::new(), Station::new());
    let both = [old.keyless(Requirements::default()), new.keyless(Requirements::default())];
    for station in [&old, &new] {
        let bundle = station.signed(TAR, &Leaf::default()).to_string();
        let outcome = verify_blob(&Content::of(TAR), bundle.as_bytes(), &both, &Payload::Signature);
        assert!(outcome.is_ok(), "{outcome:?}");
        let outcome =
            verify_blob(&Content::of(TAR), bundle.as_bytes(), &both[1..], &Payload::Signature);
        assert_eq!(outcome.is_ok(), std::ptr::eq(station, &new));
    }
}
