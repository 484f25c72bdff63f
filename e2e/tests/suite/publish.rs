//! The happy path, to the byte; approvals; dry runs; what the process tells of itself.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use lazaret::api::{DatasetPromotion, Phase, is_true};
use lazaret::contracts::{SchemaName, violations};
use lazaret::domain::Digest;
use lazaret::ledger::Ledger;
use lazaret::objects::{FileAccess, Store};
use lazaret_e2e::cluster::eventually;
use lazaret_e2e::example::Example;
use lazaret_e2e::stage::{SOON, Stage};
use serde_json::{Value, json};

/// Path to digest of every file below `dir`.
pub(crate) fn tree(dir: &Path) -> BTreeMap<String, Digest> {
    fn walk(root: &Path, dir: &Path, found: &mut BTreeMap<String, Digest>) {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                found.insert(name, Digest::of(&std::fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(dir, dir, &mut found);
    found
}

pub(crate) fn json_file(path: &Path) -> Result<Value> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// The entries of a destination's ledger, the chain checked.
pub(crate) async fn ledger(destination: &Path) -> Result<Vec<lazaret::ledger::Recorded>> {
    let url = format!("file://{}", destination.display());
    Ok(Ledger::new(Store::open(&url, &FileAccess::Caller)?).verify().await?)
}

#[tokio::test]
async fn a_version_is_published_with_manifest_receipt_ledger_and_pointer() -> Result<()> {
    let stage = Stage::new("publish").await?;
    let controller = stage.controller().await?;
    let example = Example::whole("seattle-weather")?;
    stage.promote("weather", &example).await?;
    let promotion = stage.reaches("weather", Phase::Published).await?;
    let status = promotion.status.context("a status")?;
    assert!(is_true(&status.conditions, "Ready") && is_true(&status.conditions, "GatesPassed"));
    let states: Vec<_> = status.gates.iter().map(|g| (g.id.as_str(), g.state.as_str())).collect();
    assert_eq!(states[..6].iter().filter(|(_, state)| *state == "Passed").count(), 6, "{states:?}");
    assert_eq!(states[6], ("G", "NotRequired"));

    let version = format!("{}/{}", example.slug, example.version);
    let published = tree(&stage.destination().join(&version));
    let workspace = tree(&stage.path("workspaces/weather"));
    for (path, digest) in &workspace {
        let private = path.starts_with("raw/") || path.starts_with("work/");
        let private = private
            || !path.contains('/') && !["spec.json", "dataset.json"].contains(&path.as_str());
        let private = private || path.starts_with("contracts/");
        if path == "spec.json" {
            // Published in its canonical form.
            assert_eq!(status.spec_hash, published.get(path).map(ToString::to_string));
            continue;
        }
        assert_eq!(published.get(path), (!private).then_some(digest), "{path}");
    }
    let manifest = json_file(&stage.destination().join(&version).join("promotion_manifest.json"))?;
    assert_eq!(violations(SchemaName::PromotionManifest, &manifest), []);
    for file in ["artifacts", "catalogs", "supporting"]
        .iter()
        .flat_map(|k| manifest[*k].as_array().unwrap())
    {
        let path = file["path"].as_str().unwrap();
        assert_eq!(file["digest"], json!(published[path]), "{path}");
    }
    let receipt = json_file(&stage.destination().join(&version).join("promotion_receipt.json"))?;
    assert_eq!(violations(SchemaName::RunReceipt, &receipt), []);
    let chain = ledger(&stage.destination()).await?;
    assert_eq!(chain.len(), 1);
    assert_eq!(violations(SchemaName::LedgerEntry, &json!(chain[0].entry)), []);
    let manifest_digest = status.manifest.context("a manifest")?.digest;
    assert_eq!(chain[0].entry.manifest_digest.to_string(), manifest_digest);
    assert_eq!(published["promotion_manifest.json"].to_string(), manifest_digest);
    let pointer = json_file(&stage.destination().join(&example.slug).join("current.json"))?;
    assert_eq!(pointer["state"], "published");
    assert_eq!(pointer["manifest_digest"], manifest_digest.as_str());

    let (code, metrics) = controller.get("/metrics").await?;
    assert_eq!(code, 200);
    for line in ["lazaret_publications_total 1", "lazaret_policy_packs_loaded 1", "# EOF"] {
        assert!(metrics.contains(line), "{metrics}");
    }
    assert_eq!(controller.get("/healthz").await?.0, 200);
    let named = |line: &str| {
        line.contains("\"name\":\"weather\"") && line.contains("\"kind\":\"DatasetPromotion\"")
    };
    assert!(controller.logs().lines().any(named), "{}", controller.logs());
    assert!(!controller.logs().contains("PRIVATE KEY"));
    Ok(())
}

#[tokio::test]
async fn a_restricted_version_waits_for_an_approval_of_its_very_plan() -> Result<()> {
    let stage = Stage::new("approve").await?;
    let _controller = stage.controller().await?;
    stage.promote("sightings", &Example::whole("restricted-sightings")?).await?;
    let waiting = stage.reaches("sightings", Phase::AwaitingApproval).await?;
    let plan = waiting.status.and_then(|s| s.plan).context("a plan")?;
    assert!(tree(&stage.destination()).is_empty());
    let approval = |role: &str, plan: &str| {
        json!({ "spec": { "approvals": [{
            "principal": "principal:jane", "role": role, "planDigest": plan,
            "approvedAt": "2026-11-21T00:00:00Z",
        }]}})
    };
    let other = format!("sha256:{}", "1".repeat(64));
    for (role, digest) in [("intern", plan.digest.as_str()), ("steward", other.as_str())] {
        let patched: DatasetPromotion = stage.merge("sightings", approval(role, digest)).await?;
        eventually("the approval was looked at and did not count", SOON, async || {
            let now = stage.api::<DatasetPromotion>().get("sightings").await?;
            let seen = now.status.as_ref().is_some_and(|status| {
                status.observed_generation == patched.metadata.generation
                    && status.phase == Phase::AwaitingApproval
            });
            Ok(seen.then_some(()))
        })
        .await?;
    }
    assert!(tree(&stage.destination()).is_empty());
    stage.merge::<DatasetPromotion>("sightings", approval("steward", &plan.digest)).await?;
    let done = stage.reaches("sightings", Phase::Published).await?;
    assert_eq!(done.status.and_then(|s| s.plan).context("a plan")?.digest, plan.digest);
    let chain = ledger(&stage.destination()).await?;
    assert_eq!(chain[0].entry.approvals, ["steward:principal:jane"]);
    Ok(())
}

#[tokio::test]
async fn one_changed_byte_voids_the_approval() -> Result<()> {
    let stage = Stage::new("void").await?;
    let _controller = stage.controller().await?;
    stage.promote("sightings", &Example::whole("restricted-sightings")?).await?;
    let waiting = stage.reaches("sightings", Phase::AwaitingApproval).await?;
    let plan = waiting.status.and_then(|s| s.plan).context("a plan")?;
    // The dataset's description is part of the plan through dataset.json's bytes.
    let file = stage.path("workspaces/sightings/dataset.json");
    let text = std::fs::read_to_string(&file)?;
    std::fs::write(&file, format!("{text} "))?;
    let approval = json!({ "spec": { "approvals": [{
        "principal": "principal:jane", "role": "steward", "planDigest": plan.digest,
        "approvedAt": "2026-11-21T00:00:00Z",
    }]}});
    stage.merge::<DatasetPromotion>("sightings", approval).await?;
    let still = stage.reaches("sightings", Phase::AwaitingApproval).await?;
    let status = still.status.context("a status")?;
    assert_ne!(status.plan.context("a plan")?.digest, plan.digest);
    let approved = status.conditions.iter().find(|c| c.type_ == "Approved").context("Approved")?;
    assert!(approved.message.contains("void"), "{}", approved.message);
    assert!(tree(&stage.destination()).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_quarantines_nobody() -> Result<()> {
    let stage = Stage::new("dryrun").await?;
    let _controller = stage.controller().await?;
    for (name, example) in
        [("good", Example::whole("seattle-weather")?), ("bad", Example::variant("B-no-license")?)]
    {
        let mut manifest = stage.manifest(name, &example)?;
        manifest["spec"]["dryRun"] = true.into();
        let manifest = serde_json::from_value::<DatasetPromotion>(manifest)?;
        stage.api().create(&Default::default(), &manifest).await?;
        let reason = if name == "good" { "DryRun" } else { "GatesFailed" };
        eventually("the dry run has ended", SOON, async || {
            let now = stage.api::<DatasetPromotion>().get(name).await?;
            let conditions = now.status.map(|s| s.conditions).unwrap_or_default();
            Ok(conditions.iter().any(|c| c.type_ == "Ready" && c.reason == reason).then_some(()))
        })
        .await?;
    }
    assert!(!stage.destination().exists());
    let quarantines = stage.api::<lazaret::api::Quarantine>().list(&Default::default()).await?;
    assert!(quarantines.items.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_tenant_reaches_its_own_folder_only() -> Result<()> {
    let stage = Stage::new("tenant").await?;
    let _controller = stage.controller().await?;
    let other = stage.start.root.join("other-tenant");
    Example::whole("seattle-weather")?.lay_out(&other)?;
    let through = stage.path("through");
    std::fs::create_dir_all(stage.path(""))?;
    std::os::unix::fs::symlink(&other, &through)?;
    for (name, source) in [("named", &other), ("linked", &through)] {
        let mut manifest = stage.manifest(name, &Example::whole("seattle-weather")?)?;
        manifest["spec"]["source"]["url"] = format!("file://{}", source.display()).into();
        let manifest = serde_json::from_value::<DatasetPromotion>(manifest)?;
        stage.api().create(&Default::default(), &manifest).await?;
        eventually("the URL is refused", SOON, async || {
            let now = stage.api::<DatasetPromotion>().get(name).await?;
            let conditions = now.status.map(|s| s.conditions).unwrap_or_default();
            let refused = conditions
                .iter()
                .any(|c| c.type_ == "Stalled" && c.message.contains("outside the directories"));
            Ok(refused.then_some(()))
        })
        .await?;
    }
    assert!(!stage.destination().exists());
    Ok(())
}
