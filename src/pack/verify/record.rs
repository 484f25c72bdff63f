//! Whether a log entry is about the bundle that carries it (CVE-2022-36056): same content, same
//! signature, same key. It takes no trust root to see that an entry speaks of something else.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sigstore_verify::crypto::KeyAlgorithm;
use sigstore_verify::types::bundle::TransparencyLogEntry;
use sigstore_verify::types::{
    DerCertificate, DerPublicKey, DigestBytes, DsseEnvelope, HashAlgorithm, KindVersion,
    PemContent, SignatureBytes, SignatureContent,
};

use super::content::{Content, hash};
use super::error::VerifyError;

/// Who made the signature.
pub(super) enum Signed<'a> {
    /// The key of a certificate.
    Certificate(&'a DerCertificate, &'a DerPublicKey),
    /// A key.
    Key(&'a DerPublicKey),
}

impl Signed<'_> {
    fn key(&self) -> &DerPublicKey {
        match self {
            Self::Certificate(_, key) | Self::Key(key) => key,
        }
    }

    /// Whether PEM, as the older log keeps it, is this certificate or key.
    fn is_pem(&self, pem: &PemContent) -> bool {
        let Ok(text) = std::str::from_utf8(pem.as_bytes()) else { return false };
        match self {
            Self::Certificate(certificate, _) => {
                DerCertificate::from_pem(text).is_ok_and(|logged| logged == **certificate)
            }
            Self::Key(key) => DerPublicKey::from_pem(text).is_ok_and(|logged| logged == **key),
        }
    }
}

#[derive(Deserialize)]
struct Body<S> {
    spec: S,
}

#[derive(Deserialize)]
struct HashedRekord1 {
    data: Data1,
    signature: Signature1,
}

#[derive(Deserialize)]
struct Data1 {
    hash: HexHash,
}

