//! A new revision is tried on what was judged last, before it takes the place of the loaded one.

use anyhow::{Context as _, Result};
use lazaret::api::{Phase, PolicyPack, ShadowStatus, Side, is_true};
use lazaret_e2e::example::Example;
use lazaret_e2e::packs::{SignedPack, default_pack};
use lazaret_e2e::stage::Stage;
use serde_json::json;

/// A revision that denies at gate B what the default pack lets pass.
fn stricter(stage: &Stage) -> Result<SignedPack> {
    default_pack(&stage.keys, |dir| {
        let rule = "package lazaret.gates.b\n\ndeny contains {\"code\": \"NobodyMay\", \"message\": \"nobody may\"} if input.requested.dataset_slug == \"seattle-weather\"\n";
        Ok(std::fs::write(dir.join("opa/strict.rego"), rule)?)
    })
}

fn shadow(pack: &PolicyPack) -> Option<&ShadowStatus> {
    pack.status.as_ref()?.shadow.as_ref()
}

async fn judged(stage: &Stage) -> Result<SignedPack> {
    let good = default_pack(&stage.keys, |_| Ok(()))?;
    stage.pack_ready("default", &good).await?;
    stage.promote("weather", &Example::whole("seattle-weather")?).await?;
    stage.reaches("weather", Phase::Published).await?;
    Ok(good)
}

#[tokio::test]
async fn turned_verdicts_are_shown_with_the_revision_that_turned_them() -> Result<()> {
    let stage = Stage::new("shown").await?;
    let _controller = stage.controller().await?;
    let good = judged(&stage).await?;
    let strict = stricter(&stage)?;
    stage.server.swap(Some(strict.clone()));
    let seen = stage.pack_ready("default", &strict).await?;
    let shadow = shadow(&seen).context("status.shadow")?;
    assert_eq!(
        (&shadow.from, &shadow.to),
        (&good.digest().to_string(), &strict.digest().to_string())
    );
    assert_eq!((shadow.compared, shadow.flipped, shadow.waiting), (1, 1, false));
    let flip = &shadow.flips[0];
    assert_eq!(flip.promotion, format!("{}/weather", stage.namespace));
    assert_eq!((flip.gate.as_str(), flip.from, flip.to), ("B", Side::Pass, Side::Deny));
    assert_eq!(flip.codes, ["NobodyMay"]);
    Ok(())
}

#[tokio::test]
async fn with_require_approval_the_revision_waits_until_it_is_named() -> Result<()> {
    let stage = Stage::new("awaited").await?;
    let _controller = stage.controller().await?;
    let spec = json!({ "spec": { "shadow": "RequireApproval" } });
    stage.merge::<PolicyPack>("default", spec).await?;
    let good = judged(&stage).await?;
    let strict = stricter(&stage)?;
    stage.server.swap(Some(strict.clone()));
    let waits = |pack: &PolicyPack| {
        pack.status.as_ref().is_some_and(|s| is_true(&s.conditions, "AwaitingApproval"))
    };
    let seen = stage.pack_is("default", "waits", waits).await?;
    let status = seen.status.as_ref().context("a status")?;
    assert!(is_true(&status.conditions, "Ready"), "the loaded revision judges on");
    assert_eq!(status.artifact.as_ref().context("an artifact")?.digest, good.digest().to_string());
    assert!(shadow(&seen).is_some_and(|shadow| shadow.waiting && shadow.flipped == 1));
    let ready = status.conditions.iter().find(|c| c.type_ == "Ready").context("Ready")?;
    assert!(ready.message.contains("turns 1 verdicts on 1 recorded facts"), "{}", ready.message);

    // Another revision than the one that waits is not what somebody looked at.
    let other = json!({ "spec": { "approvedRevision": good.digest().to_string() } });
    stage.merge::<PolicyPack>("default", other).await?;
    stage
        .pack_is("default", "waits still", |pack| {
            let seen = pack.status.as_ref().and_then(|s| s.observed_generation);
            waits(pack) && seen == pack.metadata.generation
        })
        .await?;

    let approve = json!({ "spec": { "approvedRevision": strict.digest().to_string() } });
    stage.merge::<PolicyPack>("default", approve).await?;
    let seen = stage.pack_ready("default", &strict).await?;
    assert!(!waits(&seen));
    assert!(shadow(&seen).is_some_and(|shadow| !shadow.waiting && shadow.flipped == 1));
    Ok(())
}

#[tokio::test]
async fn a_revision_that_turns_nothing_needs_no_approval() -> Result<()> {
    let stage = Stage::new("unturned").await?;
    let _controller = stage.controller().await?;
    let spec = json!({ "spec": { "shadow": "RequireApproval" } });
    stage.merge::<PolicyPack>("default", spec).await?;
    judged(&stage).await?;
    let same =
        default_pack(&stage.keys, |dir| Ok(std::fs::write(dir.join("README.md"), "new\n")?))?;
    stage.server.swap(Some(same.clone()));
    let seen = stage.pack_ready("default", &same).await?;
    assert!(shadow(&seen).is_some_and(|shadow| shadow.compared == 1 && shadow.flipped == 0));
    Ok(())
}
