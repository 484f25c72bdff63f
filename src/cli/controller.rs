//! `lazaret controller`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use tokio::sync::watch;

use super::args::Controller;
use super::evidence;
use super::exit::Failure;
use super::process::{log, shutdown};
use super::serve::{end, open_at, serve_packs};
use super::settings::publisher;
use crate::controller::{Context, Health as Watches, Metrics, Settings, StateDir, run};
use crate::evidence::EvidenceMetrics;
use crate::pack::Shelf;
use crate::promotion::Step;
use crate::server::{Guard, Health, Packs, ServerMetrics, router};

pub(super) async fn controller(arguments: Controller) -> Result<ExitCode, Failure> {
    log(arguments.log_format);
    let pause_at = pause_at(&arguments)?;
    let config = kube::Config::infer().await.map_err(|error| {
        Failure::usage(format!("no cluster to talk to: {error}; set KUBECONFIG or run in a pod"))
    })?;
    tracing::info!(server = %config.cluster_url, version = env!("CARGO_PKG_VERSION"), "starting");
    let client = kube::Client::try_from(config)
        .map_err(|error| Failure::usage(format!("the cluster's configuration: {error}")))?;
    let state = arguments.state_dir.as_deref().map(StateDir::open).transpose();
    let state = state.map_err(|error| Failure::usage(format!("--state-dir: {error}")))?;
    let day = Duration::from_secs(24 * 3600);
    let settings = Settings {
        namespace: arguments.namespace,
        file_roots: arguments.allow_file_root,
        ambient_stores: arguments.allow_ambient_store,
        recheck: arguments.recheck_interval,
        default_owner: arguments.default_owner,
        remediation: day * u32::from(arguments.remediation_days),
        concurrency: arguments.concurrency,
        allow_loopback: arguments.allow_loopback_sources,
        publisher: publisher(
            "svc:lazaret".to_owned(),
            "publisher",
            arguments.signing_key.as_deref(),
        )?,
        image: arguments.image,
        state: state.map(Arc::new),
        pause_at,
    };
    let mut registry = Registry::default();
    let metrics = Metrics::new(&mut registry);
    let health = Watches::default();
    // What the controller loads for `spec.serve` goes onto this shelf.
    let shelf = Arc::new(Shelf::default());
    let context = Arc::new(Context::new(client.clone(), settings, metrics, Arc::clone(&shelf)));

    let served = ServerMetrics::new(&mut registry);
    // Without a listener there is nothing to count.
    let counted = match arguments.evidence.evidence_listen {
        Some(_) => EvidenceMetrics::new(&mut registry),
        None => EvidenceMetrics::default(),
    };
    let (ending, draining) = watch::channel(false);
    let over = draining.clone();
    let ready = health.clone();
    let told = Health {
        registry: Arc::new(registry),
        ready: Arc::new(move || ready.ready() && !*over.borrow()),
        waiting_for: "the API server was not reached yet, or its lists are not complete, or the process is about to end",
    };
    let limits = arguments.serving.limits();
    let routes = router(Some(told), None, Guard::new(served.clone(), 0, 0, Vec::new()));
    let open = open_at(arguments.listen, routes, None, limits, &served).await?;
    tracing::info!(address = %open.address(), "answering /metrics, /healthz and /readyz");

    let packs = match arguments.serve_listen {
        Some(address) => {
            let packs = Packs { shelf, draining };
            let open = serve_packs(address, None, packs, &arguments.serving, &served).await?;
            tracing::info!(packs = %open.address(), "serving packs");
            Some(open)
        }
        None => None,
    };
    let asked =
        evidence::open(&arguments.evidence, &context, client, &arguments.serving, &served, counted)
            .await?;
    let told_to_end = async move {
        shutdown().await;
        ending.send_replace(true);
    };
    run(context, health, told_to_end).await;
    for listener in [packs, asked].into_iter().flatten() {
        end(listener, &arguments.serving).await;
    }
    open.drain(Duration::ZERO).await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

#[cfg(debug_assertions)]
fn pause_at(arguments: &Controller) -> Result<Option<Step>, Failure> {
    let Some(name) = &arguments.pause_publication_at else { return Ok(None) };
    let found = Step::ALL.into_iter().find(|step| format!("{step:?}") == *name);
    found.map(Some).ok_or_else(|| Failure::usage(format!("no such step: {name}")))
}

#[cfg(not(debug_assertions))]
fn pause_at(_: &Controller) -> Result<Option<Step>, Failure> {
    Ok(None)
}
