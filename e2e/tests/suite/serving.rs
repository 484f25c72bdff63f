//! What the controller loaded it serves on, and takes back when it is no longer trusted.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use lazaret::api::PolicyPack;
use lazaret_e2e::cluster::eventually;
use lazaret_e2e::packs::{default_pack, keys};
use lazaret_e2e::stage::{SOON, Stage};
use reqwest::{Response, header};
use serde_json::json;

/// The address at which the controller says that it serves packs.
async fn address(stage: &Stage) -> Result<String> {
    let log = stage.start.root.join("controller.log");
    eventually("the controller serves packs", SOON, async || {
        let text = std::fs::read_to_string(Path::new(&log))?;
        let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        let found = lines.filter_map(|line: serde_json::Value| {
            (line["message"] == "serving packs").then(|| line["packs"].as_str().map(str::to_owned))
        });
        Ok(found.flatten().last())
    })
    .await
}

async fn answers(url: &str, status: u16) -> Result<Response> {
    eventually(&format!("{url} answers {status}"), SOON, async || {
        let answer = reqwest::get(url).await?;
        Ok((answer.status().as_u16() == status).then_some(answer))
    })
    .await
}

#[tokio::test]
async fn a_loaded_pack_is_served_and_a_revoked_one_is_not() -> Result<()> {
    let mut stage = Stage::new("served").await?;
    stage.start.arguments.extend(["--serve-listen".into(), "127.0.0.1:0".into()]);
    let good = default_pack(&stage.keys, |_| Ok(()))?;
    // Each signature is another: what was sent is compared with what was given.
    stage.server.swap(Some(good.clone()));
    let _controller = stage.controller().await?;
    let serve = json!({ "spec": { "serve": { "enabled": true, "id": "policy-pack-v0" } } });
    stage.merge::<PolicyPack>("default", serve).await?;
    let seen = stage
        .pack_is("default", "is served", |pack| {
            pack.status.as_ref().is_some_and(|s| s.served_at.is_some())
        })
        .await?;
    let path = seen.status.and_then(|s| s.served_at).context("servedAt")?;
    let url = format!("http://{}{path}", address(&stage).await?);
    let answer = answers(&url, 200).await?;
    let tag = format!("W/\"sha-256:{}\"", good.digest().hex());
    ensure!(answer.headers()[header::ETAG] == tag.as_str(), "{:?}", answer.headers());
    ensure!(answer.bytes().await? == good.tar);
    let bundle = reqwest::get(format!("{url}/attestation")).await?;
    ensure!(bundle.bytes().await? == good.bundle);

    // A second pack may not take the name of the first.
    let again = json!({ "serve": { "enabled": true, "id": "policy-pack-v0" } });
    stage.pack("second", again).await?;
    stage
        .pack_is("second", "is refused its id", |pack| {
            let conditions = pack.status.iter().flat_map(|s| &s.conditions);
            conditions.into_iter().any(|c| c.type_ == "Served" && c.reason == "ServeIdTaken")
        })
        .await?;

    // Lazaret is a source for Lazaret.
    stage.pack("onward", json!({ "source": { "http": { "url": url.clone() } } })).await?;
    stage.pack_ready("onward", &good).await?;

    stage.secret("pack-key", "cosign.pub", &keys()?.public).await?;
    let problem = answers(&url, 503).await?;
    ensure!(problem.headers()[header::CONTENT_TYPE] == "application/problem+json");
    let off = json!({ "spec": { "serve": null } });
    stage.merge::<PolicyPack>("default", off).await?;
    // The id is free, and the second pack, which nobody trusts either, may announce it.
    stage.merge::<PolicyPack>("second", json!({ "spec": { "serve": null } })).await?;
    answers(&url, 404).await?;
    Ok(())
}
