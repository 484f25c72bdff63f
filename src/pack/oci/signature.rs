//! What the signatures of a fetched pack are over, so that `verify` can be asked about each. Nothing
//! is believed here: a signature over a manifest counts for the tar because the manifest's only
//! layer has the tar's digest, and that is computed.
//!
//! | found as | signed bytes |
//! |---|---|
//! | bundle beside a tar, or attached by `lazaret pack push` | the tar |
//! | referrer made by `cosign sign` | the manifest (an in-toto statement names its digest) |
//! | tag `sha256-<hex>.sig` made by cosign | a simple-signing document that names the manifest's digest |

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::fetch::FetchedPack;
use super::manifest::{Document, pack_layer, read_document};
use crate::domain::Digest;

/// A signature that a registry holds for a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// A Sigstore bundle.
    Bundle(Bytes),
    /// A layer of cosign's signature tag.
    SimpleSigning {
        /// The signed document.
        payload: Bytes,
        /// The signature in base64.
        signature: String,
        /// The certificate in PEM.
        certificate: Option<String>,
        /// The log's promise: `{"SignedEntryTimestamp": …, "Payload": …}`.
        rekor_bundle: Option<String>,
    },
}

/// What a signature is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covered {
    /// The tar.
    Tar,
    /// The OCI manifest whose only layer is the tar.
    Manifest,
    /// A document that names that manifest's digest.
    Payload,
}

/// Bytes and a bundle that may be a signature over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What the bytes are.
    pub covered: Covered,
    /// The bytes.
    pub signed: Bytes,
    /// The bundle: a Sigstore bundle, or what `cosign sign-blob --bundle` used to write.
    pub bundle: Bytes,
}

/// All that could vouch for a fetched pack, each to be verified in full. One that holds is enough.
pub fn attempts(fetched: &FetchedPack) -> Vec<Attempt> {
    let over = |covered, signed: &Bytes, bundle: &Bytes| Attempt {
        covered,
        signed: signed.clone(),
        bundle: bundle.clone(),
    };
    let mut found = Vec::new();
    if let Some(bundle) = &fetched.bundle {
        found.push(over(Covered::Tar, &fetched.tar, bundle));
    }
    // Without this check a signature over some manifest would vouch for any tar.
    let manifest = fetched.manifest.as_ref().filter(|manifest| leads_to(manifest, &fetched.tar));
    let name = manifest.map(|manifest| Digest::of(manifest));
    for candidate in &fetched.candidates {
        match (candidate, manifest) {
            (Signature::Bundle(bundle), _) => {
                let stated = stated(bundle);
                let of_manifest = name.is_some_and(|name| stated.contains(&name));
                if !of_manifest {
                    found.push(over(Covered::Tar, &fetched.tar, bundle));
                }
                if let Some(manifest) = manifest.filter(|_| of_manifest || stated.is_empty()) {
                    found.push(over(Covered::Manifest, manifest, bundle));
                }
            }
            (Signature::SimpleSigning { payload, .. }, Some(manifest))
                if names(payload, Digest::of(manifest)) =>
            {
                found.extend(candidate.as_bundle().map(|bundle| Attempt {
                    covered: Covered::Payload,
                    signed: payload.clone(),
                    bundle,
                }));
            }
            (Signature::SimpleSigning { .. }, _) => {}
        }
    }
    found
}

fn leads_to(manifest: &[u8], tar: &[u8]) -> bool {
    let Ok(Document::Manifest(manifest)) = read_document(manifest) else { return false };
    pack_layer(&manifest).is_ok_and(|(layer, _)| layer == Digest::of(tar))
}

/// The digests that a bundle says it is about. They only choose what it is tried on.
fn stated(bundle: &[u8]) -> Vec<Digest> {
    let Ok(bundle) = serde_json::from_slice::<Value>(bundle) else { return Vec::new() };
    if let Some(message) = bundle["messageSignature"]["messageDigest"]["digest"].as_str() {
        let raw = BASE64.decode(message).ok().and_then(|raw| raw.try_into().ok());
        return raw.map(Digest::from_bytes).into_iter().collect();
    }
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap_or_default();
    let statement = BASE64.decode(payload).unwrap_or_default();
    let Ok(statement) = serde_json::from_slice::<Value>(&statement) else { return Vec::new() };
    let subjects = statement["subject"].as_array().into_iter().flatten().take(64);
    let hex = subjects.filter_map(|subject| subject["digest"]["sha256"].as_str());
    hex.filter_map(|hex| format!("sha256:{hex}").parse().ok()).collect()
}

/// cosign's simple-signing document, as far as it binds.
#[derive(Deserialize)]
struct SimpleSigning {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: Digest,
}

/// Whether a simple-signing document names this manifest. Its `docker-reference` is not compared:
/// a pack may be copied between registries.
fn names(payload: &[u8], manifest: Digest) -> bool {
    serde_json::from_slice::<SimpleSigning>(payload).is_ok_and(|document| {
        let critical = document.critical;
        let kind = matches!(
            critical.kind.as_str(),
            "cosign container image signature" | "https://sigstore.dev/cosign/sign/v1"
        );
        kind && critical.image.digest == manifest
    })
}

