//! The arguments of `lazaret serve`, and those that `lazaret controller` shares with it.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use ipnet::IpNet;

use super::super::args::{LogFormat, Trust, seconds};
use super::super::exit::Failure;
use crate::server::{ConnectionLimits, Tls};

/// A request's head must be there in this time.
const HEAD: Duration = Duration::from_secs(20);
/// A piece of an answer must be taken in this time.
const STALL: Duration = Duration::from_secs(60);

/// Serves verified policy packs over HTTP, without any cluster.
#[derive(Args, Debug)]
pub(in super::super) struct Serve {
    /// Where the packs are: NAME.tar beside NAME.tar.sigstore.json is served under the id NAME. What
    /// changes there is verified and taken over; what does not verify never displaces the last
    /// revision that did.
    #[arg(long, value_name = "DIR")]
    pub packs: PathBuf,
    #[command(flatten)]
    pub trust: Trust,
    /// Where packs are served.
    #[arg(long, default_value = "0.0.0.0:8080", env = "LAZARET_LISTEN")]
    pub listen: SocketAddr,
    /// Where /metrics, /healthz and /readyz are answered, always in clear [default: at --listen].
    #[arg(long, value_name = "ADDRESS")]
    pub health_listen: Option<SocketAddr>,
    /// Sends bundles along in the X-Cosign-Bundle header, as far as they are small enough.
    #[arg(long)]
    pub inline_bundle: bool,
    /// How often the directory is looked at, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub scan_interval: Duration,
    /// For development only: also builds the pack sources DIR/NAME/ and serves them, signed with a
    /// key that nobody else has. Its public half is logged.
    #[arg(long)]
    pub build_sources: bool,
    /// How logs are written.
    #[arg(long, value_enum, default_value_t = LogFormat::Json)]
    pub log_format: LogFormat,
    #[command(flatten)]
    pub serving: Serving,
}

/// How packs are served.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Serving")]
pub(in super::super) struct Serving {
    /// The certificate chain for TLS; read anew when it changes. Without it packs go in clear.
    #[arg(long, value_name = "PEM", requires = "tls_key", env = "LAZARET_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,
    /// The private key that belongs to it.
    #[arg(long, value_name = "PEM", requires = "tls_cert", env = "LAZARET_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// Requests a second of one address in the long run; 0 for any number.
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    pub requests_per_second: u32,
    /// Requests of one address at once.
    #[arg(long, value_name = "NUMBER", default_value_t = 200)]
    pub request_burst: u32,
    /// Open connections in all.
    #[arg(long, value_name = "NUMBER", default_value_t = 1024, value_parser = clap::value_parser!(u16).range(1..))]
    pub max_connections: u16,
    /// Open connections of one address.
    #[arg(long, value_name = "NUMBER", default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..))]
    pub max_connections_per_address: u16,
    /// An address or network whose X-Forwarded-For is believed. Without any, nobody's is.
    #[arg(long, value_name = "NETWORK", value_parser = network)]
    pub trusted_proxy: Vec<IpNet>,
    /// How long requests are still taken after SIGTERM while /readyz says no, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub drain_delay: u16,
    /// How long downloads may then go on, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub drain_timeout: u16,
}

impl Serving {
    pub(in super::super) fn limits(&self) -> ConnectionLimits {
        ConnectionLimits {
            most: self.max_connections.into(),
            of_address: self.max_connections_per_address.into(),
            head: HEAD,
            stall: STALL,
            proxies: self.trusted_proxy.clone(),
        }
    }

    /// The certificate, if there is one.
    pub(in super::super) async fn tls(&self) -> Result<Option<Tls>, Failure> {
        tls(self.tls_cert.as_deref(), self.tls_key.as_deref()).await
    }
}

/// Reads a certificate and its key, if a listener has them.
pub(in super::super) async fn tls(
    certificate: Option<&Path>,
    key: Option<&Path>,
) -> Result<Option<Tls>, Failure> {
    let (Some(certificate), Some(key)) = (certificate, key) else { return Ok(None) };
    let loaded = Tls::load(certificate.to_owned(), key.to_owned()).await;
    loaded.map(Some).map_err(|error| Failure::usage(error.to_string()))
}

fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| address()).map_err(|_| "an address, or a network as 10.0.0.0/8".into())
}
