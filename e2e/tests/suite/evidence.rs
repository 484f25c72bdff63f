//! Evidence with a real API server: its tokens, its rights, its promotions and Quarantines. The
//! figures come from a stub; `heavy::rollouts` has a real Prometheus, and Argo.

use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::routing::post;
use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, Role, RoleBinding};
use kube::api::{Api, DeleteParams, PostParams};
use lazaret::api::{Phase, PolicyPack, Quarantine};
use lazaret_e2e::cluster::eventually;
use lazaret_e2e::controller::{Controller, program};
use lazaret_e2e::example::Example;
use lazaret_e2e::packs::{SignedPack, default_pack};
use lazaret_e2e::root;
use lazaret_e2e::stage::{SOON, Stage};
use serde_json::{Value, json};
use tokio::process::Command;

const TOKEN: &str = "a-static-token-of-argo-0123456789";

/// Answers every query with a number that speaks for the release.
async fn stub() -> Result<String> {
    let answer = async |body: String| {
        // A form is written as the query of a URL is.
        let asked = reqwest::Url::parse(&format!("http://form/?{body}")).ok();
        let query =
            asked.iter().flat_map(|url| url.query_pairs()).find(|(name, _)| name == "query");
        let query = query.map(|(_, promql)| promql.into_owned()).unwrap_or_default();
        let number = match () {
            () if query.contains("timestamp(") => jiff::Timestamp::now().as_second().to_string(),
            () if query.contains("/ sum") || query.contains("5..") => "0".to_owned(),
            () => "250".to_owned(),
        };
        json!({ "status": "success", "data": { "resultType": "scalar", "result": [1, number] } })
            .to_string()
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let routes = Router::new().route("/api/v1/query", post(answer));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(url)
}

async fn prepare(stage: &mut Stage) -> Result<Example> {
    let tokens = stage.start.root.join("tokens");
    std::fs::create_dir(&tokens)?;
    std::fs::write(tokens.join(format!("{}.argo", stage.namespace)), TOKEN)?;
    let store = stage.start.root.join("evidence");
    let text = |path: &std::path::Path| path.display().to_string();
    let further = [
        ("--evidence-listen", "127.0.0.1:0".to_owned()),
        ("--evidence-store", text(&store)),
        ("--prometheus-url", stub().await?),
        ("--evidence-cache", "1".to_owned()),
        ("--evidence-tokens", text(&tokens)),
    ];
    let further = further.into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
    stage.start.arguments.extend(further);
    let new = PostParams::default();
    for (kind, rules) in [("read", json!(["get"])), ("write", json!(["get", "create"]))] {
        let account: ServiceAccount =
            serde_json::from_value(json!({ "metadata": { "name": kind } }))?;
        stage.api().create(&new, &account).await?;
        let role: Role = serde_json::from_value(json!({
            "metadata": { "name": kind },
            "rules": [{
                "apiGroups": ["lazaret.dev"], "resources": ["evidence"],
                "resourceNames": ["checkout"], "verbs": rules,
            }],
        }))?;
        stage.api().create(&new, &role).await?;
        let argo = format!("lazaret:token:{}.argo", stage.namespace);
        let binding: RoleBinding = serde_json::from_value(json!({
            "metadata": { "name": kind },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": kind },
            "subjects": [
                { "kind": "ServiceAccount", "name": kind },
                { "kind": "User", "name": argo, "apiGroup": "rbac.authorization.k8s.io" },
            ],
        }))?;
        stage.api().create(&new, &binding).await?;
    }
    let delegator: ClusterRoleBinding = serde_json::from_value(json!({
        "metadata": { "name": format!("lazaret-{}-auth", stage.namespace) },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator" },
        "subjects": [{ "kind": "ServiceAccount", "name": "lazaret", "namespace": stage.namespace }],
    }))?;
    Api::<ClusterRoleBinding>::all(stage.client.clone()).create(&new, &delegator).await?;
    let example = Example::whole("seattle-weather")?;
    let profile = std::fs::read_to_string(root().join("examples/argo/profile.yaml"))?
        .replace("2015.0a1b2c3d", &example.version);
    let map: ConfigMap = serde_json::from_value(json!({
        "metadata": { "name": "profile", "labels": { "lazaret.dev/evidence-profile": "true" } },
        "data": { "profile.yaml": profile },
    }))?;
    stage.api().create(&new, &map).await?;
    Ok(example)
}

async fn lazaret(arguments: &[&str]) -> Result<Output> {
    Ok(Command::new(program()?).arg("evidence").args(arguments).output().await?)
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// What `lazaret evidence check` says of a service's release v7.
async fn check(
    stage: &Stage,
    url: &str,
    account: &str,
    audience: &str,
    service: &str,
) -> Result<Output> {
    let file = stage.token(account, audience).await?.display().to_string();
    let about = ["check", "--url", url, "--service", service, "--release-id", "v7"];
    lazaret(&[&about[..], &["--token-file", &file, "--output", "json"]].concat()).await
}

/// Waits until it says this of checkout.
async fn comes_to(
    stage: &Stage,
    controller: &Controller,
    what: &str,
    code: i32,
    part: &str,
) -> Result<Value> {
    let url = controller.evidence()?;
    let mut last = String::new();
    let reached = eventually(what, SOON, async || {
        let output = check(stage, &url, "read", "lazaret", "checkout").await?;
        last = text(&output);
        let there = output.status.code() == Some(code) && last.contains(part);
        Ok(there.then(|| serde_json::from_slice(&output.stdout)).transpose()?)
    });
    let reached = reached.await;
    reached.with_context(|| format!("{last}\n{}", controller.logs()))
}

/// The default pack, which also denies releases whose reads take longer than this.
fn minding_reads(stage: &Stage, most: u32) -> Result<SignedPack> {
    default_pack(&stage.keys, |dir| {
        let rule = format!(
            "package lazaret.evidence\n\nimport rego.v1\n\n\
             deny contains {{\"code\": \"ReadsNearBudget\", \"message\": message, \"remedy\": \"Look.\"}} if {{\n\
             \tinput.service == \"checkout\"\n\tinput.signals.readP95Ms > {most}\n\
             \tmessage := sprintf(\"reads take %v ms\", [input.signals.readP95Ms])\n}}\n"
        );
        Ok(std::fs::write(dir.join("opa/evidence.rego"), rule)?)
    })
}

#[tokio::test]
async fn a_pack_has_its_say_about_releases() -> Result<()> {
    let mut stage = Stage::new("evidence-pack").await?;
    let example = prepare(&mut stage).await?;
    let api = stage.api::<ConfigMap>();
    let profile = api.get("profile").await?.data.context("data")?["profile.yaml"].clone();
    let named = format!("{profile}\npolicyPack: {{name: default}}\n");
    stage.merge::<ConfigMap>("profile", json!({ "data": { "profile.yaml": named } })).await?;
    let (strict, lenient) = (minding_reads(&stage, 200)?, minding_reads(&stage, 280)?);
    stage.server.swap(Some(strict.clone()));
    let controller = stage.controller().await?;
    stage.pack_ready("default", &strict).await?;
    stage.promote("weather", &example).await?;
    stage.reaches("weather", Phase::Published).await?;
    let comes_to = async |what: &str, code: i32, part: &str| {
        comes_to(&stage, &controller, what, code, part).await
    };
    let denied = comes_to("the pack denies", 1, "ReadsNearBudget: reads take 250 ms").await?;
    ensure!(denied["policyDigest"] == strict.digest().to_string(), "{denied:#}");

    // What it said is on record, and said again by that pack alone.
    let id = denied["decisionId"].as_str().context("a decision")?;
    let store = stage.start.root.join("evidence").display().to_string();
    for (name, pack, code, said) in
        [("strict", &strict, 0, "SAME DECISION"), ("lenient", &lenient, 1, "MISMATCH")]
    {
        let tar = stage.start.root.join(format!("{name}.tar")).display().to_string();
        std::fs::write(&tar, &pack.tar)?;
        let told = lazaret(&["explain", id, "--store", &store, "--policy-pack", &tar]).await?;
        ensure!(told.status.code() == Some(code), "{name}: {}", text(&told));
        ensure!(text(&told).contains(said), "{name}: {}", text(&told));
    }

    stage.server.swap(Some(lenient.clone()));
    stage.pack_ready("default", &lenient).await?;
    let passed = comes_to("the new revision does not", 0, "PASS").await?;
    ensure!(passed["policyDigest"] == lenient.digest().to_string(), "{passed:#}");
    stage.api::<PolicyPack>().delete("default", &DeleteParams::default()).await?;
    comes_to("no pack, no release", 1, "PolicyUnavailable").await?;
    let (_, metrics) = controller.get("/metrics").await?;
    for line in [
        "lazaret_evidence_decisions_total{outcome=\"pass\"}",
        "lazaret_evidence_reasons_total{reason=\"Policy\"}",
        "lazaret_evidence_reasons_total{reason=\"PolicyUnavailable\"}",
        "lazaret_evidence_queries_total{outcome=\"number\"}",
    ] {
        let counted = |l: &str| l.strip_prefix(line).is_some_and(|count| count != " 0");
        ensure!(metrics.lines().any(counted), "no {line}");
    }
    Ok(())
}

#[tokio::test]
async fn a_release_is_judged_by_what_the_cluster_says() -> Result<()> {
    let mut stage = Stage::new("evidence").await?;
    let example = prepare(&mut stage).await?;
    let controller = stage.controller().await?;
    let url = controller.evidence()?;
    let check = async |account: &str, audience: &str, service: &str| {
        check(&stage, &url, account, audience, service).await
    };
    let comes_to = async |what: &str, code: i32, part: &str| {
        comes_to(&stage, &controller, what, code, part).await
    };
    comes_to("the data is not published yet", 1, "DatasetNotPublished").await?;
    stage.promote("weather", &example).await?;
    stage.reaches("weather", Phase::Published).await?;
    let good: Value = comes_to("everything is good", 0, "PASS").await?;

    for (account, audience, service, part) in [
        ("read", "somebody-else", "checkout", "401"),
        ("default", "lazaret", "checkout", "403"),
        ("read", "lazaret", "other", "403"),
        ("read", "lazaret", "checkout.default", "403"),
    ] {
        let told = check(account, audience, service).await?;
        ensure!(told.status.code() == Some(3) && text(&told).contains(part), "{}", text(&told));
    }

    // A static token, until its file changes.
    let ask = async |token: &str| -> Result<u16> {
        let path = format!("{url}/v1/evidence/checkout/v7");
        let told = reqwest::Client::new().get(path).bearer_auth(token).send().await?;
        Ok(told.status().as_u16())
    };
    ensure!(ask(TOKEN).await? == 200 && ask("a-wrong-token-0123456789").await? == 401);
    let file = stage.start.root.join("tokens").join(format!("{}.argo", stage.namespace));
    std::fs::write(file, "another-token-0123456789")?;
    eventually("the old token is refused", SOON, async || {
        Ok((ask(TOKEN).await? == 401).then_some(()))
    })
    .await?;
    ensure!(ask("another-token-0123456789").await? == 200);

    // A bundle is recorded by whoever may, once.
    let bundle = stage.start.root.join("bundle.json");
    let about = format!("checkout.{}", stage.namespace);
    let record = async |account: &str, passed: bool| -> Result<Output> {
        let document = json!({
            "apiVersion": "https://lazaret.dev/evidence-bundle/v1", "service": about,
            "releaseId": "v7", "checks": [{ "name": "smoke", "passed": passed }],
        });
        std::fs::write(&bundle, document.to_string())?;
        let (file, bundle) = (stage.token(account, "lazaret").await?, bundle.display().to_string());
        lazaret(&[
            "record",
            "--url",
            &url,
            "--service",
            "checkout",
            "--release-id",
            "v7",
            "--token-file",
            &file.display().to_string(),
            "--bundle",
            &bundle,
        ])
        .await
    };
    for (account, passed, code, part) in [
        ("read", true, 1, "Forbidden"),
        ("write", true, 0, "recorded"),
        ("write", true, 0, "recorded before"),
        ("write", false, 1, "BundleExists"),
    ] {
        let told = record(account, passed).await?;
        ensure!(told.status.code() == Some(code) && text(&told).contains(part), "{}", text(&told));
    }

    let quarantine: Quarantine = serde_json::from_value(json!({
        "apiVersion": "lazaret.dev/v1alpha1", "kind": "Quarantine",
        "metadata": { "name": "by-hand" },
        "spec": {
            "dataset": { "slug": example.slug, "versionId": example.version },
            "reasons": [{ "code": "SensorFault", "message": "the gauge was blocked in March" }],
            "remediation": { "owner": "jane", "dueBy": "2030-01-01T00:00:00Z", "plan": "recompute" },
        },
    }))?;
    stage.api().create(&PostParams::default(), &quarantine).await?;
    comes_to("the data is held back", 1, "DatasetQuarantined").await?;

    // What was decided is made again; a record that was tampered with is not.
    let store = stage.start.root.join("evidence");
    let id = good["decisionId"].as_str().context("a decision")?;
    let explain = async || -> Result<Output> {
        lazaret(&["explain", id, "--store", &store.display().to_string()]).await
    };
    let told = explain().await?;
    ensure!(told.status.success() && text(&told).contains("SAME DECISION"), "{}", text(&told));
    let hex = id.trim_start_matches("sha256:");
    let file = store.join("_decisions/evidence").join(format!("{hex}.json"));
    let record = std::fs::read_to_string(&file)?;
    std::fs::write(
        &file,
        record.replacen("\"readP95Ms\":{\"number\":250}", "\"readP95Ms\":{\"number\":99}", 1),
    )?;
    let told = explain().await?;
    ensure!(told.status.code() == Some(1) && text(&told).contains("MISMATCH"), "{}", text(&told));
    Ok(())
}