#[derive(Deserialize)]
struct HexHash {
    algorithm: HashAlgorithm,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signature1 {
    content: SignatureBytes,
    public_key: Pem1,
}

#[derive(Deserialize)]
struct Pem1 {
    content: PemContent,
}

#[derive(Deserialize)]
struct HashedRekord2 {
    #[serde(rename = "hashedRekordV002")]
    record: Record2,
}

#[derive(Deserialize)]
struct Record2 {
    data: Data2,
    signature: Signature2,
}

#[derive(Deserialize)]
struct Data2 {
    algorithm: HashAlgorithm,
    digest: DigestBytes,
}

#[derive(Deserialize)]
struct Signature2 {
    content: SignatureBytes,
    verifier: Verifier2,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verifier2 {
    key_details: String,
    x509_certificate: Option<Raw<DerCertificate>>,
    public_key: Option<Raw<DerPublicKey>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw<T> {
    raw_bytes: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dsse1 {
    payload_hash: HexHash,
    signatures: Vec<DsseSignature1>,
}

#[derive(Deserialize)]
struct DsseSignature1 {
    signature: SignatureBytes,
    verifier: PemContent,
}

fn wrong(text: impl Into<String>) -> VerifyError {
    VerifyError::LogEntryMismatch(text.into())
}

fn body<S: DeserializeOwned>(entry: &TransparencyLogEntry) -> Result<S, VerifyError> {
    let text = entry.canonicalized_body.as_bytes();
    // The body states its own kind too; what is read must be what was logged.
    let value: Value =
        serde_json::from_slice(text).map_err(|e| wrong(format!("its body is no JSON: {e}")))?;
    let kind = entry.kind_version;
    if value["kind"] != kind.kind() || value["apiVersion"] != kind.version() {
        return Err(wrong("its body is of another kind than it says"));
    }
    let body: Body<S> = serde_json::from_value(value).map_err(|e| wrong(e.to_string()))?;
    Ok(body.spec)
}

/// Whether the Sigstore library cannot read an entry: in the newer log it knows SHA-256 by P-256
/// alone.
pub(super) fn unknown_to_library(entry: &TransparencyLogEntry) -> bool {
    entry.kind_version == KindVersion::HashedRekordV002
        && body::<HashedRekord2>(entry).is_ok_and(|logged| {
            logged.record.signature.verifier.key_details != "PKIX_ECDSA_P256_SHA_256"
                || logged.record.data.algorithm != HashAlgorithm::Sha2256
        })
}

/// Checks that an entry is about this signature, by this signer, over this content.
pub(super) fn consistent(
    entry: &TransparencyLogEntry,
    signed: &SignatureContent,
    content: &Content<'_>,
    by: &Signed<'_>,
) -> Result<(), VerifyError> {
    match (entry.kind_version, signed) {
        (KindVersion::HashedRekordV001, SignatureContent::MessageSignature(message)) => {
            let logged: HashedRekord1 = body(entry)?;
            let digest = content.hash(logged.data.hash.algorithm)?;
            same_hex(&logged.data.hash.value, &digest)?;
            same_signature(&logged.signature.content, &message.signature)?;
            same_signer(by.is_pem(&logged.signature.public_key.content))
        }
        (KindVersion::HashedRekordV002, SignatureContent::MessageSignature(message)) => {
            let logged = body::<HashedRekord2>(entry)?.record;
            same_bytes(&logged.data.digest, &content.hash(logged.data.algorithm)?)?;
            same_signature(&logged.signature.content, &message.signature)?;
            verifier(&logged.signature.verifier, by)
        }
        (KindVersion::HashedRekordV002, SignatureContent::DsseEnvelope(envelope)) => {
            let logged = body::<HashedRekord2>(entry)?.record;
            same_bytes(&logged.data.digest, &hash(logged.data.algorithm, &envelope.pae())?)?;
            same_signature(&logged.signature.content, &envelope.signature.sig)?;
            verifier(&logged.signature.verifier, by)
        }
        (KindVersion::DsseV001, SignatureContent::DsseEnvelope(envelope)) => {
            let logged: Dsse1 = body(entry)?;
            let algorithm = logged.payload_hash.algorithm;
            same_hex(&logged.payload_hash.value, &hash(algorithm, envelope.payload.as_bytes())?)?;
            let [signature] = logged.signatures.as_slice() else {
                return Err(wrong("it does not record exactly one signature"));
            };
            same_signature(&signature.signature, &envelope.signature.sig)?;
            same_signer(by.is_pem(&signature.verifier))
        }
        (KindVersion::IntotoV002, SignatureContent::DsseEnvelope(envelope)) => {
            intoto(body(entry)?, envelope, by)
        }
        (kind, _) => Err(wrong(format!(
            "a {} {} entry does not record what the bundle holds",
            kind.kind(),
            kind.version()
        ))),
    }
}

#[derive(Deserialize)]
struct Intoto2 {
    content: IntotoContent,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IntotoContent {
    envelope: IntotoEnvelope,
    payload_hash: HexHash,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IntotoEnvelope {
    payload_type: String,
    signatures: Vec<IntotoSignature>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IntotoSignature {
    public_key: PemContent,
    /// In base64 twice.
    sig: SignatureBytes,
}

fn intoto(logged: Intoto2, envelope: &DsseEnvelope, by: &Signed<'_>) -> Result<(), VerifyError> {
    let IntotoContent { envelope: record, payload_hash } = logged.content;
    same_hex(&payload_hash.value, &hash(payload_hash.algorithm, envelope.payload.as_bytes())?)?;
    if record.payload_type != envelope.payload_type {
        return Err(wrong("it records another payload type"));
    }
    let [signature] = record.signatures.as_slice() else {
        return Err(wrong("it does not record exactly one signature"));
    };
    let inner = std::str::from_utf8(signature.sig.as_bytes()).ok();
    let inner = inner.and_then(|text| SignatureBytes::from_base64(text).ok());
    same(inner.as_ref() == Some(&envelope.signature.sig), "it records another signature")?;
    same_signer(by.is_pem(&signature.public_key))
}

fn verifier(logged: &Verifier2, by: &Signed<'_>) -> Result<(), VerifyError> {
    let same = match (by, &logged.x509_certificate, &logged.public_key) {
        (Signed::Certificate(certificate, _), Some(raw), None) => raw.raw_bytes == **certificate,
        (Signed::Key(key), None, Some(raw)) => raw.raw_bytes == **key,
        _ => false,
    };
    same_signer(same)?;
    let family = match KeyAlgorithm::from_spki(by.key()) {
        Ok(KeyAlgorithm::EcdsaP256) => "PKIX_ECDSA_P256_",
        Ok(KeyAlgorithm::EcdsaP384) => "PKIX_ECDSA_P384_",
        Ok(KeyAlgorithm::Rsa) => "PKIX_RSA_PKCS1V15_",
        Ok(KeyAlgorithm::Ed25519) => "PKIX_ED25519",
        _ => return Err(wrong("its key is of an unsupported kind")),
    };
    match logged.key_details.starts_with(family) {
        true => Ok(()),
        false => Err(wrong(format!("it calls the key {}", logged.key_details))),
    }
}

fn same_hex(logged: &str, actual: &[u8]) -> Result<(), VerifyError> {
    same(logged.eq_ignore_ascii_case(&hex::encode(actual)), "it records other content")
}

fn same_bytes(logged: &DigestBytes, actual: &[u8]) -> Result<(), VerifyError> {
    same(logged.as_bytes() == actual, "it records other content")
}

fn same_signature(logged: &SignatureBytes, actual: &SignatureBytes) -> Result<(), VerifyError> {
    same(logged == actual, "it records another signature")
}

fn same_signer(same_one: bool) -> Result<(), VerifyError> {
    same(same_one, "it records another signer")
}

fn same(yes: bool, otherwise: &str) -> Result<(), VerifyError> {
    if yes { Ok(()) } else { Err(wrong(otherwise)) }
}
