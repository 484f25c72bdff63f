//! The admission policies of the chart: who may approve and release is asked by the real API server.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use lazaret::api::{DatasetPromotion, Quarantine};
use lazaret_e2e::cluster::{Cluster, client, eventually, namespace};
use lazaret_e2e::root;
use lazaret_e2e::stage::SOON;
use serde_json::{Value, json};

use crate::crds::{promotion, quarantine};

/// The administrator, in the name of somebody else.
async fn as_user(kubeconfig: &Path, user: &str) -> Result<Client> {
    let file = Kubeconfig::read_from(kubeconfig)?;
    let mut config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
    config.auth_info.impersonate = Some(user.to_owned());
    Ok(Client::try_from(config)?)
}

/// Installs the policies for one namespace only: the other tests share the API server.
async fn install(client: &Client, namespace: &str) -> Result<()> {
    let text = std::fs::read_to_string(root().join("charts/lazaret/files/admission.yaml"))?;
    let list: Value = yaml_serde::from_str(&text)?;
    for item in list["items"].as_array().context("a list")? {
        let mut policy: ValidatingAdmissionPolicy = serde_json::from_value(item.clone())?;
        let name = format!("{namespace}-{}", policy.metadata.name.unwrap_or_default());
        policy.metadata.name = Some(name.clone());
        Api::all(client.clone()).create(&PostParams::default(), &policy).await?;
        let binding: ValidatingAdmissionPolicyBinding = serde_json::from_value(json!({
            "metadata": { "name": name },
            "spec": {
                "policyName": name,
                "validationActions": ["Deny"],
                "matchResources": { "namespaceSelector": {
                    "matchLabels": { "kubernetes.io/metadata.name": namespace },
                } },
            },
        }))?;
        Api::all(client.clone()).create(&PostParams::default(), &binding).await?;
        let policies = Api::<ValidatingAdmissionPolicy>::all(client.clone());
        eventually("the policy's types were checked", SOON, async || {
            let status = policies.get(&name).await?.status;
            let Some(checked) = status.and_then(|status| status.type_checking) else {
                return Ok(None);
            };
            let warnings = checked.expression_warnings.unwrap_or_default();
            ensure!(warnings.is_empty(), "{warnings:?}");
            Ok(Some(()))
        })
        .await?;
    }
    Ok(())
}

/// `user` may do all this in the namespace.
async fn grant(client: &Client, namespace: &str, user: &str, verbs: &[&str]) -> Result<()> {
    let name = user.replace(':', "-");
    let role: Role = serde_json::from_value(json!({
        "metadata": { "name": name },
        "rules": [{
            "apiGroups": ["lazaret.dev"], "resources": ["datasetpromotions", "quarantines"],
            "verbs": verbs,
        }],
    }))?;
    let binding: RoleBinding = serde_json::from_value(json!({
        "metadata": { "name": name },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user }],
    }))?;
    let create = PostParams::default();
    Api::namespaced(client.clone(), namespace).create(&create, &role).await?;
    Api::namespaced(client.clone(), namespace).create(&create, &binding).await?;
    Ok(())
}

fn approval(principal: &str) -> Value {
    let digest = format!("sha256:{}", "0".repeat(64));
    json!({ "spec": { "approvals": [{
        "principal": principal, "role": "steward", "planDigest": digest,
        "approvedAt": "2026-01-01T00:00:00Z",
    }] } })
}

fn release(principal: &str) -> Value {
    json!({ "spec": { "release": { "principal": principal, "justification": "mended" } } })
}

/// The words of a refusal, or `None` if there was none.
fn refusal<T>(answer: Result<T, kube::Error>) -> Result<Option<String>> {
    match answer {
        Ok(_) => Ok(None),
        Err(kube::Error::Api(status)) if status.code == 403 => Ok(Some(status.message)),
        Err(other) => Err(other.into()),
    }
}

