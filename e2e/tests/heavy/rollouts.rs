//! The real Argo Rollouts, kube-controller-manager and Prometheus, simulated nodes, a small service
//! under load: a canary goes on while the evidence is good, and aborts with the reasons in its
//! AnalysisRun when it is not.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use k8s_openapi::api::core::v1::{ConfigMap, Node, Pod, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, Role, RoleBinding};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{
    Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams,
};
use lazaret::api::{Phase, Quarantine};
use lazaret_e2e::cluster::{Cluster, client, eventually};
use lazaret_e2e::controller::{Controller, program};
use lazaret_e2e::example::Example;
use lazaret_e2e::peer::{Peer, free_port, tool};
use lazaret_e2e::root;
use lazaret_e2e::shop::Shop;
use lazaret_e2e::stage::Stage;
use serde_json::{Value, json};

/// A step of a rollout on a busy machine.
const STEP: Duration = Duration::from_secs(180);
const TOKEN: &str = "a-static-token-of-argo-0123456789";

fn example(name: &str) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(root().join("examples/argo").join(name))?;
    // Aliases are resolved by the reader; documents are parted by hand.
    text.split("\n---\n").map(|part| Ok(yaml_serde::from_str(part)?)).collect()
}

fn resource(kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("argoproj.io", "v1alpha1", kind))
}

/// Argo and the nodes, for all scenarios.
struct Fleet {
    kubeconfig: PathBuf,
    client: Client,
    peers: Vec<Peer>,
    dir: tempfile::TempDir,
}

impl Fleet {
    async fn start() -> Result<Self> {
        let kubeconfig = Cluster::shared().await?;
        let client = client(&kubeconfig).await?;
        let dir = tempfile::Builder::new().prefix("lazaret-fleet-").tempdir()?;
        argo_crds(&client).await?;
        let mut fleet = Self { kubeconfig, client, peers: Vec::new(), dir };
        let config = format!("--kubeconfig={}", fleet.kubeconfig.display());
        let stages = tool("LAZARET_KWOK_STAGES")?;
        let stage = |file: &str| format!("--config={}", stages.join(file).display());
        let arguments = [
            config.clone(),
            "--manage-all-nodes=true".into(),
            "--node-lease-duration-seconds=40".into(),
            stage("node/fast/node-initialize.yaml"),
            stage("pod/fast/pod-ready.yaml"),
            stage("pod/fast/pod-complete.yaml"),
            stage("pod/fast/pod-delete.yaml"),
        ];
        let kwok = Peer::start("kwok", &tool("LAZARET_KWOK")?, &arguments, fleet.dir.path())?;
        fleet.peers.push(kwok);
        // It listens on all addresses, and no flag of its changes that: only the ports are ours.
        let arguments = [
            config,
            "--leader-elect=false".into(),
            format!("--metricsPort={}", free_port()?),
            format!("--healthzPort={}", free_port()?),
            "--loglevel=info".into(),
        ];
        let argo =
            Peer::start("rollouts", &tool("LAZARET_ROLLOUTS")?, &arguments, fleet.dir.path())?;
        fleet.peers.push(argo);
        let node: Node = serde_json::from_value(json!({
            "metadata": { "name": "simulated", "annotations": { "kwok.x-k8s.io/node": "fake" } },
        }))?;
        Api::<Node>::all(fleet.client.clone())
            .patch("simulated", &PatchParams::apply("e2e").force(), &Patch::Apply(&node))
            .await?;
        Ok(fleet)
    }

    fn tails(&self) -> String {
        self.peers.iter().map(Peer::tail).collect::<Vec<_>>().join("\n---\n")
    }
}

async fn argo_crds(client: &Client) -> Result<()> {
    let api = Api::<CustomResourceDefinition>::all(client.clone());
    for entry in std::fs::read_dir(tool("LAZARET_ROLLOUTS_CRDS")?)? {
        let path = entry?.path();
        if !path.to_string_lossy().ends_with("-crd.yaml") {
            continue;
        }
        let crd: CustomResourceDefinition = yaml_serde::from_str(&std::fs::read_to_string(&path)?)?;
        let name = crd.metadata.name.clone().context("a CRD has a name")?;
        api.patch(&name, &PatchParams::apply("e2e").force(), &Patch::Apply(&crd)).await?;
        let established = kube::runtime::conditions::is_crd_established();
        let wait = kube::runtime::wait::await_condition(api.clone(), &name, established);
        tokio::time::timeout(Duration::from_secs(60), wait).await??;
    }
    Ok(())
}

