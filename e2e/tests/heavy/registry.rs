//! Packs in a real OCI registry (distribution), signed by Lazaret and by cosign: pushed, pulled,
//! verified, and loaded by the controller.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use lazaret::api::PolicyPack;
use lazaret_e2e::controller::program;
use lazaret_e2e::peer::{succeed, tool};
use lazaret_e2e::registry::{Door, Registry};
use lazaret_e2e::root;
use lazaret_e2e::stage::Stage;
use serde_json::{Value, json};

/// A folder with a pack that Lazaret built and signed, and no Docker configuration but its own.
struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Result<Self> {
        let bench = Self { dir: tempfile::tempdir()? };
        let source = root().join("contracts/policy/default");
        bench.succeed(&["pack", "build", &source.display().to_string(), "--out", "pack.tar"])?;
        std::fs::create_dir(bench.path("keys"))?;
        bench.succeed(&["pack", "keygen", "--out", "keys"])?;
        bench.succeed(&["pack", "sign", "pack.tar", "--key", "keys/lazaret.key"])?;
        Ok(bench)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn lazaret(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(program()?);
        command.args(arguments).current_dir(&self.dir).env("DOCKER_CONFIG", self.dir.path());
        Ok(command)
    }

    fn succeed(&self, arguments: &[&str]) -> Result<String> {
        succeed(&mut self.lazaret(arguments)?)
    }

    /// Exit code and what was said.
    fn fail(&self, arguments: &[&str]) -> Result<(Option<i32>, String)> {
        let output = self.lazaret(arguments)?.output()?;
        Ok((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()))
    }

    fn cosign(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(tool("LAZARET_COSIGN")?);
        command.args(arguments).current_dir(&self.dir).env("COSIGN_PASSWORD", "");
        succeed(command.env("DOCKER_CONFIG", self.dir.path()))
    }
}

/// The digest after `pushed oci://…@`.
fn manifest(text: &str) -> Result<String> {
    let line = text.lines().find(|line| line.starts_with("pushed")).context("no pushed line")?;
    Ok(line.split_once('@').context("no digest")?.1.to_owned())
}

fn same(a: &Path, b: &Path) -> Result<()> {
    ensure!(std::fs::read(a)? == std::fs::read(b)?, "{} is not {}", a.display(), b.display());
    Ok(())
}

