//! Signs in-toto statements with a local key: a Sigstore bundle v0.3 with a DSSE envelope, as `cosign
//! attest-blob --key` would write without a log. `cosign verify-blob-attestation --key --bundle
//! --insecure-ignore-tlog` accepts it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

use super::sign::{Key, SignError, key_hint};

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
    let key = Key::read(private_pem)?;
    let signature = key.sign(&pre_authentication(IN_TOTO, statement))?;
    let bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": key_hint(&key.spki()?)}},
        "dsseEnvelope": {
            "payload": BASE64.encode(statement),
            "payloadType": IN_TOTO,
            "signatures": [{"sig": BASE64.encode(signature), "keyid": ""}],
        },
    });
    Ok(bundle.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::sign::{one_of_each_kind, public_of};
    use super::super::{
        Authority, Identity, PublicKey, Requirements, TrustRoot, generate_key_pair,
        verify_statement,
    };
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
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://example.org/x",
            "subject": [{"digest": {"sha256": "00".repeat(32)}}],
        });
        let bytes = statement.to_string();
        for (kind, private) in one_of_each_kind() {
            let bundle = sign_statement(bytes.as_bytes(), &private).unwrap();
            let seen = verify_statement(&bundle, &authority(&public_of(&private).unwrap()));
            assert_eq!(seen.unwrap().statement, statement, "{kind}");
        }
        let bundle = sign_statement(bytes.as_bytes(), &pair.private).unwrap();
        let reason = |bundle: &str, authorities: &[Authority]| {
            verify_statement(bundle, authorities).unwrap_err().reason()
        };
        assert_eq!(reason(&bundle, &authority(&other.public)), "KeyMismatch");
        let changed = bytes.replace("00", "11");
        let changed = bundle.replace(&BASE64.encode(&bytes), &BASE64.encode(changed));
        assert_eq!(reason(&changed, &authority(&pair.public)), "SignatureInvalid");
        assert_eq!(reason(&bundle, &[]), "NoAuthority");
        assert_eq!(reason("{}", &authority(&pair.public)), "BundleInvalid");
        let blob = super::super::sign_blob(bytes.as_bytes(), &pair.private).unwrap();
        assert_eq!(reason(&blob, &authority(&pair.public)), "PayloadMismatch");
        let nothing = json!({
            "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://example.org/x",
            "subject": [],
        });
        let nothing = sign_statement(nothing.to_string().as_bytes(), &pair.private).unwrap();
        assert_eq!(reason(&nothing, &authority(&pair.public)), "SubjectMismatch");
    }

    const NPM: &str = include_str!("../../e2e/fixtures/attestations/npm-provenance.sigstore.json");
    const CONDA: &str =
        include_str!("../../e2e/fixtures/attestations/conda-attestation.sigstore.json");

    fn keyless(repository: &str) -> [Authority; 1] {
        let issuer = Some("https://token.actions.githubusercontent.com");
        let subject = format!("https://github\\.com/{repository}/.*");
        let identity = Identity::new(issuer, None, None, Some(&subject)).unwrap();
        let root = TrustRoot::public_good().unwrap();
        [Authority::Keyless { root, identities: vec![identity], require: Requirements::default() }]
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
                ["SignatureInvalid", "LogProofInvalid", "LogEntryMismatch", "BundleInvalid"]
                    .contains(&reason),
                "{reason}"
            );
        }
    }
}
