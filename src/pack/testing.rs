//! A whole Sigstore in memory, for tests: a certificate authority, a transparency log of both kinds,
//! and whatever a forger would like to make with them.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::fetch::FetchedPack;
use super::sign::{generate_key_pair, public_of, sign_blob};
use super::trust::{Authority, Identity, KeyLog, PublicKey, Requirements, TrustRoot};
use super::verify::{VerifiedPack, verify};

/// When everything here is signed.
pub(super) const TIME: i64 = 1_700_000_000;
pub(super) const ISSUER: &str = "https://issuer.test";
pub(super) const SUBJECT: &str = "https://packs.test/release";
pub(super) const V03: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
pub(super) const V01: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";

pub(super) fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64.encode(bytes)
}

/// What a certificate says.
pub(super) struct Leaf {
    pub issuer: &'static str,
    pub subject: &'static str,
    pub year: i32,
    pub signs_code: bool,
    pub unknown_critical: bool,
    pub by_itself: bool,
}

impl Default for Leaf {
    fn default() -> Self {
        Self {
            issuer: ISSUER,
            subject: SUBJECT,
            year: 2023,
            signs_code: true,
            unknown_critical: false,
            by_itself: false,
        }
    }
}

/// A private Sigstore.
pub(super) struct Station {
    ca: Issuer<'static, KeyPair>,
    ca_der: Vec<u8>,
    log: EcdsaKeyPair,
    log_spki: Vec<u8>,
}

impl Station {
    pub(super) fn new() -> Self {
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        ca.not_before = date_time_ymd(2020, 1, 1);
        ca.not_after = date_time_ymd(2040, 1, 1);
        let ca_key = KeyPair::generate().unwrap();
        let ca_der = ca.self_signed(&ca_key).unwrap().der().to_vec();
        let log = generate_key_pair().unwrap();
        let pkcs8 = PrivatePkcs8KeyDer::from_pem_slice(log.private.as_bytes()).unwrap();
        Self {
            ca: Issuer::new(ca, ca_key),
            ca_der,
            log: EcdsaKeyPair::from_pkcs8(
                &ECDSA_P256_SHA256_ASN1_SIGNING,
                pkcs8.secret_pkcs8_der(),
            )
            .unwrap(),
            log_spki: spki(&log.public),
        }
    }

    fn log_id(&self) -> Vec<u8> {
        Sha256::digest(&self.log_spki).to_vec()
    }

    pub(super) fn root(&self) -> Value {
        let valid = json!({"start": "2020-01-01T00:00:00Z"});
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [{
                "baseUrl": "https://log.test",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": base64(&self.log_spki),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": valid,
                },
                "logId": {"keyId": base64(self.log_id())},
            }],
            "certificateAuthorities": [{
                "subject": {"organization": "test", "commonName": "test"},
                "uri": "https://ca.test",
                "certChain": {"certificates": [{"rawBytes": base64(&self.ca_der)}]},
                "validFor": valid,
            }],
            "ctlogs": [],
            "timestampAuthorities": [],
        })
    }

    pub(super) fn trust(&self) -> TrustRoot {
        TrustRoot::parse(&self.root().to_string()).unwrap()
    }

    pub(super) fn keyless(&self, require: Requirements) -> Authority {
        let identity = Identity::new(Some(ISSUER), None, Some(SUBJECT), None).unwrap();
        Authority::Keyless { root: self.trust(), identities: vec![identity], require }
    }

    pub(super) fn key(&self, private: &str, inclusion_proof: bool) -> Authority {
        let root = self.trust();
        let log = KeyLog { root, inclusion_proof, signed_timestamp: false };
        Authority::Key { key: public_key(private), log_root: Some(log) }
    }

    /// A private key and its certificate.
    pub(super) fn certify(&self, leaf: &Leaf) -> (String, Vec<u8>) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.not_before = date_time_ymd(leaf.year, 11, 14);
        params.not_after = date_time_ymd(leaf.year, 11, 16);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![match leaf.signs_code {
            true => ExtendedKeyUsagePurpose::CodeSigning,
            false => ExtendedKeyUsagePurpose::ServerAuth,
        }];
        params.subject_alt_names = vec![SanType::URI(leaf.subject.try_into().unwrap())];
        let issuer = leaf.issuer.as_bytes().to_vec();
        let issuer = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, 1], issuer);
        params.custom_extensions.push(issuer);
        if leaf.unknown_critical {
            let mut unknown = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 9], vec![5, 0]);
            unknown.set_criticality(true);
            params.custom_extensions.push(unknown);
        }
        let certificate = match leaf.by_itself {
            true => params.self_signed(&key).unwrap(),
            false => params.signed_by(&key, &self.ca).unwrap(),
        };
        (key.serialize_pem(), certificate.der().to_vec())
    }

    /// A keyless bundle v0.3 with an entry of the older log.
    pub(super) fn signed(&self, content: &[u8], leaf: &Leaf) -> Value {
        let (private, certificate) = self.certify(leaf);
        let mut bundle = keyed(content, &private);
        bundle["verificationMaterial"] = json!({"certificate": {"rawBytes": base64(&certificate)}});
        self.record(&mut bundle, &pem("CERTIFICATE", &certificate));
        bundle
    }

    /// Adds an entry of the older log about a bundle's signature.
    pub(super) fn record(&self, bundle: &mut Value, verifier: &str) {
        let message = &bundle["messageSignature"];
        let algorithm = message["messageDigest"]["algorithm"].as_str().unwrap();
        let digest = BASE64.decode(message["messageDigest"]["digest"].as_str().unwrap()).unwrap();
        let body = json!({
            "apiVersion": "0.0.1",
            "kind": "hashedrekord",
            "spec": {
                "data": {"hash": {
                    "algorithm": algorithm.replace("SHA2_", "sha"),
                    "value": hex::encode(digest),
                }},
                "signature": {
                    "content": message["signature"],
                    "publicKey": {"content": base64(verifier)},
                },
            },
        });
        let entry = self.entry(&body, Some(TIME));
        push(bundle, entry);
    }

    /// Adds an entry of the newer log.
    pub(super) fn record_v2(&self, bundle: &mut Value, details: &str, verifier: Value) {
        let mut verifier = verifier;
        verifier["keyDetails"] = details.into();
        let message = &bundle["messageSignature"];
        let body = json!({
            "apiVersion": "0.0.2",
            "kind": "hashedrekord",
            "spec": {"hashedRekordV002": {
                "data": message["messageDigest"],
                "signature": {"content": message["signature"], "verifier": verifier},
            }},
        });
        let entry = self.entry(&body, None);
        push(bundle, entry);
    }

    /// The only leaf of a tree, with all that the log signs about it.
    pub(super) fn entry(&self, body: &Value, time: Option<i64>) -> Value {
        let text = body.to_string();
        let leaf = Sha256::digest([&[0], text.as_bytes()].concat());
        let head = format!("log.test\n1\n{}\n", base64(leaf));
        let mut note = self.log_id()[..4].to_vec();
        note.extend(self.sign(head.as_bytes()));
        let mut entry = json!({
            "logIndex": "0",
            "logId": {"keyId": base64(self.log_id())},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "canonicalizedBody": base64(&text),
            "inclusionProof": {
                "logIndex": "0",
                "treeSize": "1",
                "rootHash": base64(leaf),
                "hashes": [],
                "checkpoint": {"envelope": format!("{head}\n\u{2014} log.test {}\n", base64(note))},
            },
        });
        if let Some(time) = time {
            let promise = json!({
                "body": base64(&text),
                "integratedTime": time,
                "logID": hex::encode(self.log_id()),
                "logIndex": 0,
            });
            let promise = self.sign(&serde_json_canonicalizer::to_vec(&promise).unwrap());
            entry["integratedTime"] = time.to_string().into();
            entry["inclusionPromise"] = json!({"signedEntryTimestamp": base64(promise)});
        }
        entry
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.log.sign(&SystemRandom::new(), bytes).unwrap().as_ref().to_vec()
    }
}

