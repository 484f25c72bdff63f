//! Programs of somebody else's: found, asked, and run beside us.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

/// A running program that ends with us, however we end: a shell holds the other end of a pipe, and
/// stops the program when that is gone. Dropping it ends it.
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

/// Runs a command, however it ends.
///
/// # Errors
/// If it does not start.
pub fn run(command: &mut Command) -> Result<Output> {
    command.output().with_context(|| format!("{command:?}"))
}

/// Runs a command that must succeed, and gives all that it printed.
///
/// # Errors
/// If it fails; what it printed is in the error.
pub fn succeed(command: &mut Command) -> Result<String> {
    let output = run(command)?;
    let text = [output.stdout, output.stderr].map(|b| String::from_utf8_lossy(&b).into_owned());
    ensure!(output.status.success(), "{command:?}: {}\n{}", text[0], text[1]);
    Ok(text.concat())
}

/// A loopback port that was free a moment ago.
///
/// # Errors
/// If there is none.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