/// One service with its own Lazaret, Prometheus and rollout.
struct Scene<'a> {
    fleet: &'a Fleet,
    stage: Stage,
    shop: Shop,
    prometheus: Option<Peer>,
    controller: Controller,
    evidence: String,
    example: Example,
}

impl<'a> Scene<'a> {
    async fn set(fleet: &'a Fleet, purpose: &str) -> Result<Scene<'a>> {
        let mut stage = Stage::on(&fleet.kubeconfig, purpose).await?;
        let shop = Shop::open().await?;
        let (prometheus, url) = prometheus(&stage.start.root, &shop)?;
        let tokens = stage.start.root.join("tokens");
        std::fs::create_dir(&tokens)?;
        std::fs::write(tokens.join(format!("{}.argo", stage.namespace)), TOKEN)?;
        let store = stage.start.root.join("evidence");
        let further = [
            "--evidence-listen".into(),
            "127.0.0.1:0".into(),
            "--evidence-store".into(),
            store.display().to_string(),
            "--prometheus-url".into(),
            url,
            "--prometheus-timeout".into(),
            "5".into(),
            "--evidence-cache".into(),
            "1".into(),
            "--evidence-tokens".into(),
            tokens.display().to_string(),
        ];
        stage.start.arguments.extend(further);
        access(&stage).await?;
        let controller = stage.controller().await?;
        let evidence = controller.evidence()?;

        let example = Example::whole("seattle-weather")?;
        stage.promote("weather", &example).await?;
        stage.reaches("weather", Phase::Published).await?;
        let profile = std::fs::read_to_string(root().join("examples/argo/profile.yaml"))?
            .replace("window: 5m", "window: 10s")
            .replace("staleness: 1m", "staleness: 8s")
            .replace("minSamples: 200", "minSamples: 30")
            .replace("minSamples: 100", "minSamples: 20")
            .replace("2015.0a1b2c3d", &example.version);
        let map: ConfigMap = serde_json::from_value(json!({
            "metadata": {
                "name": "checkout-evidence",
                "labels": { "lazaret.dev/evidence-profile": "true" },
            },
            "data": { "profile.yaml": profile },
        }))?;
        stage.api::<ConfigMap>().create(&PostParams::default(), &map).await?;
        stage.secret("lazaret-evidence-token", "token", TOKEN).await?;
        let scene = Scene {
            fleet,
            stage,
            shop,
            prometheus: Some(prometheus),
            controller,
            evidence,
            example,
        };
        scene.template().await?;
        Ok(scene)
    }

    fn argo(&self, kind: &str) -> Api<DynamicObject> {
        let client = self.stage.client.clone();
        Api::namespaced_with(client, &self.stage.namespace, &resource(kind))
    }

    /// The shipped template, but for where Lazaret is and how patient it is.
    async fn template(&self) -> Result<()> {
        let mut template = example("analysis-template.yaml")?.remove(0);
        template["spec"]["args"][0]["value"] = json!(self.evidence);
        let metric = &mut template["spec"]["metrics"][0];
        metric["interval"] = json!("2s");
        metric["count"] = json!(2);
        metric["consecutiveErrorLimit"] = json!(1);
        let template = serde_json::from_value(template)?;
        self.argo("AnalysisTemplate").create(&PostParams::default(), &template).await?;
        Ok(())
    }

    /// The shipped rollout, first with v6, then asked for v7. It stops for us after the first step.
    async fn roll_out(&self) -> Result<()> {
        let mut rollout = example("rollout.yaml")?.remove(0);
        rollout["spec"]["strategy"]["canary"]["steps"][2] = json!({ "pause": {} });
        rollout["spec"]["template"]["spec"]["nodeName"] = json!("simulated");
        let release = |id: &str, rollout: &mut Value| {
            rollout["metadata"]["labels"]["release-id"] = json!(id);
            rollout["spec"]["template"]["metadata"]["labels"]["release-id"] = json!(id);
        };
        release("v6", &mut rollout);
        let api = self.argo("Rollout");
        api.create(&PostParams::default(), &serde_json::from_value(rollout.clone())?).await?;
        self.becomes("v6 is there", |r| r["status"]["phase"] == "Healthy").await?;
        self.answers("the evidence is good", true).await?;
        let mut patch = json!({ "metadata": { "labels": {} }, "spec": { "template": { "metadata": { "labels": {} } } } });
        release("v7", &mut patch);
        api.patch("checkout", &PatchParams::default(), &Patch::Merge(&patch)).await?;
        self.becomes("the first analysis passed, at 20 per cent", |r| {
            r["status"]["phase"] == "Paused" && r["status"]["currentStepIndex"] == 2
        })
        .await?;
        ensure!(self.canaries().await? == 1, "20 per cent of 5 are 1");
        Ok(())
    }

    async fn go_on(&self) -> Result<()> {
        let patch = json!({ "status": { "pauseConditions": null } });
        let parameters = PatchParams::default();
        self.argo("Rollout").patch_status("checkout", &parameters, &Patch::Merge(&patch)).await?;
        Ok(())
    }

    async fn canaries(&self) -> Result<usize> {
        let wanted = ListParams::default().labels("app=checkout,release-id=v7");
        let pods = self.stage.api::<Pod>().list(&wanted).await?;
        Ok(pods.items.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()).count())
    }

