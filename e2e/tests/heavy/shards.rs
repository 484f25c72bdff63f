//! `spec.execution.mode: Job` on a real API server and Job controller, from S3 to S3. No node runs
//! the pods: the test runs what their specs say, as processes, and says how they ended.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::ResourceExt as _;
use kube::api::{ListParams, Patch, PatchParams};
use lazaret::api::{DatasetPromotion, Phase};
use lazaret::domain::Digest;
use lazaret_e2e::cluster::eventually;
use lazaret_e2e::controller::program;
use lazaret_e2e::example::Example;
use lazaret_e2e::s3::S3;
use lazaret_e2e::stage::{SOON, Stage};
use serde_json::json;

const SHARDS: usize = 3;
const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// A promotion's Job, with the Secret's keys laid out as its pods would have them.
struct Sharded<'a> {
    stage: &'a Stage,
    job: Job,
    secrets: tempfile::TempDir,
}

/// The one Job of the stage that is not `old`, once it is there.
async fn job(stage: &Stage, old: Option<&Job>) -> Result<Job> {
    let api = stage.api::<Job>();
    eventually("there is a new Job", SOON, async || {
        let all = api.list(&ListParams::default()).await?.items;
        let new = |job: &Job| {
            job.metadata.deletion_timestamp.is_none() && job.uid() != old.and_then(Job::uid)
        };
        Ok(all.into_iter().find(new))
    })
    .await
}

/// The Job of none of these runs.
async fn another(stage: &Stage, runs: &[Digest]) -> Result<Job> {
    let api = stage.api::<Job>();
    eventually("there is a Job of another run", SOON, async || {
        let all = api.list(&ListParams::default()).await?.items;
        let ended = |job: &Job| runs.iter().any(|run| job.name_any().ends_with(&run.hex()[..12]));
        Ok(all.into_iter().find(|job| !ended(job)))
    })
    .await
}

impl<'a> Sharded<'a> {
    async fn new(stage: &'a Stage, job: Job) -> Result<Self> {
        let secrets = tempfile::tempdir()?;
        let secret = stage.api::<Secret>().get("store").await?;
        for name in ["source", "destination"] {
            std::fs::create_dir(secrets.path().join(name))?;
            for (key, value) in secret.data.iter().flatten() {
                std::fs::write(secrets.path().join(name).join(key), &value.0)?;
            }
        }
        Ok(Self { stage, job, secrets })
    }

    fn arguments(&self) -> Vec<String> {
        let pod = self.job.spec.as_ref().unwrap().template.spec.as_ref().unwrap();
        pod.containers[0].args.clone().unwrap()
    }

    fn run(&self) -> Result<Digest> {
        let run = self.arguments().into_iter().find_map(|a| a.strip_prefix("--run=")?.parse().ok());
        run.context("--run")
    }

    /// What the pod of `index` runs.
    fn command(&self, index: usize) -> Result<Command> {
        let mount = |a: String| a.replace("/etc/lazaret", &self.secrets.path().to_string_lossy());
        let mut command = Command::new(program()?);
        command.args(self.arguments().into_iter().map(mount));
        command.env_clear().env("JOB_COMPLETION_INDEX", index.to_string());
        Ok(command)
    }

    /// Runs it, and says what became of it.
    fn hash(&self, index: usize) -> Result<(Option<i32>, String)> {
        let output = self.command(index)?.output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok((output.status.code(), said))
    }

    /// Has the pod of `index` end, as its kubelet would.
    async fn ends(&self, index: usize, exit: i32) -> Result<()> {
        let pods = self.stage.api::<Pod>();
        let of_job = ListParams::default().labels(&format!("job-name={}", self.job.name_any()));
        let what = format!("shard {index} has a pod");
        let pod = eventually(&what, SOON, async || {
            let all = pods.list(&of_job).await?.items;
            Ok(all.into_iter().find(|pod| {
                let phase = pod.status.as_ref().and_then(|s| s.phase.clone());
                pod.annotations().get(INDEX) == Some(&index.to_string())
                    && pod.metadata.deletion_timestamp.is_none()
                    && phase.as_deref() == Some("Pending")
            }))
        });
        let now = jiff::Timestamp::now().to_string();
        let patch = json!({ "status": {
            "phase": if exit == 0 { "Succeeded" } else { "Failed" },
            "containerStatuses": [{
                "name": "shard", "image": "lazaret", "imageID": "", "ready": false,
                "restartCount": 0,
                "state": { "terminated": { "exitCode": exit, "finishedAt": now } },
            }],
        } });
        let name = pod.await?.name_any();
        pods.patch_status(&name, &PatchParams::default(), &Patch::Merge(&patch)).await?;
        Ok(())
    }
}

async fn says(stage: &Stage, name: &str, words: &str) -> Result<DatasetPromotion> {
    let api = stage.api::<DatasetPromotion>();
    let what = format!("the status says: {words}");
    let said = eventually(&what, SOON, async || {
        let now = api.get(name).await?;
        let conditions = now.status.iter().flat_map(|s| &s.conditions);
        let found = conditions.filter(|c| c.type_ == "Ready").any(|c| c.message.contains(words));
        Ok(found.then_some(now))
    });
    match said.await {
        Ok(said) => Ok(said),
        Err(error) => Err(error).context(format!("{:#}", json!(api.get(name).await?.status))),
    }
}

