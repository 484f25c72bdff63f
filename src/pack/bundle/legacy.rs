//! Cosign's older `--bundle` file, `{base64Signature, cert, rekorBundle}`, as the Sigstore bundle
//! v0.1 that says the same. Conversion adds no trust: what the file lacks (an inclusion proof) the
//! bundle lacks too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use sigstore_verify::types::{DerCertificate, DerPublicKey};

use super::super::sign::key_hint;
use super::BundleError;

fn wrong(text: impl Into<String>) -> BundleError {
    BundleError::Legacy(text.into())
}

/// The bundle that says the same.
///
/// # Errors
/// If a part is malformed.
pub(super) fn convert(file: &Value) -> Result<Value, BundleError> {
    let signature = text(file, "base64Signature")?;
    let signed = BASE64.decode(signature).map_err(|_| wrong("base64Signature is not base64"))?;
    let mut material = json!({"tlogEntries": entries(file.get("rekorBundle"))?});
    let (name, content) = verifier(file.get("cert"))?;
    material[name] = content;
    let mut bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1",
        "verificationMaterial": material,
    });
    // `cosign attest-blob` put a whole envelope where `sign-blob` puts a signature.
    match signed.first() {
        Some(b'{') => {
            let envelope = std::str::from_utf8(&signed).map_err(|e| wrong(e.to_string()))?;
            let envelope = super::strict::value(envelope)
                .map_err(|e| wrong(format!("the envelope in base64Signature: {e}")))?;
            bundle["dsseEnvelope"] = envelope;
        }
        _ => bundle["messageSignature"] = json!({"signature": signature}),
    }
    Ok(bundle)
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, BundleError> {
    let text = value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| wrong(format!("{name} is missing or no string")))
}

/// `cert` holds the PEM of a certificate or of a public key, once more in base64; with a key it may
/// be missing.
fn verifier(cert: Option<&Value>) -> Result<(&'static str, Value), BundleError> {
    let hint = |hint: String| ("publicKey", json!({"hint": hint}));
    let cert = match cert {
        None | Some(Value::Null) => return Ok(hint(String::new())),
        Some(Value::String(cert)) if cert.is_empty() => return Ok(hint(String::new())),
        Some(Value::String(cert)) => cert,
        Some(_) => return Err(wrong("cert is no string")),
    };
    let pem = match cert.trim_start().starts_with("-----BEGIN") {
        true => cert.clone().into_bytes(),
        false => BASE64.decode(cert).map_err(|_| wrong("cert is not base64"))?,
    };
    let pem = String::from_utf8(pem).map_err(|_| wrong("cert is no PEM"))?;
    if pem.contains("-----BEGIN CERTIFICATE-----") {
        let der = DerCertificate::from_pem(&pem).map_err(|e| wrong(e.to_string()))?;
        let chain = json!({"certificates": [{"rawBytes": der.to_base64()}]});
        return Ok(("x509CertificateChain", chain));
    }
    let der = DerPublicKey::from_pem(&pem)
        .map_err(|_| wrong("cert is neither a certificate nor a public key"))?;
    Ok(hint(key_hint(der.as_bytes())))
}

fn entries(rekor: Option<&Value>) -> Result<Value, BundleError> {
    let Some(rekor) = rekor.filter(|value| !value.is_null()) else { return Ok(json!([])) };
    let payload = rekor.get("Payload").ok_or_else(|| wrong("rekorBundle has no Payload"))?;
    let body = text(payload, "body")?;
    let bytes = BASE64.decode(body).map_err(|_| wrong("Payload.body is not base64"))?;
    let kind: Value = serde_json::from_slice(&bytes)
        .map_err(|e| wrong(format!("Payload.body is no log entry: {e}")))?;
    let number = |name: &str| {
        let number = payload.get(name).and_then(Value::as_u64);
        number.map(|n| n.to_string()).ok_or_else(|| wrong(format!("Payload.{name} is no number")))
    };
    let log =
        hex::decode(text(payload, "logID")?).map_err(|_| wrong("Payload.logID is not hex"))?;
    Ok(json!([{
        "logIndex": number("logIndex")?,
        "logId": {"keyId": BASE64.encode(log)},
        "kindVersion": {"kind": text(&kind, "kind")?, "version": text(&kind, "apiVersion")?},
        "integratedTime": number("integratedTime")?,
        "inclusionPromise": {"signedEntryTimestamp": text(rekor, "SignedEntryTimestamp")?},
        "canonicalizedBody": body,
    }]))
}