    async fn becomes(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let api = self.argo("Rollout");
        let reached = eventually(what, STEP, async || {
            let now = serde_json::to_value(api.get("checkout").await?)?;
            Ok(wanted(&now).then_some(now))
        });
        match reached.await {
            Ok(rollout) => Ok(rollout),
            Err(error) => {
                let now = api.get("checkout").await?;
                let runs = self.runs().await?;
                Err(error).with_context(|| {
                    let (status, logs) = (&now.data["status"], self.controller.logs());
                    let logs: Vec<_> = logs.lines().rev().take(10).collect();
                    format!("{status:#}\n{runs:#?}\n{logs:#?}\n{}", self.fleet.tails())
                })
            }
        }
    }

    /// The analysis runs, oldest first.
    async fn runs(&self) -> Result<Vec<Value>> {
        let mut runs = Vec::new();
        for run in self.argo("AnalysisRun").list(&ListParams::default()).await? {
            runs.push(serde_json::to_value(run)?);
        }
        runs.sort_by_key(|run| run["metadata"]["creationTimestamp"].to_string());
        Ok(runs)
    }

    /// What `lazaret evidence check` says with such a token.
    async fn check(&self, account: &str, audience: &str) -> Result<Output> {
        let file = self.stage.token(account, audience).await?;
        let output = tokio::process::Command::new(program()?)
            .args(["evidence", "check", "--service=checkout", "--release-id=v7"])
            .arg(format!("--url={}", self.evidence))
            .arg(format!("--token-file={}", file.display()))
            .output()
            .await?;
        Ok(output)
    }

    /// Waits until the evidence is as wanted, before Argo asks.
    async fn answers(&self, what: &str, ok: bool) -> Result<()> {
        let code = if ok { 0 } else { 1 };
        let mut last = String::new();
        let reached = eventually(what, STEP, async || {
            let told = self.check("lazaret-evidence", "lazaret").await?;
            last = String::from_utf8_lossy(&[told.stdout, told.stderr].concat()).into_owned();
            Ok((told.status.code() == Some(code)).then_some(()))
        });
        let reached = reached.await;
        reached.with_context(|| last.clone())
    }

    /// The rollout is aborted, the canary is gone, and its last analysis says why.
    async fn aborts(&self, phase: &str, why: &str) -> Result<()> {
        self.becomes("it is aborted", |r| {
            r["status"]["abort"] == true && r["status"]["phase"] == "Degraded"
        })
        .await?;
        eventually("the canary is scaled back", STEP, async || {
            Ok((self.canaries().await? == 0).then_some(()))
        })
        .await?;
        let runs = self.runs().await?;
        let run = runs.last().context("an analysis ran")?;
        ensure!(run["status"]["phase"] == phase, "{run:#}");
        let measurements = run["status"]["metricResults"][0]["measurements"].to_string();
        ensure!(measurements.contains(why), "no {why} in {measurements}");
        Ok(())
    }

