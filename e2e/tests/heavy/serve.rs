//! `lazaret serve` against stock clients: OPA polls bundles and answers as we do, curl resumes and
//! revalidates, schemathesis checks the contract.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Result, ensure};
use lazaret::domain::GateId;
use lazaret::pack::{Authority, FetchedPack, KeyPairPem, PublicKey, verify};
use lazaret::policy::{Limits, compile, evaluate};
use lazaret_e2e::cluster::eventually;
use lazaret_e2e::controller::program;
use lazaret_e2e::packs::{SignedPack, default_pack, keys};
use lazaret_e2e::peer::{free_port, succeed, tool};
use lazaret_e2e::root;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// A process that ends with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server over a directory with one pack, `default`.
struct Stage {
    dir: tempfile::TempDir,
    keys: KeyPairPem,
    url: String,
    _server: Running,
}

impl Stage {
    async fn new(arguments: &[&str]) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let keys = keys()?;
        let key = dir.path().join("key.pub");
        std::fs::write(&key, &keys.public)?;
        put(dir.path(), &default_pack(&keys, |_| Ok(()))?)?;
        let address = format!("127.0.0.1:{}", free_port()?);
        let mut command = Command::new(program()?);
        command.args(["serve", "--scan-interval", "1", "--listen", &address, "--key"]);
        command.arg(&key).arg("--packs").arg(dir.path()).args(arguments);
        let server = Running(command.stderr(Stdio::null()).spawn()?);
        let url = format!("http://{address}");
        let ready = format!("{url}/readyz");
        eventually("the server is ready", PATIENCE, async || {
            let answer = reqwest::get(&ready).await;
            Ok(answer.is_ok_and(|answer| answer.status() == 200).then_some(()))
        })
        .await?;
        Ok(Self { dir, keys, url, _server: server })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

fn put(dir: &Path, pack: &SignedPack) -> Result<()> {
    std::fs::write(dir.join("default.tar.sigstore.json"), &pack.bundle)?;
    Ok(std::fs::write(dir.join("default.tar"), &pack.tar)?)
}

/// Documents about one dataset: nothing is there; a reserved slug; a title of one letter.
fn inputs() -> [Value; 3] {
    let with = |dataset: Value| json!({ "dataset": dataset });
    [
        json!({}),
        with(json!({ "dataset_slug": "current" })),
        with(json!({ "dataset_slug": "seattle-weather", "title": "x" })),
    ]
}

/// What we say of an input, for each gate, as OPA would write it.
fn ours(pack: &SignedPack, keys: &KeyPairPem, input: &Value) -> Result<Value> {
    let key = PublicKey::parse(&keys.public)?;
    let fetched = FetchedPack {
        tar: pack.tar.clone().into(),
        bundle: Some(pack.bundle.clone().into()),
        url: String::new(),
        ..FetchedPack::default()
    };
    let verified = verify(fetched, None, &[Authority::Key { key, log_root: None }])?;
    let verdict = evaluate(&compile(&verified, &Limits::default())?, "default", input)?;
    let codes = verdict.denials.iter().map(|(gate, reasons)| {
        let mut codes: Vec<_> = reasons.iter().map(|r| r.code.as_str().to_owned()).collect();
        codes.sort();
        (gate.letter().to_owned(), Value::from(codes))
    });
    Ok(Value::Object(codes.collect()))
}

async fn asked(opa: &str, input: &Value) -> Result<Value> {
    let client = reqwest::Client::new();
    let body = json!({ "input": input }).to_string();
    let url = format!("{opa}/v1/data/lazaret/gates");
    let request = client.post(url).header("content-type", "application/json").body(body);
    let answer: Value = serde_json::from_str(&request.send().await?.text().await?)?;
    let mut gates = serde_json::Map::new();
    for gate in GateId::ALL {
        let Some(denials) = answer["result"][gate.letter()]["deny"].as_array() else { continue };
        let mut codes: Vec<_> = denials
            .iter()
            .filter_map(|denial| denial["code"].as_str().map(str::to_owned))
            .collect();
        codes.sort();
        gates.insert(gate.letter().to_owned(), codes.into());
    }
    Ok(Value::Object(gates))
}

async fn revision(opa: &str) -> Result<Option<String>> {
    let Ok(answer) = reqwest::get(format!("{opa}/v1/data/system/bundles")).await else {
        return Ok(None);
    };
    let answer: Value = serde_json::from_str(&answer.text().await?)?;
    Ok(answer["result"]["lazaret"]["manifest"]["revision"].as_str().map(str::to_owned))
}

/// A stock OPA loads the pack, answers as we do, and takes over a new revision.
async fn opa_follows(polling: Value) -> Result<()> {
    let stage = Stage::new(&[]).await?;
    let config = json!({
        "services": { "lazaret": { "url": stage.url } },
        "bundles": { "lazaret": {
            "service": "lazaret",
            "resource": "/v1/opa/bundles/default.tar.gz",
            "polling": polling,
        } },
    });
    let file = stage.path("opa.json");
    std::fs::write(&file, config.to_string())?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let opa = Running(
        Command::new(tool("LAZARET_OPA")?)
            .args(["run", "--server", "--disable-telemetry", "--addr", &address, "--config-file"])
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()?,
    );
    let url = format!("http://{address}");
    let first = default_pack(&stage.keys, |_| Ok(()))?;
    let has = async |pack: &SignedPack| {
        let wanted = pack.digest().to_string();
        eventually("OPA has the revision", PATIENCE, async || {
            Ok((revision(&url).await?.as_deref() == Some(&wanted)).then_some(()))
        })
        .await
    };
    has(&first).await?;
    for input in inputs() {
        let expected = ours(&first, &stage.keys, &input)?;
        let codes =
            expected.as_object().into_iter().flatten().flat_map(|(_, codes)| codes.as_array());
        ensure!(codes.flatten().next().is_some(), "an input that nothing denies shows little");
        ensure!(asked(&url, &input).await? == expected, "{input}: {expected}");
    }
    let second = default_pack(&stage.keys, |dir| {
        let limits = dir.join("data/limits.json");
        let mut data: Value = serde_json::from_slice(&std::fs::read(&limits)?)?;
        let root = match data.get("limits") {
            Some(_) => &mut data["limits"],
            None => &mut data,
        };
        root["title"] = json!({ "min": 1, "max": 2 });
        Ok(std::fs::write(limits, data.to_string())?)
    })?;
    ensure!(first.digest() != second.digest());
    put(stage.dir.path(), &second)?;
    has(&second).await?;
    drop(opa);
    Ok(())
}

#[tokio::test]
#[ignore = "needs opa; run by make test-all"]
async fn stock_opa_polls_and_answers_as_we_do() -> Result<()> {
    opa_follows(json!({ "min_delay_seconds": 1, "max_delay_seconds": 1 })).await
}

#[tokio::test]
#[ignore = "needs opa; run by make test-all"]
async fn stock_opa_polls_long() -> Result<()> {
    // Without long polling it would ask again only after ten minutes.
    let polling = json!({
        "long_polling_timeout_seconds": 30, "min_delay_seconds": 600, "max_delay_seconds": 600,
    });
    opa_follows(polling).await
}

#[tokio::test]
#[ignore = "needs curl; run by make test-all"]
async fn curl_resumes_and_revalidates() -> Result<()> {
    let stage = Stage::new(&[]).await?;
    let url = format!("{}/v1/policy/packs/default", stage.url);
    let whole = std::fs::read(stage.path("default.tar"))?;
    let part = stage.path("resumed");
    std::fs::write(&part, &whole[..1000])?;
    succeed(Command::new("curl").args(["-fsS", "-C", "-", "-o"]).arg(&part).arg(&url))?;
    ensure!(std::fs::read(&part)? == whole, "resumed into something else");

    let (etag, copy) = (stage.path("etag"), stage.path("copy"));
    let code = |flag: &str| -> Result<String> {
        let mut command = Command::new("curl");
        command.args(["-fsS", "-w", "%{http_code}", flag]).arg(&etag).arg("-o").arg(&copy);
        succeed(command.arg(&url))
    };
    ensure!(code("--etag-save")? == "200");
    ensure!(code("--etag-compare")? == "304");
    let mut since = Command::new("curl");
    since.args(["-fsS", "-w", "%{http_code}", "-R", "-o"]).arg(&copy);
    ensure!(succeed(since.arg(&url))? == "200");
    let mut since = Command::new("curl");
    since.args(["-fsS", "-w", "%{http_code}", "-o", "/dev/null", "-z"]).arg(&copy);
    ensure!(succeed(since.arg(&url))? == "304");
    Ok(())
}

#[tokio::test]
#[ignore = "needs schemathesis; run by make test-all"]
async fn schemathesis_finds_nothing() -> Result<()> {
    let stage = Stage::new(&["--requests-per-second", "0", "--inline-bundle"]).await?;
    // It writes its database where it runs.
    succeed(
        Command::new(tool("LAZARET_SCHEMATHESIS")?)
            .current_dir(stage.dir.path())
            .arg("--config-file")
            .arg(root().canonicalize()?.join("e2e/heavy/schemathesis.toml"))
            .arg("run")
            .arg(format!("{}/openapi.json", stage.url))
            .args(["--checks", "all", "--max-examples", "40", "--seed", "1", "--no-color"]),
    )?;
    Ok(())
}
