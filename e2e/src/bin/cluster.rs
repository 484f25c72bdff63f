//! Keeps a control plane up for playing, until Ctrl-C.
#![allow(clippy::print_stdout, reason = "it talks to a person at a terminal")]

use anyhow::Result;
use lazaret_e2e::cluster::{Cluster, apply_crds, client};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<()> {
    let mut cluster = tokio::task::spawn_blocking(Cluster::acquire).await??;
    let kubeconfig = cluster.kubeconfig();
    apply_crds(&client(&kubeconfig).await?).await?;
    println!("A Kubernetes control plane is up, with Lazaret's CRDs. In another terminal:\n");
    println!("  export KUBECONFIG={}", kubeconfig.display());
    if let Some(plane) = cluster.plane() {
        println!(
            "  alias kubectl='{} kubectl'   # if you have no kubectl",
            plane.binary().display()
        );
    }
    println!("  kubectl get lazaret --all-namespaces\n");
    println!("Ctrl-C stops it.");
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