#[tokio::test]
#[ignore = "needs a registry; run by make test-all"]
async fn a_contract_set_counts_only_with_its_signature() -> Result<()> {
    let registry = Registry::start(Door::Open).await?;
    let bench = Bench::new()?;
    std::fs::create_dir(bench.path("others"))?;
    bench.succeed(&["pack", "keygen", "--out", "others"])?;
    bench.succeed(&["contracts", "new", "set", "shop"])?;
    bench.succeed(&["contracts", "freeze", "one"])?;
    let [signed, bare] =
        ["signed", "bare"].map(|name| format!("oci://{}/contracts/{name}:v1", registry.address()));
    let push = ["contracts", "push", &signed, "--plain-http", "--key", "keys/lazaret.key"];
    ensure!(bench.succeed(&push)?.contains("signature sha256:"), "the signature is told");
    bench.succeed(&["contracts", "push", &bare, "--plain-http"])?;
    let check = |against: &str, key: &[&str]| {
        let check = ["contracts", "check", "--plain-http", "--against", against];
        bench.fail(&[&check[..], key].concat())
    };
    let ours = ["--source-key", "keys/lazaret.pub"];
    for (against, key, expected) in [
        (&signed, &ours[..], 0),
        (&signed, &[], 0),
        (&signed, &["--source-key", "others/lazaret.pub"], 1),
        (&bare, &[], 0),
        (&bare, &ours, 1),
    ] {
        let seen = check(against, key)?;
        ensure!(seen.0 == Some(expected), "{against} {key:?}: {seen:?}");
    }
    let seen = check("freeze:one", &ours)?;
    ensure!(seen.0 == Some(2), "a freeze has no signature: {seen:?}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a registry; run by make test-all"]
async fn pushed_and_pulled_by_tag_range_and_digest() -> Result<()> {
    let registry = Registry::start(Door::Open).await?;
    let bench = Bench::new()?;
    let repository = format!("oci://{}/packs/default", registry.address());
    let mut digest = String::new();
    for tag in ["1.0.0", "v1.2.0", "1.3.0-rc.1", "2.0.0", "latest"] {
        let to = format!("{repository}:{tag}");
        let pushed = bench.succeed(&["pack", "push", "pack.tar", &to, "--plain-http"])?;
        let again = manifest(&pushed)?;
        ensure!(digest.is_empty() || digest == again, "one pack is one artifact");
        digest = again;
    }
    for (number, from) in [
        vec![format!("{repository}:v1.2.0")],
        vec![repository.clone(), "--semver".into(), "^1".into()],
        vec![format!("{repository}@{digest}")],
    ]
    .into_iter()
    .enumerate()
    {
        let out = format!("out{number}");
        let mut arguments = vec!["pack", "pull", "--plain-http", "-o", &out];
        arguments.extend(from.iter().map(String::as_str));
        let said = bench.succeed(&arguments)?;
        ensure!(said.contains(&digest) && said.contains("unproven"), "{said}");
        same(&bench.path(&out).join("pack.tar"), &bench.path("pack.tar"))?;
        let (bundle, ours) = ("pack.tar.sigstore.json", bench.path("pack.tar.sigstore.json"));
        same(&bench.path(&out).join(bundle), &ours)?;
        let tar = format!("{out}/pack.tar");
        bench.succeed(&["pack", "verify", &tar, "--key", "keys/lazaret.pub"])?;
    }
    let unsigned = bench.path("unsigned.tar");
    std::fs::copy(bench.path("pack.tar"), &unsigned)?;
    let to = format!("oci://{}/packs/unsigned:v1", registry.address());
    let said = bench.succeed(&["pack", "push", "unsigned.tar", &to, "--plain-http"])?;
    ensure!(said.contains("nobody will load this"), "{said}");
    let said = bench.succeed(&["pack", "pull", &to, "--plain-http", "-o", "out0"])?;
    ensure!(said.contains("unsigned"), "{said}");
    ensure!(!bench.path("out0/pack.tar.sigstore.json").exists(), "a bundle of another pull stayed");
    for (from, expected, code) in [
        (format!("{repository}:absent"), "NotFound", 3),
        (format!("{repository}@sha256:{}", "0".repeat(64)), "NotFound", 3),
        ("oci://packs.example/a:v1".into(), "ReferenceInvalid", 2),
    ] {
        let seen = bench.fail(&["pack", "pull", &from, "--plain-http", "-o", "no"])?;
        ensure!(seen.0 == Some(code) && seen.1.contains(expected), "{from}: {seen:?}");
    }
    ensure!(!bench.path("no").exists());
    Ok(())
}

#[tokio::test]
#[ignore = "needs a registry; run by make test-all"]
async fn by_password_and_by_certificate() -> Result<()> {
    let registry = Registry::start(Door::Password).await?;
    let bench = Bench::new()?;
    let ca = registry.file("ca.crt").display().to_string();
    let to = format!("oci://{}/packs/default:v1", registry.address());
    let push = ["pack", "push", "pack.tar", &to, "--ca", &ca];
    let pull = ["pack", "pull", &to, "--ca", &ca, "-o", "out"];
    let seen = bench.fail(&push)?;
    ensure!(seen.0 == Some(3) && seen.1.contains("Unauthorized"), "{seen:?}");
    let mut command = bench.lazaret(&push)?;
    command.args(["--username", "me", "--password-stdin"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    child.stdin.take().context("stdin")?.write_all(b"secret\n")?;
    ensure!(child.wait()?.success(), "name and password were refused");
    // bWU6d3Jvbmc= is me:wrong, bWU6c2VjcmV0 is me:secret.
    for (auth, works) in [("bWU6d3Jvbmc=", false), ("bWU6c2VjcmV0", true)] {
        let config = registry.docker_config(auth).to_string();
        std::fs::write(bench.path("config.json"), config)?;
        ensure!(bench.lazaret(&pull)?.output()?.status.success() == works, "{auth}");
    }
    std::fs::write(bench.path("config.json"), r#"{"credHelpers":{"127.0.0.1":"none"}}"#)?;
    let strangers = bench.fail(&["pack", "pull", "oci://127.0.0.1/a:v1", "-o", "out"])?;
    ensure!(strangers.1.contains("docker-credential-none"), "{strangers:?}");
    std::fs::remove_file(bench.path("config.json"))?;
    let seen = bench.fail(&["pack", "pull", &to, "-o", "out"])?;
    ensure!(seen.1.contains("TlsFailed"), "an unknown authority: {seen:?}");

    let registry = Registry::start(Door::Certificate).await?;
    let ca = registry.file("ca.crt").display().to_string();
    let to = format!("oci://{}/packs/default:v1", registry.address());
    let push = ["pack", "push", "pack.tar", &to, "--ca", &ca];
    ensure!(bench.fail(&push)?.0 == Some(3), "no certificate was needed");
    let (certificate, key) = (registry.file("client.crt"), registry.file("client.key"));
    let mut shown = bench.lazaret(&push)?;
    shown.arg("--client-certificate").arg(certificate).arg("--client-key").arg(key);
    succeed(&mut shown)?;
    Ok(())
}

fn failure(pack: &PolicyPack) -> Option<&str> {
    Some(pack.status.as_ref()?.last_failure.as_ref()?.reason.as_str())
}

/// The digest that a pack has loaded, if it is ready.
fn loaded(pack: &PolicyPack) -> Option<&str> {
    let status = pack.status.as_ref()?;
    lazaret::api::is_true(&status.conditions, "Ready").then_some(())?;
    Some(status.artifact.as_ref()?.digest.as_str())
}

#[tokio::test]
#[ignore = "needs a registry and cosign; run by make test-all"]
async fn the_controller_loads_what_lazaret_or_cosign_signed() -> Result<()> {
    let registry = Registry::start(Door::Open).await?;
    let bench = Bench::new()?;
    bench.cosign(&["generate-key-pair"])?;
    let stage = Stage::new("registry").await?;
    let _controller = stage.controller().await?;
    let key = |name: &str| std::fs::read_to_string(bench.path(name));
    stage.secret("lazaret-key", "cosign.pub", &key("keys/lazaret.pub")?).await?;
    stage.secret("cosign-key", "cosign.pub", &key("cosign.pub")?).await?;
    let spec = |name: &str, version: Value, key: &str| -> Value {
        let mut oci = json!({ "url": format!("oci://{}/packs/{name}", registry.address()) });
        oci.as_object_mut().unwrap().extend(version.as_object().unwrap().clone());
        json!({
            "source": { "http": null, "oci": oci },
            "verify": { "keys": [{ "secretRef": { "name": key } }] },
        })
    };
    let digest = lazaret::domain::Digest::of(&std::fs::read(bench.path("pack.tar"))?).to_string();
    let to = |name: &str| format!("oci://{}/packs/{name}:1.0.0", registry.address());

    bench.succeed(&["pack", "push", "pack.tar", &to("ours"), "--plain-http"])?;
    stage.pack("ours", spec("ours", json!({ "semver": "^1" }), "lazaret-key")).await?;
    stage.pack_is("ours", "loads by range", |pack| loaded(pack) == Some(&digest)).await?;
    stage.pack("strange", spec("ours", json!({ "tag": "1.0.0" }), "cosign-key")).await?;
    let refused = |pack: &PolicyPack| failure(pack) == Some("KeyMismatch");
    stage.pack_is("strange", "is refused", refused).await?;
    stage.pack("absent", spec("ours", json!({ "semver": "^2" }), "lazaret-key")).await?;
    let none = |pack: &PolicyPack| failure(pack) == Some("NoTagInRange");
    stage.pack_is("absent", "has no tag", none).await?;

    // cosign signs the manifest, under its tag: a simple-signing document.
    std::fs::copy(bench.path("pack.tar"), bench.path("bare.tar"))?;
    let pushed = bench.succeed(&["pack", "push", "bare.tar", &to("cosign"), "--plain-http"])?;
    let named = manifest(&pushed)?;
    let image = format!("{}/packs/cosign@{named}", registry.address());
    stage.pack("cosign", spec("cosign", json!({ "digest": named }), "cosign-key")).await?;
    let bare = |pack: &PolicyPack| failure(pack) == Some("BundleMissing");
    stage.pack_is("cosign", "is unsigned yet", bare).await?;
    let sign =
        ["sign", "--yes", "--key", "cosign.key", "--tlog-upload=false", "--allow-http-registry"];
    let old = ["--use-signing-config=false", "--new-bundle-format=false", &image];
    bench.cosign(&[&sign[..], &old[..]].concat())?;
    let nudge = json!({ "metadata": { "annotations": { "lazaret.dev/requestedAt": "signed" } } });
    stage.merge::<PolicyPack>("cosign", nudge).await?;
    stage.pack_is("cosign", "loads", |pack| loaded(pack) == Some(&digest)).await?;
    let from = to("cosign");
    bench.succeed(&["pack", "pull", &from, "--plain-http", "-o", "simple"])?;
    let payload = std::fs::read_to_string(bench.path("simple/pack.simplesigning.json"))?;
    ensure!(payload.contains(&named), "another manifest: {payload}");
    ensure!(bench.path("simple/pack.simplesigning.json.sigstore.json").exists(), "no signature");
    let simple = ["pack", "verify", "simple/pack.simplesigning.json", "--key", "cosign.pub"];
    bench.succeed(&simple)?;

    // cosign's present way: a referrer with an in-toto statement about the manifest.
    let new = ["--use-signing-config=false", "--new-bundle-format=true", &image];
    bench.cosign(&[&sign[..], &new[..]].concat())?;
    bench.succeed(&["pack", "pull", &from, "--plain-http", "-o", "statement"])?;
    let manifest = std::fs::read(bench.path("statement/pack.manifest.json"))?;
    ensure!(lazaret::domain::Digest::of(&manifest).to_string() == named, "another manifest");
    let bundle = std::fs::read(bench.path("statement/pack.manifest.json.sigstore.json"))?;
    let bundle: Value = serde_json::from_slice(&bundle)?;
    ensure!(bundle["dsseEnvelope"]["payload"].is_string(), "{bundle}");
    let mut verify = vec!["pack", "verify", "statement/pack.manifest.json", "--key", "cosign.pub"];
    verify.extend(["--type", "https://sigstore.dev/cosign/sign/v1"]);
    bench.succeed(&verify)?;

    // The same on a pack that has nothing else; and what is said about a pack is no signature.
    let other = Bench::new()?;
    other.cosign(&["generate-key-pair"])?;
    let own = std::fs::read_to_string(other.path("cosign.pub"))?;
    stage.secret("other-key", "cosign.pub", &own).await?;
    std::fs::copy(other.path("pack.tar"), other.path("bare.tar"))?;
    let pushed = other.succeed(&["pack", "push", "bare.tar", &to("stated"), "--plain-http"])?;
    let image = format!("{}/packs/stated@{}", registry.address(), self::manifest(&pushed)?);
    std::fs::write(other.path("sbom.json"), r#"{"bomFormat":"CycloneDX","specVersion":"1.6"}"#)?;
    let attest = ["attest", "--yes", "--key", "cosign.key", "--tlog-upload=false"];
    let what = ["--allow-http-registry", "--type", "cyclonedx", "--predicate", "sbom.json"];
    let how = ["--use-signing-config=false", "--new-bundle-format=true", &image];
    other.cosign(&[&attest[..], &what[..], &how[..]].concat())?;
    stage.pack("stated", spec("stated", json!({ "tag": "1.0.0" }), "other-key")).await?;
    let unsigned =
        |pack: &PolicyPack| matches!(failure(pack), Some("BundleMissing" | "PayloadMismatch"));
    stage.pack_is("stated", "is not signed by an SBOM", unsigned).await?;
    other.cosign(&[&sign[..], &how[..]].concat())?;
    let nudge = json!({ "metadata": { "annotations": { "lazaret.dev/requestedAt": "signed" } } });
    stage.merge::<PolicyPack>("stated", nudge).await?;
    stage.pack_is("stated", "loads", |pack| loaded(pack).is_some()).await?;
    Ok(())
}