    /// The decision that the last analysis recorded is made again from the store.
    async fn explained(&self) -> Result<()> {
        let runs = self.runs().await?;
        let run = runs.last().context("an analysis ran")?;
        let value = run["status"]["metricResults"][0]["measurements"][0]["value"].as_str();
        let value: Value = serde_json::from_str(value.context("a value")?)?;
        let output = tokio::process::Command::new(program()?)
            .args(["evidence", "explain"])
            .arg(value["decisionId"].as_str().context("a decision")?)
            .arg("--store")
            .arg(self.stage.start.root.join("evidence"))
            .output()
            .await?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success() && text.contains("SAME DECISION"), "{text}");
        Ok(())
    }
}

/// The shipped Job template, asked by the real Argo: what its pods run is run here, by their specs,
/// for the simulated nodes run nothing.
struct Strict<'a> {
    scene: &'a Scene<'a>,
    run: String,
}

impl<'a> Strict<'a> {
    async fn ask(scene: &'a Scene<'a>, name: &str) -> Result<Strict<'a>> {
        let mut template = example("analysis-template-job.yaml")?.remove(0);
        let metric = &mut template["spec"]["metrics"][0];
        metric["interval"] = json!("2s");
        let values = [
            ("evidence-url", scene.evidence.as_str()),
            ("service", "checkout"),
            ("release-id", "v7"),
            ("image", "lazaret:test"),
        ];
        let run = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun",
            "metadata": { "name": name },
            "spec": {
                "metrics": template["spec"]["metrics"],
                "args": values.map(|(name, value)| json!({ "name": name, "value": value })),
            },
        });
        let run = serde_json::from_value(run)?;
        scene.argo("AnalysisRun").create(&PostParams::default(), &run).await?;
        Ok(Self { scene, run: name.to_owned() })
    }

    /// Runs the pods as they come, until Argo has its answer.
    async fn ends(&self) -> Result<Value> {
        let (pods, runs) = (self.scene.stage.api::<Pod>(), self.scene.argo("AnalysisRun"));
        eventually("the analysis by Jobs ends", STEP, async || {
            for pod in pods.list(&ListParams::default().labels("job-name")).await? {
                let status = pod.status.as_ref().and_then(|status| status.phase.as_deref());
                if status == Some("Pending") && pod.metadata.deletion_timestamp.is_none() {
                    self.play(&pods, &pod).await?;
                }
            }
            let now = serde_json::to_value(runs.get(&self.run).await?)?;
            let ended = ["Successful", "Failed", "Error", "Inconclusive"];
            let phase = now["status"]["phase"].as_str().unwrap_or_default();
            Ok(ended.contains(&phase).then_some(now))
        })
        .await
    }

    /// What the kubelet would do: the token that the volume asks for, the program, its exit code.
    async fn play(&self, pods: &Api<Pod>, pod: &Pod) -> Result<()> {
        let spec = pod.spec.as_ref().context("a spec")?;
        let volume = spec.volumes.iter().flatten().find(|v| v.name == "token").context("token")?;
        let sources = volume.projected.as_ref().and_then(|p| p.sources.as_ref());
        let wanted = sources.and_then(|s| s.first()?.service_account_token.as_ref());
        let audience = wanted.and_then(|w| w.audience.clone()).context("an audience")?;
        let account = spec.service_account_name.clone().context("an account")?;
        let file = self.scene.stage.token(&account, &audience).await?;
        // The scene speaks HTTP on loopback: there is no certificate, and no authority of one.
        let given = spec.containers[0].args.iter().flatten();
        let arguments = given.filter(|argument| !argument.starts_with("--ca="));
        let mounted = file.display().to_string();
        let ended = tokio::process::Command::new(program()?)
            .args(arguments.map(|a| a.replace("/var/run/lazaret/token", &mounted)))
            .env_clear()
            .output()
            .await?;
        let exit = ended.status.code().context("an exit code")?;
        let now = jiff::Timestamp::now().to_string();
        let patch = json!({ "status": {
            "phase": if exit == 0 { "Succeeded" } else { "Failed" },
            "containerStatuses": [{
                "name": "check", "image": "lazaret", "imageID": "", "ready": false,
                "restartCount": 0,
                "state": { "terminated": { "exitCode": exit, "finishedAt": now } },
            }],
        } });
        let name = pod.metadata.name.clone().context("a name")?;
        pods.patch_status(&name, &PatchParams::default(), &Patch::Merge(&patch)).await?;
        Ok(())
    }
}

