//! Writing to the API server: statuses by Server-Side Apply, Events on each change of mind.

use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::events::{Event, EventType};
use kube::{Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::error::Error;
use super::{Context, MANAGER};

/// `namespace/name`.
pub(super) fn full_name<K: Resource>(object: &K) -> String {
    format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any())
}

/// Applies `status` to the status subresource of `object`.
pub(super) async fn status<K, S>(ctx: &Context, object: &K, status: &S) -> Result<(), Error>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned,
    S: Serialize + Sync,
{
    let namespace = object.namespace().ok_or(Error::Incomplete("namespace"))?;
    let api = Api::<K>::namespaced(ctx.client.clone(), &namespace);
    let patch = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": { "name": object.name_any() },
        "status": status,
    });
    let params = PatchParams::apply(MANAGER).force();
    match api.patch_status(&object.name_any(), &params, &Patch::Apply(&patch)).await {
        // Deleted meanwhile: there is nothing left to say about it.
        Err(kube::Error::Api(error)) if error.code == 404 => Ok(()),
        other => other.map(drop).map_err(Error::from),
    }
}

/// Tells people that the controller changed its mind about `object`. An Event that cannot be
/// written is logged and no reason to fail: the status says the same.
pub(super) async fn event<K: Resource<DynamicType = ()>>(
    ctx: &Context,
    object: &K,
    warning: bool,
    action: &str,
    reason: &str,
    note: &str,
) {
    let mut note = note.to_owned();
    if note.len() > 1000 {
        let cut = (0..=1000).rev().find(|&i| note.is_char_boundary(i)).unwrap_or(0);
        note.truncate(cut);
    }
    let event = Event {
        type_: if warning { EventType::Warning } else { EventType::Normal },
        reason: reason.to_owned(),
        note: Some(note),
        action: action.to_owned(),
        secondary: None,
    };
    if let Err(error) = ctx.recorder.publish(&event, &object.object_ref(&())).await {
        tracing::debug!(%error, reason, "event not written");
    }
}
