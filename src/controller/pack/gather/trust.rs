//! Whose signature on a pack counts.

use super::super::super::error::Error;
use super::super::revise::{Failure, Stage};
use super::Reader;
use crate::api::{
    CertificateTimestamp as ApiTimestamp, KeyAuthority, KeyReference, Keyless, KeylessRequirements,
    PolicyPackSpec,
};
use crate::domain::{Digest, DigestWriter};
use crate::pack::{
    Authority, CertificateTimestamp, Identity, KeyLog, PublicKey, Requirements, TrustError,
    TrustRoot,
};

type Read<T> = Result<Result<T, Failure>, Error>;

impl Reader<'_> {
    /// The authorities, and a digest that tells them from any others.
    pub(super) async fn authorities(
        &self,
        spec: &PolicyPackSpec,
    ) -> Read<(Vec<Authority>, Digest)> {
        let verify = &spec.verify;
        let mut authorities = Vec::new();
        let mut trust = Trust::new(&format!("{:?}", (&spec.digest, verify)));
        if let Some(keyless) = &verify.keyless {
            match self.keyless(keyless, &mut trust).await? {
                Ok(several) => authorities.extend(several),
                Err(failure) => return Ok(Err(failure)),
            }
        }
        for (index, key) in verify.keys.iter().enumerate() {
            let field = format!("spec.verify.keys[{index}]");
            match self.key(&field, key, &mut trust).await? {
                Ok(authority) => authorities.push(authority),
                Err(failure) => return Ok(Err(failure)),
            }
        }
        Ok(Ok((authorities, trust.0.finish())))
    }

    /// One authority for each root: while roots rotate, either may vouch.
    async fn keyless(&self, keyless: &Keyless, trust: &mut Trust) -> Read<Vec<Authority>> {
        const FIELD: &str = "spec.verify.keyless";
        let identities = keyless.identities.iter().map(|identity| {
            Identity::new(
                identity.issuer.as_deref(),
                identity.issuer_reg_exp.as_deref(),
                identity.subject.as_deref(),
                identity.subject_reg_exp.as_deref(),
            )
        });
        let identities = match identities.collect::<Result<Vec<_>, _>>() {
            Ok(identities) => identities,
            Err(error) => return Ok(Err(refused(FIELD, &error))),
        };
        let require = keyless.require.as_ref().map(requirements).unwrap_or_default();
        let mut roots = Vec::new();
        match &keyless.trust_root_ref {
            None => match TrustRoot::public_good() {
                Ok(root) => roots.push(root),
                Err(error) => return Ok(Err(refused(FIELD, &error))),
            },
            Some(reference) => {
                let field = format!("{FIELD}.trustRootRef");
                match self.root(&field, reference, trust).await? {
                    Ok(root) => roots.push(root),
                    Err(failure) => return Ok(Err(failure)),
                }
            }
        }
        for (index, reference) in keyless.additional_trust_root_refs.iter().enumerate() {
            let field = format!("{FIELD}.additionalTrustRootRefs[{index}]");
            match self.root(&field, reference, trust).await? {
                Ok(root) => roots.push(root),
                Err(failure) => return Ok(Err(failure)),
            }
        }
        let authority = |root| Authority::Keyless { root, identities: identities.clone(), require };
        Ok(Ok(roots.into_iter().map(authority).collect()))
    }

    async fn key(
        &self,
        field: &str,
        authority: &KeyAuthority,
        trust: &mut Trust,
    ) -> Read<Authority> {
        let secret = &authority.secret_ref;
        let name = secret.key.as_deref().unwrap_or("cosign.pub");
        let pem = match self.secret(&format!("{field}.secretRef"), &secret.name, name).await? {
            Ok(pem) => pem,
            Err(failure) => return Ok(Err(failure)),
        };
        trust.add(&pem);
        let key = match PublicKey::parse(&String::from_utf8_lossy(&pem)) {
            Ok(key) => key,
            Err(error) => return Ok(Err(refused(&format!("{field}.secretRef"), &error))),
        };
        let log_root = match &authority.trust_root_ref {
            None => None,
            Some(reference) => {
                match self.root(&format!("{field}.trustRootRef"), reference, trust).await? {
                    Ok(root) => Some(match &authority.require {
                        None => KeyLog::strict(root),
                        Some(require) => KeyLog {
                            root,
                            inclusion_proof: require.inclusion_proof,
                            signed_timestamp: require.signed_timestamp,
                        },
                    }),
                    Err(failure) => return Ok(Err(failure)),
                }
            }
        };
        Ok(Ok(Authority::Key { key, log_root }))
    }

    async fn root(
        &self,
        field: &str,
        reference: &KeyReference,
        trust: &mut Trust,
    ) -> Read<TrustRoot> {
        let key = reference.key.as_deref().unwrap_or("trusted_root.json");
        let json = match self.config_map(field, &reference.name, key).await? {
            Ok(json) => json,
            Err(failure) => return Ok(Err(failure)),
        };
        trust.add(json.as_bytes());
        let root = TrustRoot::parse(&json);
        if let Ok(root) = &root {
            for skipped in root.skipped() {
                tracing::warn!(
                    field,
                    config_map = reference.name,
                    skipped,
                    "part of a trust root is left out"
                );
            }
        }
        Ok(root.map_err(|error| refused(field, &error)))
    }
}

/// The digest of everything that trust rests on, each part with its length: no two sets of parts
/// make the same bytes. The spec's own part holds the pin.
struct Trust(DigestWriter);

impl Trust {
    fn new(spec: &str) -> Self {
        let mut trust = Self(DigestWriter::new());
        trust.add(spec.as_bytes());
        trust
    }

    fn add(&mut self, part: &[u8]) {
        self.0.update(&(part.len() as u64).to_be_bytes());
        self.0.update(part);
    }
}

fn refused(field: &str, error: &TrustError) -> Failure {
    Failure::new(Stage::Trust, error.reason(), format!("{field}: {error}"))
}

const fn requirements(require: &KeylessRequirements) -> Requirements {
    Requirements {
        inclusion_proof: require.inclusion_proof,
        signed_timestamp: require.signed_timestamp,
        certificate_timestamp: match require.certificate_timestamp {
            ApiTimestamp::FromTrustRoot => CertificateTimestamp::FromTrustRoot,
            ApiTimestamp::Required => CertificateTimestamp::Required,
            ApiTimestamp::Ignored => CertificateTimestamp::Ignored,
        },
    }
}
