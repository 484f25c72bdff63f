//! Keys and trust change while the controller runs: what was struck out counts no more, at once.

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{DeleteParams, Patch, PatchParams};
use lazaret::api::PolicyPack;
use lazaret_e2e::cluster::eventually;
use lazaret_e2e::packs::{SignedPack, default_pack, keys};
use lazaret_e2e::root;
use lazaret_e2e::stage::{SOON, Stage};
use serde_json::{Value, json};

fn denies(pack: &PolicyPack) -> bool {
    let ready = pack.status.iter().flat_map(|s| &s.conditions).find(|c| c.type_ == "Ready");
    ready.is_some_and(|c| c.status == "False" && c.message.contains("everything is denied"))
}

/// A pack that is polled so rarely that only a watch can be the cause of what happens in a test.
fn rarely(spec: &Value) -> Value {
    let mut all = json!({ "interval": "1h" });
    all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    all
}

#[tokio::test]
async fn a_key_that_is_replaced_stops_judging_without_being_asked() -> Result<()> {
    let stage = Stage::new("replaced").await?;
    let _controller = stage.controller().await?;
    let good = default_pack(&stage.keys, |_| Ok(()))?;
    stage.secret("own-key", "cosign.pub", &stage.keys.public).await?;
    let spec = json!({ "verify": { "keys": [{ "secretRef": { "name": "own-key" } }] } });
    stage.pack("rare", rarely(&spec)).await?;
    stage.pack("held", rarely(&spec)).await?;
    stage.pack_ready("rare", &good).await?;
    stage.pack_ready("held", &good).await?;
    // Suspension stops polling, not the striking out of keys.
    stage.merge::<PolicyPack>("held", json!({ "spec": { "suspend": true } })).await?;
    stage.secret("own-key", "cosign.pub", &keys()?.public).await?;
    stage.pack_is("rare", "denies", denies).await?;
    stage
        .pack_is("held", "denies", |pack| {
            let ready = pack.status.iter().flat_map(|s| &s.conditions).find(|c| c.type_ == "Ready");
            ready.is_some_and(|c| c.status == "False" && c.reason == "Suspended")
        })
        .await?;
    stage.secret("own-key", "cosign.pub", &stage.keys.public).await?;
    stage.pack_ready("rare", &good).await?;
    let secrets = stage.api::<Secret>();
    secrets.delete("own-key", &DeleteParams::default()).await?;
    stage.pack_is("rare", "denies", denies).await?;
    Ok(())
}

#[tokio::test]
async fn two_keys_overlap_while_one_takes_over_from_the_other() -> Result<()> {
    let stage = Stage::new("overlap").await?;
    let _controller = stage.controller().await?;
    let (old, new) = (stage.keys.clone(), keys()?);
    let (first, second) = (default_pack(&old, |_| Ok(()))?, default_pack(&new, |_| Ok(()))?);
    assert_eq!(first.digest(), second.digest(), "the same bytes, signed by another key");
    stage.secret("key-old", "cosign.pub", &old.public).await?;
    stage.secret("key-new", "cosign.pub", &new.public).await?;
    let key = |name: &str| json!({ "secretRef": { "name": name } });
    let both = json!({ "verify": { "keys": [key("key-old"), key("key-new")] } });
    stage.pack("rotating", both).await?;
    stage.pack_ready("rotating", &first).await?;
    let signer = |pack: &PolicyPack| {
        pack.status.as_ref().and_then(|s| s.signer.as_ref()).and_then(|s| s.subject.clone())
    };
    let before = signer(&stage.api::<PolicyPack>().get("rotating").await?).context("a signer")?;
    // The new signer signs the next revision; never is there a moment without a pack.
    let next = default_pack(&new, |dir| Ok(std::fs::write(dir.join("README.md"), "next\n")?))?;
    stage.server.swap(Some(next.clone()));
    stage.pack_ready("rotating", &next).await?;
    let after = signer(&stage.api::<PolicyPack>().get("rotating").await?).context("a signer")?;
    assert_ne!(before, after);
    let only_new = json!({ "spec": { "verify": { "keys": [key("key-new")] } } });
    stage.merge::<PolicyPack>("rotating", only_new).await?;
    let settled = stage
        .pack_is("rotating", "is seen again", |pack| {
            let seen = pack.status.as_ref().and_then(|s| s.observed_generation);
            seen == pack.metadata.generation
        })
        .await?;
    assert!(!denies(&settled));
    let only_old = json!({ "spec": { "verify": { "keys": [key("key-old")] } } });
    stage.merge::<PolicyPack>("rotating", only_old).await?;
    stage.pack_is("rotating", "denies", denies).await?;
    Ok(())
}

#[tokio::test]
async fn a_trust_root_that_is_replaced_unverifies_and_one_more_verifies() -> Result<()> {
    let stage = Stage::new("roots").await?;
    let _controller = stage.controller().await?;
    let fixture = |name: &str| std::fs::read(root().join("e2e/fixtures/keyless").join(name));
    let pack = SignedPack { tar: fixture("pack.tar")?, bundle: fixture("pack.sigstore.json")? };
    stage.server.swap(Some(pack.clone()));
    let right = String::from_utf8(fixture("trusted_root.json")?)?;
    let empty = json!({
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [], "certificateAuthorities": [], "ctlogs": [], "timestampAuthorities": [],
    });
    let map = async |name: &str, root: &str| {
        let map = json!({ "metadata": { "name": name }, "data": { "trusted_root.json": root } });
        let map: ConfigMap = serde_json::from_value(map)?;
        let params = PatchParams::apply("e2e").force();
        stage.api::<ConfigMap>().patch(name, &params, &Patch::Apply(&map)).await?;
        anyhow::Ok(())
    };
    map("root", &right).await?;
    map("next", &empty.to_string()).await?;
    let keyless = json!({
        "trustRootRef": { "name": "root" },
        "additionalTrustRootRefs": [{ "name": "next" }],
        "identities": [{ "issuerRegExp": ".*", "subjectRegExp": ".*" }],
    });
    let spec = json!({ "verify": { "keys": null, "keyless": keyless } });
    stage.pack("rooted", rarely(&spec)).await?;
    stage.pack_ready("rooted", &pack).await?;
    map("root", &empty.to_string()).await?;
    stage.pack_is("rooted", "denies", denies).await?;
    map("next", &right).await?;
    stage.pack_ready("rooted", &pack).await?;
    Ok(())
}

#[tokio::test]
async fn a_deleted_pack_is_gone_from_memory() -> Result<()> {
    let stage = Stage::new("deleted").await?;
    let controller = stage.controller().await?;
    let good = default_pack(&stage.keys, |_| Ok(()))?;
    stage.pack_ready("default", &good).await?;
    let loaded = async |count: u32| {
        eventually("the gauge follows", SOON, async || {
            let (_, text) = controller.get("/metrics").await?;
            let line = format!("lazaret_policy_packs_loaded {count}\n");
            Ok(text.contains(&line).then_some(()))
        })
        .await
    };
    loaded(1).await?;
    stage.api::<PolicyPack>().delete("default", &DeleteParams::default()).await?;
    loaded(0).await
}
