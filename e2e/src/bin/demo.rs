//! The demo: a signed policy pack verified, one dataset version published, one quarantined, one
//! approved by a steward; by the controller, on a real Kubernetes API server, with real bytes.
#![allow(clippy::print_stdout, reason = "it talks to a person at a terminal")]

use std::io::{IsTerminal as _, stdin};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use kube::api::PostParams;
use lazaret::api::{DatasetPromotion, Phase, PolicyPack, Quarantine};
use lazaret_e2e::cluster::{Cluster, apply_crds, client};
use lazaret_e2e::example::Example;
use lazaret_e2e::packs::default_pack;
use lazaret_e2e::stage::Stage;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<()> {
    // A person wants to look around; a machine wants to go on.
    let stay = std::env::args().any(|argument| argument == "--stay") || stdin().is_terminal();
    step("starting etcd, kube-apiserver and kube-controller-manager");
    let mut cluster = tokio::task::spawn_blocking(Cluster::acquire).await??;
    let kubeconfig = cluster.kubeconfig();
    let kubectl = match cluster.plane() {
        Some(plane) => format!("{} kubectl", plane.binary().display()),
        None => "kubectl".to_owned(),
    };
    apply_crds(&client(&kubeconfig).await?).await?;
    tokio::select! {
        outcome = play(&kubeconfig, &kubectl, stay) => outcome,
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}

async fn play(kubeconfig: &std::path::Path, kubectl: &str, stay: bool) -> Result<()> {
    step("building, signing and serving the policy pack of contracts/policy/default");
    let stage = Stage::on(kubeconfig, "demo").await?;
    step("starting the controller under its own service account");
    let controller = stage.controller().await?;
    let pack = default_pack(&stage.keys, |_| Ok(()))?;
    let verified = stage.pack_ready("default", &pack).await?;

    step("asking for three dataset versions");
    let start = Instant::now();
    stage.promote("weather", &Example::whole("seattle-weather")?).await?;
    let published = stage.reaches("weather", Phase::Published).await?;
    let took = start.elapsed();
    let mut broken = stage.manifest("weather-broken", &Example::variant("B-no-license")?)?;
    let elsewhere = format!("file://{}", stage.path("staging").display());
    broken["spec"]["destination"]["url"] = elsewhere.into();
    let broken = serde_json::from_value::<DatasetPromotion>(broken)?;
    stage.api().create(&PostParams::default(), &broken).await?;
    stage.promote("sightings", &Example::whole("restricted-sightings")?).await?;
    let quarantined = stage.reaches("weather-broken", Phase::Quarantined).await;
    let waiting = stage.reaches("sightings", Phase::AwaitingApproval).await?;
    let plan = waiting.status.as_ref().and_then(|s| s.plan.as_ref()).context("a plan")?.clone();
    step("approving the plan of the restricted one as its steward");
    let approval = json!({ "spec": { "approvals": [{
        "principal": "principal:demo-steward",
        "role": "steward",
        "planDigest": plan.digest,
        "approvedAt": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }]}});
    stage.merge::<DatasetPromotion>("sightings", approval).await?;
    let approved = stage.reaches("sightings", Phase::Published).await?;

    println!("\nVERIFIED");
    show_pack(&verified);
    println!("\nPUBLISHED");
    show_published(&published, Some(took));
    show_published(&approved, None);
    println!("      approved by principal:demo-steward, plan {}", short(&plan.digest));
    println!("\nQUARANTINED");
    show_quarantine(&stage.quarantine_of(&quarantined?).await?);
    println!("\nLEDGER");
    println!("      {}/_ledger", stage.destination().display());
    println!("      two entries; the second names the digest of the first");
    println!("\nLOOK FURTHER, in another terminal\n");
    println!("      export KUBECONFIG={}", kubeconfig.display());
    if kubectl != "kubectl" {
        println!("      alias kubectl='{kubectl}'");
    }
    let namespace = &stage.namespace;
    println!("      kubectl -n {namespace} get lazaret");
    println!("      kubectl -n {namespace} describe dsp weather-broken");
    println!("      kubectl -n {namespace} get qn -o yaml");
    println!("      kubectl -n {namespace} events");
    println!("      target/debug/lazaret ledger verify {}", stage.destination().display());
    if stay {
        println!("\nEverything stays up until Ctrl-C, which leaves nothing behind.");
        std::future::pending::<()>().await;
    }
    println!("\nIt all stops now, since nobody sits at this terminal; STAY=1 keeps it up.");
    drop(controller);
    Ok(())
}

fn step(text: &str) {
    eprintln!("· {text}");
}

fn short(digest: &str) -> &str {
    digest.get(..19).unwrap_or(digest)
}

fn show_pack(pack: &PolicyPack) {
    let Some(status) = &pack.status else { return };
    if let Some(artifact) = &status.artifact {
        println!("  policy pack {}", pack.metadata.name.as_deref().unwrap_or_default());
        println!("      {}", artifact.digest);
        println!(
            "      {} bytes, {} files, {} tests passed",
            artifact.size, artifact.files, artifact.tests
        );
    }
    let signer = status.signer.as_ref().and_then(|s| s.subject.as_deref()).unwrap_or_default();
    println!("      signed by {}", signer.get(..30).unwrap_or(signer));
}

fn show_published(promotion: &DatasetPromotion, took: Option<Duration>) {
    let Some(status) = &promotion.status else { return };
    let dataset = &promotion.spec.dataset;
    println!("  {} {}", dataset.slug, dataset.version_id);
    if let Some(plan) = &status.plan {
        let seconds = took.map_or_else(String::new, |t| {
            format!(" in {:.1} s from kubectl to pointer", t.as_secs_f64())
        });
        println!("      {} objects, {} bytes{seconds}", plan.artifacts, plan.bytes);
    }
    if let Some(manifest) = &status.manifest {
        println!("      manifest {}", manifest.digest);
        println!("      {}", manifest.url);
    }
    if let Some(ledger) = &status.ledger {
        println!("      ledger entry {}, {}", ledger.sequence, short(&ledger.digest));
    }
}

fn show_quarantine(quarantine: &Quarantine) {
    let spec = &quarantine.spec;
    println!("  {} {}", spec.dataset.slug, spec.dataset.version_id);
    for reason in &spec.reasons {
        let gate = reason.gate.as_deref().unwrap_or("-");
        println!("      why  gate {gate}: {}", reason.code);
        println!("           {}", reason.message);
    }
    println!("      who  {}", spec.remediation.owner);
    println!("      by   {}", spec.remediation.due_by);
    for line in spec.remediation.plan.lines() {
        println!("      how  {}", line.trim_start_matches("- "));
    }
}
