//! Policy packs: what loads, what is refused and by which name, and that the last good one stays.

use anyhow::{Context as _, Result};
use lazaret::api::{Phase, PolicyPack, is_true};
use lazaret_e2e::cluster::eventually;
use lazaret_e2e::example::Example;
use lazaret_e2e::packs::{PackServer, SignedPack, default_pack, keys};
use lazaret_e2e::root;
use lazaret_e2e::stage::{SOON, Stage};
use serde_json::{Value, json};

fn failure(pack: &PolicyPack) -> Option<&str> {
    Some(pack.status.as_ref()?.last_failure.as_ref()?.reason.as_str())
}

fn condition<'a>(pack: &'a PolicyPack, kind: &str) -> Option<&'a str> {
    let conditions = &pack.status.as_ref()?.conditions;
    Some(conditions.iter().find(|c| c.type_ == kind)?.status.as_str())
}

#[tokio::test]
async fn a_bad_revision_is_refused_by_name_and_the_last_good_one_judges_on() -> Result<()> {
    let stage = Stage::new("revisions").await?;
    let _controller = stage.controller().await?;
    let good = default_pack(&stage.keys, |_| Ok(()))?;
    stage.pack_ready("default", &good).await?;

    let mut tampered = good.clone();
    tampered.tar[700] ^= 1;
    let stranger =
        default_pack(&keys()?, |dir| Ok(std::fs::write(dir.join("README.md"), "mine\n")?))?;
    let failing = default_pack(&stage.keys, |dir| {
        let test = "package lazaret.extra_test\n\ntest_never if false\n";
        Ok(std::fs::write(dir.join("opa/extra_test.rego"), test)?)
    })?;
    let broken = default_pack(&stage.keys, |dir| {
        Ok(std::fs::write(dir.join("opa/broken.rego"), "package lazaret.broken\n\nx if {\n")?)
    })?;
    let forbidden = default_pack(&stage.keys, |dir| {
        let rule = "package lazaret.leak\n\nx := http.send({\"method\": \"get\", \"url\": \"http://x\"})\n";
        Ok(std::fs::write(dir.join("opa/leak.rego"), rule)?)
    })?;
    let signed = |tar: Vec<u8>| -> Result<SignedPack> {
        let bundle = lazaret::pack::sign_blob(&tar, &stage.keys.private)?.into_bytes();
        Ok(SignedPack { tar, bundle })
    };
    let no_tar = signed(vec![b'x'; 4096])?;
    let oversize = signed(vec![0; 33 << 20])?;
    let mut unsigned =
        default_pack(&stage.keys, |dir| Ok(std::fs::write(dir.join("README.md"), "unsigned\n")?))?;
    unsigned.bundle = b"{}".to_vec();
    for (what, pack, reason, kind) in [
        ("a tampered byte", Some(tampered), "ArtifactMismatch", "Verified"),
        ("another's key", Some(stranger), "KeyMismatch", "Verified"),
        ("a failing test", Some(failing), "TestsFailed", "TestsPassed"),
        ("Rego that does not compile", Some(broken), "RegoInvalid", "TestsPassed"),
        ("a forbidden builtin", Some(forbidden), "BuiltinRefused", "TestsPassed"),
        ("no tar", Some(no_tar), "NotATar", "TestsPassed"),
        ("too large", Some(oversize), "TooLarge", "Fetched"),
        ("no bundle", Some(unsigned), "BundleInvalid", "Verified"),
        ("nothing there", None, "NotFound", "Fetched"),
    ] {
        stage.server.swap(pack);
        let seen = stage
            .pack_is("default", what, |pack| failure(pack) == Some(reason))
            .await
            .with_context(|| format!("{what} is {reason}"))?;
        assert_eq!(condition(&seen, kind), Some("False"), "{what}");
        let status = seen.status.as_ref().context("a status")?;
        let artifact = status.artifact.as_ref().context("an artifact")?;
        assert_eq!(artifact.digest, good.digest().to_string(), "{what}");
        let ready = status.conditions.iter().find(|c| c.type_ == "Ready").context("Ready")?;
        assert!(ready.message.contains("still judging by"), "{what}: {}", ready.message);
        // Between two bad ones a good one, so that each is seen afresh and without back-off.
        stage.server.swap(Some(good.clone()));
        let nudge = json!({ "metadata": { "annotations": { "lazaret.dev/requestedAt": what } } });
        stage.merge::<PolicyPack>("default", nudge).await?;
        stage.pack_ready("default", &good).await?;
    }
    stage.server.swap(None);
    stage.pack_is("default", "fails", |pack| failure(pack) == Some("NotFound")).await?;
    stage.promote("weather", &Example::whole("seattle-weather")?).await?;
    let published = stage.reaches("weather", Phase::Published).await?;
    let plan = published.status.and_then(|s| s.plan).context("a plan")?;
    assert_eq!(plan.policy_digest, good.digest().to_string());
    Ok(())
}

