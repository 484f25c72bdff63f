//! How a worker is started, and what it died of.

use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

/// How a worker ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Death {
    /// It asked for more memory than it may have.
    Memory,
    /// It was late and was killed for it.
    Late,
    /// It ended because nobody asked anything; no answer is lost.
    Idle,
    /// Anything else, in words.
    Other(String),
}

pub(super) fn spawn(program: &Path) -> io::Result<(Child, ChildStdin, ChildStdout)> {
    let mut child = Command::new(program)
        .arg("policy-worker")
        .env_clear()
        // Every arena reserves address space of its own.
        .env("MALLOC_ARENA_MAX", "2")
        .current_dir("/")
        // A Ctrl-C is for the program; it ends its workers itself.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    match (child.stdin.take(), child.stdout.take()) {
        (Some(to), Some(from)) => Ok((child, to, from)),
        _ => Err(io::Error::other("no pipes")),
    }
}

pub(super) fn cause(status: Option<ExitStatus>, words: &str) -> Death {
    if words.contains("memory allocation of") || words.contains("capacity overflow") {
        return Death::Memory;
    }
    let last = words.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let last: String = last.chars().filter(|c| !c.is_control()).take(200).collect();
    Death::Other(
        match status.map(|status| (status.code(), status.signal())) {
            _ if words.contains("overflowed its stack") => "its stack was full".to_owned(),
            Some((_, Some(9))) => "it was killed, perhaps because memory ran out".to_owned(),
            Some((_, Some(signal))) => format!("signal {signal} {last}"),
            Some((Some(code), _)) => format!("exit code {code} {last}"),
            _ => format!("it is gone {last}"),
        }
        .trim_end()
        .to_owned(),
    )
}
