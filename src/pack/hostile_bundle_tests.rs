//! What a stranger may send for a bundle. Each is refused, and says why in a word of its own.

use serde_json::{Value, json};

use super::sign::generate_key_pair;
use super::testing::{
    Leaf, Station, V01, V03, attested, base64, key_verifier, keyed, legacy, pem, public_key,
    statement,
};
use super::trust::{Authority, CertificateTimestamp, Requirements};
use super::verify::{Content, Payload, verify_blob};

const TAR: &[u8] = b"a pack";
const PREDICATE: &str = "https://slsa.dev/provenance/v1";
const IN_TOTO: &str = "application/vnd.in-toto+json";

struct Case {
    name: &'static str,
    bundle: String,
    authority: Authority,
    wanted: Payload,
    reason: &'static str,
}

fn outcome(case: &Case) -> String {
    let content = Content::of(TAR);
    let authorities = [case.authority.clone()];
    match verify_blob(&content, case.bundle.as_bytes(), &authorities, &case.wanted) {
        Ok(_) => "verified".into(),
        Err(error) => error.reason().into(),
    }
}

fn with(value: &Value, change: impl FnOnce(&mut Value)) -> String {
    let mut value = value.clone();
    change(&mut value);
    value.to_string()
}

fn entry(value: &Value, change: impl FnOnce(&mut Value)) -> String {
    with(value, |v| change(&mut v["verificationMaterial"]["tlogEntries"][0]))
}

fn without(value: &mut Value, name: &str) {
    value.as_object_mut().unwrap().remove(name);
}

fn assert_all(cases: &[Case]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|case| (case.name, case.reason, outcome(case)))
        .filter(|(_, wanted, got)| wanted != got)
        .collect();
    assert!(wrong.is_empty(), "case, wanted, got: {wrong:#?}");
}