fn keyless(identity: &Value) -> Value {
    json!({
        "verify": { "keys": null, "keyless": {
            "trustRootRef": { "name": "root" },
            "identities": [identity],
        }},
    })
}

#[tokio::test]
async fn keyless_by_identity_issuer_and_a_private_root() -> Result<()> {
    let stage = Stage::new("keyless").await?;
    let _controller = stage.controller().await?;
    let fixture = |name: &str| std::fs::read(root().join("e2e/fixtures/keyless").join(name));
    let pack = SignedPack { tar: fixture("pack.tar")?, bundle: fixture("pack.sigstore.json")? };
    stage.server.swap(Some(pack.clone()));
    let map = json!({
        "metadata": { "name": "root" },
        "data": { "trusted_root.json": String::from_utf8(fixture("trusted_root.json")?)? },
    });
    let map = serde_json::from_value::<k8s_openapi::api::core::v1::ConfigMap>(map)?;
    stage.api().create(&Default::default(), &map).await?;
    let subject = "https://github.com/lazaret/packs/.github/workflows/release.yml@refs/heads/main";
    let issuer = "https://token.actions.githubusercontent.com";
    stage.pack("good", keyless(&json!({ "issuer": issuer, "subject": subject }))).await?;
    let good = stage.pack_ready("good", &pack).await?;
    let signer = good.status.and_then(|s| s.signer).context("a signer")?;
    assert_eq!(signer.subject.as_deref(), Some(subject));
    assert_eq!(signer.issuer.as_deref(), Some(issuer));
    assert!(signer.log_index.is_some() && signer.integrated_time.is_some());
    for (name, identity) in [
        ("wrong-subject", json!({ "issuer": issuer, "subject": "https://github.com/other" })),
        ("wrong-issuer", json!({ "issuer": "https://accounts.example.org", "subject": subject })),
        ("loose", json!({ "issuer": issuer, "subjectRegExp": "github\\.com/lazaret" })),
    ] {
        stage.pack(name, keyless(&identity)).await?;
        let refused = stage
            .pack_is(name, "is refused", |pack| failure(pack) == Some("IdentityMismatch"))
            .await?;
        assert_eq!(condition(&refused, "Ready"), Some("False"), "{name}");
        assert!(refused.status.is_some_and(|s| s.artifact.is_none()), "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn an_unchanged_pack_is_not_fetched_again() -> Result<()> {
    let stage = Stage::new("unchanged").await?;
    let _controller = stage.controller().await?;
    eventually("three polls are answered by 304", SOON, async || {
        Ok((stage.server.asked().1 >= 3).then_some(()))
    })
    .await?;
    let (asked, not_modified) = stage.server.asked();
    assert_eq!(asked, not_modified + 1, "once in full, then never again");
    Ok(())
}

#[tokio::test]
async fn past_max_staleness_the_pack_denies_and_comes_back() -> Result<()> {
    let stage = Stage::new("stale").await?;
    let _controller = stage.controller().await?;
    let good = default_pack(&stage.keys, |_| Ok(()))?;
    stage.pack_ready("default", &good).await?;
    let short = json!({ "spec": { "maxStaleness": "2s" } });
    stage.merge::<PolicyPack>("default", short).await?;
    stage.server.swap(None);
    stage
        .pack_is("default", "is stale", |pack| {
            let ready = pack.status.iter().flat_map(|s| &s.conditions).find(|c| c.type_ == "Ready");
            ready.is_some_and(|c| c.status == "False" && c.message.contains("everything is denied"))
        })
        .await?;
    stage.promote("weather", &Example::whole("seattle-weather")?).await?;
    eventually("the promotion waits for its pack", SOON, async || {
        let now = stage.api::<lazaret::api::DatasetPromotion>().get("weather").await?;
        let conditions = now.status.map(|s| s.conditions).unwrap_or_default();
        let waits = conditions.iter().any(|c| c.reason == "PolicyPackUnavailable");
        Ok(waits.then_some(()))
    })
    .await?;
    assert!(!stage.destination().exists());
    stage.server.swap(Some(good.clone()));
    stage.pack_ready("default", &good).await?;
    stage.reaches("weather", Phase::Published).await?;
    Ok(())
}

#[tokio::test]
async fn a_key_that_is_struck_out_stops_judging_at_once() -> Result<()> {
    let stage = Stage::new("revoked").await?;
    let _controller = stage.controller().await?;
    let good = default_pack(&stage.keys, |_| Ok(()))?;
    stage.pack_ready("default", &good).await?;
    stage.secret("pack-key", "cosign.pub", &keys()?.public).await?;
    let nudge = json!({ "metadata": { "annotations": { "lazaret.dev/requestedAt": "now" } } });
    stage.merge::<PolicyPack>("default", nudge).await?;
    stage
        .pack_is("default", "denies", |pack| {
            let ready = pack.status.iter().flat_map(|s| &s.conditions).find(|c| c.type_ == "Ready");
            ready.is_some_and(|c| c.status == "False" && c.message.contains("everything is denied"))
        })
        .await?;
    Ok(())
}

#[tokio::test]
async fn suspended_it_polls_no_more() -> Result<()> {
    let stage = Stage::new("suspended").await?;
    let _controller = stage.controller().await?;
    let good = default_pack(&stage.keys, |_| Ok(()))?;
    stage.pack_ready("default", &good).await?;
    stage.merge::<PolicyPack>("default", json!({ "spec": { "suspend": true } })).await?;
    stage
        .pack_is("default", "is suspended", |pack| {
            let conditions = pack.status.iter().flat_map(|s| &s.conditions);
            conditions.into_iter().any(|c| c.type_ == "Ready" && c.reason == "Suspended")
        })
        .await?;
    // Another pack proves that time goes by: it is polled twice and more, this one not at all.
    let asked = stage.server.asked().0;
    let clock = PackServer::start(good.clone()).await?;
    stage.pack("clock", json!({ "source": { "http": { "url": clock.url() } } })).await?;
    eventually(
        "the other pack was polled",
        SOON,
        async || Ok((clock.asked().0 >= 3).then_some(())),
    )
    .await?;
    assert_eq!(stage.server.asked().0, asked);
    Ok(())
}

#[tokio::test]
async fn a_missing_reference_is_named() -> Result<()> {
    let stage = Stage::new("missing").await?;
    let _controller = stage.controller().await?;
    let spec = json!({ "verify": { "keys": [{ "secretRef": { "name": "no-such" } }] } });
    stage.pack("lost", spec).await?;
    let seen = stage
        .pack_is("lost", "misses its key", |pack| failure(pack) == Some("ReferenceNotFound"))
        .await?;
    let conditions = seen.status.map(|s| s.conditions).unwrap_or_default();
    assert!(is_true(&conditions, "Stalled"));
    let text = &conditions.iter().find(|c| c.type_ == "Ready").context("Ready")?.message;
    assert!(text.contains("spec.verify.keys[0].secretRef: there is no Secret no-such"), "{text}");
    Ok(())
}
