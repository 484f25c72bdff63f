//! `lazaret serve`: verified packs over HTTP, without any cluster.

mod args;
mod directory;
mod files;
mod trusted;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use jiff::Timestamp;
use prometheus_client::registry::Registry;
use tokio::sync::watch;

pub(super) use args::{Serve, Serving, tls};
use directory::Directory;
use trusted::{Trusted, own};

use super::exit::Failure;
use super::process::{log, shutdown};
use super::settings::authorities;
use crate::pack::{Authority, KeyPairPem, Shelf, generate_key_pair};
use crate::server::{
    ConnectionLimits, Guard, Health, Listening, Packs, ServerMetrics, Tls, listen, router,
};

/// How often certificate files are looked at.
pub(super) const CERTIFICATE_INTERVAL: Duration = Duration::from_secs(5);

/// A look at the directory that takes longer than this, beyond the interval, is overdue.
const OVERDUE: Duration = Duration::from_secs(60);

/// How the looks at the directory go.
struct Looks {
    interval: Duration,
    /// When the last one was over, if it went well.
    last: Mutex<Option<Instant>>,
}

impl Looks {
    /// A look is over.
    fn over(&self, well: bool) {
        let last = well.then(Instant::now);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = last;
    }

    /// Whether what is served is what the directory has, as far as one can know at `now`.
    fn fresh(&self, now: Instant) -> bool {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| {
            now.saturating_duration_since(last) <= self.interval.saturating_add(OVERDUE)
        })
    }
}