/// Who tries what, and the words of the refusal, if it is to be refused.
type Row = (&'static str, &'static str, Value, Option<&'static str>);

fn table() -> Vec<Row> {
    vec![
        ("tom", "d", approval("tom"), Some("tom may not approve")),
        ("tom", "d", approval("jane"), Some("tom may not approve")),
        ("jane", "d", approval("tom"), Some("its principal is jane")),
        ("jane", "d", approval("jane"), None),
        // What is there already is nobody's new word.
        ("tom", "d", json!({ "spec": { "suspend": true } }), None),
        ("jane", "d", approval("principal:jane"), None),
        ("tom", "d", json!({ "spec": { "approvals": null } }), None),
        ("tom", "q", release("tom"), Some("tom may neither release nor delete")),
        ("jane", "q", release("tom"), Some("its principal is jane")),
        ("jane", "q", release("principal:jane"), None),
        ("tom", "q", json!({ "spec": { "suspend": true } }), None),
        ("tom", "q", json!({ "spec": { "release": { "justification": "no" } } }), Some("tom may")),
        ("tom", "q", json!({ "spec": { "release": null } }), None),
    ]
}

#[tokio::test]
async fn approvals_and_releases_take_the_verb_and_ones_own_name() -> Result<()> {
    const WRITE: [&str; 5] = ["get", "create", "patch", "update", "delete"];
    const CLUSTER: &str = "system:serviceaccount:kube-system:namespace-controller";
    let kubeconfig = Cluster::shared().await?;
    let admin = client(&kubeconfig).await?;
    let home = namespace(&admin, "admission").await?;
    install(&admin, &home).await?;
    grant(&admin, &home, "tom", &WRITE).await?;
    grant(&admin, &home, "jane", &[&WRITE[..], &["approve", "release"]].concat()).await?;
    grant(&admin, &home, CLUSTER, &["delete"]).await?;

    let tom = as_user(&kubeconfig, "tom").await?;
    let promotions = Api::<DatasetPromotion>::namespaced(tom.clone(), &home);
    let create = PostParams::default();
    promotions.create(&create, &serde_json::from_value(promotion())?).await?;
    let quarantines = Api::<Quarantine>::namespaced(tom, &home);
    quarantines.create(&create, &serde_json::from_value(quarantine())?).await?;
    // A policy takes effect a moment after it was written.
    for (kind, patch) in [("d", approval("tom")), ("q", release("tom"))] {
        eventually("the policies are in force", SOON, async || {
            let told = merge(&kubeconfig, &home, "tom", kind, &patch).await?;
            Ok(told.map(drop))
        })
        .await?;
    }
    let clean = PatchParams::default();
    let none = Patch::Merge(json!({ "spec": { "release": null, "approvals": null } }));
    Api::<Quarantine>::namespaced(admin.clone(), &home).patch("q", &clean, &none).await?;
    Api::<DatasetPromotion>::namespaced(admin.clone(), &home).patch("d", &clean, &none).await?;

    for (who, kind, patch, refused) in table() {
        let told = merge(&kubeconfig, &home, who, kind, &patch).await?;
        let fits = match (refused, &told) {
            (Some(words), Some(told)) => told.contains(words),
            (refused, told) => refused.is_none() && told.is_none(),
        };
        ensure!(fits, "{who}, {patch}: expected {refused:?}, got {told:?}");
    }

    let delete = DeleteParams::default();
    let told = refusal(quarantines.delete("q", &delete).await)?;
    ensure!(told.is_some_and(|told| told.contains("nor delete")), "tom deleted it");
    let cluster = as_user(&kubeconfig, CLUSTER).await?;
    Api::<Quarantine>::namespaced(cluster, &home).delete("q", &delete).await?;

    let mut given = promotion();
    given["metadata"]["name"] = "e".into();
    given["spec"]["approvals"] = approval("tom")["spec"]["approvals"].clone();
    let told = promotions.create(&create, &serde_json::from_value(given)?).await;
    ensure!(refusal(told)?.is_some(), "an approval came with the object");
    Ok(())
}

/// `who` patches the promotion `d` or the Quarantine `q`; the words of the refusal, if it is one.
async fn merge(
    kubeconfig: &Path,
    namespace: &str,
    who: &str,
    kind: &str,
    patch: &Value,
) -> Result<Option<String>> {
    let client = as_user(kubeconfig, who).await?;
    let (params, patch) = (PatchParams::default(), Patch::Merge(patch));
    refusal(match kind {
        "d" => {
            let api = Api::<DatasetPromotion>::namespaced(client, namespace);
            api.patch(kind, &params, &patch).await.map(drop)
        }
        _ => {
            let api = Api::<Quarantine>::namespaced(client, namespace);
            api.patch(kind, &params, &patch).await.map(drop)
        }
    })
}
