//! Bad manifests, each refused by the real API server in words that a person understands.

use anyhow::Result;
use kube::api::{Api, PostParams};
use lazaret::api::{DatasetPromotion, PolicyPack, Quarantine};
use lazaret_e2e::cluster::{Cluster, client, namespace};
use serde_json::{Value, json};

fn pack() -> Value {
    json!({
        "apiVersion": "lazaret.dev/v1alpha1", "kind": "PolicyPack",
        "metadata": { "name": "p" },
        "spec": {
            "source": { "http": { "url": "https://packs.example.org/p.tar" } },
            "verify": { "keys": [{ "secretRef": { "name": "k" } }] },
        },
    })
}

pub fn promotion() -> Value {
    json!({
        "apiVersion": "lazaret.dev/v1alpha1", "kind": "DatasetPromotion",
        "metadata": { "name": "d" },
        "spec": {
            "dataset": { "slug": "weather", "versionId": "2026-02.abcd1234" },
            "source": { "url": "file:///data/ws" },
            "destination": { "url": "file:///data/published" },
            "policyPackRef": { "name": "p" },
        },
    })
}

pub fn quarantine() -> Value {
    json!({
        "apiVersion": "lazaret.dev/v1alpha1", "kind": "Quarantine",
        "metadata": { "name": "q" },
        "spec": {
            "dataset": { "slug": "weather", "versionId": "2026-02.abcd1234" },
            "reasons": [{ "code": "LicenseUnclear", "message": "nobody knows" }],
            "remediation": { "owner": "jane", "dueBy": "2026-12-01T00:00:00Z", "plan": "ask" },
        },
    })
}

type Row = (fn() -> Value, &'static str, Value, &'static str);

/// Base, pointer, what to put there (null removes), and words that the refusal must hold.
fn table() -> Vec<Row> {
    let digest = format!("sha256:{}", "0".repeat(64));
    let approval = |key: &str, value: &str| {
        let mut approval = json!([{ "principal": "jane", "role": "steward", "planDigest": digest, "approvedAt": "2026-01-01T00:00:00Z" }]);
        approval[0][key] = value.into();
        approval
    };
    vec![
        (pack, "/spec/source/oci", json!({ "url": "oci://r/p", "tag": "1" }), "exactly one source"),
        (pack, "/spec/source", json!({}), "exactly one source"),
        (pack, "/spec/source/http", json!({ "url": "ftp://x/y" }), "http:// or https://"),
        (pack, "/spec/source/http", json!({ "url": "https://user:pw@x/y" }), "without credentials"),
        (pack, "/spec/source/http/bundleUrl", json!("x"), "bundleUrl is an http"),
        (
            pack,
            "/spec/source",
            json!({ "oci": { "url": "oci://r/p" } }),
            "exactly one of tag, semver and digest",
        ),
        (
            pack,
            "/spec/source",
            json!({ "oci": { "url": "https://r/p", "tag": "1" } }),
            "begins with oci://",
        ),
        (pack, "/spec/verify", Value::Null, "Required value"),
        (pack, "/spec/verify", json!({}), "at least one authority"),
        (pack, "/spec/verify", json!({ "keys": [] }), "at least one authority"),
        (pack, "/spec/verify", json!({ "keyless": { "identities": [] } }), "at least 1"),
        (
            pack,
            "/spec/verify",
            json!({ "keyless": { "identities": [{ "issuer": "i" }] } }),
            "exactly one of subject and subjectRegExp",
        ),
        (
            pack,
            "/spec/verify",
            json!({ "keyless": { "identities": [{ "issuer": "i", "issuerRegExp": "i", "subject": "s" }] } }),
            "exactly one of issuer and issuerRegExp",
        ),
        (
            pack,
            "/spec/verify",
            json!({ "keys": [{ "secretRef": { "name": "" } }] }),
            "at least 1 chars",
        ),
        (pack, "/spec/digest", json!("sha256:abc"), "64 lower-case hexadecimal digits"),
        (pack, "/spec/interval", json!("0s"), "a duration is at least 1s"),
        (pack, "/spec/interval", json!("soon"), "spec.interval"),
        (pack, "/spec/maxStaleness", json!("1m"), "maxStaleness must be at least spec.interval"),
        (pack, "/spec/allowedNamespaces", json!({ "from": "Selector" }), "needs a selector"),
        (pack, "/spec/allowedNamespaces", json!({ "from": "Some" }), "supported values"),
        (pack, "/spec/contractTests", json!("Never"), "supported values"),
        (pack, "/spec/serve", json!({ "enabled": true, "id": "A/B" }), "a pack id is"),
        (promotion, "/spec/dataset/slug", json!("Weather!"), "a dataset slug is 1 to 63"),
        (promotion, "/spec/dataset/versionId", json!("v1"), "a dataset version id is a period"),
        (promotion, "/spec/dataset", Value::Null, "Required value"),
        (promotion, "/spec/source/url", json!("/data/ws"), "an object-store URL begins with"),
        (
            promotion,
            "/spec/destination/url",
            json!("file:///data/ws"),
            "source and destination must differ",
        ),
        (promotion, "/spec/policyPackRef", Value::Null, "Required value"),
        (promotion, "/spec/requiredGates", json!(["Z"]), "supported values"),
        (promotion, "/spec/approvals", approval("planDigest", "abc"), "copy status.plan.digest"),
        (promotion, "/spec/approvals", approval("principal", ""), "at least 1 chars"),
        (promotion, "/spec/approvals", approval("approvedAt", "yesterday"), "date-time"),
        (promotion, "/spec/intendedUse", json!(""), "at least 1 chars"),
        (quarantine, "/spec/reasons", json!([]), "at least 1 items"),
        (quarantine, "/spec/reasons/0/code", json!("license unclear"), "CamelCase"),
        (quarantine, "/spec/remediation/owner", json!(" "), "has an owner"),
        (quarantine, "/spec/remediation/plan", json!(" "), "has a remediation plan"),
        (quarantine, "/spec/remediation/dueBy", json!("soon"), "date-time"),
        (
            quarantine,
            "/spec/release",
            json!({ "principal": "jane", "justification": " " }),
            "needs a justification",
        ),
        (quarantine, "/spec/release", json!({ "principal": "jane" }), "Required value"),
    ]
}

