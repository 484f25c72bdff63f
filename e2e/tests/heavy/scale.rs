//! The memory that a validation takes, whatever the sizes and counts: measured on the real program.
//! `docs/performance.md` states the bounds.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use lazaret_e2e::controller::program;
use lazaret_e2e::example::Example;
use lazaret_e2e::memory::peak;
use lazaret_e2e::root;
use lazaret_e2e::s3::S3;

/// MiB for a few objects of any size.
const LARGE: u64 = 160;
/// MiB for 200,000 objects.
const MANY: u64 = 1024;

fn validate(pack: &Path, example: &Example, workspace: &str) -> Result<Command> {
    let mut command = Command::new(program()?);
    command
        .args(["validate", "--workspace", workspace, "--output", "json"])
        .args(["--dataset-slug", &example.slug, "--dataset-version-id", &example.version])
        .args(["--intended-use", &example.intended_use])
        .arg("--policy-pack")
        .arg(pack)
        .env_remove("LAZARET_DIGEST_CACHE");
    Ok(command)
}

/// The default pack's tables with hardly a rule: how long Rego takes over 200,000 objects on a busy
/// machine is another question, with limits of its own.
fn pack() -> Result<tempfile::TempDir> {
    let dir = tempfile::tempdir()?;
    let pack = dir.path();
    for name in ["data", "opa"] {
        std::fs::create_dir_all(pack.join(name))?;
    }
    for file in std::fs::read_dir(root().join("contracts/policy/default/data"))? {
        let file = file?;
        std::fs::copy(file.path(), pack.join("data").join(file.file_name()))?;
    }
    let rule = "package lazaret.gates.a\nimport rego.v1\ndeny contains \"x\" if input.never\ntest_nothing if count(deny) == 0\n";
    std::fs::write(pack.join("opa/a.rego"), rule)?;
    Ok(dir)
}

/// Runs a validation that is to end with `code`, in `bound` MiB at most.
fn within(bound: u64, code: i32, command: &mut Command) -> Result<Output> {
    let (output, most) = peak(command)?;
    let tail = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]).into_owned();
    let said = format!("{}\n{}", tail(&output.stderr), tail(&output.stdout));
    ensure!(output.status.code() == Some(code), "{}: {said}", output.status);
    eprintln!("{most} MiB of {bound}");
    ensure!(most <= bound, "{most} MiB, more than {bound}");
    Ok(output)
}

fn workspace(dir: &Path) -> Result<Example> {
    let example = Example::whole("seattle-weather")?;
    example.lay_out(dir)?;
    Ok(example)
}

fn many(dir: &Path, count: usize) -> Result<()> {
    for folder in 0..count.div_ceil(1000) {
        let folder_path = dir.join(format!("{folder:04}"));
        std::fs::create_dir_all(&folder_path)?;
        for n in folder * 1000..(folder * 1000 + 1000).min(count) {
            std::fs::write(folder_path.join(format!("station-{n:06}.bin")), n.to_string())?;
        }
    }
    Ok(())
}

#[test]
#[ignore = "reads 20 GB; run by make test-all"]
fn twenty_sparse_gigabytes() -> Result<()> {
    let (dir, pack) = (tempfile::tempdir()?, pack()?);
    let example = workspace(dir.path())?;
    File::create(dir.path().join("raw/huge.bin"))?.set_len(20 << 30)?;
    let url = dir.path().display().to_string();
    let text = within(LARGE, 0, &mut validate(pack.path(), &example, &url)?)?;
    ensure!(String::from_utf8_lossy(&text.stdout).contains("raw/huge.bin"), "it is in the plan");
    Ok(())
}

#[test]
#[ignore = "writes 200,000 files; run by make test-all"]
fn two_hundred_thousand_files() -> Result<()> {
    let (dir, pack) = (tempfile::tempdir()?, pack()?);
    let example = workspace(dir.path())?;
    let url = dir.path().display().to_string();
    many(&dir.path().join("raw"), 200_000)?;
    within(MANY, 0, &mut validate(pack.path(), &example, &url)?)?;
    // Each of them an orphan: as many reasons as there are files.
    std::fs::rename(dir.path().join("raw/0000"), dir.path().join("kept"))?;
    for folder in std::fs::read_dir(dir.path().join("raw"))? {
        let folder = folder?;
        if folder.file_type()?.is_dir() {
            let to = dir.path().join("processed").join(folder.file_name());
            std::fs::rename(folder.path(), to)?;
        }
    }
    within(MANY, 1, &mut validate(pack.path(), &example, &url)?)?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs versitygw; run by make test-all"]
async fn thousands_of_objects_and_a_large_one_in_s3() -> Result<()> {
    let s3 = S3::start().await?;
    let (dir, pack) = (tempfile::tempdir()?, pack()?);
    let example = workspace(dir.path())?;
    let url = "s3://bucket/in/weather";
    s3.upload(dir.path(), url).await?;
    // Laid where the server keeps its objects: it serves what is there.
    let raw = s3.bucket(url)?.join("raw");
    many(&raw, 5_000)?;
    File::create(raw.join("huge.bin"))?.set_len(2 << 30)?;
    let command = &mut validate(pack.path(), &example, url)?;
    let output = within(LARGE, 0, command.envs(s3.variables()))?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let text = report.to_string();
    ensure!(text.contains("raw/0004/station-004999.bin"), "the last object was read");
    // What was looked at is known the next time.
    let cache = dir.path().join("digests");
    for known in [false, true] {
        let mut again = validate(pack.path(), &example, url)?;
        again.envs(s3.variables()).arg("--digest-cache").arg(&cache);
        let output = within(LARGE, 0, &mut again)?;
        let again: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        assert_eq!(again["plan"]["digest"], report["plan"]["digest"], "{known}");
        let lines = std::fs::read_to_string(&cache).context("a cache")?.lines().count();
        ensure!(lines > 5_000, "{lines} lines");
    }
    Ok(())
}
