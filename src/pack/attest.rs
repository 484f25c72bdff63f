//! Signs in-toto statements with a local ECDSA P-256 key: a Sigstore bundle v0.3 with a DSSE
//! envelope, as `cosign attest-blob --key` would write without a log. `cosign
//! verify-blob-attestation --key --bundle --insecure-ignore-tlog` accepts it. And verifies such
//! bundles, of keys and of certificates.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use sigstore_verify::crypto::VerificationKey;
use sigstore_verify::types::bundle::VerificationMaterialContent;
use sigstore_verify::types::{
    ArtifactDigest, Bundle, DsseEnvelope, HashAlgorithm, SignatureContent,
};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy};

use super::sign::{SignError, key_hint, key_pair, sign, spki};
use super::trust::{Authority, Identity, PublicKey, TrustRoot};
use super::verify::{MAX_BUNDLE, Signer, VerifyError, explain};
use crate::domain::parse_i_json;

/// What the envelope says its payload is.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// What a DSSE signature is over: its pre-authentication encoding (DSSE v1).
pub fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Signs `statement` and gives the bundle as JSON.
///
/// # Errors
/// If the key cannot be used.
pub fn sign_statement(statement: &[u8], private_pem: &str) -> Result<String, SignError> {
    let pair = key_pair(private_pem)?;
    let signature = sign(&pair, &pre_authentication(IN_TOTO, statement))?;
    let bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": key_hint(&spki(&pair)?)}},
        "dsseEnvelope": {
            "payload": BASE64.encode(statement),
            "payloadType": IN_TOTO,
            "signatures": [{"sig": BASE64.encode(signature), "keyid": ""}],
        },
    });
    Ok(bundle.to_string())
}

/// A statement whose signature holds, and who signed it.
#[derive(Clone, Debug)]
pub struct VerifiedStatement {
    /// The statement.
    pub statement: Value,
    /// Who signed.
    pub signer: Signer,
}

/// Checks a Sigstore bundle with an in-toto statement against the authorities. One of them that
/// accepts is enough. What the statement says is for the caller to judge.
///
/// # Errors
/// Of the authorities' refusals the one that came nearest to acceptance.
pub fn verify_statement(
    bundle: &str,
    authorities: &[Authority],
) -> Result<VerifiedStatement, VerifyError> {
    let invalid = |e: &dyn std::fmt::Display| VerifyError::BundleInvalid(e.to_string());
    if bundle.len() > MAX_BUNDLE {
        return Err(invalid(&"it is larger than 1 MiB"));
    }
    let bundle = Bundle::from_json(bundle).map_err(|e| invalid(&e))?;
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return Err(invalid(&"it holds no DSSE envelope"));
    };
    if envelope.payload_type != IN_TOTO {
        return Err(invalid(&format!("its payload is not {IN_TOTO}")));
    }
    let statement = parse_i_json(envelope.payload.as_bytes()).map_err(|e| invalid(&e))?;
    let mut nearest = VerifyError::NoAuthority;
    for authority in authorities {
        let outcome = match authority {
            Authority::Keyless { root, identities } => {
                by_identity(&bundle, &statement, root, identities)
            }
            Authority::Key { key, log_root } => {
                by_key(&bundle, envelope, &statement, key, log_root.as_ref())
            }
        };
        match outcome {
            Ok(signer) => return Ok(VerifiedStatement { statement, signer }),
            Err(error) => nearest = nearest.or_nearer(error),
        }
    }
    Err(nearest)
}

/// The library wants to know of which artifact a statement is; which one counts is the caller's
/// question, so that any of its subjects will do.
fn subject(statement: &Value) -> Result<ArtifactDigest, VerifyError> {
    let subjects = statement["subject"].as_array().into_iter().flatten();
    let digest = |subject: &Value| {
        let of = |name: &str, kind: HashAlgorithm| {
            let bytes = hex::decode(subject["digest"][name].as_str()?).ok()?;
            ArtifactDigest::new(kind, bytes).ok()
        };
        of("sha256", HashAlgorithm::Sha2256).or_else(|| of("sha512", HashAlgorithm::Sha2512))
    };
    let found = subjects.filter_map(digest).next();
    found.ok_or_else(|| {
        VerifyError::BundleInvalid("no subject has a sha256 or sha512 digest".into())
    })
}