fn put(base: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = base.pointer_mut(parent).unwrap();
    match value {
        Value::Null => drop(parent.as_object_mut().unwrap().remove(key)),
        value => parent[key] = value,
    }
}

async fn create(
    client: &kube::Client,
    namespace: &str,
    manifest: &Value,
    dry: bool,
) -> Result<(), kube::Error> {
    // As text, not as our types: what is refused must be refused by the API server.
    use kube::core::{ApiResource, DynamicObject};
    let resource = match manifest["kind"].as_str() {
        Some("PolicyPack") => ApiResource::erase::<PolicyPack>(&()),
        Some("DatasetPromotion") => ApiResource::erase::<DatasetPromotion>(&()),
        _ => ApiResource::erase::<Quarantine>(&()),
    };
    let api = Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &resource);
    let object = serde_json::from_value(manifest.clone()).map_err(kube::Error::SerdeError)?;
    let params = PostParams { dry_run: dry, ..PostParams::default() };
    api.create(&params, &object).await.map(drop)
}

#[tokio::test]
async fn bad_manifests_are_refused_in_plain_words() -> Result<()> {
    let client = client(&Cluster::shared().await?).await?;
    let namespace = namespace(&client, "crds").await?;
    for good in [pack, promotion, quarantine] {
        create(&client, &namespace, &good(), true).await?;
    }
    for (base, pointer, value, words) in table() {
        let mut manifest = base();
        put(&mut manifest, pointer, value.clone());
        match create(&client, &namespace, &manifest, true).await {
            Ok(()) => panic!("{pointer} = {value} was accepted"),
            Err(error) => {
                let text = error.to_string();
                assert!(
                    text.contains(words),
                    "{pointer} = {value}:\n{text}\ndoes not say {words:?}"
                );
            }
        }
    }
    Ok(())
}

/// kstatus and Argo CD take a status that is not there for a good one.
#[tokio::test]
async fn nobody_has_looked_at_a_new_object_yet() -> Result<()> {
    let client = client(&Cluster::shared().await?).await?;
    let namespace = namespace(&client, "unobserved").await?;
    for make in [pack, promotion, quarantine] {
        create(&client, &namespace, &make(), false).await?;
    }
    let pack = Api::<PolicyPack>::namespaced(client.clone(), &namespace).get("p").await?.status;
    let promotions = Api::<DatasetPromotion>::namespaced(client.clone(), &namespace);
    let promotion = promotions.get("d").await?.status;
    let held = Api::<Quarantine>::namespaced(client, &namespace).get("q").await?.status;
    for seen in [
        pack.and_then(|status| status.observed_generation),
        promotion.and_then(|status| status.observed_generation),
        held.and_then(|status| status.observed_generation),
    ] {
        assert_eq!(seen, Some(-1));
    }
    Ok(())
}

#[tokio::test]
async fn what_is_published_cannot_be_renamed() -> Result<()> {
    let client = client(&Cluster::shared().await?).await?;
    let namespace = namespace(&client, "immutable").await?;
    create(&client, &namespace, &promotion(), false).await?;
    create(&client, &namespace, &quarantine(), false).await?;
    let api = Api::<DatasetPromotion>::namespaced(client.clone(), &namespace);
    let merge = kube::api::PatchParams::default();
    let patch = |value| kube::api::Patch::Merge(value);
    let other = json!({ "spec": { "destination": { "url": "file:///data/other" } } });
    api.patch("d", &merge, &patch(other.clone())).await?;
    api.patch_status("d", &merge, &patch(json!({ "status": { "phase": "Published" } }))).await?;
    for change in [
        json!({ "spec": { "destination": { "url": "file:///data/third" } } }),
        json!({ "spec": { "source": { "url": "file:///data/third" } } }),
        json!({ "spec": { "dataset": { "slug": "third" } } }),
    ] {
        let error = api.patch("d", &merge, &patch(change)).await.unwrap_err().to_string();
        assert!(error.contains("promote a new version with a new DatasetPromotion"), "{error}");
    }
    api.patch("d", &merge, &patch(json!({ "spec": { "suspend": true } }))).await?;
    let quarantines = Api::<Quarantine>::namespaced(client, &namespace);
    let change = json!({ "spec": { "dataset": { "slug": "third" } } });
    let error = quarantines.patch("q", &merge, &patch(change)).await.unwrap_err().to_string();
    assert!(error.contains("a Quarantine's dataset cannot change"), "{error}");
    Ok(())
}
