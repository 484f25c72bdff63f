//! etcd, kube-apiserver and kube-controller-manager on free loopback ports, RBAC on.
//!
//! The parts end with whoever started them: each holds the other end of a pipe whose loss it takes
//! as its own end, so that not even SIGKILL leaves one behind.

mod build;
mod dirs;
mod parts;
mod pki;
mod process;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

pub use build::binary;
use dirs::OwnedDir;
use pki::Pki;
use process::Part;

use crate::peer::free_port;

/// How long the parts may take to become ready.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// A running control plane. Dropping it stops it and removes its folder.
pub struct ControlPlane {
    controller_manager: Option<Part>,
    apiserver: Option<Part>,
    etcd: Option<Part>,
    ports: Ports,
    binary: PathBuf,
    dir: OwnedDir,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    etcd_client: u16,
    etcd_peer: u16,
    apiserver: u16,
}

impl ControlPlane {
    /// Builds what is missing, starts the parts, and waits until they serve.
    ///
    /// # Errors
    /// If a part cannot be built or does not become ready; the end of its log is in the error.
    pub fn start() -> Result<Self> {
        let binary = binary()?;
        // Free ports are found by asking; somebody else may take one before we do.
        let mut last = None;
        for _ in 0..3 {
            match Self::start_once(&binary) {
                Ok(plane) => return Ok(plane),
                Err(error) => last = Some(error),
            }
        }
        Err(last.context("no attempt was made")?)
    }

    fn start_once(binary: &Path) -> Result<Self> {
        let dir = OwnedDir::new()?;
        let ports =
            Ports { etcd_client: free_port()?, etcd_peer: free_port()?, apiserver: free_port()? };
        Pki::write(dir.path(), ports.apiserver)?;
        let mut plane = Self {
            controller_manager: None,
            apiserver: None,
            etcd: None,
            ports,
            binary: binary.to_owned(),
            dir,
        };
        plane.etcd = Some(parts::etcd(binary, plane.dir.path(), ports)?);
        plane.start_apiserver()?;
        plane.controller_manager = Some(parts::controller_manager(binary, plane.dir.path())?);
        plane.await_default_namespace()?;
        Ok(plane)
    }

    /// A kubeconfig with every right (`system:masters`).
    pub fn kubeconfig(&self) -> PathBuf {
        self.dir.path().join("admin.kubeconfig")
    }

    /// The program that holds all parts, kubectl among them.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// The process ids of the parts.
    pub fn pids(&self) -> Vec<u32> {
        [&self.etcd, &self.apiserver, &self.controller_manager]
            .into_iter()
            .flatten()
            .map(Part::pid)
            .collect()
    }

    /// Stops the API server, so that its clients lose it.
    pub fn stop_apiserver(&mut self) {
        self.apiserver = None;
    }

    /// Starts the API server, again on the same port, and waits until it serves.
    ///
    /// # Errors
    /// If it does not become ready.
    pub fn start_apiserver(&mut self) -> Result<()> {
        self.apiserver = Some(parts::apiserver(&self.binary, self.dir.path(), self.ports)?);
        self.await_that("the API server is ready", &["get", "--raw", "/readyz"])
    }

    fn await_default_namespace(&mut self) -> Result<()> {
        self.await_that(
            "the default service account is there",
            &["--namespace=default", "get", "serviceaccount", "default"],
        )
    }

    fn await_that(&mut self, what: &str, kubectl: &[&str]) -> Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        let kubeconfig = self.kubeconfig();
        while Instant::now() < deadline {
            let parts = [&mut self.etcd, &mut self.apiserver, &mut self.controller_manager];
            for part in parts.into_iter().flatten() {
                part.still_runs()?;
            }
            if process::kubectl(&self.binary, &kubeconfig, kubectl)? {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let tail = self.apiserver.as_ref().map(Part::tail).unwrap_or_default();
        bail!("waited {READY_WITHIN:?} in vain until {what}\n{tail}");
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // Clients before servers, so that none complains in its last moment.
        self.controller_manager = None;
        self.apiserver = None;
        self.etcd = None;
    }
}
