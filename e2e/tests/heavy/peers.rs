//! Against stock tools: what cosign signs, Lazaret verifies; what Lazaret signs, cosign verifies;
//! what the default pack says, OPA says too.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use lazaret_e2e::controller::program;
use lazaret_e2e::example::Example;
use lazaret_e2e::peer::{run, succeed, tool};
use lazaret_e2e::root;

fn cosign() -> Result<Command> {
    let mut command = Command::new(tool("LAZARET_COSIGN")?);
    command.env("COSIGN_PASSWORD", "");
    Ok(command)
}

fn opa() -> Result<Command> {
    Ok(Command::new(tool("LAZARET_OPA")?))
}

fn built(dir: &Path) -> Result<std::path::PathBuf> {
    let tar = dir.join("pack.tar");
    let source = root().join("contracts/policy/default");
    succeed(Command::new(program()?).args(["pack", "build"]).arg(source).arg("--out").arg(&tar))?;
    Ok(tar)
}

#[test]
#[ignore = "needs cosign; run by make test-all"]
fn what_cosign_signs_lazaret_verifies() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let tar = built(dir.path())?;
    succeed(cosign()?.arg("generate-key-pair").current_dir(&dir))?;
    let bundle = dir.path().join("pack.tar.sigstore.json");
    succeed(
        cosign()?
            .args(["sign-blob", "--yes", "--key", "cosign.key"])
            .args(["--tlog-upload=false", "--use-signing-config=false", "--bundle"])
            .arg(&bundle)
            .arg(&tar)
            .current_dir(&dir),
    )?;
    let verify = |tar: &Path| {
        let mut command = Command::new(program()?);
        command.args(["pack", "verify"]).arg(tar).arg("--key").arg(dir.path().join("cosign.pub"));
        command.arg("--bundle").arg(&bundle);
        run(&mut command)
    };
    let good = verify(&tar)?;
    ensure!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    let mut bytes = std::fs::read(&tar)?;
    bytes[700] ^= 1;
    let tampered = dir.path().join("tampered.tar");
    std::fs::write(&tampered, bytes)?;
    let bad = verify(&tampered)?;
    ensure!(bad.status.code() == Some(1), "a tampered pack was accepted");
    ensure!(String::from_utf8_lossy(&bad.stderr).contains("ArtifactMismatch"));
    Ok(())
}

#[test]
#[ignore = "needs cosign; run by make test-all"]
fn what_lazaret_signs_cosign_verifies() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let tar = built(dir.path())?;
    succeed(Command::new(program()?).args(["pack", "keygen", "--out"]).arg(dir.path()))?;
    let key = dir.path().join("lazaret.key");
    succeed(Command::new(program()?).args(["pack", "sign"]).arg(&tar).arg("--key").arg(key))?;
    let verify = |file: &Path| {
        run(cosign()?
            .args(["verify-blob", "--insecure-ignore-tlog", "--key"])
            .arg(dir.path().join("lazaret.pub"))
            .arg("--bundle")
            .arg(dir.path().join("pack.tar.sigstore.json"))
            .arg(file))
    };
    let good = verify(&tar)?;
    ensure!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    let other = dir.path().join("other");
    std::fs::write(&other, "other")?;
    ensure!(!verify(&other)?.status.success(), "cosign accepted other bytes");
    Ok(())
}

#[test]
#[ignore = "needs opa; run by make test-all"]
fn the_default_pack_passes_its_tests_in_stock_opa() -> Result<()> {
    let pack = root().join("contracts/policy/default");
    succeed(opa()?.args(["check", "--strict", "opa"]).current_dir(&pack))?;
    let text = succeed(opa()?.args(["test", "opa", "data"]).current_dir(&pack))?;
    ensure!(text.contains("PASS: "), "{text}");
    Ok(())
}