/// Data beside the example's: enough files for all shards, and one that takes a while.
fn more(workspace: &Path) -> Result<()> {
    for n in 0..40 {
        std::fs::write(workspace.join(format!("raw/{n}.bin")), vec![n; 10_000])?;
    }
    std::fs::File::create(workspace.join("raw/large.bin"))?.set_len(256 << 20)?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs versitygw; run by make test-all"]
async fn pods_hash_and_only_whole_and_own_results_count() -> Result<()> {
    let s3 = S3::start().await?;
    let mut stage = Stage::new("shards").await?;
    stage.start.arguments.extend(["--image".into(), "lazaret:test".into()]);
    let _controller = stage.controller().await?;
    s3.secret(&stage, json!({})).await?;
    let example = Example::whole("seattle-weather")?;
    let mut promotion = s3.promotion(&stage, "weather", &example).await?;
    more(&s3.bucket(&promotion.spec.source.url)?)?;
    // What a controller that hashes by itself would publish.
    let mut alone = promotion.clone();
    alone.metadata.name = Some("alone".to_owned());
    alone.spec.dry_run = true;
    stage.api().create(&Default::default(), &alone).await?;
    let alone = says(&stage, "alone", "dry run").await?;
    let expected = alone.status.and_then(|s| s.plan).context("a plan")?.digest;

    let execution = json!({ "mode": "Job", "parallelism": SHARDS });
    promotion.spec.execution = serde_json::from_value(execution)?;
    let destination = promotion.spec.destination.url.clone();
    stage.api().create(&Default::default(), &promotion).await?;
    // Suspended, nobody works; resumed, somebody does.
    let first = job(&stage, None).await?;
    let suspend = |on| json!({ "spec": { "suspend": on } });
    stage.merge::<DatasetPromotion>("weather", suspend(true)).await?;
    eventually("the Job is gone", SOON, async || {
        let all = stage.api::<Job>().list(&ListParams::default()).await?.items;
        Ok(all.iter().all(|job| job.metadata.deletion_timestamp.is_some()).then_some(()))
    })
    .await?;
    stage.merge::<DatasetPromotion>("weather", suspend(false)).await?;

    let sharded = Sharded::new(&stage, job(&stage, Some(&first)).await?).await?;
    let spec = sharded.job.spec.clone().context("a spec")?;
    assert_eq!(spec.completions, Some(i32::try_from(SHARDS)?));
    let place = |index: usize, run: Digest| {
        s3.bucket(&format!("{destination}/_lazaret/shards/{}/{index:05}.json", run.hex()))
    };
    let run = sharded.run()?;
    // Another's result lies where the first shard's should: neither the pod nor the controller
    // takes it for its own.
    let foreign = json!({
        "lazaret_shard_version": "v1", "run": Digest::of(b"x"), "listing": Digest::of(b"x"),
        "shard": 0, "shards": SHARDS, "objects": [],
    });
    let forged = format!("_lazaret/shards/{}/00000.json", run.hex());
    s3.open(&destination)?.create(&forged, foreign.to_string().into_bytes()).await?;
    let (code, said) = sharded.hash(0)?;
    ensure!(code == Some(1) && said.contains("another result"), "{code:?}: {said}");
    for index in 1..SHARDS {
        let (code, said) = sharded.hash(index)?;
        ensure!(code == Some(0), "{code:?}: {said}");
    }
    says(&stage, "weather", "pods are hashing").await?;
    for index in 0..SHARDS {
        sharded.ends(index, 0).await?;
    }
    // It lies there for ever. Once, another run is made of it without a word; the second time
    // somebody must ask.
    let sharded = Sharded::new(&stage, job(&stage, Some(&sharded.job)).await?).await?;
    let second = sharded.run()?;
    assert_ne!(second, run);
    let forged = format!("_lazaret/shards/{}/00000.json", second.hex());
    s3.open(&destination)?.create(&forged, foreign.to_string().into_bytes()).await?;
    for index in 1..SHARDS {
        let (code, said) = sharded.hash(index)?;
        ensure!(code == Some(0), "{code:?}: {said}");
    }
    for index in 0..SHARDS {
        sharded.ends(index, 0).await?;
    }
    says(&stage, "weather", "ShardResultForeign").await?;

    // Asked for, it is done anew; a pod that dies midway is replaced.
    stage.request("weather").await?;
    let sharded = Sharded::new(&stage, another(&stage, &[run, second]).await?).await?;
    let run = sharded.run()?;
    let largest = largest(&sharded, &place, run)?;
    let mut victim = sharded.command(largest)?.spawn()?;
    std::thread::sleep(std::time::Duration::from_millis(50));
    victim.kill()?;
    victim.wait()?;
    sharded.ends(largest, 137).await?;
    for index in 0..SHARDS {
        let (code, said) = sharded.hash(index)?;
        ensure!(code == Some(0), "shard {index}: {code:?}: {said}");
    }
    ensure!(sharded.hash(SHARDS)?.0 == Some(2), "there is no such shard");
    let published = s3.bucket(&format!("{destination}/{}", example.slug))?;
    ensure!(!published.exists(), "something was published before all shards were done");
    for index in 0..SHARDS {
        sharded.ends(index, 0).await?;
    }
    let done = stage.reaches("weather", Phase::Published).await?;
    assert_eq!(done.status.and_then(|s| s.plan).context("a plan")?.digest, expected);
    Ok(())
}

#[tokio::test]
#[ignore = "needs versitygw; run by make test-all"]
async fn places_must_lie_apart_and_another_mode_ends_the_job() -> Result<()> {
    let s3 = S3::start().await?;
    let mut stage = Stage::new("shards-mode").await?;
    stage.start.arguments.extend(["--image".into(), "lazaret:test".into()]);
    let _controller = stage.controller().await?;
    s3.secret(&stage, json!({})).await?;
    let example = Example::whole("seattle-weather")?;
    let mut promotion = s3.promotion(&stage, "weather", &example).await?;
    let mut within = promotion.clone();
    within.metadata.name = Some("within".to_owned());
    within.spec.destination.url = format!("{}/published", within.spec.source.url);
    stage.api().create(&Default::default(), &within).await?;
    let refused = says(&stage, "within", "lie in one another").await?;
    let reason = |p: &DatasetPromotion| {
        let conditions = p.status.iter().flat_map(|s| &s.conditions);
        conditions.filter(|c| c.type_ == "Ready").map(|c| c.reason.clone()).next()
    };
    assert_eq!(reason(&refused).as_deref(), Some("InvalidSpec"));

    promotion.spec.execution = serde_json::from_value(json!({ "mode": "Job" }))?;
    stage.api().create(&Default::default(), &promotion).await?;
    job(&stage, None).await?;
    let here = json!({ "spec": { "execution": { "mode": "InProcess" } } });
    stage.merge::<DatasetPromotion>("weather", here).await?;
    stage.reaches("weather", Phase::Published).await?;
    eventually("the Job is gone", SOON, async || {
        let all = stage.api::<Job>().list(&ListParams::default()).await?.items;
        Ok(all.iter().all(|job| job.metadata.deletion_timestamp.is_some()).then_some(()))
    })
    .await
}

/// The shard that has no result yet, or else the first.
fn largest(
    sharded: &Sharded<'_>,
    place: &impl Fn(usize, Digest) -> Result<std::path::PathBuf>,
    run: Digest,
) -> Result<usize> {
    ensure!(sharded.arguments().len() > 5, "arguments");
    for index in 0..SHARDS {
        if !place(index, run)?.exists() {
            return Ok(index);
        }
    }
    Ok(0)
}

#[tokio::test]
#[ignore = "needs versitygw; run by make test-all"]
async fn a_job_without_results_and_one_that_failed_publish_nothing() -> Result<()> {
    let s3 = S3::start().await?;
    let mut stage = Stage::new("shards-lost").await?;
    stage.start.arguments.extend(["--image".into(), "lazaret:test".into()]);
    let _controller = stage.controller().await?;
    s3.secret(&stage, json!({})).await?;
    let example = Example::whole("seattle-weather")?;
    let mut promotion = s3.promotion(&stage, "weather", &example).await?;
    let execution = json!({ "mode": "Job", "parallelism": 2 });
    promotion.spec.execution = serde_json::from_value(execution)?;
    let source = promotion.spec.source.url.clone();
    stage.api().create(&Default::default(), &promotion).await?;
    let sharded = Sharded::new(&stage, job(&stage, None).await?).await?;
    // Pods that were none, as on a cluster without real nodes.
    let shards = usize::try_from(sharded.job.spec.as_ref().unwrap().completions.unwrap())?;
    for index in 0..shards {
        sharded.ends(index, 0).await?;
    }
    says(&stage, "weather", "left no result").await?;

    stage.request("weather").await?;
    let again = Sharded::new(&stage, job(&stage, Some(&sharded.job)).await?).await?;
    // The data changes under the pods: they say that it is not what was split, for good.
    std::fs::write(s3.bucket(&source)?.join("raw/new.bin"), "new")?;
    let (code, said) = again.hash(0)?;
    ensure!(code == Some(1) && said.contains("it has changed"), "{code:?}: {said}");
    // Another listing is another run: the old Job is of no use to anybody.
    stage.request("weather").await?;
    let last = Sharded::new(&stage, job(&stage, Some(&again.job)).await?).await?;
    assert_ne!(last.run()?, again.run()?);
    last.ends(0, 2).await?;
    let failed = says(&stage, "weather", "PodFailurePolicy").await?;
    let status = failed.status.context("a status")?;
    let stalled =
        status.conditions.iter().any(|c| c.type_ == "Stalled" && c.reason == "ShardsFailed");
    ensure!(stalled && status.plan.is_none() && status.phase == Phase::Pending, "{status:#?}");
    Ok(())
}
