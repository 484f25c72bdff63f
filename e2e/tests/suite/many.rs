//! Two hundred promotions at once, each to its right end, into one ledger.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use lazaret::api::{DatasetPromotion, Phase};
use lazaret_e2e::cluster::eventually;
use lazaret_e2e::example::Example;
use lazaret_e2e::stage::Stage;

use crate::publish::ledger;

const ALL: usize = 200;

#[tokio::test]
async fn two_hundred_at_once() -> Result<()> {
    let mut stage = Stage::new("many").await?;
    // Not looked at again and again meanwhile, as no cluster does.
    stage.start.arguments = vec!["--recheck-interval".into(), "300".into()];
    let whole = Example::whole("seattle-weather")?;
    let broken = Example::variant("B-no-license")?;
    let restricted = Example::whole("restricted-sightings")?;
    let mut wanted = Vec::new();
    for number in 0..ALL {
        let name = format!("d{number:03}");
        let (example, phase) = match number % 4 {
            0 => (broken.clone(), Phase::Quarantined),
            1 => (restricted.clone(), Phase::AwaitingApproval),
            _ => (whole.clone(), Phase::Published),
        };
        stage.promote(&name, &example.renamed(&name)).await?;
        wanted.push((name, phase));
    }
    // All are there before anybody works on one.
    let _controller = stage.controller().await?;
    let api = stage.api::<DatasetPromotion>();
    eventually("all have ended", Duration::from_secs(180), async || {
        let all = api.list(&Default::default()).await?;
        let settled = all.items.iter().filter(|p| {
            p.status.as_ref().is_some_and(|s| {
                matches!(s.phase, Phase::Published | Phase::Quarantined | Phase::AwaitingApproval)
            })
        });
        Ok((settled.count() == ALL).then_some(()))
    })
    .await?;
    let mut sequences = BTreeSet::new();
    for (name, phase) in &wanted {
        let status = api.get(name).await?.status.unwrap_or_default();
        assert_eq!(status.phase, *phase, "{name}");
        sequences.extend(status.ledger.map(|entry| entry.sequence));
    }
    let published = wanted.iter().filter(|(_, phase)| *phase == Phase::Published).count();
    assert_eq!(sequences.len(), published, "each its own entry");
    assert_eq!(ledger(&stage.destination()).await?.len(), published, "and no entry more");
    Ok(())
}
