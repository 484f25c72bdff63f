//! A restart while the source is down: what was loaded comes back from the state directory, if it
//! still verifies, and nothing else does.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use jiff::{Timestamp, ToSpan as _};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::events::v1::Event;
use kube::api::{ListParams, Patch, PatchParams};
use lazaret::api::{Phase, PolicyPack};
use lazaret_e2e::cluster::eventually;
use lazaret_e2e::controller::Controller;
use lazaret_e2e::example::Example;
use lazaret_e2e::packs::{SignedPack, default_pack, keys};
use lazaret_e2e::stage::{SOON, Stage};
use serde_json::json;

async fn stage(purpose: &str) -> Result<(Stage, PathBuf)> {
    let mut stage = Stage::new(purpose).await?;
    let state = stage.start.root.join("state");
    stage.start.arguments.extend(["--state-dir".into(), state.display().to_string()]);
    Ok((stage, state))
}

/// Loads a pack, then takes its source away and the controller down.
async fn loaded_and_down(stage: &Stage) -> Result<SignedPack> {
    let controller = stage.controller().await?;
    let good = default_pack(&stage.keys, |_| Ok(()))?;
    stage.pack_ready("default", &good).await?;
    stage.server.swap(None);
    controller.kill().await?;
    Ok(good)
}

fn files(state: &Path) -> Result<Vec<PathBuf>> {
    std::fs::read_dir(state)?.map(|entry| Ok(entry?.path())).collect()
}

/// Whether an Event with this reason tells of the pack.
async fn told(stage: &Stage, reason: &str) -> Result<()> {
    eventually(&format!("an Event tells of {reason}"), SOON, async || {
        let events = stage.api::<Event>().list(&ListParams::default()).await?;
        Ok(events.items.iter().any(|e| e.reason.as_deref() == Some(reason)).then_some(()))
    })
    .await
}

/// Waits until the pack denies everything, in the eyes of the controller that runs now.
async fn denies(stage: &Stage, since: Timestamp) -> Result<()> {
    let since = Timestamp::from_second(since.as_second())?;
    stage
        .pack_is("default", "denies everything", |pack| {
            let Some(status) = &pack.status else { return false };
            let asked = status.last_failure.as_ref().is_some_and(|failure| failure.at.0 >= since);
            let ready = status.conditions.iter().find(|c| c.type_ == "Ready");
            asked && ready.is_some_and(|c| c.message.contains("everything is denied"))
        })
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_loaded_pack_judges_on_after_a_restart_without_its_source() -> Result<()> {
    let (stage, state) = stage("restarted").await?;
    let good = loaded_and_down(&stage).await?;
    assert_eq!(files(&state)?.len(), 1);

    let controller = stage.controller().await?;
    told(&stage, "Restored").await?;
    stage.promote("weather", &Example::whole("seattle-weather")?).await?;
    let published = stage.reaches("weather", Phase::Published).await?;
    let plan = published.status.and_then(|s| s.plan).context("a plan")?;
    assert_eq!(plan.policy_digest, good.digest().to_string());
    stage
        .pack_is("default", "says what it judges by", |pack| {
            let status = pack.status.clone().unwrap_or_default();
            let ready = status.conditions.iter().find(|c| c.type_ == "Ready");
            ready.is_some_and(|c| c.message.contains("still judging by"))
                && status.artifact.is_some_and(|a| a.digest == good.digest().to_string())
                && status.signer.is_some()
        })
        .await?;

    // Its source is back: the same revision is current again, and the next one is taken.
    stage.server.swap(Some(good.clone()));
    stage.pack_ready("default", &good).await?;
    let next =
        default_pack(&stage.keys, |dir| Ok(std::fs::write(dir.join("README.md"), "next\n")?))?;
    stage.server.swap(Some(next.clone()));
    stage.pack_ready("default", &next).await?;
    stage.api::<PolicyPack>().delete("default", &Default::default()).await?;
    eventually("what was kept goes with the pack", SOON, async || {
        Ok(files(&state)?.is_empty().then_some(()))
    })
    .await?;
    drop(controller);
    Ok(())
}

#[tokio::test]
async fn what_was_swapped_or_is_older_does_not_come_back() -> Result<()> {
    let (stage, state) = stage("swapped-state").await?;
    loaded_and_down(&stage).await?;
    let [file] = files(&state)?.try_into().ok().context("one file")?;
    let first = std::fs::read(&file)?;
    let mut tampered = first.clone();
    let end = tampered.len();
    // In the padding of the tar: nothing but digest and signature can tell.
    tampered[end - 1] ^= 1;
    std::fs::write(&file, tampered)?;
    let since = Timestamp::now();
    let controller = stage.controller().await?;
    told(&stage, "KeptOlder").await?;
    denies(&stage, since).await?;
    assert!(files(&state)?.is_empty(), "what is no good is not tried twice");

    // Another revision is loaded; the first, as genuine as ever, takes no place any more.
    let next =
        default_pack(&stage.keys, |dir| Ok(std::fs::write(dir.join("README.md"), "next\n")?))?;
    stage.server.swap(Some(next.clone()));
    stage.pack_ready("default", &next).await?;
    stage.server.swap(None);
    controller.kill().await?;
    std::fs::write(&file, first)?;
    let since = Timestamp::now();
    let _controller = stage.controller().await?;
    denies(&stage, since).await?;
    Ok(())
}

#[tokio::test]
async fn neither_a_key_that_was_struck_out_nor_staleness_is_outlived() -> Result<()> {
    let (stage, _) = stage("struck-state").await?;
    stage.secret("own-key", "cosign.pub", &stage.keys.public).await?;
    let by_own = json!({ "verify": { "keys": [{ "secretRef": { "name": "own-key" } }] } });
    stage.pack("own", by_own).await?;
    let controller = stage.controller().await?;
    let good = default_pack(&stage.keys, |_| Ok(()))?;
    stage.pack_ready("own", &good).await?;
    stage.pack_ready("default", &good).await?;
    stage.server.swap(None);
    controller.kill().await?;
    let stranger = json!({ "stringData": { "cosign.pub": keys()?.public } });
    let secrets = stage.api::<Secret>();
    secrets.patch("own-key", &PatchParams::default(), &Patch::Merge(&stranger)).await?;
    // As if the controller had been down for two days.
    let then = Timestamp::now().checked_sub(48.hours())?;
    let status = json!({ "status": { "lastCheckedAt": then.to_string() } });
    let packs = stage.api::<PolicyPack>();
    packs.patch_status("default", &PatchParams::default(), &Patch::Merge(&status)).await?;

    let since = Timestamp::now();
    let _controller: Controller = stage.controller().await?;
    told(&stage, "KeyMismatch").await?;
    told(&stage, "Restored").await?;
    denies(&stage, since).await?;
    stage
        .pack_is("own", "denies", |pack| {
            let status = pack.status.clone().unwrap_or_default();
            let ready = status.conditions.iter().find(|c| c.type_ == "Ready");
            ready.is_some_and(|c| c.message.contains("everything is denied"))
                && status.artifact.is_none()
        })
        .await?;
    Ok(())
}
