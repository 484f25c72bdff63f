//! Builds the control plane's binary from Go modules, once for each content of its sources.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

const SOURCES: [(&str, &str); 3] = [
    ("go.mod", include_str!("../../controlplane/go.mod")),
    ("go.sum", include_str!("../../controlplane/go.sum")),
    ("main.go", include_str!("../../controlplane/main.go")),
];

/// Without a version, kubectl refuses to talk to the server.
const LDFLAGS: &str = "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 \
-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36";

/// The control plane's binary, built if this content of its sources never was.
///
/// # Errors
/// If Go is missing or the build fails.
pub fn binary() -> Result<PathBuf> {
    let version = go(&["env", "GOVERSION", "GOOS", "GOARCH"])?;
    let mut hash = Sha256::new();
    for (name, text) in SOURCES {
        hash.update(format!("{name} {}\n{text}", text.len()));
    }
    hash.update(version.as_bytes());
    hash.update(LDFLAGS);
    let dir = cache_dir()?.join("controlplane").join(hex::encode(&hash.finalize()[..16]));
    let binary = dir.join("controlplane");
    if binary.exists() {
        return Ok(binary);
    }
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    // Two builds at once would take twice as long and make the same.
    let lock = File::create(dir.join("lock"))?;
    lock.lock()?;
    if !binary.exists() {
        build(&dir, &binary)?;
    }
    Ok(binary)
}

/// Where things that take long to build are kept, by content: `$LAZARET_CACHE`, else
/// `$XDG_CACHE_HOME/lazaret`, else `~/.cache/lazaret`.
///
/// # Errors
/// If none of these variables is set.
pub fn cache_dir() -> Result<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(dir) = variable("LAZARET_CACHE") {
        return Ok(dir);
    }
    if let Some(dir) = variable("XDG_CACHE_HOME") {
        return Ok(dir.join("lazaret"));
    }
    let home = variable("HOME").context("set LAZARET_CACHE, XDG_CACHE_HOME or HOME")?;
    Ok(home.join(".cache/lazaret"))
}

fn build(dir: &Path, binary: &Path) -> Result<()> {
    let work = tempfile::tempdir_in(dir)?;
    for (name, text) in SOURCES {
        std::fs::write(work.path().join(name), text)?;
    }
    eprintln!(
        "Building etcd, kube-apiserver, kube-controller-manager and kubectl from Go modules.\n\
         This happens once and takes 5 to 12 minutes on two cores; the result is kept in\n{}",
        dir.display()
    );
    let log = dir.join("build.log");
    let output = File::create(&log)?;
    let mut child = Command::new("go")
        .args([
            "build",
            "-trimpath",
            "-mod=readonly",
            "-ldflags",
            LDFLAGS,
            "-o",
            "controlplane",
            ".",
        ])
        .current_dir(work.path())
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "-buildvcs=false")
        .env("GOWORK", "off")
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .context("cannot run go; install Go 1.26 or newer")?;
    let start = Instant::now();
    let mut told = start;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if told.elapsed() > Duration::from_secs(15) {
            told = Instant::now();
            eprintln!("  … still building, {} s", start.elapsed().as_secs());
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    if !status.success() {
        bail!("the control plane does not build:\n{}", std::fs::read_to_string(&log)?);
    }
    std::fs::rename(work.path().join("controlplane"), binary)?;
    eprintln!("  built in {} s", start.elapsed().as_secs());
    Ok(())
}

fn go(arguments: &[&str]) -> Result<String> {
    let output = Command::new("go")
        .args(arguments)
        .env("GOTOOLCHAIN", "local")
        .output()
        .context("cannot run go; install Go 1.26 or newer")?;
    if !output.status.success() {
        bail!("go {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
