//! What a process took at its most.

use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Runs a command to its end and tells the most memory that it had, in MiB (`VmHWM`).
///
/// # Errors
/// If it cannot be started or watched.
pub fn peak(command: &mut Command) -> Result<(Output, u64)> {
    let (out, err) = (tempfile::NamedTempFile::new()?, tempfile::NamedTempFile::new()?);
    command.stdin(Stdio::null()).stdout(out.reopen()?).stderr(err.reopen()?);
    let mut child = Ended(command.spawn()?);
    let status = format!("/proc/{}/status", child.0.id());
    let mut most = 0;
    loop {
        let ended = child.0.try_wait()?;
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        most = most.max(peak.unwrap_or_default());
        if let Some(status) = ended {
            let [stdout, stderr] = [out, err].map(|file| std::fs::read(file.path()));
            let output = Output { status, stdout: stdout?, stderr: stderr? };
            return Ok((output, (most > 0).then_some(most / 1024).context("no VmHWM")?));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Killed when it is no longer wanted.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
