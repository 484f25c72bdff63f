//! Held back, mended, releasable, released; and a published version taken back by a person.

use anyhow::{Context as _, Result};
use lazaret::api::{DatasetPromotion, Phase, Quarantine, QuarantinePhase, is_true};
use lazaret_e2e::cluster::eventually;
use lazaret_e2e::example::Example;
use lazaret_e2e::packs::default_pack;
use lazaret_e2e::stage::{SOON, Stage};
use serde_json::{Value, json};

use crate::publish::{json_file, ledger};

fn release(justification: &str) -> Value {
    json!({ "spec": { "release": { "principal": "jane", "justification": justification } } })
}

async fn becomes(
    stage: &Stage,
    name: &str,
    what: &str,
    wanted: impl Fn(&Quarantine) -> bool,
) -> Result<Quarantine> {
    eventually(what, SOON, async || {
        let now = stage.api::<Quarantine>().get(name).await?;
        Ok(wanted(&now).then_some(now))
    })
    .await
}

fn events(quarantine: &Quarantine) -> Vec<&str> {
    let timeline = quarantine.status.iter().flat_map(|s| &s.timeline);
    timeline.map(|entry| entry.event.as_str()).collect()
}

fn releasable(quarantine: &Quarantine) -> bool {
    quarantine.status.as_ref().is_some_and(|s| is_true(&s.conditions, "Releasable"))
}

#[tokio::test]
async fn mended_then_released_it_goes_on_by_itself() -> Result<()> {
    let stage = Stage::new("mend").await?;
    let _controller = stage.controller().await?;
    stage.promote("weather", &Example::variant("B-no-license")?).await?;
    let denied = stage.reaches("weather", Phase::Quarantined).await?;
    let quarantine = stage.quarantine_of(&denied).await?;
    let name = quarantine.metadata.name.clone().context("a name")?;
    assert!(!releasable(&quarantine));

    // A release before the cause is mended has no effect.
    stage.merge::<Quarantine>(&name, release("too early")).await?;
    becomes(&stage, &name, "the release was seen", |q| {
        q.status.as_ref().is_some_and(|s| {
            s.observed_generation == q.metadata.generation && s.phase == QuarantinePhase::Active
        })
    })
    .await?;
    stage.merge::<Quarantine>(&name, json!({ "spec": { "release": null } })).await?;

    std::fs::remove_dir_all(stage.path("workspaces/weather"))?;
    Example::whole("seattle-weather")?.lay_out(&stage.path("workspaces/weather"))?;
    stage.request("weather").await?;
    becomes(&stage, &name, "it can be released", releasable).await?;
    let held = stage.api::<DatasetPromotion>().get("weather").await?;
    assert_eq!(held.status.map(|s| s.phase), Some(Phase::Quarantined));
    assert!(!stage.destination().exists(), "while it is active nothing is published");

    stage.merge::<Quarantine>(&name, release("the licence was found")).await?;
    stage.reaches("weather", Phase::Published).await?;
    let released = stage.api::<Quarantine>().get(&name).await?;
    assert_eq!(released.status.as_ref().map(|s| s.phase), Some(QuarantinePhase::Released));
    let events = events(&released);
    assert_eq!(events.first(), Some(&"Opened"));
    assert!(events.contains(&"Releasable") && events.contains(&"Released"), "{events:?}");
    Ok(())
}

#[tokio::test]
async fn a_new_denial_strikes_the_release_out() -> Result<()> {
    let stage = Stage::new("reopen").await?;
    let _controller = stage.controller().await?;
    // A restricted version: released, it still waits for its approval, and is looked at again.
    stage.promote("sightings", &Example::variant("C-plan-missing")?).await?;
    let denied = stage.reaches("sightings", Phase::Quarantined).await?;
    let name = stage.quarantine_of(&denied).await?.metadata.name.context("a name")?;
    let workspace = stage.path("workspaces/sightings");
    std::fs::remove_dir_all(&workspace)?;
    Example::whole("restricted-sightings")?.lay_out(&workspace)?;
    stage.request("sightings").await?;
    becomes(&stage, &name, "it can be released", releasable).await?;
    stage.merge::<Quarantine>(&name, release("the plan was found")).await?;
    stage.reaches("sightings", Phase::AwaitingApproval).await?;

    std::fs::remove_file(workspace.join("work/redaction_plan.json"))?;
    stage.request("sightings").await?;
    stage.reaches("sightings", Phase::Quarantined).await?;
    let reopened = becomes(&stage, &name, "it is reopened", |q| {
        q.spec.release.is_none() && events(q).contains(&"Reopened")
    })
    .await?;
    assert_eq!(reopened.status.map(|s| s.phase), Some(QuarantinePhase::Active));
    assert!(!stage.destination().exists());
    Ok(())
}