pub(super) async fn serve(arguments: Serve) -> Result<ExitCode, Failure> {
    log(arguments.log_format);
    let arguments = Arc::new(arguments);
    let shelf = Arc::new(Shelf::default());
    let mut directory = directory(&arguments, &shelf)?;
    let mut registry = Registry::default();
    let metrics = ServerMetrics::new(&mut registry);
    let (ending, draining) = watch::channel(false);

    // The first look comes before the first answer: a restart is no outage of what was served.
    directory = look(directory)
        .await
        .map_err(|error| Failure::undecided(format!("{}: {error}", arguments.packs.display())))?;
    let looks = Looks { interval: arguments.scan_interval, last: Mutex::new(Some(Instant::now())) };
    let looks = Arc::new(looks);
    let (scanning, over) = (Arc::clone(&looks), draining.clone());
    let ready = move || scanning.fresh(Instant::now()) && !*over.borrow();
    let health = Health {
        registry: Arc::new(registry),
        ready: Arc::new(ready),
        waiting_for: "the directory cannot be read, or not in time, or the process is about to end",
    };
    let serving = &arguments.serving;
    let packs = Packs { shelf, draining };
    let (health_of_packs, health_alone) = match arguments.health_listen {
        Some(address) => (None, Some((address, health))),
        None => (Some(health), None),
    };
    let open = serve_packs(arguments.listen, health_of_packs, packs, serving, &metrics).await?;
    tracing::info!(address = %open.address(), tls = serving.tls_cert.is_some(), "serving packs");
    let mut beside = None;
    if let Some((address, health)) = health_alone {
        // Kubelets and scrapers: no rate, no certificate.
        let guard = Guard::new(metrics.clone(), 0, 0, Vec::new());
        let routes = router(Some(health), None, guard);
        let open = open_at(address, routes, None, serving.limits(), &metrics).await?;
        tracing::info!(health = %open.address(), "answering /metrics, /healthz and /readyz");
        beside = Some(open);
    }
    let looking = tokio::spawn(keep_looking(directory, looks));
    shutdown().await;
    ending.send_replace(true);
    tracing::info!("ending: letting downloads finish");
    end(open, serving).await;
    looking.abort();
    if let Some(beside) = beside {
        beside.drain(Duration::ZERO).await;
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Opens the listener for packs, with TLS if there is a certificate.
pub(super) async fn serve_packs(
    address: SocketAddr,
    health: Option<Health>,
    packs: Packs,
    serving: &Serving,
    metrics: &ServerMetrics,
) -> Result<Listening, Failure> {
    let tls = serving.tls().await?;
    let (rate, burst) = (serving.requests_per_second, serving.request_burst);
    let guard = Guard::new(metrics.clone(), rate, burst, serving.trusted_proxy.clone());
    let routes = router(health, Some(packs), guard);
    let open = open_at(address, routes, tls.as_ref(), serving.limits(), metrics).await?;
    if let Some(tls) = tls {
        tokio::spawn(tls.keep_fresh(CERTIFICATE_INTERVAL, metrics.clone()));
    }
    Ok(open)
}

/// Opens a listener.
pub(super) async fn open_at(
    address: SocketAddr,
    routes: Router,
    tls: Option<&Tls>,
    limits: ConnectionLimits,
    metrics: &ServerMetrics,
) -> Result<Listening, Failure> {
    let opened = listen(address, routes, tls, limits, metrics.clone()).await;
    opened.map_err(|error| Failure::undecided(format!("{address}: {error}")))
}

/// Ends a listener in good order: readiness says no already.
pub(super) async fn end(open: Listening, serving: &Serving) {
    tokio::time::sleep(Duration::from_secs(serving.drain_delay.into())).await;
    open.drain(Duration::from_secs(serving.drain_timeout.into())).await;
}

fn directory(arguments: &Arc<Serve>, shelf: &Arc<Shelf>) -> Result<Directory, Failure> {
    let mut sources = None;
    if arguments.build_sources {
        let keys = generate_key_pair().map_err(|error| Failure::undecided(error.to_string()))?;
        tracing::warn!(public_key = keys.public, "for development: building packs from sources");
        sources = Some(keys);
    }
    let files = arguments.trust.key.iter().chain(&arguments.trust.trusted_root).cloned().collect();
    let (named, keys) = (Arc::clone(arguments), sources.clone());
    let again =
        move || trusted(&named, keys.as_ref()).map_err(|failure| failure.message().to_owned());
    Ok(Directory {
        dir: arguments.packs.clone(),
        trust: Trusted::new(files, || trusted(arguments, sources.as_ref()), Box::new(again))?,
        inline_bundle: arguments.inline_bundle,
        shelf: Arc::clone(shelf),
        sources,
        seen: BTreeMap::new(),
        strange: BTreeSet::new(),
    })
}

/// Whose signatures count. `sources` signs what is built here.
fn trusted(arguments: &Serve, sources: Option<&KeyPairPem>) -> Result<Vec<Authority>, Failure> {
    let mut trusted: Vec<_> = sources.and_then(own).into_iter().collect();
    match authorities(&arguments.trust) {
        Ok(named) => trusted.extend(named),
        // Who serves nothing but own builds needs to trust nobody else.
        Err(_) if sources.is_some() && !arguments.trust.names_somebody() => {}
        Err(failure) => return Err(failure),
    }
    Ok(trusted)
}

async fn look(mut directory: Directory) -> std::io::Result<Directory> {
    let looked =
        tokio::task::spawn_blocking(move || directory.scan(Timestamp::now()).map(|()| directory));
    looked.await.map_err(std::io::Error::other)?
}

async fn keep_looking(directory: Directory, looks: Arc<Looks>) {
    let mut directory = Some(directory);
    while let Some(mut looking) = directory.take() {
        tokio::time::sleep(looks.interval).await;
        let looked = tokio::task::spawn_blocking(move || {
            let outcome = looking.scan(Timestamp::now());
            (looking, outcome)
        });
        let Ok((back, outcome)) = looked.await else { break };
        if let Err(error) = &outcome {
            tracing::warn!(%error, "the directory of packs cannot be read; what was served goes on");
        }
        looks.over(outcome.is_ok());
        directory = Some(back);
    }
    tracing::error!("the directory of packs is no longer looked at");
    looks.over(false);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_hangs_is_overdue() {
        let now = Instant::now();
        let interval = Duration::from_secs(5);
        let looks = Looks { interval, last: Mutex::new(Some(now)) };
        assert!(looks.fresh(now) && looks.fresh(now + interval * 2));
        assert!(!looks.fresh(now + interval + OVERDUE * 2));
        looks.over(false);
        assert!(!looks.fresh(now));
        looks.over(true);
        assert!(looks.fresh(Instant::now()));
    }
}
