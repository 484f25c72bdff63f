//! Against a real S3 server: conditional writes, races, a killed controller, wrong credentials.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use futures::future::join_all;
use futures::stream::{self, StreamExt as _};
use lazaret::api::{DatasetPromotion, Phase};
use lazaret::domain::Digest;
use lazaret::ledger::Ledger;
use lazaret::objects::{Created, Fence, Replaced, Store, StoreError};
use lazaret::promotion::Step;
use lazaret_e2e::cluster::eventually;
use lazaret_e2e::controller::{Controller, program};
use lazaret_e2e::example::Example;
use lazaret_e2e::packs::{default_pack, keys};
use lazaret_e2e::s3::{S3, SECRET};
use lazaret_e2e::stage::{SOON, Stage};
use serde_json::json;

const MIB: usize = 1 << 20;

async fn write(store: &Store, path: &str, bytes: &[u8]) -> Result<Digest, StoreError> {
    let pieces: Vec<_> = bytes.chunks(MIB).map(|c| Ok(c.to_vec().into())).collect();
    let fence = Fence { path: "claim".into(), digest: Digest::of(b"") };
    let content = stream::iter(pieces).boxed();
    store.write(path, content, Digest::of(bytes), bytes.len() as u64, &fence).await
}

/// Of many who write the same object one wins, and nothing is overwritten: in any store, at `bucket`.
pub async fn one_wins(open: impl Fn(&str) -> Result<Store>, bucket: &str) -> Result<()> {
    let root = &format!("{bucket}/a/b");
    let store = open(root)?;
    // Sixteen stores are sixteen processes: they share no connection and no lock.
    let writers: Vec<_> = (0..16).map(|_| open(root)).collect::<Result<_>>()?;
    let creates = writers.iter().enumerate().map(|(n, s)| s.create("one", vec![n as u8]));
    let created = join_all(creates).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(created.iter().filter(|c| **c == Created::New).count(), 1);
    let first = store.digest("one").await?;
    let replaces =
        writers.iter().enumerate().map(|(n, s)| s.replace("one", first, vec![9, n as u8]));
    let replaced = join_all(replaces).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(replaced.iter().filter(|r| **r == Replaced::Done).count(), 1);

    // More than one part, by four at once, of whom each has other bytes.
    let large: Vec<_> = (0..4).map(|n| vec![n as u8; 20 * MIB + n]).collect();
    let writes = large.iter().zip(&writers).map(|(bytes, s)| write(s, "large", bytes));
    let mut won = Vec::new();
    for outcome in join_all(writes).await {
        match outcome {
            Ok(digest) => won.push(digest),
            Err(StoreError::Occupied { path }) => assert_eq!(path, format!("{root}/large")),
            Err(other) => return Err(other.into()),
        }
    }
    assert_eq!(won.len(), 1);
    assert_eq!(store.digest("large").await?, Some(won[0]));
    let winner = large.iter().find(|bytes| Digest::of(bytes) == won[0]).context("a winner")?;
    assert_eq!(write(&store, "large", winner).await?, won[0], "found there, and kept");

    // Inside the bucket.
    let copies = open(&format!("{bucket}/c"))?;
    let copied = copies.copy_from(&store, "large", "x", won[0], winner.len() as u64).await?;
    assert_eq!((copied, copies.digest("x").await?), (Some(won[0]), Some(won[0])));
    let other = Digest::of(b"other");
    let copied = copies.copy_from(&store, "large", "y", other, winner.len() as u64).await?;
    assert_eq!((copied, copies.digest("y").await?), (Some(won[0]), None));
    let listed: Vec<_> = store.list(99).await?.into_iter().map(|e| e.path).collect();
    assert_eq!(listed, ["_lazaret/probe", "large", "one"]);
    store.create("empty", vec![]).await?;
    assert!(store.list(99).await?.iter().any(|e| e.path == "empty" && e.size == 0));
    assert!(matches!(store.list(2).await, Err(StoreError::TooMany { .. })));
    Ok(())
}

