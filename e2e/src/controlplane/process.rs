//! One running part.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// A part that runs until it is dropped, or until this process is gone: it ends when the pipe on
/// its standard input does.
pub(super) struct Part {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Part {
    pub(super) fn start(
        binary: &Path,
        dir: &Path,
        name: &'static str,
        flags: &[String],
    ) -> Result<Self> {
        let log = dir.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log)?;
        let child = Command::new(binary)
            .arg(name)
            .args(flags)
            .current_dir(dir)
            .env("LAZARET_DIE_WITH_STDIN", "1")
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, child, log })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn still_runs(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended early ({status}):\n{}", self.name, self.tail());
        }
        Ok(())
    }

    /// The end of its log.
    pub(super) fn tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to kill and nothing to say.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a kubectl command succeeds.
pub(super) fn kubectl(binary: &Path, kubeconfig: &Path, arguments: &[&str]) -> Result<bool> {
    let status = Command::new(binary)
        .arg("kubectl")
        .args(["--request-timeout=5s", "--kubeconfig"])
        .arg(kubeconfig)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("cannot run kubectl")?;
    Ok(status.success())
}