#[test]
fn hostile_keyless_bundles() {
    let here = Station::new();
    let good = here.signed(TAR, &Leaf::default());
    let strict = here.keyless(Requirements::default());
    let case = |name, bundle, reason| Case {
        name,
        bundle,
        authority: strict.clone(),
        wanted: Payload::Signature,
        reason,
    };
    let leaf = |leaf: Leaf| here.signed(TAR, &leaf).to_string();
    let other = here.signed(b"other", &Leaf::default());
    let stranger = Station::new().signed(TAR, &Leaf::default());
    let strangers_log = with(&good, |v| {
        v["verificationMaterial"]["tlogEntries"] =
            stranger["verificationMaterial"]["tlogEntries"].clone();
    });
    let text = good.to_string();
    let time = |seconds: &'static str| entry(&good, |e| e["integratedTime"] = seconds.into());
    let chain = |v: &mut Value| {
        let certificate = v["verificationMaterial"]["certificate"].clone();
        without(&mut v["verificationMaterial"], "certificate");
        v["verificationMaterial"]["x509CertificateChain"] = json!({"certificates": [certificate]});
    };
    assert_all(&[
        case("good", text.clone(), "verified"),
        // The text.
        case("nothing", String::new(), "BundleInvalid"),
        case("truncated", text[..text.len() / 2].into(), "BundleInvalid"),
        case("something after it", text.clone() + "{}", "BundleInvalid"),
        case("oversized", " ".repeat((4 << 20) + 1), "BundleTooLarge"),
        case("deep", "[".repeat(100_000), "BundleInvalid"),
        case("deep inside", with(&good, |v| v["x"] = nested(60)), "BundleInvalid"),
        case("a name twice", text.replacen('{', "{\"mediaType\":\"x\",", 1), "BundleInvalid"),
        case(
            "a name twice inside",
            text.replacen("\"logIndex\":\"0\"", "\"logIndex\":\"0\",\"logIndex\":\"1\"", 1),
            "BundleInvalid",
        ),
        case(
            "unknown media type",
            with(&good, |v| v["mediaType"] = "x/y".into()),
            "BundleUnsupported",
        ),
        case(
            "a later version",
            with(&good, |v| v["mediaType"] = V03.replace("0.3", "0.4").into()),
            "BundleUnsupported",
        ),
        case("no media type", with(&good, |v| without(v, "mediaType")), "BundleInvalid"),
        case(
            "signature and attestation at once",
            with(&good, |v| v["dsseEnvelope"] = json!({})),
            "BundleInvalid",
        ),
        case(
            "certificate and key at once",
            with(&good, |v| v["verificationMaterial"]["publicKey"] = json!({"hint": ""})),
            "BundleInvalid",
        ),
        case("no material", with(&good, |v| without(v, "verificationMaterial")), "BundleInvalid"),
        case(
            "a thousand entries",
            with(&good, |v| {
                let entries = &mut v["verificationMaterial"]["tlogEntries"];
                *entries = Value::Array(vec![entries[0].clone(); 1000]);
            }),
            "BundleInvalid",
        ),
        case("a chain in v0.3", with(&good, chain), "BundleInvalid"),
        case(
            "an empty chain",
            with(&good, |v| {
                chain(v);
                v["mediaType"] = V01.into();
                v["verificationMaterial"]["x509CertificateChain"]["certificates"] = json!([]);
            }),
            "BundleInvalid",
        ),
        case(
            "a certificate of rubbish",
            with(&good, |v| {
                v["verificationMaterial"]["certificate"]["rawBytes"] = base64("rubbish").into();
            }),
            "CertificateInvalid",
        ),
        // The content and the signature.
        case("another artifact's", other.to_string(), "ArtifactMismatch"),
        case(
            "another artifact's digest mended",
            with(&other, |v| {
                v["messageSignature"]["messageDigest"] =
                    good["messageSignature"]["messageDigest"].clone();
            }),
            "SignatureInvalid",
        ),
        case(
            "a digest of the wrong length",
            with(&good, |v| v["messageSignature"]["messageDigest"]["digest"] = "AAAA".into()),
            "BundleInvalid",
        ),
        case(
            "an unknown digest algorithm",
            with(&good, |v| v["messageSignature"]["messageDigest"]["algorithm"] = "MD5".into()),
            "BundleInvalid",
        ),
        case(
            "a signature of rubbish",
            with(&good, |v| v["messageSignature"]["signature"] = base64([1; 70]).into()),
            "SignatureInvalid",
        ),
        // The certificate.
        case(
            "another subject",
            leaf(Leaf { subject: "https://evil.test", ..Leaf::default() }),
            "IdentityMismatch",
        ),
        case(
            "another issuer",
            leaf(Leaf { issuer: "https://evil.test", ..Leaf::default() }),
            "IdentityMismatch",
        ),
        case(
            "expired at the log's time",
            leaf(Leaf { year: 2022, ..Leaf::default() }),
            "CertificateExpired",
        ),
        case(
            "not yet valid at the log's time",
            leaf(Leaf { year: 2024, ..Leaf::default() }),
            "CertificateExpired",
        ),
        case(
            "not for signing code",
            leaf(Leaf { signs_code: false, ..Leaf::default() }),
            "Untrusted",
        ),
        case("signed by itself", leaf(Leaf { by_itself: true, ..Leaf::default() }), "Untrusted"),
        case(
            "an unknown critical extension",
            leaf(Leaf { unknown_critical: true, ..Leaf::default() }),
            "CertificateInvalid",
        ),
        case("a stranger's authority and log", stranger.to_string(), "Untrusted"),
        // The log.
        case("a stranger's log", strangers_log, "Untrusted"),
        case("an earlier time", time("1699999999"), "LogPromiseInvalid"),
        case("a later time", time("1700000001"), "LogPromiseInvalid"),
        case("a time before the log", time("1000000000"), "LogPromiseInvalid"),
        case("no time", entry(&good, |e| without(e, "integratedTime")), "SigningTimeUnknown"),
        case(
            "a promise of rubbish",
            entry(&good, |e| {
                e["inclusionPromise"]["signedEntryTimestamp"] = base64([7; 71]).into()
            }),
            "LogPromiseInvalid",
        ),
        case(
            "another place in the log",
            entry(&good, |e| e["logIndex"] = "9".into()),
            "LogPromiseInvalid",
        ),
        case(
            "a zeroed root",
            entry(&good, |e| e["inclusionProof"]["rootHash"] = base64([0; 32]).into()),
            "LogProofInvalid",
        ),
        case(
            "a proof of another entry",
            entry(&good, |e| {
                e["inclusionProof"] =
                    other["verificationMaterial"]["tlogEntries"][0]["inclusionProof"].clone();
            }),
            "LogProofInvalid",
        ),
        case(
            "a tree head without signature",
            entry(&good, |e| {
                let note = e["inclusionProof"]["checkpoint"]["envelope"].as_str().unwrap();
                let head = note.split("\n\n").next().unwrap();
                let note = format!("{head}\n\n\u{2014} log.test {}\n", base64([9; 74]));
                e["inclusionProof"]["checkpoint"]["envelope"] = note.into();
            }),
            "LogProofInvalid",
        ),
        case(
            "a place outside the tree",
            entry(&good, |e| e["inclusionProof"]["logIndex"] = "5".into()),
            "LogProofInvalid",
        ),
        case("no proof", entry(&good, |e| without(e, "inclusionProof")), "InclusionProofMissing"),
        case(
            "no proof, relabelled",
            with(&good, |v| {
                v["mediaType"] = V01.into();
                without(&mut v["verificationMaterial"]["tlogEntries"][0], "inclusionProof");
            }),
            "InclusionProofMissing",
        ),
        case(
            "no entry",
            with(&good, |v| v["verificationMaterial"]["tlogEntries"] = json!([])),
            "InclusionProofMissing",
        ),
        case(
            "a second entry without proof",
            with(&good, |v| {
                let entries = v["verificationMaterial"]["tlogEntries"].as_array_mut().unwrap();
                let mut second = entries[0].clone();
                without(&mut second, "inclusionProof");
                entries.push(second);
            }),
            "InclusionProofMissing",
        ),
        case(
            "a second entry about other content",
            with(&good, |v| {
                let entries = v["verificationMaterial"]["tlogEntries"].as_array_mut().unwrap();
                entries.push(other["verificationMaterial"]["tlogEntries"][0].clone());
            }),
            "ArtifactMismatch",
        ),
        case(
            "an entry about another signature over this content",
            with(&good, |v| {
                let again = here.signed(TAR, &Leaf::default());
                v["verificationMaterial"]["tlogEntries"] =
                    again["verificationMaterial"]["tlogEntries"].clone();
            }),
            "LogEntryMismatch",
        ),
        case(
            "a timestamp of rubbish",
            with(&good, |v| {
                v["verificationMaterial"]["timestampVerificationData"] =
                    json!({"rfc3161Timestamps": [{"signedTimestamp": base64("rubbish")}]});
            }),
            "TimestampInvalid",
        ),
        Case {
            name: "no timestamp where one is demanded",
            bundle: text.clone(),
            authority: here
                .keyless(Requirements { signed_timestamp: true, ..Requirements::default() }),
            wanted: Payload::Signature,
            reason: "SignedTimestampMissing",
        },
        Case {
            name: "no SCT where one is demanded",
            bundle: text.clone(),
            authority: here.keyless(Requirements {
                certificate_timestamp: CertificateTimestamp::Required,
                ..Requirements::default()
            }),
            wanted: Payload::Signature,
            reason: "CertificateTimestampInvalid",
        },
        Case {
            name: "a signature where an attestation is demanded",
            bundle: text.clone(),
            authority: strict.clone(),
            wanted: Payload::Attestation(PREDICATE.into()),
            reason: "PayloadMismatch",
        },
        Case {
            name: "a certificate where a key is trusted",
            bundle: text,
            authority: here.key(&generate_key_pair().unwrap().private, true),
            wanted: Payload::Signature,
            reason: "AuthorityMismatch",
        },
    ]);
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::Null, |inner, _| json!([inner]))
}

