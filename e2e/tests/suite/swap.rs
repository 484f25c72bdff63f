//! Packs swapped while promotions run: each is judged by one pack from beginning to end.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use lazaret::api::Phase;
use lazaret_e2e::example::Example;
use lazaret_e2e::packs::default_pack;
use lazaret_e2e::stage::Stage;

use crate::publish::json_file;

#[tokio::test]
async fn a_promotion_is_judged_by_one_pack() -> Result<()> {
    let stage = Stage::new("swap").await?;
    let first = default_pack(&stage.keys, |_| Ok(()))?;
    let second = default_pack(&stage.keys, |dir| {
        Ok(std::fs::write(dir.join("README.md"), "another revision\n")?)
    })?;
    assert_ne!(first.digest(), second.digest());
    let _controller = stage.controller().await?;
    stage.pack_ready("default", &first).await?;
    let whole = Example::whole("seattle-weather")?;
    let names: Vec<_> = (0..30).map(|number| format!("d{number:02}")).collect();
    for (number, name) in names.iter().enumerate() {
        stage.promote(name, &whole.clone().renamed(name)).await?;
        if number % 10 == 5 {
            let next = if number % 20 == 5 { &second } else { &first };
            stage.server.swap(Some(next.clone()));
            stage.pack_ready("default", next).await?;
        }
    }
    let known = BTreeSet::from([first.digest().to_string(), second.digest().to_string()]);
    let mut used = BTreeSet::new();
    for name in &names {
        let promotion = stage.reaches(name, Phase::Published).await?;
        let plan = promotion.status.and_then(|s| s.plan).context("a plan")?;
        let version = stage.destination().join(name).join(&whole.version);
        let manifest = json_file(&version.join("promotion_manifest.json"))?;
        assert_eq!(manifest["policy"]["pack_digest"], plan.policy_digest, "{name}");
        assert_eq!(manifest["plan_digest"], plan.digest, "{name}");
        assert!(known.contains(&plan.policy_digest), "{name}");
        used.insert(plan.policy_digest);
    }
    assert_eq!(used, known, "both packs judged");
    Ok(())
}
