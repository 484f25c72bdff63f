//! SIGKILL at each step of a publication: readers keep what they had, the restarted controller
//! finishes, and the outcome is the same as if nothing had happened.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use lazaret::api::Phase;
use lazaret::domain::Digest;
use lazaret::promotion::Step;
use lazaret_e2e::cluster::eventually;
use lazaret_e2e::controller::Controller;
use lazaret_e2e::example::Example;
use lazaret_e2e::stage::{SOON, Stage};

use crate::publish::{json_file, ledger, tree};

/// What must be the same however often the controller died: everything but what tells the time.
async fn outcome(stage: &Stage, example: &Example) -> Result<BTreeMap<String, String>> {
    let version = stage.destination().join(&example.slug).join(&example.version);
    let mut same: BTreeMap<_, _> = tree(&version)
        .into_iter()
        .filter(|(path, _)| path.contains('/') || path == "spec.json" || path == "dataset.json")
        .map(|(path, digest): (String, Digest)| {
            // Statements tell the time of the ledger entry.
            let timed = path.starts_with("attestations/_promotion/");
            (path, if timed { String::new() } else { digest.to_string() })
        })
        .collect();
    let mut manifest = json_file(&version.join("promotion_manifest.json"))?;
    manifest["released_at"] = "".into();
    // The record of the decision is there once, is the one that the manifest names, and tells when.
    let records = tree(&stage.destination().join("_decisions"));
    let named = manifest["policy"]["decision_digest"].take();
    let records: Vec<_> = records.values().map(ToString::to_string).collect();
    assert_eq!(records, [named.as_str().unwrap_or_default()]);
    for file in manifest["supporting"].as_array_mut().context("supporting")? {
        if file["path"] == "promotion_receipt.json" {
            file["digest"] = "".into();
        }
    }
    same.insert("manifest".into(), manifest.to_string());
    let chain = ledger(&stage.destination()).await?;
    assert_eq!(chain.len(), 1, "one publication, one entry");
    let pointer = json_file(&stage.destination().join(&example.slug).join("current.json"))?;
    assert_eq!(pointer["ledger_digest"], chain[0].digest.to_string());
    assert_eq!(pointer["manifest_digest"], chain[0].entry.manifest_digest.to_string());
    let bytes = std::fs::read(version.join("promotion_manifest.json"))?;
    assert_eq!(Digest::of(&bytes), chain[0].entry.manifest_digest);
    Ok(same)
}

#[tokio::test]
async fn killed_at_any_step_the_outcome_is_the_same() -> Result<()> {
    let example = Example::whole("seattle-weather")?;
    let whole = Stage::new("uncrashed").await?;
    let controller = whole.controller().await?;
    whole.promote("weather", &example).await?;
    whole.reaches("weather", Phase::Published).await?;
    drop(controller);
    let expected = outcome(&whole, &example).await?;

    for step in Step::ALL {
        let stage = Stage::new(&format!("crash-{}", format!("{step:?}").to_lowercase())).await?;
        let mut pausing = stage.start.clone();
        pausing.arguments.extend(["--pause-publication-at".into(), format!("{step:?}")]);
        let victim = Controller::start(&pausing).await?;
        stage.promote("weather", &example).await?;
        eventually(&format!("paused at {step:?}"), SOON, async || {
            Ok(victim.logs().contains("paused here").then_some(()))
        })
        .await?;
        victim.kill().await?;
        let pointer = stage.destination().join(&example.slug).join("current.json");
        assert_eq!(pointer.exists(), step == Step::Pointer, "readers at {step:?}");

        let _restarted = stage.controller().await?;
        stage.reaches("weather", Phase::Published).await.with_context(|| format!("{step:?}"))?;
        assert_eq!(outcome(&stage, &example).await?, expected, "killed at {step:?}");
    }
    Ok(())
}
