//! A program of somebody else's that ends with us, however we end: a shell holds the other end of a
//! pipe, and stops the program when that is gone.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// A running program. Dropping it ends it.
pub struct Peer {
    child: Child,
    log: PathBuf,
}

impl Peer {
    /// Starts `program`; what it prints goes into `<dir>/<name>.log`.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(name: &str, program: &Path, arguments: &[String], dir: &Path) -> Result<Self> {
        let log = dir.join(format!("{name}.log"));
        let output = File::create(&log)?;
        let child = Command::new("sh")
            .args(["-c", "\"$@\" </dev/null & p=$!; cat >/dev/null; kill -9 $p; wait", "sh"])
            .arg(program)
            .args(arguments)
            .current_dir(dir)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self { child, log })
    }

    /// The end of its log.
    pub fn tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A tool that `e2e/heavy/run` built.
///
/// # Errors
/// If the variable does not name one.
pub fn tool(variable: &str) -> Result<PathBuf> {
    let path = std::env::var_os(variable).with_context(|| format!("{variable} is not set"))?;
    let path = PathBuf::from(path);
    if !path.exists() {
        bail!("{variable}: there is no {}", path.display());
    }
    Ok(path)
}

/// A loopback port that was free a moment ago.
///
/// # Errors
/// If there is none.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