fn by_identity(
    bundle: &Bundle,
    statement: &Value,
    root: &TrustRoot,
    identities: &[Identity],
) -> Result<Signer, VerifyError> {
    if matches!(bundle.verification_material.content, VerificationMaterialContent::PublicKey(_)) {
        return Err(VerifyError::AuthorityMismatch { found: "key" });
    }
    let entries = &bundle.verification_material.tlog_entries;
    if entries.is_empty() || entries.iter().any(|entry| entry.inclusion_proof.is_none()) {
        return Err(VerifyError::InclusionProofMissing);
    }
    let mut policy = VerificationPolicy::any_identity();
    if !root.has_ct_log {
        policy = policy.skip_sct();
    }
    let seen = root
        .verifier
        .verify(subject(statement)?, bundle, &policy)
        .map_err(|e| explain(&e, root, bundle))?;
    if !(seen.certificate_verified() && seen.tlog_verified()) {
        return Err(VerifyError::Untrusted("the certificate was not checked".into()));
    }
    let issuer = seen.issuer().unwrap_or_default().to_owned();
    let subject = seen.identity().map(|name| name.as_str().to_owned()).unwrap_or_default();
    if !identities.iter().any(|identity| identity.matches(&issuer, &subject)) {
        let allowed: Vec<_> = identities.iter().map(ToString::to_string).collect();
        let allowed = if allowed.is_empty() { "nobody".into() } else { allowed.join(", or ") };
        return Err(VerifyError::IdentityMismatch { issuer, subject, allowed });
    }
    Ok(Signer {
        issuer: Some(issuer),
        subject: Some(subject),
        key_fingerprint: None,
        log_index: entries.first().map(|entry| entry.log_index.get()),
        integrated_time: seen.integrated_time(),
    })
}

fn by_key(
    bundle: &Bundle,
    envelope: &DsseEnvelope,
    statement: &Value,
    key: &PublicKey,
    log_root: Option<&TrustRoot>,
) -> Result<Signer, VerifyError> {
    if !matches!(bundle.verification_material.content, VerificationMaterialContent::PublicKey(_)) {
        return Err(VerifyError::AuthorityMismatch { found: "certificate" });
    }
    let mut signer = Signer {
        issuer: None,
        subject: None,
        key_fingerprint: Some(key.fingerprint()),
        log_index: None,
        integrated_time: None,
    };
    let Some(entry) = bundle.verification_material.tlog_entries.first() else {
        let scheme = key.algorithm.default_signing_scheme();
        VerificationKey::from_spki_with_scheme(&key.der, scheme)
            .and_then(|key| key.verify(envelope.pae(), &envelope.signature.sig))
            .map_err(|_| {
                VerifyError::SignatureInvalid(format!("by the key {}", key.fingerprint()))
            })?;
        return Ok(signer);
    };
    let public_good;
    let root = match log_root {
        Some(root) => root,
        None => {
            public_good = TrustRoot::public_good()?;
            &public_good
        }
    };
    let policy = PublicKeyVerificationPolicy::new(key.der.clone());
    let seen = root
        .verifier
        .verify(subject(statement)?, bundle, &policy)
        .map_err(|e| explain(&e, root, bundle))?;
    signer.log_index = Some(entry.log_index.get());
    signer.integrated_time = seen.integrated_time();
    Ok(signer)
}

#[cfg(test)]
mod tests {
    use super::super::generate_key_pair;
    use super::*;