#[tokio::test]
async fn a_person_takes_a_published_version_back_and_gives_it_again() -> Result<()> {
    let stage = Stage::new("withdraw").await?;
    let _controller = stage.controller().await?;
    let example = Example::whole("seattle-weather")?;
    stage.promote("weather", &example).await?;
    stage.reaches("weather", Phase::Published).await?;
    let quarantine = serde_json::from_value::<Quarantine>(json!({
        "apiVersion": "lazaret.dev/v1alpha1", "kind": "Quarantine",
        "metadata": { "name": "by-hand" },
        "spec": {
            "dataset": { "slug": example.slug, "versionId": example.version },
            "reasons": [{ "code": "SensorFault", "message": "the gauge was blocked in March" }],
            "remediation": { "owner": "jane", "dueBy": "2030-01-01T00:00:00Z", "plan": "recompute" },
        },
    }))?;
    stage.api().create(&Default::default(), &quarantine).await?;
    stage.reaches("weather", Phase::Withdrawn).await?;
    let pointer = stage.destination().join(&example.slug).join("current.json");
    let tombstone = json_file(&pointer)?;
    assert_eq!(tombstone["state"], "withdrawn");
    assert!(tombstone["reason"].as_str().is_some_and(|r| r.contains("the gauge was blocked")));

    // Meanwhile the pack moved on: another plan over the same bytes, and still the same version.
    let newer = default_pack(&stage.keys, |dir| {
        Ok(std::fs::write(dir.join("README.md"), "another revision\n")?)
    })?;
    stage.server.swap(Some(newer.clone()));
    stage.pack_ready("default", &newer).await?;
    stage.merge::<Quarantine>("by-hand", release("recomputed, nothing changed")).await?;
    stage.reaches("weather", Phase::Published).await?;
    assert_eq!(json_file(&pointer)?["state"], "published");
    let actions: Vec<_> = ledger(&stage.destination())
        .await?
        .iter()
        .map(|recorded| format!("{:?}", recorded.entry.action))
        .collect();
    assert_eq!(actions, ["Publish", "Withdraw", "Publish"]);
    Ok(())
}

/// The API server takes `+99:99` for an offset. Such an object once kept the controller from all others.
#[tokio::test]
async fn a_date_that_is_none_keeps_nobody_elses_from_being_seen() -> Result<()> {
    let stage = Stage::new("unreadable").await?;
    for (name, due) in [("bad", "2030-01-01T00:00:00+99:99"), ("good", "2030-01-01T00:00:00Z")] {
        let quarantine = serde_json::from_value::<Quarantine>(json!({
            "apiVersion": "lazaret.dev/v1alpha1", "kind": "Quarantine",
            "metadata": { "name": name },
            "spec": {
                "dataset": { "slug": "weather", "versionId": "2026-02.abcd1234" },
                "reasons": [{ "code": "SensorFault", "message": "the gauge was blocked" }],
                "remediation": { "owner": "jane", "dueBy": due, "plan": "recompute" },
            },
        }))?;
        stage.api().create(&Default::default(), &quarantine).await?;
    }
    let _controller = stage.controller().await?;
    for (name, phase) in [("bad", QuarantinePhase::Overdue), ("good", QuarantinePhase::Active)] {
        becomes(&stage, name, "it was looked at", |q| {
            q.status
                .as_ref()
                .is_some_and(|s| s.observed_generation == q.metadata.generation && s.phase == phase)
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn somebody_elses_broken_bytes_do_not_take_a_published_version_back() -> Result<()> {
    let stage = Stage::new("bystander").await?;
    let _controller = stage.controller().await?;
    let example = Example::whole("seattle-weather")?;
    stage.promote("weather", &example).await?;
    stage.reaches("weather", Phase::Published).await?;
    stage.promote("impostor", &Example::variant("B-no-license")?).await?;
    let denied = stage.reaches("impostor", Phase::Quarantined).await?;
    let reasons = stage.quarantine_of(&denied).await?.spec.reasons;
    assert!(reasons.iter().any(|r| r.code == "VersionAlreadyPublished"), "{reasons:?}");
    stage.request("weather").await?;
    stage.reaches("weather", Phase::Published).await?;
    assert_eq!(ledger(&stage.destination()).await?.len(), 1);
    Ok(())
}
