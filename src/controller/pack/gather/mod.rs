//! Reads what a pack's spec refers to, all in its own namespace: `source` how to fetch it, `trust`
//! whose signature counts.

mod source;
mod trust;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::ResourceExt as _;
use kube::api::Api;

use super::super::Context;
use super::super::error::Error;
use super::revise::{Failure, Stage};
use crate::api::{PolicyPack, reason};
use crate::domain::Digest;
use crate::pack::{Authority, FetchSettings};

/// Whose signature counts, and on what.
pub(super) struct Trusted {
    pub authorities: Vec<Authority>,
    pub pinned: Option<Digest>,
    /// Tells two sets of authorities apart: what was verified under others must be verified anew.
    pub digest: Digest,
}

/// Whom the spec trusts.
pub(super) async fn trusted(
    pack: &PolicyPack,
    ctx: &Context,
) -> Result<Result<Trusted, Failure>, Error> {
    let namespace = pack.namespace().ok_or(Error::Incomplete("namespace"))?;
    let (authorities, digest) =
        match (Reader { ctx, namespace: &namespace }).authorities(&pack.spec).await? {
            Ok(trusted) => trusted,
            Err(failure) => return Ok(Err(failure)),
        };
    Ok(match pack.spec.digest.as_deref().map(str::parse).transpose() {
        Ok(pinned) => Ok(Trusted { authorities, pinned, digest }),
        Err(error) => {
            let text = format!("spec.digest: {error}");
            Err(Failure::new(Stage::Trust, reason::INVALID_SPEC, text))
        }
    })
}

/// How to fetch what the spec names.
pub(super) async fn settings(
    pack: &PolicyPack,
    ctx: &Context,
) -> Result<Result<FetchSettings, Failure>, Error> {
    let namespace = pack.namespace().ok_or(Error::Incomplete("namespace"))?;
    Reader { ctx, namespace: &namespace }.settings(pack).await
}

/// Reads Secrets and ConfigMaps of one namespace.
struct Reader<'a> {
    ctx: &'a Context,
    namespace: &'a str,
}

impl Reader<'_> {
    async fn secret(
        &self,
        field: &str,
        name: &str,
        key: &str,
    ) -> Result<Result<Vec<u8>, Failure>, Error> {
        Ok(self.secret_data(field, name).await?.and_then(|mut data| {
            data.remove(key)
                .ok_or_else(|| missing(format!("{field}: Secret {name} has no key {key}")))
        }))
    }

    async fn secret_data(
        &self,
        field: &str,
        name: &str,
    ) -> Result<Result<BTreeMap<String, Vec<u8>>, Failure>, Error> {
        let api = Api::<Secret>::namespaced(self.ctx.client.clone(), self.namespace);
        let Some(secret) = api.get_opt(name).await? else {
            return Ok(Err(missing(format!("{field}: there is no Secret {name}"))));
        };
        let data = secret.data.unwrap_or_default();
        Ok(Ok(data.into_iter().map(|(key, value)| (key, value.0)).collect()))
    }

    async fn config_map(
        &self,
        field: &str,
        name: &str,
        key: &str,
    ) -> Result<Result<String, Failure>, Error> {
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
