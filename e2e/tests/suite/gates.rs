//! Each variant breaks one thing and ends in a Quarantine that names it.

use anyhow::Result;
use kube::api::DeleteParams;
use lazaret::api::{DatasetPromotion, Phase, Quarantine};
use lazaret_e2e::cluster::eventually;
use lazaret_e2e::example::Example;
use lazaret_e2e::stage::{SOON, Stage};

#[tokio::test]
async fn every_variant_ends_in_the_right_quarantine() -> Result<()> {
    let stage = Stage::new("gates").await?;
    let _controller = stage.controller().await?;
    let mut per_gate = std::collections::BTreeMap::<String, usize>::new();
    for example in Example::variants()? {
        let (gate, code) = example.denied_by.clone().expect("a variant is denied");
        // What the CRD refuses already never comes to a gate.
        if example.slug.parse::<lazaret::domain::DatasetSlug>().is_err() {
            continue;
        }
        let name = example.name.to_lowercase();
        stage.promote(&name, &example).await?;
        let denied = stage.reaches(&name, Phase::Quarantined).await?;
        // A look at the variant before, deleted meanwhile, may have had the last word on the
        // Quarantine of the version that they share; the next look puts it right.
        let what = format!("the Quarantine of {name} says {gate} {code} and nothing else");
        let quarantine = eventually(&what, SOON, async || {
            let quarantine = stage.quarantine_of(&denied).await?;
            let reasons = &quarantine.spec.reasons;
            let at_gate = reasons.iter().all(|r| r.gate.as_deref() == Some(&gate));
            Ok((at_gate && reasons.iter().any(|r| r.code == code)).then_some(quarantine))
        })
        .await?;
        let remediation = &quarantine.spec.remediation;
        assert!(!remediation.owner.is_empty() && !remediation.plan.is_empty());
        assert!(remediation.due_by.at().is_some_and(|due| due > jiff::Timestamp::now()));
        for reason in denied.status.iter().flat_map(|s| &s.gates).flat_map(|g| &g.reasons) {
            assert!(!reason.remedy.is_empty() && !reason.message.is_empty(), "{name}: {reason:?}");
        }
        *per_gate.entry(gate).or_default() += 1;

        let gone = DeleteParams::default();
        stage.api::<DatasetPromotion>().delete(&name, &gone).await?;
        let quarantine = quarantine.metadata.name.unwrap_or_default();
        eventually("the quarantine is gone", SOON, async || {
            let api = stage.api::<Quarantine>();
            let _ = api.delete(&quarantine, &gone).await;
            Ok(api.get_opt(&quarantine).await?.is_none().then_some(()))
        })
        .await?;
    }
    assert!(!stage.destination().exists(), "nothing of a denied version is written");
    for gate in ["A", "B", "C", "D", "E", "F", "G"] {
        assert!(per_gate.get(gate).is_some_and(|n| *n >= 3), "gate {gate}: {per_gate:?}");
    }
    Ok(())
}
