//! The chart under Helm: it lints, what it renders is accepted by a real API server and fits the
//! strictest pod security, and the program understands the arguments.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::{Namespace, Pod, ServiceAccount};
use kube::Client;
use kube::api::{Api, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use kube::discovery::{Scope, oneshot};
use lazaret_e2e::cluster::{Cluster, client, namespace};
use lazaret_e2e::controller::program;
use lazaret_e2e::peer::{succeed, tool};
use lazaret_e2e::root;
use serde::Deserialize as _;
use serde_json::{Value, json};

const ALL: &str = "charts/lazaret/ci/all-values.yaml";

fn helm(arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(tool("LAZARET_HELM")?);
    command.args(arguments).current_dir(root()).env_remove("KUBECONFIG");
    // Nothing of this machine's own settings, and nothing left behind.
    for home in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
        command.env(home, "/nonexistent");
    }
    Ok(command)
}

fn render(namespace: &str, more: &[&str]) -> Result<Vec<Value>> {
    let fixed = ["template", "one", "charts/lazaret", "--namespace", namespace, "--include-crds"];
    let output = helm(&[&fixed[..], more].concat())?.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let documents = yaml_serde::Deserializer::from_str(&text).map(Value::deserialize);
    let documents = documents.collect::<Result<Vec<_>, _>>()?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

/// Applies without persisting; the API server fills in, validates and admits as ever.
async fn accepted(client: &Client, namespace: &str, document: &Value) -> Result<()> {
    let object: DynamicObject = serde_json::from_value(document.clone())?;
    let types = object.types.clone().context("no kind")?;
    let gvk = GroupVersionKind::try_from(&types)?;
    let (resource, capabilities) = oneshot::pinned_kind(client, &gvk).await?;
    let namespace = object.metadata.namespace.clone().unwrap_or_else(|| namespace.to_owned());
    let api: Api<DynamicObject> = match capabilities.scope {
        Scope::Namespaced => Api::namespaced_with(client.clone(), &namespace, &resource),
        Scope::Cluster => Api::all_with(client.clone(), &resource),
    };
    let params = PatchParams {
        field_validation: Some(kube::api::ValidationDirective::Strict),
        ..PatchParams::apply("helm").dry_run().force()
    };
    let name = object.metadata.name.clone().context("no name")?;
    api.patch(&name, &params, &Patch::Apply(&object))
        .await
        .with_context(|| format!("{types:?}"))?;
    Ok(())
}

fn deployment(documents: &[Value]) -> Result<&Value> {
    documents.iter().find(|document| document["kind"] == "Deployment").context("no Deployment")
}

#[tokio::test]
#[ignore = "needs helm; run by make test-all"]
async fn what_it_renders_is_accepted_by_the_api_server() -> Result<()> {
    let client = client(&Cluster::shared().await?).await?;
    let home = namespace(&client, "chart").await?;
    let namespaces = Api::<Namespace>::all(client.clone());
    let strict =
        json!({ "metadata": { "labels": { "pod-security.kubernetes.io/enforce": "restricted" } } });
    namespaces.patch(&home, &PatchParams::default(), &Patch::Merge(&strict)).await?;
    let one_namespace = format!("watchNamespace={home}");
    let taken = ["--set", "state.persistence.enabled=true,state.persistence.existingClaim=mine"];
    let small = ["--set", &one_namespace, "--set", "state.enabled=false,service.enabled=false"];
    for more in [&[][..], &["--values", ALL], &small, &taken] {
        let documents = render(&home, more)?;
        let mut kinds = BTreeSet::new();
        for document in &documents {
            let kind = document["kind"].as_str().unwrap_or_default();
            ensure!(kinds.insert((kind, document["metadata"]["name"].as_str())), "{kind} twice");
            // Their CRDs are the Prometheus operator's.
            if !["ServiceMonitor", "PrometheusRule"].contains(&kind) {
                let told = format!("{more:?}: {document:#}");
                accepted(&client, &home, document).await.context(told)?;
            }
        }
        pod(&client, &home, deployment(&documents)?).await?;
        arguments(deployment(&documents)?)?;
        let all = more.contains(&ALL);
        ensure!(kinds.iter().any(|(kind, _)| *kind == "ValidatingAdmissionPolicyBinding"));
        for kind in [
            "NetworkPolicy",
            "PodDisruptionBudget",
            "ServiceMonitor",
            "PrometheusRule",
            "PersistentVolumeClaim",
        ] {
            ensure!(kinds.iter().any(|(seen, _)| *seen == kind) == all, "{more:?}: {kind}");
        }
    }
    Ok(())
}

/// The API server would let a pod of the Deployment run in a namespace for restricted pods only.
async fn pod(client: &Client, namespace: &str, deployment: &Value) -> Result<()> {
    let template = &deployment["spec"]["template"];
    let mut pod = json!({ "metadata": template["metadata"], "spec": template["spec"] });
    pod["metadata"]["generateName"] = "one-".into();
    // What the chart leaves to the cluster's owner.
    pod["spec"]["priorityClassName"] = Value::Null;
    let account = template["spec"]["serviceAccountName"].clone();
    let account: ServiceAccount =
        serde_json::from_value(json!({ "metadata": { "name": account } }))?;
    let accounts = Api::<ServiceAccount>::namespaced(client.clone(), namespace);
    let name = account.metadata.name.clone().context("no account")?;
    accounts.patch(&name, &PatchParams::apply("e2e").force(), &Patch::Apply(&account)).await?;
    let pod: Pod = serde_json::from_value(pod)?;
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    Api::<Pod>::namespaced(client.clone(), namespace).create(&dry, &pod).await?;
    Ok(())
}

/// The program knows each argument and takes its value; `--help` keeps it from starting.
fn arguments(deployment: &Value) -> Result<()> {
    let given = &deployment["spec"]["template"]["spec"]["containers"][0]["args"];
    let given: Vec<String> = serde_json::from_value(given.clone())?;
    succeed(Command::new(program()?).args(given).arg("--help"))?;
    let unknown = Command::new(program()?).args(["controller", "--unknown", "--help"]).output()?;
    ensure!(!unknown.status.success(), "--help hides what is wrong before it");
    Ok(())
}

#[test]
#[ignore = "needs promtool; run by make test-all"]
fn prometheus_takes_the_alerts() -> Result<()> {
    let mut promtool = Command::new(tool("LAZARET_PROMTOOL")?);
    succeed(
        promtool.args(["check", "rules", "charts/lazaret/files/alerts.yaml"]).current_dir(root()),
    )?;
    Ok(())
}

#[test]
#[ignore = "needs helm; run by make test-all"]
fn it_lints_and_refuses_values_that_mean_nothing() -> Result<()> {
    succeed(&mut helm(&["lint", "--strict", "charts/lazaret"])?)?;
    succeed(&mut helm(&["lint", "--strict", "charts/lazaret", "--values", ALL])?)?;
    for wrong in [
        "replicaz=2",
        "controller.concurrency=0",
        "controller.fileRoots={relative}",
        "image.digest=sha256:00",
        "packs.port=70000",
        "state.sizeLimit=lots",
        "networkPolicy.enabled=maybe",
        "serviceAccount.create=false",
        "serviceMonitor.enabled=true,service.enabled=false",
        "state.persistence.enabled=true,state.enabled=false",
        "evidence.argo.templates=true",
        "evidence.prometheus.tokenKey=token",
        "evidence.enabled=true,evidence.store=s3://b,evidence.prometheus.secretName=p,evidence.prometheus.tokenKey=t",
        "commonLabels.app\\.kubernetes\\.io/name=other",
    ] {
        let output = helm(&["template", "one", "charts/lazaret", "--set", wrong])?.output()?;
        ensure!(!output.status.success(), "{wrong} is accepted");
    }
    Ok(())
}

/// The job template asks for the tokens that the listener takes, and trusts whom it is told to.
#[test]
#[ignore = "needs helm; run by make test-all"]
fn analysis_templates_fit_the_listener() -> Result<()> {
    let set = "evidence.enabled=true,evidence.store=s3://b/e,evidence.argo.templates=true,evidence.audience=acme";
    let job = |more: &str| -> Result<Value> {
        let documents = render("one", &["--set", &format!("{set}{more}")])?;
        let wanted = |d: &&Value| d["metadata"]["name"] == "lazaret-evidence-job";
        Ok(documents.iter().find(wanted).context("no template")?.to_owned())
    };
    let pod = "/spec/metrics/0/provider/job/spec/template/spec";
    let source = "/volumes/0/projected/sources/0/serviceAccountToken/audience";
    let tls = ",evidence.tls.secretName=t";
    for (more, authority) in
        [(tls, 1), (",evidence.tls.secretName=t,evidence.argo.caConfigMap=", 0), ("", 0)]
    {
        let job = job(more)?;
        let pod = job.pointer(pod).context("a pod")?;
        ensure!(pod.pointer(source) == Some(&json!("acme")), "{pod:#}");
        let text = pod.to_string();
        for part in
            ["--ca=/etc/lazaret/ca/ca.crt", "\"lazaret-evidence-ca\"", "\"/etc/lazaret/ca\""]
        {
            ensure!(text.matches(part).count() == authority, "{more}: {part} in {text}");
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs helm; run by make test-all"]
fn what_was_given_arrives_as_it_was_given() -> Result<()> {
    let documents = render("1e3", &["--values", ALL])?;
    let deployment = deployment(&documents)?;
    let pod = &deployment["spec"]["template"]["spec"];
    let arguments = pod["containers"][0]["args"].as_array().context("args")?;
    for expected in [
        "--default-owner=group: stewards # of data",
        "--allow-file-root=/data/#c",
        "--requests-per-second=4294967295",
        "--state-dir=/var/lib/lazaret",
        "--signing-key=/etc/lazaret/signing/lazaret.key",
    ] {
        ensure!(arguments.contains(&json!(expected)), "{expected} is not in {arguments:?}");
    }
    for (place, expected) in [
        (&deployment["metadata"]["namespace"], "1e3"),
        (&pod["serviceAccountName"], "yes"),
        (&pod["priorityClassName"], "no"),
        (&pod["volumes"][1]["secret"]["secretName"], "null"),
        (&pod["volumes"][0]["persistentVolumeClaim"]["claimName"], "one-lazaret-state"),
    ] {
        ensure!(place == expected, "{place} is not {expected}: {:#}", pod["volumes"]);
    }
    Ok(())
}
