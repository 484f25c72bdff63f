//! The controller as a process of its own, under its own service account and no more rights than
//! the chart gives it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::config::Kubeconfig;
use serde_json::json;
use tokio::process::{Child, Command};

use crate::cluster::eventually;
use crate::root;

/// A running controller. Dropping it kills it.
pub struct Controller {
    child: Child,
    address: String,
    log: PathBuf,
}

/// How to start a controller.
#[derive(Clone, Debug)]
pub struct Start {
    /// Kubeconfig of the controller's identity.
    pub kubeconfig: PathBuf,
    /// The namespace that it looks after.
    pub namespace: String,
    /// The directory that `file://` URLs may name.
    pub root: PathBuf,
    /// Further arguments.
    pub arguments: Vec<String>,
    /// Further environment.
    pub environment: Vec<(String, String)>,
}

impl Controller {
    /// Starts the program and waits until it answers at all.
    ///
    /// # Errors
    /// If it does not start; the end of its log is in the error.
    pub async fn start(how: &Start) -> Result<Self> {
        let log = how.root.join("controller.log");
        let output = File::options().create(true).append(true).open(&log)?;
        let before = std::fs::metadata(&log)?.len();
        let child = Command::new(program()?)
            .arg("controller")
            .args(["--listen", "127.0.0.1:0", "--allow-loopback-sources"])
            .args(["--namespace", &how.namespace])
            .arg("--allow-file-root")
            .arg(&how.root)
            .args(&how.arguments)
            .env("KUBECONFIG", &how.kubeconfig)
            .env_remove("RUST_LOG")
            .envs(how.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the controller")?;
        let mut controller = Self { child, address: String::new(), log };
        controller.address = controller.announced(before).await?;
        Ok(controller)
    }

    /// Waits until it is ready to work.
    ///
    /// # Errors
    /// If it is not in time.
    pub async fn ready(&self) -> Result<()> {
        eventually("the controller is ready", Duration::from_secs(30), async || {
            Ok(self.get("/readyz").await.is_ok_and(|(status, _)| status == 200).then_some(()))
        })
        .await
        .with_context(|| self.tail())
    }

    /// Asks its HTTP side.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn get(&self, path: &str) -> Result<(u16, String)> {
        let answer = reqwest::get(format!("http://{}{path}", self.address)).await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// SIGKILL, and waits until it is gone.
    ///
    /// # Errors
    /// If it cannot be killed.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// What it logged.
    pub fn logs(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Where it answers for evidence.
    ///
    /// # Errors
    /// If it does not.
    pub fn evidence(&self) -> Result<String> {
        let logs = self.logs();
        let mut lines =
            logs.lines().filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok());
        let found =
            lines.find_map(|line| line["evidence"].as_str().map(|at| format!("http://{at}")));
        found.with_context(|| format!("no evidence listener:\n{logs}"))
    }

    fn tail(&self) -> String {
        let text = self.logs();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// The address that it says it answers at, in what it logged after the first `before` bytes.
    async fn announced(&mut self, before: u64) -> Result<String> {
        let log = self.log.clone();
        let child = &mut self.child;
        eventually("the controller says where it answers", Duration::from_secs(30), async || {
            let text = std::fs::read(&log)?;
            let new = text.get(usize::try_from(before)?..).unwrap_or_default();
            if let Some(status) = child.try_wait()? {
                bail!("the controller ended ({status}):\n{}", String::from_utf8_lossy(new));
            }
            let new = String::from_utf8_lossy(new);
            let mut lines =
                new.lines().filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok());
            Ok(lines.find_map(|line| line["address"].as_str().map(str::to_owned)))
        })
        .await
    }
}

/// The program under test: `LAZARET_BIN`, or the one that was built beside this one.
///
/// # Errors
/// If it was not built.
pub fn program() -> Result<PathBuf> {
    if let Some(program) = std::env::var_os("LAZARET_BIN") {
        return Ok(program.into());
    }
    let own = std::env::current_exe()?;
    let found =
        own.ancestors().skip(1).take(3).map(|dir| dir.join("lazaret")).find(|p| p.is_file());
    found.context("there is no lazaret beside this program; run `cargo build` first")
}

/// Gives the controller a service account with the chart's ClusterRole in `namespace`, and writes
/// a kubeconfig with its token into `dir`.
///
/// # Errors
/// If the API server refuses.
pub async fn identity(
    client: &Client,
    admin: &Path,
    namespace: &str,
    dir: &Path,
) -> Result<PathBuf> {
    let role = root().join("charts/lazaret/files/clusterrole.yaml");
    let role: ClusterRole = yaml_serde::from_str(&std::fs::read_to_string(role)?)?;
    let name = role.metadata.name.clone().context("the role has a name")?;
    let apply = PatchParams::apply("lazaret-e2e").force();
    let roles = Api::<ClusterRole>::all(client.clone());
    roles.patch(&name, &apply, &Patch::Apply(&role)).await?;
    let binding: ClusterRoleBinding = serde_json::from_value(json!({
        "metadata": { "name": format!("lazaret-{namespace}") },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name },
        "subjects": [{ "kind": "ServiceAccount", "name": "lazaret", "namespace": namespace }],
    }))?;
    Api::<ClusterRoleBinding>::all(client.clone()).create(&PostParams::default(), &binding).await?;
    let accounts = Api::<ServiceAccount>::namespaced(client.clone(), namespace);
    let account = json!({ "metadata": { "name": "lazaret" } });
    accounts.create(&PostParams::default(), &serde_json::from_value(account)?).await?;
    let request = TokenRequest {
        spec: TokenRequestSpec { expiration_seconds: Some(7200), ..TokenRequestSpec::default() },
        ..TokenRequest::default()
    };
    let issued = accounts.create_token_request("lazaret", &PostParams::default(), &request).await?;
    let token = issued.status.context("the token was issued")?.token;

    let file = Kubeconfig::read_from(admin)?;
    let current = file.current_context.clone().unwrap_or_default();
    let context = file.contexts.iter().find(|c| c.name == current).and_then(|c| c.context.clone());
    let cluster = context.map(|c| c.cluster).unwrap_or_default();
    let cluster = file.clusters.iter().find(|c| c.name == cluster).context("no current cluster")?;
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lazaret",
        "clusters": [{ "name": "c", "cluster": cluster.cluster }],
        "users": [{ "name": "lazaret", "user": { "token": token } }],
        "contexts": [{ "name": "lazaret", "context": { "cluster": "c", "user": "lazaret" } }],
    });
    let path = dir.join("controller.kubeconfig");
    std::fs::write(&path, config.to_string())?;
    Ok(path)
}