    #[test]
    fn the_encoding_is_the_specifications_example() {
        let encoded = pre_authentication("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn only_a_usable_key_signs() {
        let pair = generate_key_pair().unwrap();
        let bundle = sign_statement(b"{}", &pair.private).unwrap();
        let bundle: Value = serde_json::from_str(&bundle).unwrap();
        assert_eq!(bundle["dsseEnvelope"]["payload"], "e30=");
        assert_eq!(sign_statement(b"{}", &pair.public), Err(SignError::Key));
    }

    #[test]
    fn a_changed_statement_or_another_key_is_refused() {
        let (pair, other) = (generate_key_pair().unwrap(), generate_key_pair().unwrap());
        let authority = |pem: &str| {
            let key = PublicKey::parse(pem).unwrap();
            [Authority::Key { key, log_root: None }]
        };
        let bundle = sign_statement(br#"{"subject":[]}"#, &pair.private).unwrap();
        let seen = verify_statement(&bundle, &authority(&pair.public)).unwrap();
        assert_eq!(seen.statement, json!({"subject": []}));
        let reason = |bundle: &str, authorities: &[Authority]| {
            verify_statement(bundle, authorities).unwrap_err().reason()
        };
        assert_eq!(reason(&bundle, &authority(&other.public)), "SignatureInvalid");
        let changed = bundle.replace(&BASE64.encode(br#"{"subject":[]}"#), &BASE64.encode(b"{}"));
        assert_eq!(reason(&changed, &authority(&pair.public)), "SignatureInvalid");
        assert_eq!(reason(&bundle, &[]), "NoAuthority");
        assert_eq!(reason("{}", &authority(&pair.public)), "BundleInvalid");
    }

    const NPM: &str = include_str!("../../e2e/fixtures/attestations/npm-provenance.sigstore.json");
    const CONDA: &str =
        include_str!("../../e2e/fixtures/attestations/conda-attestation.sigstore.json");

    fn keyless(repository: &str) -> [Authority; 1] {
        let issuer = Some("https://token.actions.githubusercontent.com");
        let subject = format!("https://github\\.com/{repository}/.*");
        let identity = Identity::new(issuer, None, None, Some(&subject)).unwrap();
        let root = TrustRoot::public_good().unwrap();
        [Authority::Keyless { root, identities: vec![identity] }]
    }

    #[test]
    fn real_attestations_hold_for_their_identities_and_for_no_others() {
        for (bundle, repository, kind) in [
            (NPM, "sigstore/sigstore-js", "https://slsa.dev/provenance/v1"),
            (
                CONDA,
                "prefix-dev/sigstore-example",
                "https://schemas.conda.org/attestations-publish-1.schema.json",
            ),
        ] {
            let seen = verify_statement(bundle, &keyless(repository)).unwrap();
            assert_eq!(seen.statement["predicateType"], kind);
            assert!(seen.signer.log_index.is_some() && seen.signer.integrated_time.is_some());
            let reason = |bundle: &str, authorities: &[Authority]| {
                verify_statement(bundle, authorities).unwrap_err().reason()
            };
            assert_eq!(reason(bundle, &keyless("example/other")), "IdentityMismatch");
            let pair = generate_key_pair().unwrap();
            let key = PublicKey::parse(&pair.public).unwrap();
            let by_key = [Authority::Key { key, log_root: None }];
            assert_eq!(reason(bundle, &by_key), "AuthorityMismatch");
            // Another payload under the same signature.
            let mut forged: Value = serde_json::from_str(bundle).unwrap();
            let mut statement = seen.statement.clone();
            statement["predicateType"] = json!("https://example.org/forged");
            forged["dsseEnvelope"]["payload"] = json!(BASE64.encode(statement.to_string()));
            let reason = reason(&forged.to_string(), &keyless(repository));
            assert!(
                ["SignatureInvalid", "LogProofInvalid", "BundleInvalid"].contains(&reason),
                "{reason}"
            );
        }
    }
}