/// The strict template: green while the evidence is good, red as soon as it is not.
async fn by_job(fleet: &Fleet) -> Result<()> {
    let scene = Scene::set(fleet, "strict").await?;
    scene.answers("the evidence is good", true).await?;
    let run = Strict::ask(&scene, "good").await?.ends().await?;
    ensure!(run["status"]["phase"] == "Successful", "{run:#}");
    let measurements = run["status"]["metricResults"][0]["measurements"].as_array();
    ensure!(measurements.is_some_and(|all| all.len() == 2), "{run:#}");
    scene.shop.slow_down(450);
    scene.answers("the release is seen to be slow", false).await?;
    let run = Strict::ask(&scene, "slow").await?.ends().await?;
    ensure!(run["status"]["phase"] == "Failed", "{run:#}");
    Ok(())
}

fn prometheus(dir: &Path, shop: &Shop) -> Result<(Peer, String)> {
    let config = json!({
        "global": { "scrape_interval": "1s", "scrape_timeout": "1s" },
        "scrape_configs": [{
            "job_name": "shop",
            "static_configs": [{ "targets": [shop.address()] }],
        }],
    });
    std::fs::write(dir.join("prometheus.yaml"), config.to_string())?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let arguments = [
        "--config.file=prometheus.yaml".into(),
        "--storage.tsdb.path=prometheus".into(),
        format!("--web.listen-address={address}"),
        "--log.level=warn".into(),
    ];
    let peer = Peer::start("prometheus", &tool("LAZARET_PROMETHEUS")?, &arguments, dir)?;
    Ok((peer, format!("http://{address}")))
}

