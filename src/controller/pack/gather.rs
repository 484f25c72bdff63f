//! Reads the Secrets and ConfigMaps that a pack's spec names, all in its own namespace.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::ResourceExt as _;
use kube::api::Api;

use super::super::Context;
use super::super::error::Error;
use super::revise::{Failure, Stage};
use crate::api::{HttpSource, Keyless, PolicyPack, reason};
use crate::domain::{Digest, DigestWriter};
use crate::pack::{Auth, Authority, FetchSettings, Identity, PublicKey, TrustRoot};

/// What it takes to fetch and verify a pack.
pub(super) struct Sources {
    pub settings: FetchSettings,
    pub authorities: Vec<Authority>,
    pub pinned: Option<Digest>,
    /// Tells two sets of authorities apart: what was verified under others must be verified anew.
    pub trust: Digest,
}

/// Everything that the spec refers to.
pub(super) async fn sources(
    pack: &PolicyPack,
    ctx: &Context,
) -> Result<Result<Sources, Failure>, Error> {
    let namespace = pack.namespace().ok_or(Error::Incomplete("namespace"))?;
    let reader = Reader { ctx, namespace: &namespace };
    let Some(http) = &pack.spec.source.http else {
        let text =
            "spec.source.oci: this version of Lazaret fetches packs over http and https only";
        return Ok(Err(Failure::new(Stage::Spec, reason::INVALID_SPEC, text)));
    };
    let settings = match reader.settings(pack, http).await? {
        Ok(settings) => settings,
        Err(failure) => return Ok(Err(failure)),
    };
    reader.authorities(pack, settings).await
}

struct Reader<'a> {
    ctx: &'a Context,
    namespace: &'a str,
}

impl Reader<'_> {
    async fn settings(
        &self,
        pack: &PolicyPack,
        http: &HttpSource,
    ) -> Result<Result<FetchSettings, Failure>, Error> {
        let mut settings = FetchSettings::new(&http.url);
        settings.bundle_url.clone_from(&http.bundle_url);
        settings.timeout = pack.spec.timeout.std();
        settings.allow_loopback = self.ctx.settings.allow_loopback;
        if let Some(reference) = &http.secret_ref {
            let field = "spec.source.http.secretRef";
            let mut keys = Vec::new();
            for key in ["token", "username", "password"] {
                keys.push(match self.secret(field, &reference.name, key).await? {
                    Ok(value) => Ok(String::from_utf8_lossy(&value).trim().to_owned()),
                    Err(failure) => Err(failure),
                });
            }
            settings.auth = match keys.as_mut_slice() {
                [Ok(token), ..] => Auth::Bearer(std::mem::take(token)),
                [_, Ok(username), Ok(password)] => Auth::Basic {
                    username: std::mem::take(username),
                    password: std::mem::take(password),
                },
                _ => {
                    let text = format!(
                        "{field}: Secret {} must hold the key token, or username and password",
                        reference.name
                    );
                    return Ok(Err(missing(text)));
                }
            };
        }
        if let Some(reference) = &http.ca_secret_ref {
            let field = "spec.source.http.caSecretRef";
            match self.secret(field, &reference.name, "ca.crt").await? {
                Ok(pem) => settings.ca_pem = Some(pem),
                Err(failure) => return Ok(Err(failure)),
            }
        }
        Ok(Ok(settings))
    }

    async fn authorities(
        &self,
        pack: &PolicyPack,
        settings: FetchSettings,
    ) -> Result<Result<Sources, Failure>, Error> {
        let verify = &pack.spec.verify;
        let mut authorities = Vec::new();
        let mut trust = DigestWriter::new();
        // The pin is part of what is trusted.
        trust.update(format!("{:?}", (&pack.spec.digest, &verify.keyless)).as_bytes());
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
        let pinned = match pack.spec.digest.as_deref().map(str::parse).transpose() {
            Ok(pinned) => pinned,
            Err(error) => {
                let text = format!("spec.digest: {error}");
                return Ok(Err(Failure::new(Stage::Spec, reason::INVALID_SPEC, text)));
            }
        };
        Ok(Ok(Sources { settings, authorities, pinned, trust: trust.finish() }))
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
                match self.config_map(&reference.name, key).await? {
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

    async fn secret(
        &self,
        field: &str,
        name: &str,
        key: &str,
    ) -> Result<Result<Vec<u8>, Failure>, Error> {
        let api = Api::<Secret>::namespaced(self.ctx.client.clone(), self.namespace);
        let Some(secret) = api.get_opt(name).await? else {
            return Ok(Err(missing(format!("{field}: there is no Secret {name}"))));
        };
        let value = secret.data.and_then(|mut data| data.remove(key));
        Ok(value
            .map(|value| value.0)
            .ok_or_else(|| missing(format!("{field}: Secret {name} has no key {key}"))))
    }

    async fn config_map(&self, name: &str, key: &str) -> Result<Result<String, Failure>, Error> {
        let field = "spec.verify.keyless.trustRootRef";
        let api = Api::<ConfigMap>::namespaced(self.ctx.client.clone(), self.namespace);
        let Some(map) = api.get_opt(name).await? else {
            return Ok(Err(missing(format!("{field}: there is no ConfigMap {name}"))));
        };
        let value = map.data.and_then(|mut data| data.remove(key));
        Ok(value.ok_or_else(|| missing(format!("{field}: ConfigMap {name} has no key {key}"))))
    }
}

fn missing(text: String) -> Failure {
    let stage = if text.starts_with("spec.verify") { Stage::Trust } else { Stage::Spec };
    Failure::new(stage, reason::REFERENCE_NOT_FOUND, text)
}