#[tokio::test]
#[ignore = "needs versitygw; run by make test-all"]
async fn one_of_many_writers_wins_and_nothing_is_overwritten() -> Result<()> {
    let s3 = S3::start().await?;
    one_wins(|url| s3.open(url), "s3://bucket").await?;
    // A console's folder is no file.
    std::fs::create_dir_all(s3.bucket("s3://bucket/a/b/folder")?)?;
    assert!(!s3.open("s3://bucket/a/b")?.list(99).await?.iter().any(|e| e.path == "folder"));
    Ok(())
}

#[tokio::test]
#[ignore = "needs versitygw; run by make test-all"]
async fn a_listing_of_many_pages_is_whole() -> Result<()> {
    let s3 = S3::start().await?;
    let dir = s3.bucket("s3://bucket/many")?;
    for n in 0..2_500 {
        let folder = dir.join(format!("{}", n % 7));
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("{n}")), "x")?;
    }
    assert_eq!(s3.open("s3://bucket/many")?.list(10_000).await?.len(), 2_500);
    Ok(())
}

#[tokio::test]
#[ignore = "needs versitygw; run by make test-all"]
async fn wrong_credentials_and_places_are_told_apart_without_a_secret() -> Result<()> {
    let s3 = S3::start().await?;
    for (url, over, reason) in [
        ("s3://bucket/x", ("AWS_SECRET_ACCESS_KEY", "hush-wrong"), "CredentialsRefused"),
        ("s3://bucket/x", ("AWS_ACCESS_KEY_ID", "NOBODY"), "CredentialsRefused"),
        ("s3://nowhere/x", ("AWS_REGION", "us-east-1"), "NoSuchBucket"),
        ("s3://bucket/x", ("AWS_REGION", "eu-north-1"), "OtherRegion"),
    ] {
        let store = s3.open_with(url, &[over])?;
        let errors = [
            store.list(9).await.unwrap_err(),
            store.get("a", 9).await.unwrap_err(),
            store.create("a", vec![]).await.unwrap_err(),
        ];
        for error in errors {
            let text = format!("{error} {error:?}");
            assert_eq!(error.reason(), reason, "{url}: {text}");
            assert!(!text.contains("hush") && text.contains(url), "{text}");
        }
    }
    // Nobody listens there: the retries come to an end.
    let dead = s3.open_with("s3://bucket/x", &[("AWS_ENDPOINT_URL", "http://127.0.0.1:9")])?;
    let error = dead.list(9).await.unwrap_err();
    assert_eq!(error.reason(), "StoreUnreachable", "{error:?}");
    Ok(())
}

fn lazaret(s3: &S3, arguments: &[&str]) -> Result<Output> {
    Ok(Command::new(program()?).args(arguments).envs(s3.variables()).output()?)
}

pub fn text(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|b| String::from_utf8_lossy(b));
    format!("{out}{err}")
}

/// A signed pack and its key, as files.
pub fn pack(dir: &Path) -> Result<[String; 2]> {
    let keys = keys()?;
    let pack = default_pack(&keys, |_| Ok(()))?;
    let [tar, key] = ["pack.tar", "key.pub"].map(|name| dir.join(name).display().to_string());
    std::fs::write(&tar, pack.tar)?;
    std::fs::write(dir.join("pack.tar.sigstore.json"), pack.bundle)?;
    std::fs::write(&key, &keys.public)?;
    Ok([tar, key])
}