#[test]
fn hostile_bundles_by_key() {
    let here = Station::new();
    let [(_, p256), (_, p384), ..] = super::sign::one_of_each_kind();
    let other = generate_key_pair().unwrap().private;
    let alone = Authority::Key { key: public_key(&p256), log_root: None };
    let logged = here.key(&p256, true);
    let good = keyed(TAR, &p256);
    let mut recorded = good.clone();
    here.record(&mut recorded, &super::sign::public_of(&p256).unwrap());
    let by = |authority: &Authority, name, bundle: String, reason| Case {
        name,
        bundle,
        authority: authority.clone(),
        wanted: Payload::Signature,
        reason,
    };
    let hint = &good["verificationMaterial"]["publicKey"]["hint"];
    let v2 = |details: &str, verifier: Value| {
        let mut bundle = good.clone();
        here.record_v2(&mut bundle, details, verifier);
        bundle
    };
    let newer = v2("PKIX_ECDSA_P256_SHA_256", key_verifier(&p256));
    let as_p256 = with(&keyed(TAR, &p384), |v| {
        v["messageSignature"]["messageDigest"] = good["messageSignature"]["messageDigest"].clone();
        v["verificationMaterial"]["publicKey"]["hint"] = hint.clone();
    });
    let old = legacy(&recorded, &super::sign::public_of(&p256).unwrap());
    assert_all(&[
        by(&alone, "good", good.to_string(), "verified"),
        by(&logged, "good and recorded", recorded.to_string(), "verified"),
        by(&logged, "good and recorded in the newer log", newer.to_string(), "verified"),
        by(&alone, "legacy", old.to_string(), "verified"),
        by(&logged, "legacy has no proof", old.to_string(), "InclusionProofMissing"),
        by(&alone, "another key", keyed(TAR, &other).to_string(), "KeyMismatch"),
        by(
            &alone,
            "another key under this one's hint",
            with(&keyed(TAR, &other), |v| {
                v["verificationMaterial"]["publicKey"]["hint"] = hint.clone();
            }),
            "KeyMismatch",
        ),
        by(
            &alone,
            "this key under another's hint",
            with(&good, |v| {
                v["verificationMaterial"]["publicKey"]["hint"] = base64([3; 32]).into();
            }),
            "KeyMismatch",
        ),
        by(&alone, "P-384 that calls itself P-256", as_p256, "KeyMismatch"),
        by(
            &alone,
            "a digest algorithm that the key does not go with",
            with(&good, |v| {
                v["messageSignature"]["messageDigest"] = json!({
                    "algorithm": "SHA2_512",
                    "digest": base64(<sha2::Sha512 as sha2::Digest>::digest(TAR)),
                });
            }),
            "BundleInvalid",
        ),
        by(&logged, "not recorded", good.to_string(), "InclusionProofMissing"),
        by(
            &logged,
            "recorded elsewhere",
            with(&good, |v| {
                Station::new().record(v, &super::sign::public_of(&p256).unwrap());
            }),
            "Untrusted",
        ),
        by(
            &logged,
            "recorded as another's",
            with(&good, |v| here.record(v, &super::sign::public_of(&other).unwrap())),
            "LogEntryMismatch",
        ),
        by(
            &logged,
            "recorded as another's in the newer log",
            v2("PKIX_ECDSA_P256_SHA_256", key_verifier(&other)).to_string(),
            "LogEntryMismatch",
        ),
        by(
            &logged,
            "recorded as another kind of key",
            v2("PKIX_RSA_PKCS1V15_2048_SHA256", key_verifier(&p256)).to_string(),
            "LogEntryMismatch",
        ),
        // A lone key believes no log, but does not swallow an entry about something else.
        by(
            &alone,
            "an entry about other content, for a lone key",
            with(&good, |v| {
                let mut other = keyed(b"other", &p256);
                here.record(&mut other, &super::sign::public_of(&p256).unwrap());
                v["verificationMaterial"]["tlogEntries"] =
                    other["verificationMaterial"]["tlogEntries"].clone();
            }),
            "LogEntryMismatch",
        ),
        by(
            &logged,
            "an entry of another kind than its body",
            entry(&recorded, |e| e["kindVersion"]["version"] = "0.0.2".into()),
            "LogEntryMismatch",
        ),
        by(
            &logged,
            "an unknown kind of entry",
            entry(&recorded, |e| e["kindVersion"]["kind"] = "jar".into()),
            "BundleInvalid",
        ),
        by(
            &logged,
            "the newer log's place moved",
            entry(&newer, |e| e["logIndex"] = "1".into()),
            "LogProofInvalid",
        ),
        by(
            &logged,
            "a shifted time",
            entry(&recorded, |e| e["integratedTime"] = "1700000001".into()),
            "LogPromiseInvalid",
        ),
        by(
            &alone,
            "legacy, not base64",
            with(&old, |v| v["base64Signature"] = "!".into()),
            "BundleInvalid",
        ),
        by(
            &alone,
            "legacy, rubbish for a key",
            with(&old, |v| v["cert"] = "AAAA".into()),
            "BundleInvalid",
        ),
        by(
            &alone,
            "legacy, a body of rubbish",
            with(&old, |v| v["rekorBundle"]["Payload"]["body"] = "AAAA".into()),
            "BundleInvalid",
        ),
        by(
            &alone,
            "legacy, a negative time",
            with(&old, |v| v["rekorBundle"]["Payload"]["integratedTime"] = (-1).into()),
            "BundleInvalid",
        ),
        by(
            &here.key(&p256, false),
            "legacy, a promise of rubbish",
            with(&old, |v| v["rekorBundle"]["SignedEntryTimestamp"] = base64([5; 70]).into()),
            "LogPromiseInvalid",
        ),
        by(
            &alone,
            "legacy, of another key",
            legacy(&keyed(TAR, &other), &super::sign::public_of(&other).unwrap()).to_string(),
            "KeyMismatch",
        ),
        by(
            &alone,
            "legacy, with a certificate",
            legacy(&good, &pem("CERTIFICATE", &here.certify(&Leaf::default()).1)).to_string(),
            "AuthorityMismatch",
        ),
    ]);
}