impl Signature {
    /// A bundle with the same signature. With a certificate or a log's promise it is the form of
    /// `cosign sign-blob --bundle`, which `verify` converts; with neither, a Sigstore bundle.
    fn as_bundle(&self) -> Option<Bytes> {
        let Self::SimpleSigning { payload, signature, certificate, rekor_bundle } = self else {
            return None;
        };
        let bundle = if certificate.is_none() && rekor_bundle.is_none() {
            json!({
                "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                "verificationMaterial": { "publicKey": { "hint": "" }, "tlogEntries": [] },
                "messageSignature": {
                    "messageDigest": {
                        "algorithm": "SHA2_256",
                        "digest": BASE64.encode(Digest::of(payload).as_bytes()),
                    },
                    "signature": signature,
                },
            })
        } else {
            let rekor = rekor_bundle.as_deref().map(serde_json::from_str::<Value>);
            let mut legacy = json!({ "base64Signature": signature });
            if let Some(certificate) = certificate {
                legacy["cert"] = BASE64.encode(certificate).into();
            }
            if let Some(rekor) = rekor {
                legacy["rekorBundle"] = rekor.ok()?;
            }
            legacy
        };
        Some(bundle.to_string().into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::PACK_MEDIA_TYPE;
    use super::super::manifest::artifact;
    use super::*;

    fn fetched(candidates: Vec<Signature>) -> FetchedPack {
        let manifest = artifact(PACK_MEDIA_TYPE, (Digest::of(b"tar"), 3), None, None);
        FetchedPack {
            tar: Bytes::from_static(b"tar"),
            manifest: Some(manifest.into()),
            candidates,
            ..FetchedPack::default()
        }
    }

    fn over(digest: Digest) -> Signature {
        let digest = BASE64.encode(digest.as_bytes());
        let text = json!({ "messageSignature": { "messageDigest": { "digest": digest } } });
        Signature::Bundle(text.to_string().into())
    }

    fn statement(digest: Digest) -> Signature {
        let payload = json!({ "subject": [{ "digest": { "sha256": digest.hex() } }] });
        let payload = BASE64.encode(payload.to_string());
        Signature::Bundle(json!({ "dsseEnvelope": { "payload": payload } }).to_string().into())
    }

    fn simple(digest: &str, kind: &str, rekor_bundle: Option<&str>) -> Signature {
        let payload = json!({ "critical": {
            "identity": { "docker-reference": "r/a" },
            "image": { "docker-manifest-digest": digest },
            "type": kind,
        }});
        Signature::SimpleSigning {
            payload: payload.to_string().into(),
            signature: "c2ln".into(),
            certificate: rekor_bundle.map(|_| "PEM".into()),
            rekor_bundle: rekor_bundle.map(Into::into),
        }
    }

    fn covered(fetched: &FetchedPack) -> Vec<Covered> {
        attempts(fetched).iter().map(|attempt| attempt.covered).collect()
    }

    #[test]
    fn each_signature_is_tried_on_what_it_speaks_of() {
        use Covered::{Manifest, Payload, Tar};
        let name = Digest::of(fetched(vec![]).manifest.as_ref().unwrap());
        let (hex, cosign) = (name.to_string(), "cosign container image signature");
        let other = Digest::of(b"other").to_string();
        for (what, candidate, expected) in [
            ("over the tar", over(Digest::of(b"tar")), vec![Tar]),
            ("over the manifest", over(name), vec![Manifest]),
            ("a statement on the manifest", statement(name), vec![Manifest]),
            ("over something else", over(Digest::of(b"x")), vec![Tar]),
            ("says nothing", Signature::Bundle("{}".into()), vec![Tar, Manifest]),
            ("no JSON", Signature::Bundle("x".into()), vec![Tar, Manifest]),
            ("simple", simple(&hex, cosign, None), vec![Payload]),
            ("simple with a log", simple(&hex, cosign, Some("{}")), vec![Payload]),
            ("simple, log no JSON", simple(&hex, cosign, Some("{")), vec![]),
            ("simple of another", simple(&other, cosign, None), vec![]),
            ("simple of another type", simple(&hex, "atomic container signature", None), vec![]),
            ("simple with rubbish", simple("sha256:x", cosign, None), vec![]),
        ] {
            assert_eq!(covered(&fetched(vec![candidate])), expected, "{what}");
        }
    }

    #[test]
    fn a_manifest_that_does_not_lead_to_the_tar_vouches_for_nothing() {
        let mut pack = fetched(vec![]);
        let name = Digest::of(pack.manifest.as_ref().unwrap());
        let cosign = "cosign container image signature";
        pack.candidates =
            vec![over(name), statement(name), simple(&name.to_string(), cosign, None)];
        assert_eq!(covered(&pack), [Covered::Manifest, Covered::Manifest, Covered::Payload]);
        pack.tar = Bytes::from_static(b"another tar");
        // What is left is tried on the tar, which it is not over.
        assert_eq!(covered(&pack), [Covered::Tar, Covered::Tar]);
        pack.manifest = None;
        assert_eq!(covered(&pack), [Covered::Tar, Covered::Tar]);
    }

    #[test]
    fn a_simple_signature_becomes_a_bundle() {
        let text = |signature: &Signature| -> Value {
            serde_json::from_slice(&signature.as_bundle().unwrap()).unwrap()
        };
        let plain = simple("", "", None);
        assert_eq!(text(&plain)["messageSignature"]["signature"], "c2ln");
        let logged = simple("", "", Some(r#"{"Payload":{"logIndex":1}}"#));
        let expected = json!({ "base64Signature": "c2ln", "cert": "UEVN", "rekorBundle": { "Payload": { "logIndex": 1 } } });
        assert_eq!(text(&logged), expected);
    }
}