#[tokio::test]
#[ignore = "needs versitygw; run by make test-all"]
async fn four_processes_promote_from_s3_to_s3_and_share_one_ledger() -> Result<()> {
    let s3 = S3::start().await?;
    let dir = tempfile::tempdir()?;
    let [tar, key] = pack(dir.path())?;
    let mut commands = Vec::new();
    for name in ["one", "two", "three", "four"] {
        let example = Example::whole("seattle-weather")?.renamed(name);
        let folder = dir.path().join(name);
        example.lay_out(&folder)?;
        let source = format!("s3://bucket/in/{name}");
        s3.upload(&folder, &source).await?;
        let arguments = [
            ("--dataset-slug", name),
            ("--dataset-version-id", &example.version),
            ("--workspace", &source),
            ("--intended-use", &example.intended_use),
            ("--policy-pack", &tar),
            ("--key", &key),
        ];
        let subject: Vec<_> =
            arguments.iter().flat_map(|(k, v)| [*k, *v].map(str::to_owned)).collect();
        commands.push(subject);
    }
    let valid = [&["validate".to_owned()], &commands[0][..]].concat();
    let valid = lazaret(&s3, &valid.iter().map(String::as_str).collect::<Vec<_>>())?;
    ensure!(valid.status.success(), "{}", text(&valid));
    let destination = "s3://bucket/published";
    for dry in [true, false] {
        let mut children = Vec::new();
        for subject in &commands {
            let mut command = Command::new(program()?);
            command.arg("promote").args(subject).args(["--destination", destination]);
            command.args(dry.then_some("--dry-run")).envs(s3.variables());
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            children.push(command.spawn()?);
        }
        for child in children {
            let output = child.wait_with_output()?;
            ensure!(output.status.success(), "{}", text(&output));
        }
        assert_eq!(s3.bucket(destination)?.exists(), !dry, "a dry run writes nothing");
    }
    let verified = lazaret(&s3, &["ledger", "verify", destination])?;
    ensure!(
        verified.status.success() && text(&verified).contains("4 entries"),
        "{}",
        text(&verified)
    );
    // Once more changes nothing.
    let again: Vec<_> = commands[0].iter().map(String::as_str).collect();
    let again = [&["promote", "--destination", destination], &again[..]].concat();
    let again = lazaret(&s3, &again)?;
    ensure!(again.status.success(), "{}", text(&again));
    assert_eq!(Ledger::new(s3.open(destination)?).verify().await?.len(), 4);

    let wrong = Command::new(program()?)
        .args(["ledger", "verify", destination])
        .envs(s3.variables())
        .env("AWS_SECRET_ACCESS_KEY", "hush-wrong")
        .output()?;
    assert_eq!(wrong.status.code(), Some(3), "{}", text(&wrong));
    ensure!(text(&wrong).contains("does not accept the credentials"), "{}", text(&wrong));
    ensure!(!text(&wrong).contains("hush"), "{}", text(&wrong));
    Ok(())
}

async fn says(stage: &Stage, name: &str, words: &str) -> Result<()> {
    eventually(&format!("the status says: {words}"), SOON, async || {
        let now = stage.api::<DatasetPromotion>().get(name).await?;
        let conditions = now.status.map(|s| s.conditions).unwrap_or_default();
        Ok(conditions.iter().any(|c| c.type_ == "Ready" && c.message.contains(words)).then_some(()))
    })
    .await
}