#[test]
fn hostile_attestations() {
    let private = generate_key_pair().unwrap().private;
    let alone = Authority::Key { key: public_key(&private), log_root: None };
    let case = |name, wanted, bundle: String, reason| Case {
        name,
        bundle,
        authority: alone.clone(),
        wanted,
        reason,
    };
    let wanted = || Payload::Attestation(PREDICATE.into());
    let says = |payload: &str| attested(IN_TOTO, payload, &private).to_string();
    let right = statement(TAR, PREDICATE);
    let good = attested(IN_TOTO, &right, &private);
    let changed = |from: &str, to: &str| says(&right.replace(from, to));
    assert_all(&[
        case("good", wanted(), good.to_string(), "verified"),
        case("good, any", Payload::Any, good.to_string(), "verified"),
        case("for a signature", Payload::Signature, good.to_string(), "PayloadMismatch"),
        case(
            "another predicate",
            wanted(),
            says(&statement(TAR, "https://cyclonedx.org/bom")),
            "PayloadMismatch",
        ),
        case(
            "another payload type",
            Payload::Any,
            attested("application/json", &right, &private).to_string(),
            "PayloadMismatch",
        ),
        case(
            "about other content",
            wanted(),
            says(&statement(b"other", PREDICATE)),
            "SubjectMismatch",
        ),
        case(
            "about nothing",
            wanted(),
            changed("\"pack\"", "\"pack\",\"digest\":{}"),
            "SubjectMismatch",
        ),
        case(
            "without subjects",
            wanted(),
            says(&with(&serde_json::from_str(&right).unwrap(), |v| v["subject"] = json!([]))),
            "SubjectMismatch",
        ),
        case(
            "of an unknown type",
            wanted(),
            changed("Statement/v1", "Statement/v9"),
            "SubjectMismatch",
        ),
        case("without type", wanted(), changed("_type", "type"), "SubjectMismatch"),
        case("no JSON", wanted(), says("rubbish"), "SubjectMismatch"),
        case(
            "a name twice",
            wanted(),
            says(&right.replacen('{', "{\"predicateType\":\"x\",", 1)),
            "SubjectMismatch",
        ),
        case(
            "two signatures",
            wanted(),
            with(&good, |v| {
                let signatures = v["dsseEnvelope"]["signatures"].as_array_mut().unwrap();
                signatures.push(signatures[0].clone());
            }),
            "BundleInvalid",
        ),
        case(
            "no signature",
            wanted(),
            with(&good, |v| v["dsseEnvelope"]["signatures"] = json!([])),
            "BundleInvalid",
        ),
        case(
            "changed after signing",
            wanted(),
            with(&good, |v| {
                let changed = right.replace("\"predicate\":{}", "\"predicate\":{\"ok\":true}");
                v["dsseEnvelope"]["payload"] = base64(changed).into();
            }),
            "SignatureInvalid",
        ),
        case(
            "signed over the payload, not over the envelope",
            wanted(),
            with(&good, |v| {
                let bare = keyed(right.as_bytes(), &private);
                v["dsseEnvelope"]["signatures"][0]["sig"] =
                    bare["messageSignature"]["signature"].clone();
            }),
            "SignatureInvalid",
        ),
        case(
            "an entry that records a plain signature",
            wanted(),
            with(&good, |v| {
                let mut plain = keyed(TAR, &private);
                Station::new().record(&mut plain, &super::sign::public_of(&private).unwrap());
                v["verificationMaterial"] = plain["verificationMaterial"].clone();
            }),
            "LogEntryMismatch",
        ),
    ]);
}
