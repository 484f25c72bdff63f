//! `lazaret controller`.

use std::process::ExitCode;
use std::sync::Arc;

use prometheus_client::registry::Registry;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::args::{Controller, LogFormat};
use super::exit::Failure;
use super::settings::publisher;
use crate::controller::{Context, Health, Metrics, Settings, run};
use crate::promotion::Step;
use crate::server;

pub(super) async fn controller(arguments: Controller) -> Result<ExitCode, Failure> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match arguments.log_format {
        LogFormat::Json => logs.json().flatten_event(true).init(),
        LogFormat::Text => logs.init(),
    }
    let pause_at = pause_at(&arguments)?;
    let config = kube::Config::infer().await.map_err(|error| {
        Failure::usage(format!("no cluster to talk to: {error}; set KUBECONFIG or run in a pod"))
    })?;
    tracing::info!(server = %config.cluster_url, version = env!("CARGO_PKG_VERSION"), "starting");
    let client = kube::Client::try_from(config)
        .map_err(|error| Failure::usage(format!("the cluster's configuration: {error}")))?;
    let day = std::time::Duration::from_secs(24 * 3600);
    let settings = Settings {
        namespace: arguments.namespace,
        file_roots: arguments.allow_file_root,
        ambient_stores: arguments.allow_ambient_store,
        recheck: arguments.recheck_interval,
        default_owner: arguments.default_owner,
        remediation: day * u32::from(arguments.remediation_days),
        concurrency: arguments.concurrency,
        allow_loopback: arguments.allow_loopback_sources,
        publisher: publisher("svc:lazaret".to_owned(), "publisher")?,
        pause_at,
    };
    let mut registry = Registry::default();
    let metrics = Metrics::new(&mut registry);
    let health = Health::default();
    let context = Arc::new(Context::new(client, settings, metrics));

    let listener = tokio::net::TcpListener::bind(arguments.listen)
        .await
        .map_err(|error| Failure::undecided(format!("{}: {error}", arguments.listen)))?;
    let address = listener.local_addr().map_err(|error| Failure::undecided(error.to_string()))?;
    tracing::info!(%address, "answering /metrics, /healthz and /readyz");
    let ready = health.clone();
    let router = server::router(Arc::new(registry), Arc::new(move || ready.ready()));
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    run(context, health, shutdown()).await;
    serving.abort();
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Resolves on SIGTERM or Ctrl-C.
async fn shutdown() {
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
        }
        Err(_) => drop(interrupted.await),
    }
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
