//! Opens the stores that a promotion names, each with what its namespace may use: its own Secret,
//! its own folder below the roots, or the operator's identity where that is lent to it.

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::api::Api;

use super::super::Context;
use super::super::error::Error;
use super::decide::Outcome;
use crate::api::{DatasetPromotion, ObjectStoreRef};
use crate::domain::DatasetRef;
use crate::objects::{Access, Credentials, FileAccess, Identity, Store, StoreError};

/// Where a promotion reads and writes, and what.
pub(super) struct Stores {
    pub source: Store,
    pub destination: Store,
    /// Where decisions are recorded whole, if the spec has a place for them.
    pub decisions: Option<Store>,
    pub dataset: DatasetRef,
}

/// Opens source and destination; or how the reconciliation ends without.
pub(super) async fn open(
    promotion: &DatasetPromotion,
    ctx: &Context,
) -> Result<Result<Stores, Outcome>, Error> {
    let spec = &promotion.spec;
    let namespace = promotion.namespace().ok_or(Error::Incomplete("namespace"))?;
    let dataset = match dataset(promotion) {
        Ok(dataset) => dataset,
        Err(message) => return Ok(Err(Outcome::Invalid(message))),
    };
    let open = async |field, reference| store(ctx, &namespace, field, reference).await;
    let source = match open("source", &spec.source).await? {
        Ok(store) => store,
        Err(outcome) => return Ok(Err(outcome)),
    };
    let destination = match open("destination", &spec.destination).await? {
        Ok(store) => store,
        Err(outcome) => return Ok(Err(outcome)),
    };
    let decisions = match &spec.decisions {
        None => None,
        Some(reference) => match open("decisions", reference).await? {
            Ok(store) => Some(store),
            Err(outcome) => return Ok(Err(outcome)),
        },
    };
    Ok(Ok(Stores { source, destination, decisions, dataset }))
}

async fn store(
    ctx: &Context,
    namespace: &str,
    field: &str,
    reference: &ObjectStoreRef,
) -> Result<Result<Store, Outcome>, Error> {
    // Each namespace has its own part of each root: one tenant's URL cannot name another's data.
    let roots = ctx.settings.file_roots.iter().map(|root| root.join(namespace)).collect();
    let identity = match &reference.secret_ref {
        None => Identity::Lent {
            roots: ctx.settings.ambient_stores.clone(),
            namespace: namespace.to_owned(),
        },
        Some(secret) => {
            let name = &secret.name;
            let api = Api::<Secret>::namespaced(ctx.client.clone(), namespace);
            // It may come, or be mended, at any time: the promotion is looked at again.
            let Some(found) = api.get_opt(name).await? else {
                let text = format!("spec.{field}.secretRef: there is no Secret {name}");
                return Ok(Err(Outcome::Undecided(text)));
            };
            let data = found.data.unwrap_or_default().into_iter().map(|(key, v)| (key, v.0));
            match Credentials::new(name, data) {
                Ok(credentials) => Identity::Secret(credentials),
                Err(error) => return Ok(Err(refused(field, &error))),
            }
        }
    };
    let allow_loopback = ctx.settings.allow_loopback;
    let access = Access { files: FileAccess::Roots(roots), identity, allow_loopback };
    Ok(Store::open_with(&reference.url, &access).map_err(|error| refused(field, &error)))
}

fn refused(field: &str, error: &StoreError) -> Outcome {
    let text = format!("spec.{field}: {error}");
    if error.is_final() { Outcome::Invalid(text) } else { Outcome::Undecided(text) }
}

fn dataset(promotion: &DatasetPromotion) -> Result<DatasetRef, String> {
    let asked = &promotion.spec.dataset;
    let slug = asked.slug.parse().map_err(|error| format!("spec.dataset.slug: {error}"))?;
    let version = asked.version_id.parse();
    let version = version.map_err(|error| format!("spec.dataset.versionId: {error}"))?;
    Ok(DatasetRef { slug, version })
}
