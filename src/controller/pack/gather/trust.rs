//! Whose signature on a pack counts.

use super::super::super::error::Error;
use super::super::revise::{Failure, Stage};
use super::Reader;
use crate::api::{Keyless, PolicyPackSpec};
use crate::domain::{Digest, DigestWriter};
use crate::pack::{Authority, Identity, PublicKey, TrustRoot};

impl Reader<'_> {
    /// The authorities, and a digest that tells them from any others.
    pub(super) async fn authorities(
        &self,
        spec: &PolicyPackSpec,
    ) -> Result<Result<(Vec<Authority>, Digest), Failure>, Error> {
        let verify = &spec.verify;
        let mut authorities = Vec::new();
        let mut trust = DigestWriter::new();
        // The pin is part of what is trusted.
        trust.update(format!("{:?}", (&spec.digest, verify)).as_bytes());
        if let Some(keyless) = &verify.keyless {
            match self.keyless(keyless, &mut trust).await? {
                Ok(authority) => authorities.push(authority),
                Err(failure) => return Ok(Err(failure)),
            }
        }
        for (index, key) in verify.keys.iter().enumerate() {
            let field = format!("spec.verify.keys[{index}].secretRef");
            let name = key.secret_ref.key.as_deref().unwrap_or("cosign.pub");
            let pem = match self.secret(&field, &key.secret_ref.name, name).await? {
                Ok(pem) => pem,
                Err(failure) => return Ok(Err(failure)),
            };
            trust.update(&pem);
            match PublicKey::parse(&String::from_utf8_lossy(&pem)) {
                Ok(key) => authorities.push(Authority::Key { key, log_root: None }),
                Err(error) => {
                    let text = format!("{field}: {error}");
                    return Ok(Err(Failure::new(Stage::Trust, error.reason(), text)));
                }
            }
        }
        Ok(Ok((authorities, trust.finish())))
    }

    async fn keyless(
        &self,
        keyless: &Keyless,
        trust: &mut DigestWriter,
    ) -> Result<Result<Authority, Failure>, Error> {
        let root = match &keyless.trust_root_ref {
            None => TrustRoot::public_good(),
            Some(reference) => {
                let key = reference.key.as_deref().unwrap_or("trusted_root.json");
                match self
                    .config_map("spec.verify.keyless.trustRootRef", &reference.name, key)
                    .await?
                {
                    Ok(json) => {
                        trust.update(json.as_bytes());
                        TrustRoot::parse(&json)
                    }
                    Err(failure) => return Ok(Err(failure)),
                }
            }
        };
        let identities = keyless.identities.iter().map(|identity| {
            Identity::new(
                identity.issuer.as_deref(),
                identity.issuer_reg_exp.as_deref(),
                identity.subject.as_deref(),
                identity.subject_reg_exp.as_deref(),
            )
        });
        let authority = identities
            .collect::<Result<Vec<_>, _>>()
            .and_then(|identities| root.map(|root| Authority::Keyless { root, identities }));
        Ok(authority.map_err(|error| {
            let text = format!("spec.verify.keyless: {error}");
            Failure::new(Stage::Trust, error.reason(), text)
        }))
    }
}