#[test]
#[ignore = "needs cosign; run by make test-all"]
fn cosign_verifies_the_statements_of_a_publication() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let tar = built(dir.path())?;
    succeed(Command::new(program()?).args(["pack", "keygen", "--out"]).arg(dir.path()))?;
    let (key, public) = (dir.path().join("lazaret.key"), dir.path().join("lazaret.pub"));
    succeed(Command::new(program()?).args(["pack", "sign"]).arg(&tar).arg("--key").arg(&key))?;
    let version = &Example::whole("seattle-weather")?.version;
    let destination = dir.path().join("published");
    let mut promote = Command::new(program()?);
    promote.args(["promote", "--dataset-slug", "seattle-weather", "--dataset-version-id", version]);
    promote.arg("--workspace").arg(root().join("examples/seattle-weather").canonicalize()?);
    promote.arg("--destination").arg(&destination).arg("--policy-pack").arg(&tar);
    promote.arg("--key").arg(&public).arg("--signing-key").arg(&key);
    succeed(&mut promote)?;
    let published = destination.join("seattle-weather").join(version);
    let verify = |bundle: &Path, kind: &str, file: &Path| {
        run(cosign()?
            .args(["verify-blob-attestation", "--insecure-ignore-tlog", "--type", kind, "--key"])
            .arg(&public)
            .arg("--bundle")
            .arg(bundle)
            .arg(file))
    };
    let other = dir.path().join("other");
    std::fs::write(&other, "other")?;
    for (name, kind) in [
        ("vsa", "https://slsa.dev/verification_summary/v1"),
        ("promotion", "https://lazaret.dev/promotion/v1"),
    ] {
        let end = format!(".{name}.sigstore.json");
        let proofs = std::fs::read_dir(published.join("attestations/_promotion"))?;
        let bundle = proofs
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.to_string_lossy().ends_with(&end))
            .with_context(|| format!("no {end}"))?;
        for file in ["promotion_manifest.json", "dataset.json", "catalog/dcat.jsonld"] {
            let good = verify(&bundle, kind, &published.join(file))?;
            ensure!(good.status.success(), "{file}: {}", String::from_utf8_lossy(&good.stderr));
        }
        ensure!(!verify(&bundle, kind, &other)?.status.success(), "cosign accepted other bytes");
        let wrong = verify(&bundle, "https://example.org/other", &published.join("dataset.json"))?;
        ensure!(!wrong.status.success(), "cosign accepted another predicate");
    }
    Ok(())
}

fn copied(from: &Path, to: &Path) -> Result<()> {
    succeed(Command::new("cp").arg("-r").arg(from).arg(to)).map(drop)
}

#[test]
#[ignore = "needs cosign; run by make test-all"]
fn gate_g_accepts_provenance_that_cosign_attests() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = |name: &str| dir.path().join(name);
    std::fs::write(path("image"), "an image\n")?;
    let image = lazaret::domain::Digest::of(b"an image\n").hex();
    let predicate = serde_json::json!({
        "buildDefinition": {
            "buildType": "https://example.org/build/v1", "externalParameters": {},
            "resolvedDependencies": [{
                "uri": "git+https://example.org/pipeline@refs/heads/main",
                "digest": { "gitCommit": "0123456789abcdef0123456789abcdef01234567" },
            }],
        },
        "runDetails": { "builder": { "id": "https://example.org/builder" } },
    });
    std::fs::write(path("predicate.json"), predicate.to_string())?;
    let cosign = |arguments: &[&str]| succeed(cosign()?.args(arguments).current_dir(&dir));
    cosign(&["generate-key-pair"])?;
    let attest = ["attest-blob", "--yes", "--key", "cosign.key", "--predicate", "predicate.json"];
    let rest = ["--type", "slsaprovenance1", "--tlog-upload=false", "--use-signing-config=false"];
    cosign(&[&attest[..], &rest[..], &["--bundle", "bundle.json", "image"]].concat())?;

    // The example as if that image had run it, under a pack that trusts the key.
    copied(&root().join("examples/seattle-weather"), &path("workspace"))?;
    for receipt in std::fs::read_dir(path("workspace/receipts"))? {
        let receipt = receipt?.path();
        let mut value: serde_json::Value = serde_json::from_slice(&std::fs::read(&receipt)?)?;
        value["environment"]["container_digest"] = format!("sha256:{image}").into();
        std::fs::write(receipt, value.to_string())?;
    }
    std::fs::create_dir(path("workspace/attestations"))?;
    std::fs::copy(path("bundle.json"), path("workspace/attestations/image.sigstore.json"))?;
    let sbom = serde_json::json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": { "component": { "type": "container", "name": "pipeline",
            "hashes": [{ "alg": "SHA-256", "content": image }] } },
    });
    std::fs::write(path("workspace/attestations/sbom.cdx.json"), sbom.to_string())?;
    copied(&root().join("contracts/policy/default"), &path("pack"))?;
    let validate = |builder: &str| -> Result<Output> {
        let trust = serde_json::json!({ "provenance": {
            "keys": [std::fs::read_to_string(path("cosign.pub"))?],
            "builders": [builder], "sources": ["git+https://example.org/pipeline"],
        }});
        std::fs::write(path("pack/data/provenance.json"), trust.to_string())?;
        let version = Example::whole("seattle-weather")?.version;
        let mut command = Command::new(program()?);
        command.args(["validate", "--require-gate", "G", "--dataset-slug", "seattle-weather"]);
        command.args(["--dataset-version-id", &version]);
        command.arg("--workspace").arg(path("workspace")).arg("--policy-pack").arg(path("pack"));
        run(&mut command)
    };
    let good = validate("https://example.org/builder")?;
    ensure!(good.status.success(), "{}", String::from_utf8_lossy(&good.stdout));
    let other = validate("https://example.org/another")?;
    ensure!(other.status.code() == Some(1), "another builder was accepted");
    ensure!(String::from_utf8_lossy(&other.stdout).contains("ProvenanceBuilderForbidden"));
    Ok(())
}