fn push(bundle: &mut Value, entry: Value) {
    let entries = &mut bundle["verificationMaterial"]["tlogEntries"];
    match entries.as_array_mut() {
        Some(entries) => entries.push(entry),
        None => *entries = json!([entry]),
    }
}

fn spki(public_pem: &str) -> Vec<u8> {
    SubjectPublicKeyInfoDer::from_pem_slice(public_pem.as_bytes()).unwrap().as_ref().to_vec()
}

pub(super) fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", base64(der))
}

/// The other half of a private key, as an authority takes it.
pub(super) fn public_key(private: &str) -> PublicKey {
    PublicKey::parse(&public_of(private).unwrap()).unwrap()
}

/// The verifier of an entry in the newer log.
pub(super) fn key_verifier(private: &str) -> Value {
    json!({"publicKey": {"rawBytes": base64(spki(&public_of(private).unwrap()))}})
}

/// A bundle by a key, without log.
pub(super) fn keyed(content: &[u8], private: &str) -> Value {
    serde_json::from_str(&sign_blob(content, private).unwrap()).unwrap()
}

/// An attestation by a key.
pub(super) fn attested(payload_type: &str, payload: &str, private: &str) -> Value {
    let pae = sigstore_verify::types::pae(payload_type, payload.as_bytes());
    let signed = keyed(&pae, private);
    json!({
        "mediaType": V03,
        "verificationMaterial": signed["verificationMaterial"],
        "dsseEnvelope": {
            "payloadType": payload_type,
            "payload": base64(payload),
            "signatures": [{"sig": signed["messageSignature"]["signature"], "keyid": ""}],
        },
    })
}

/// An in-toto statement about some content.
pub(super) fn statement(content: &[u8], predicate_type: &str) -> String {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "pack", "digest": {"sha256": hex::encode(Sha256::digest(content))}}],
        "predicateType": predicate_type,
        "predicate": {},
    })
    .to_string()
}

/// What cosign once wrote, saying the same as a bundle.
pub(super) fn legacy(bundle: &Value, verifier: &str) -> Value {
    let mut file = json!({
        "base64Signature": bundle["messageSignature"]["signature"],
        "cert": base64(verifier),
    });
    let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
    if let Some(body) = entry["canonicalizedBody"].as_str() {
        let log = BASE64.decode(entry["logId"]["keyId"].as_str().unwrap()).unwrap();
        let number = |name: &str| entry[name].as_str().unwrap().parse::<u64>().unwrap();
        file["rekorBundle"] = json!({
            "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
            "Payload": {
                "body": body,
                "integratedTime": number("integratedTime"),
                "logIndex": number("logIndex"),
                "logID": hex::encode(log),
            },
        });
    }
    file
}

/// Some bytes, signed with a key of their own and verified.
pub(crate) fn verified(tar: impl AsRef<[u8]>) -> VerifiedPack {
    let tar = Bytes::copy_from_slice(tar.as_ref());
    let keys = generate_key_pair().unwrap();
    let bundle = sign_blob(&tar, &keys.private).unwrap();
    let fetched = FetchedPack { tar, bundle: Some(bundle.into()), ..FetchedPack::default() };
    let key = public_key(&keys.private);
    verify(fetched, None, &[Authority::Key { key, log_root: None }]).unwrap()
}
