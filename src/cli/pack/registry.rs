//! How `push` and `pull` reach a registry or a server: credentials, certificates, loopback.

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::super::exit::Failure;
use super::super::settings::read;
use crate::pack::oci::{DockerConfig, Repository};
use crate::pack::{Auth, FetchSettings, Proxy};

/// A password is no longer.
const MAX_PASSWORD: u64 = 64 << 10;

#[derive(Args, Debug)]
pub(in super::super) struct Reach {
    /// User name; without it, what Docker's config.json holds for a registry.
    #[arg(long, value_name = "NAME", requires = "password_stdin")]
    username: Option<String>,
    /// Read the password from standard input.
    #[arg(long, requires = "username")]
    password_stdin: bool,
    /// PEM certificates of the authorities to trust instead of the system's.
    #[arg(long, value_name = "PEM")]
    ca: Option<PathBuf>,
    /// PEM certificate that we show, and its key.
    #[arg(long, value_name = "PEM", requires = "client_key")]
    client_certificate: Option<PathBuf>,
    /// PEM key of --client-certificate.
    #[arg(long, value_name = "PEM", requires = "client_certificate")]
    client_key: Option<PathBuf>,
    /// URL of an HTTP proxy. The environment's is not used.
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// Speak to a registry on this machine without TLS.
    #[arg(long)]
    plain_http: bool,
    /// For everything together, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

impl Reach {
    pub(in super::super) fn settings(&self, url: &str) -> Result<FetchSettings, Failure> {
        let mut settings = FetchSettings::new(url);
        settings.timeout = Duration::from_secs(self.timeout);
        // On a laptop the caller can reach its own machine anyway.
        settings.allow_loopback = true;
        settings.plain_http = self.plain_http;
        settings.ca_pem = self.ca.as_deref().map(read).transpose()?;
        if let (Some(certificate), Some(key)) = (&self.client_certificate, &self.client_key) {
            settings.client_pem = Some([read(certificate)?, read(key)?].join(&b'\n'));
        }
        settings.proxy = self.proxy.clone().map(|address| Proxy { address, credentials: None });
        settings.auth = self.auth(url)?;
        Ok(settings)
    }

    fn auth(&self, url: &str) -> Result<Auth, Failure> {
        if let Some(username) = &self.username {
            let mut password = String::new();
            let mut input = std::io::stdin().lock().take(MAX_PASSWORD);
            input
                .read_to_string(&mut password)
                .map_err(|error| Failure::usage(format!("--password-stdin: {error}")))?;
            let password = password.trim_end_matches(['\r', '\n']).to_owned();
            return Ok(Auth::Basic { username: username.clone(), password });
        }
        // A URL that is none is refused later, with its reason.
        let Ok((repository, _)) = Repository::parse(url) else { return Ok(Auth::None) };
        let Some(path) = docker_config().filter(|path| path.exists()) else {
            return Ok(Auth::None);
        };
        DockerConfig::parse(&read(&path)?)
            .and_then(|config| config.credentials(&repository))
            .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
    }
}

/// `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`.
fn docker_config() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("DOCKER_CONFIG").or_else(|| Some(set("HOME")?.join(".docker")))?;
    Some(folder.join("config.json"))
}
