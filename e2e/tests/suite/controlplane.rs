//! The dev control plane itself.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{Api, DeleteParams, ListParams};
use lazaret_e2e::cluster::{Cluster, client, eventually, namespace};
use lazaret_e2e::controlplane::ControlPlane;

fn skipped() -> bool {
    std::env::var_os("LAZARET_KUBECONFIG").is_some_and(|v| !v.is_empty())
}

fn alive(pid: u32) -> bool {
    // A zombie has ended; only its parent has not heard yet.
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[tokio::test]
async fn namespaces_vanish_and_rights_are_checked() -> Result<()> {
    let kubeconfig = Cluster::shared().await?;
    let admin = client(&kubeconfig).await?;
    let name = namespace(&admin, "vanishing").await?;
    let namespaces = Api::<Namespace>::all(admin.clone());
    namespaces.delete(&name, &DeleteParams::default()).await?;
    eventually("the namespace is gone", Duration::from_secs(60), async || {
        Ok(namespaces.get_opt(&name).await?.is_none().then_some(()))
    })
    .await?;

    let file = kube::config::Kubeconfig::read_from(&kubeconfig)?;
    let mut config = kube::Config::from_custom_kubeconfig(file, &Default::default()).await?;
    config.auth_info.impersonate = Some("nobody".into());
    let nobody = kube::Client::try_from(config)?;
    let refused = Api::<Secret>::all(nobody).list(&ListParams::default()).await.unwrap_err();
    assert!(refused.to_string().contains("cannot list resource \"secrets\""), "{refused}");
    Ok(())
}

#[test]
fn two_at_once_do_not_collide_and_end_with_their_owner() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let second = std::thread::spawn(ControlPlane::start);
    let first = ControlPlane::start()?;
    let second = second.join().unwrap()?;
    assert_ne!(first.kubeconfig(), second.kubeconfig());
    let pids = [first.pids(), second.pids()].concat();
    assert!(pids.len() == 6 && pids.iter().all(|pid| alive(*pid)));
    let dir = first.kubeconfig();
    drop((first, second));
    assert!(!pids.iter().any(|pid| alive(*pid)));
    assert!(!dir.exists());
    Ok(())
}

#[tokio::test]
async fn sigkill_leaves_nothing_behind() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_cluster"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let lines = BufReader::new(child.stdout.take().context("piped")?).lines();
    let kubeconfig = lines
        .map_while(Result::ok)
        .find_map(|line| line.trim().strip_prefix("export KUBECONFIG=").map(str::to_owned))
        .context("the cluster says where its kubeconfig is")?;
    let marker = Path::new(&kubeconfig).parent().context("a folder")?.to_owned();
    let parts = parts_in(&marker);
    assert_eq!(parts.len(), 3);
    child.kill()?;
    child.wait()?;
    eventually("the parts are gone", Duration::from_secs(20), async || {
        Ok((!parts.iter().any(|pid| alive(*pid))).then_some(()))
    })
    .await
}

/// The processes whose working directory is `dir`.
fn parts_in(dir: &Path) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(|p| std::fs::read_link(p.path().join("cwd")).is_ok_and(|cwd| cwd == dir))
        .filter_map(|p| p.file_name().to_str()?.parse().ok())
        .collect()
}