/// The shipped role and binding, for this namespace's token; and Lazaret's right to look tokens up.
async fn access(stage: &Stage) -> Result<()> {
    let [account, role, mut binding, _] = <[Value; 4]>::try_from(example("access.yaml")?)
        .map_err(|_| anyhow::anyhow!("access.yaml has four documents"))?;
    binding["subjects"][1]["name"] = json!(format!("lazaret:token:{}.argo", stage.namespace));
    let new = PostParams::default();
    stage.api::<ServiceAccount>().create(&new, &serde_json::from_value(account)?).await?;
    stage.api::<Role>().create(&new, &serde_json::from_value(role)?).await?;
    stage.api::<RoleBinding>().create(&new, &serde_json::from_value(binding)?).await?;
    let delegator: ClusterRoleBinding = serde_json::from_value(json!({
        "metadata": { "name": format!("lazaret-{}-auth", stage.namespace) },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator" },
        "subjects": [{ "kind": "ServiceAccount", "name": "lazaret", "namespace": stage.namespace }],
    }))?;
    Api::<ClusterRoleBinding>::all(stage.client.clone()).create(&new, &delegator).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Argo Rollouts, KWOK and Prometheus; run by make test-all"]
async fn a_canary_goes_on_only_while_the_evidence_is_good() -> Result<()> {
    let fleet = Fleet::start().await?;
    good(&fleet).await.context("good evidence")?;
    slow(&fleet).await.context("p95 broken")?;
    without_prometheus(&fleet).await.context("Prometheus stopped")?;
    without_token(&fleet).await.context("token revoked")?;
    by_job(&fleet).await.context("asked by Jobs")?;
    quarantined(&fleet).await.context("dataset quarantined")
}

async fn good(fleet: &Fleet) -> Result<()> {
    let scene = Scene::set(fleet, "good").await?;
    scene.roll_out().await?;
    scene.go_on().await?;
    scene
        .becomes("the canary has 50 per cent", |r| {
            r["status"]["currentStepIndex"].as_u64().is_some_and(|step| step >= 4)
        })
        .await?;
    ensure!(scene.canaries().await? >= 3, "50 per cent of 5 are 3");
    scene
        .becomes("the release is whole", |r| {
            r["status"]["phase"] == "Healthy" && r["status"]["updatedReplicas"] == 5
        })
        .await?;
    let runs = scene.runs().await?;
    ensure!(
        runs.len() == 2 && runs.iter().all(|r| r["status"]["phase"] == "Successful"),
        "{runs:#?}"
    );
    scene.explained().await?;

    // Who may not ask gets no answer, by whatever template.
    let code = async |account: &str, audience: &str| -> Result<Option<i32>> {
        Ok(scene.check(account, audience).await?.status.code())
    };
    ensure!(code("lazaret-evidence", "lazaret").await? == Some(0), "ok");
    ensure!(code("lazaret-evidence", "somebody-else").await? == Some(3), "another audience");
    ensure!(code("default", "lazaret").await? == Some(3), "no rights");
    Ok(())
}

async fn slow(fleet: &Fleet) -> Result<()> {
    let scene = Scene::set(fleet, "slow").await?;
    scene.roll_out().await?;
    scene.shop.slow_down(450);
    scene.answers("the canary is seen to be slow", false).await?;
    scene.go_on().await?;
    scene.aborts("Failed", "ReadP95OverBudget").await?;
    scene.explained().await
}

async fn without_prometheus(fleet: &Fleet) -> Result<()> {
    let mut scene = Scene::set(fleet, "blind").await?;
    scene.roll_out().await?;
    scene.prometheus = None;
    scene.answers("nobody measures", false).await?;
    scene.go_on().await?;
    scene.aborts("Failed", "SourceFailed").await?;
    scene.explained().await
}

async fn without_token(fleet: &Fleet) -> Result<()> {
    let scene = Scene::set(fleet, "revoked").await?;
    scene.roll_out().await?;
    let file = format!("tokens/{}.argo", scene.stage.namespace);
    std::fs::write(scene.stage.start.root.join(file), "another-token-0123456789")?;
    let refused = eventually("the old token is refused", STEP, async || {
        let url = format!("{}/v1/evidence/checkout/v7", scene.evidence);
        let asked = reqwest::Client::new().get(url).bearer_auth(TOKEN).send().await?;
        Ok((asked.status() == 401).then_some(()))
    });
    refused.await?;
    scene.go_on().await?;
    scene.aborts("Error", "401").await
}

async fn quarantined(fleet: &Fleet) -> Result<()> {
    let scene = Scene::set(fleet, "held").await?;
    scene.roll_out().await?;
    let quarantine: Quarantine = serde_json::from_value(json!({
        "apiVersion": "lazaret.dev/v1alpha1", "kind": "Quarantine",
        "metadata": { "name": "by-hand" },
        "spec": {
            "dataset": { "slug": scene.example.slug, "versionId": scene.example.version },
            "reasons": [{ "code": "SensorFault", "message": "the gauge was blocked in March" }],
            "remediation": { "owner": "jane", "dueBy": "2030-01-01T00:00:00Z", "plan": "recompute" },
        },
    }))?;
    scene.stage.api().create(&PostParams::default(), &quarantine).await?;
    scene.answers("the data is held back", false).await?;
    scene.go_on().await?;
    scene.aborts("Failed", "DatasetQuarantined").await?;
    scene.explained().await
}

#[test]
#[ignore = "needs promtool; run by make test-all"]
fn promtool_reads_the_queries_of_the_example() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let profile = root().join("examples/argo/profile.yaml");
    let lint = |further: &[&str]| -> Result<Output> {
        let mut command = std::process::Command::new(program()?);
        Ok(command.args(["evidence", "profile", "lint"]).arg(&profile).args(further).output()?)
    };
    ensure!(lint(&[])?.status.success(), "the example is good");
    let rules = dir.path().join("rules.yaml");
    std::fs::write(&rules, lint(&["--rules-for", "v7"])?.stdout)?;
    let checked = std::process::Command::new(tool("LAZARET_PROMTOOL")?)
        .args(["check", "rules", "--lint=all", "--lint-fatal"])
        .arg(&rules)
        .output()?;
    let text = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
    if !checked.status.success() || !text.contains("11 rules found") {
        bail!("{text}");
    }
    Ok(())
}
