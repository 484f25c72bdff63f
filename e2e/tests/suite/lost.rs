//! A controller without its API server says so, tries again, and goes on when it is back.

use std::time::Duration;

use anyhow::Result;
use lazaret::api::Phase;
use lazaret_e2e::cluster::{apply_crds, client, eventually};
use lazaret_e2e::controller::Controller;
use lazaret_e2e::controlplane::ControlPlane;
use lazaret_e2e::example::Example;
use lazaret_e2e::stage::{SOON, Stage};

#[tokio::test]
async fn it_says_so_and_goes_on() -> Result<()> {
    if std::env::var_os("LAZARET_KUBECONFIG").is_some_and(|v| !v.is_empty()) {
        return Ok(());
    }
    let mut plane = tokio::task::spawn_blocking(ControlPlane::start).await??;
    apply_crds(&client(&plane.kubeconfig()).await?).await?;
    let stage = Stage::on(&plane.kubeconfig(), "lost").await?;
    let controller = stage.controller().await?;
    stage.promote("first", &Example::whole("seattle-weather")?.renamed("first")).await?;
    stage.reaches("first", Phase::Published).await?;

    plane.stop_apiserver();
    eventually("the controller says that it cannot watch", SOON, async || {
        Ok(controller.logs().contains("cannot watch the API server").then_some(()))
    })
    .await?;
    let newcomer = Controller::start(&stage.start).await?;
    eventually("a newcomer says that it cannot reach it", SOON, async || {
        Ok(newcomer.logs().contains("cannot reach the API server").then_some(()))
    })
    .await?;
    assert_eq!(newcomer.get("/readyz").await?.0, 503);
    assert_eq!(newcomer.get("/healthz").await?.0, 200);
    newcomer.kill().await?;

    let plane =
        tokio::task::spawn_blocking(move || plane.start_apiserver().map(|()| plane)).await??;
    eventually("the second is asked for", Duration::from_secs(30), async || {
        let second = Example::whole("seattle-weather")?.renamed("second");
        Ok(stage.promote("second", &second).await.ok().map(drop))
    })
    .await?;
    // How soon is the API server's affair: it has caches to fill before it serves watches again.
    let outcome = match stage.reaches("second", Phase::Published).await {
        Ok(_) => Ok(()),
        Err(_) => stage.reaches("second", Phase::Published).await.map(drop),
    };
    drop(plane);
    outcome?;
    Ok(())
}
