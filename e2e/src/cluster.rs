//! A cluster to test on: the one that `LAZARET_KUBECONFIG` names, or a dev control plane.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::controlplane::ControlPlane;

/// A cluster that is there for the caller.
pub struct Cluster {
    plane: Option<ControlPlane>,
    kubeconfig: PathBuf,
}

impl Cluster {
    /// The cluster of `LAZARET_KUBECONFIG` if that is set, else a new control plane.
    ///
    /// # Errors
    /// If no control plane can be started.
    pub fn acquire() -> Result<Self> {
        if let Some(kubeconfig) = std::env::var_os("LAZARET_KUBECONFIG").filter(|v| !v.is_empty()) {
            return Ok(Self { plane: None, kubeconfig: kubeconfig.into() });
        }
        let plane = ControlPlane::start()?;
        let kubeconfig = plane.kubeconfig();
        Ok(Self { plane: Some(plane), kubeconfig })
    }

    /// The kubeconfig of the cluster that all tests of this process share, with the CRDs in place.
    /// Its parts end with the process.
    ///
    /// # Errors
    /// If no control plane can be started.
    pub async fn shared() -> Result<PathBuf> {
        static SHARED: Mutex<Option<Cluster>> = Mutex::new(None);
        let kubeconfig = tokio::task::spawn_blocking(|| {
            let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
            if shared.is_none() {
                *shared = Some(Self::acquire()?);
            }
            let cluster = shared.as_ref().context("just set")?;
            Ok::<_, anyhow::Error>(cluster.kubeconfig.clone())
        })
        .await??;
        apply_crds(&client(&kubeconfig).await?).await?;
        Ok(kubeconfig)
    }

    /// Where its kubeconfig lies.
    pub fn kubeconfig(&self) -> PathBuf {
        self.kubeconfig.clone()
    }

    /// The control plane, if it is ours.
    pub fn plane(&mut self) -> Option<&mut ControlPlane> {
        self.plane.as_mut()
    }
}

/// A client for a kubeconfig file.
///
/// # Errors
/// If the file cannot be read.
pub async fn client(kubeconfig: &std::path::Path) -> Result<Client> {
    // Two crates bring two TLS providers; whoever comes first chooses, and both are the same.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let file = Kubeconfig::read_from(kubeconfig)
        .with_context(|| format!("cannot read {}", kubeconfig.display()))?;
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}

/// Applies the CRDs and waits until the API server serves them.
///
/// # Errors
/// If the API server refuses one.
pub async fn apply_crds(client: &Client) -> Result<()> {
    let api = Api::<CustomResourceDefinition>::all(client.clone());
    let params = PatchParams::apply("lazaret-e2e").force();
    for (file, crd) in lazaret::api::CRD_FILES {
        let crd = crd();
        let name = crd.metadata.name.clone().context("a CRD has a name")?;
        api.patch(&name, &params, &Patch::Apply(&crd)).await.with_context(|| file.to_owned())?;
        let established = kube::runtime::conditions::is_crd_established();
        let wait = kube::runtime::wait::await_condition(api.clone(), &name, established);
        tokio::time::timeout(Duration::from_secs(30), wait).await??;
    }
    Ok(())
}

/// A new namespace.
///
/// # Errors
/// If the API server refuses it.
pub async fn namespace(client: &Client, purpose: &str) -> Result<String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("{purpose}-{}-{number}", std::process::id());
    let mut namespace = Namespace::default();
    namespace.metadata.name = Some(name.clone());
    Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &namespace).await?;
    Ok(name)
}

/// Asks again and again until the answer is there.
///
/// # Errors
/// If it is not there in time, or if asking fails.
pub async fn eventually<T>(
    what: &str,
    within: Duration,
    mut ask: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if Instant::now() > deadline {
            bail!("waited {within:?} in vain: {what}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
