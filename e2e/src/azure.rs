//! A real server of Azure Blob Storage on loopback: Azurite over a temporary directory.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use lazaret::objects::{Access, Credentials, FileAccess, Identity, Store};

use crate::cluster::eventually;
use crate::peer::{Peer, free_port, tool};

/// The one account.
const ACCOUNT: &str = "lazaret";

/// Its key, which must never be seen in a message.
pub const SECRET: &str = "aHVzaC1odXNoLWh1c2g=";

/// A running server with the container `container`. Dropping it ends it.
pub struct Azure {
    _server: Peer,
    endpoint: String,
    _dir: tempfile::TempDir,
}

impl Azure {
    /// Starts the server that `LAZARET_AZURITE` names.
    ///
    /// # Errors
    /// If it does not come up, or makes no container.
    pub async fn start() -> Result<Self> {
        let program = tool("LAZARET_AZURITE")?.display().to_string();
        let dir = tempfile::Builder::new().prefix("lazaret-azure-").tempdir()?;
        let port = free_port()?;
        let mut arguments = vec![format!("AZURITE_ACCOUNTS={ACCOUNT}:{SECRET}"), program];
        let location = dir.path().display().to_string();
        let flags = ["--location", &location, "--silent", "--skipApiVersionCheck"];
        arguments.extend(flags.map(str::to_owned));
        arguments.extend(["--blobHost", "127.0.0.1", "--blobPort"].map(str::to_owned));
        arguments.push(port.to_string());
        let server = Peer::start("azurite", Path::new("env"), &arguments, dir.path())?;
        let endpoint = format!("http://127.0.0.1:{port}/{ACCOUNT}");
        eventually("Azurite answers", Duration::from_secs(60), async || {
            Ok(reqwest::get(&endpoint).await.ok().map(drop))
        })
        .await
        .with_context(|| server.tail())?;
        let started = Self { _server: server, endpoint, _dir: dir };
        started.make_container("container").await?;
        Ok(started)
    }

    /// What a Secret or an environment needs to reach it.
    pub fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT.to_owned()),
            ("AZURE_STORAGE_ACCOUNT_KEY", SECRET.to_owned()),
            ("AZURE_STORAGE_ENDPOINT", self.endpoint.clone()),
        ]
    }

    /// A prefix of a container, opened with these variables over the right ones, as a tenant would.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open_with(&self, url: &str, over: &[(&str, &str)]) -> Result<Store> {
        let right = self.variables().map(|(key, value)| (key.to_owned(), value.into_bytes()));
        let over = over.iter().map(|(key, v)| ((*key).to_owned(), v.as_bytes().to_vec()));
        let access = Access {
            files: FileAccess::Roots(vec![]),
            identity: Identity::Secret(Credentials::new("store", right.into_iter().chain(over))?),
            allow_loopback: true,
        };
        Ok(Store::open_with(url, &access)?)
    }

    /// A prefix of a container.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(&self, url: &str) -> Result<Store> {
        self.open_with(url, &[])
    }

    /// Create Container, authorized with the account's Shared Key.
    async fn make_container(&self, name: &str) -> Result<()> {
        let version = "2021-12-02";
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now())?;
        // Eleven standard headers that the request has not; of a server by address, the account twice.
        let text = format!(
            "PUT\n{}x-ms-date:{date}\nx-ms-version:{version}\n/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container",
            "\n".repeat(11)
        );
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(SECRET)?);
        let signature = STANDARD.encode(hmac::sign(&key, text.as_bytes()));
        let answer = reqwest::Client::new()
            .put(format!("{}/{name}?restype=container", self.endpoint))
            .header("x-ms-date", date)
            .header("x-ms-version", version)
            .header("Authorization", format!("SharedKey {ACCOUNT}:{signature}"))
            .header("Content-Length", "0")
            .send()
            .await?;
        let status = answer.status();
        ensure!(status.is_success(), "no container: {status} {}", answer.text().await?);
        Ok(())
    }
}
