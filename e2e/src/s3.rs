//! A real S3 server on loopback: versitygw over a temporary directory.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams};
use lazaret::api::DatasetPromotion;
use lazaret::objects::{Access, Credentials, FileAccess, Identity, Store};
use serde_json::{Value, json};

use crate::cluster::eventually;
use crate::example::{Example, upload};
use crate::peer::{free_port, tool};
use crate::stage::Stage;

/// The access key id of the one account.
pub const ACCESS: &str = "LAZARETTEST";

/// Its secret key, which must never be seen in a message.
pub const SECRET: &str = "hush-hush-hush";

/// A running server. Dropping it kills it.
pub struct S3 {
    child: Child,
    endpoint: String,
    dir: tempfile::TempDir,
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl S3 {
    /// Starts the server that `LAZARET_VERSITYGW` names, with the bucket `bucket`.
    ///
    /// # Errors
    /// If it does not come up.
    pub async fn start() -> Result<Self> {
        let program = tool("LAZARET_VERSITYGW")?;
        let dir = tempfile::Builder::new().prefix("lazaret-s3-").tempdir()?;
        for name in ["data/bucket", "meta"] {
            std::fs::create_dir_all(dir.path().join(name))?;
        }
        let port = free_port()?;
        let log = std::fs::File::create(dir.path().join("log"))?;
        let child = Command::new(program)
            .args(["--port", &format!("127.0.0.1:{port}")])
            .args(["--access", ACCESS, "--secret", SECRET, "posix"])
            // Not every file system of a CI machine has extended attributes.
            .arg("--sidecar")
            .arg(dir.path().join("meta"))
            .arg(dir.path().join("data"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let started = Self { child, endpoint: format!("http://127.0.0.1:{port}"), dir };
        eventually("the S3 server answers", Duration::from_secs(30), async || {
            Ok(reqwest::get(&started.endpoint).await.ok().map(drop))
        })
        .await?;
        Ok(started)
    }

    /// What a Secret or an environment needs to reach it.
    pub fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ACCESS_KEY_ID", ACCESS.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ]
    }

    /// A prefix of the bucket, opened with these variables over the right ones, as a tenant would.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open_with(&self, url: &str, over: &[(&str, &str)]) -> Result<Store> {
        let right = self.variables().map(|(key, value)| (key.to_owned(), value.into_bytes()));
        let over = over.iter().map(|(key, v)| ((*key).to_owned(), v.as_bytes().to_vec()));
        let secret = Credentials::new("store", right.into_iter().chain(over))?;
        let access = Access {
            files: FileAccess::Roots(vec![]),
            identity: Identity::Secret(secret),
            allow_loopback: true,
        };
        Ok(Store::open_with(url, &access)?)
    }

    /// A prefix of the bucket.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(&self, url: &str) -> Result<Store> {
        self.open_with(url, &[])
    }

    /// Brings every file below `dir` into the store.
    ///
    /// # Errors
    /// If one cannot be read or written.
    pub async fn upload(&self, dir: &Path, url: &str) -> Result<()> {
        // Not through a store at `url`: the object with which a store is tried is no part of a workspace.
        let prefix = url.strip_prefix("s3://bucket/").context("a URL in the bucket")?;
        upload(&self.open("s3://bucket")?, dir, prefix).await
    }

    /// Where the server keeps what lies below `url`.
    ///
    /// # Errors
    /// If that is not in the bucket.
    pub fn bucket(&self, url: &str) -> Result<PathBuf> {
        let path = url.strip_prefix("s3://").context("an s3:// URL")?;
        ensure!(path.starts_with("bucket"), "{url}");
        Ok(self.dir.path().join("data").join(path))
    }

    /// Removes an object, and what the server keeps about it.
    ///
    /// # Errors
    /// If it is not there.
    pub fn remove(&self, url: &str) -> Result<()> {
        let path = self.bucket(url)?;
        std::fs::remove_file(&path)?;
        let about = path.strip_prefix(self.dir.path().join("data"))?;
        let _ = std::fs::remove_dir_all(self.dir.path().join("meta").join(about));
        Ok(())
    }

    /// A promotion from S3 to S3 whose Secret is `store`.
    ///
    /// # Errors
    /// If the workspace cannot be laid out or brought into the store.
    pub async fn promotion(
        &self,
        stage: &Stage,
        name: &str,
        example: &Example,
    ) -> Result<DatasetPromotion> {
        let mut manifest = stage.manifest(name, example)?;
        let source = format!("s3://bucket/in/{}-{name}", stage.namespace);
        self.upload(&stage.path("workspaces").join(name), &source).await?;
        let destination = format!("s3://bucket/published-{}", stage.namespace);
        for (field, url) in [("source", source), ("destination", destination)] {
            manifest["spec"][field] = json!({ "url": url, "secretRef": { "name": "store" } });
        }
        Ok(serde_json::from_value(manifest)?)
    }

    /// The Secret `store`, with `over` laid over what is right.
    ///
    /// # Errors
    /// If the API server refuses.
    pub async fn secret(&self, stage: &Stage, over: Value) -> Result<()> {
        let right = self.variables().map(|(key, value)| (key.to_owned(), Value::from(value)));
        let over = over.as_object().cloned().unwrap_or_default();
        let data: serde_json::Map<_, _> = right.into_iter().chain(over).collect();
        let secret = json!({ "metadata": { "name": "store" }, "stringData": data });
        let secret: Secret = serde_json::from_value(secret)?;
        let params = PatchParams::apply("e2e").force();
        stage.api::<Secret>().patch("store", &params, &Patch::Apply(&secret)).await?;
        Ok(())
    }
}