#[tokio::test]
#[ignore = "needs versitygw; run by make test-all"]
async fn a_controller_publishes_from_s3_to_s3_with_the_tenants_secret() -> Result<()> {
    let s3 = S3::start().await?;
    let stage = Stage::new("s3").await?;
    let controller = stage.controller().await?;
    let example = Example::whole("seattle-weather")?;
    let promotion = s3.promotion(&stage, "weather", &example).await?;
    stage.api().create(&Default::default(), &promotion).await?;
    says(&stage, "weather", "there is no Secret store").await?;
    s3.secret(&stage, json!({ "AWS_SECRET_ACCESS_KEY": "hush-wrong" })).await?;
    stage.request("weather").await?;
    says(&stage, "weather", "does not accept the credentials").await?;
    s3.secret(&stage, json!({ "AWS_ENDPOINT_URL": "https://169.254.169.254" })).await?;
    stage.request("weather").await?;
    says(&stage, "weather", "metadata address").await?;
    s3.secret(&stage, json!({})).await?;
    stage.request("weather").await?;
    let done = stage.reaches("weather", Phase::Published).await?;
    let url = done.status.and_then(|s| s.manifest).context("a manifest")?.url;
    assert!(url.starts_with("s3://bucket/published-"), "{url}");
    let destination = promotion.spec.destination.url.clone();
    assert_eq!(Ledger::new(s3.open(&destination)?).verify().await?.len(), 1);

    // Without a Secret the controller's own identity is not lent.
    let mut bare = s3.promotion(&stage, "bare", &example.renamed("bare")).await?;
    bare.spec.source.secret_ref = None;
    stage.api().create(&Default::default(), &bare).await?;
    says(&stage, "bare", "needs a Secret").await?;
    ensure!(
        !controller.logs().contains("hush") && !controller.logs().contains(SECRET),
        "a secret was logged"
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs versitygw; run by make test-all"]
async fn killed_at_any_step_the_publication_to_s3_is_finished() -> Result<()> {
    let s3 = S3::start().await?;
    let example = Example::whole("seattle-weather")?;
    for step in Step::ALL {
        let stage = Stage::new(&format!("s3-{}", format!("{step:?}").to_lowercase())).await?;
        s3.secret(&stage, json!({})).await?;
        let mut pausing = stage.start.clone();
        pausing.arguments.extend(["--pause-publication-at".into(), format!("{step:?}")]);
        let victim = Controller::start(&pausing).await?;
        let promotion = s3.promotion(&stage, "weather", &example).await?;
        stage.api().create(&Default::default(), &promotion).await?;
        eventually(&format!("paused at {step:?}"), SOON, async || {
            Ok(victim.logs().contains("paused here").then_some(()))
        })
        .await?;
        victim.kill().await?;
        let store = s3.open(&promotion.spec.destination.url)?;
        let pointer = store.digest(&format!("{}/current.json", example.slug)).await?;
        assert_eq!(pointer.is_some(), step == Step::Pointer, "readers at {step:?}");

        let _restarted = stage.controller().await?;
        stage.reaches("weather", Phase::Published).await.with_context(|| format!("{step:?}"))?;
        let chain = Ledger::new(store.clone()).verify().await?;
        assert_eq!(chain.len(), 1, "{step:?}");
        let place = format!("{}/{}/promotion_manifest.json", example.slug, example.version);
        assert_eq!(store.digest(&place).await?, Some(chain[0].entry.manifest_digest), "{step:?}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs versitygw; run by make test-all"]
async fn the_operators_identity_is_lent_below_the_namespaces_own_prefix_only() -> Result<()> {
    let s3 = S3::start().await?;
    let mut stage = Stage::new("s3-lent").await?;
    stage.start.arguments.extend(["--allow-ambient-store".into(), "s3://bucket/lent".into()]);
    stage.start.environment = s3.variables().map(|(k, v)| (k.to_owned(), v)).to_vec();
    let _controller = stage.controller().await?;
    let own = format!("s3://bucket/lent/{}", stage.namespace);
    let example = Example::whole("seattle-weather")?;
    for (name, root) in [("weather", own.as_str()), ("foreign", "s3://bucket/lent/other")] {
        let mut manifest = stage.manifest(name, &example)?;
        let source = format!("{root}/in");
        s3.upload(&stage.path("workspaces").join(name), &source).await?;
        manifest["spec"]["source"] = json!({ "url": source });
        manifest["spec"]["destination"] = json!({ "url": format!("{own}/{name}") });
        let promotion: DatasetPromotion = serde_json::from_value(manifest)?;
        stage.api().create(&Default::default(), &promotion).await?;
    }
    stage.reaches("weather", Phase::Published).await?;
    says(&stage, "foreign", "needs a Secret").await?;
    assert!(!s3.bucket(&format!("{own}/foreign"))?.exists());
    Ok(())
}
