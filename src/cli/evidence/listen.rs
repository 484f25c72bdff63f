//! The listener for evidence, which `lazaret controller` opens.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::super::args::seconds;
use super::super::exit::Failure;
use super::super::serve::{CERTIFICATE_INTERVAL, Serving, open_at, tls};
use super::super::settings::{read, store};
use crate::controller::{ClusterDoorman, ClusterWorld, Context};
use crate::evidence::{Desk, EvidenceMetrics, Prometheus, Settings, Shelf, Tokens};
use crate::pack::{Authority, PublicKey};
use crate::server::{Evidence, Guard, Listening, ServerMetrics, evidence_router};

#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Evidence")]
pub(in super::super) struct Listen {
    /// Where it is answered whether a release may go on [default: nowhere].
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "LAZARET_EVIDENCE_LISTEN",
        requires_all = ["evidence_store", "prometheus_url"]
    )]
    pub evidence_listen: Option<SocketAddr>,
    /// Where decisions and evidence bundles are kept: a directory, or a URL: file://, s3://, gs://, az://.
    #[arg(long, value_name = "DIR", env = "LAZARET_EVIDENCE_STORE")]
    pub evidence_store: Option<String>,
    /// Prometheus, or what speaks as one. {namespace} in it becomes the service's namespace.
    #[arg(long, value_name = "URL", env = "LAZARET_PROMETHEUS_URL")]
    pub prometheus_url: Option<String>,
    /// A file with the token that Prometheus asks for; read anew for each decision.
    #[arg(long, value_name = "FILE")]
    pub prometheus_token_file: Option<PathBuf>,
    /// The certificate authority that Prometheus' certificate is of [default: the public ones].
    #[arg(long, value_name = "PEM")]
    pub prometheus_ca: Option<PathBuf>,
    /// How long all queries of a decision may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub prometheus_timeout: Duration,
    /// How long a decision is given again to whoever asks the same, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub evidence_cache: Duration,
    /// A directory of static tokens, one file a caller: <name>, or <namespace>.<name>.
    #[arg(long, value_name = "DIR")]
    pub evidence_tokens: Option<PathBuf>,
    /// The audience for which the cluster's tokens must be issued.
    #[arg(long, value_name = "NAME", default_value = "lazaret")]
    pub evidence_audience: String,
    /// A PEM public key: who signs with its private half may record evidence bundles without a token.
    #[arg(long, value_name = "PEM")]
    pub evidence_key: Vec<PathBuf>,
    /// The certificate chain of this listener; read anew when it changes. Without it tokens go in clear.
    #[arg(long, value_name = "PEM", requires = "evidence_tls_key")]
    pub evidence_tls_cert: Option<PathBuf>,
    /// The private key that belongs to it.
    #[arg(long, value_name = "PEM", requires = "evidence_tls_cert")]
    pub evidence_tls_key: Option<PathBuf>,
    /// Requests a second of one caller in the long run, and four times as many of one address; 0 for
    /// any number.
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    pub evidence_requests_per_second: u32,
    /// Requests of one caller at once, and four times as many of one address.
    #[arg(long, value_name = "NUMBER", default_value_t = 2000)]
    pub evidence_request_burst: u32,
    /// For development only: a page at /graphiql on which queries are tried.
    #[arg(long)]
    pub evidence_graphiql: bool,
}

/// Opens the listener, if one is wanted.
pub(in super::super) async fn open(
    arguments: &Listen,
    context: &Arc<Context>,
    client: kube::Client,
    serving: &Serving,
    metrics: &ServerMetrics,
    counted: EvidenceMetrics,
) -> Result<Option<Listening>, Failure> {
    let Some(address) = arguments.evidence_listen else { return Ok(None) };
    let missing =
        || Failure::usage("--evidence-listen needs --evidence-store and --prometheus-url");
    let place = arguments.evidence_store.as_deref().ok_or_else(missing)?;
    let url = arguments.prometheus_url.as_deref().ok_or_else(missing)?;
    let ca = arguments.prometheus_ca.as_deref().map(read).transpose()?;
    let token = arguments.prometheus_token_file.clone();
    let prometheus = Prometheus::new(url, token, ca.as_deref(), arguments.prometheus_timeout)
        .map_err(|error| Failure::usage(format!("--prometheus-url: {error}")))?;
    let mut authorities = Vec::new();
    for path in &arguments.evidence_key {
        let key = PublicKey::parse(&String::from_utf8_lossy(&read(path)?))
            .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
        authorities.push(Authority::Key { key, log_root: None });
    }
    if arguments.evidence_graphiql {
        tracing::warn!("for development: /graphiql answers with a page");
    }
    let world = Arc::new(ClusterWorld::new(Arc::clone(context)));
    let shelf = Arc::new(Shelf::new(store(place)?));
    let settings = Settings { fresh: arguments.evidence_cache };
    let desk = Desk::new(world, Arc::new(prometheus), shelf, settings).counted(counted);
    let desk = Arc::new(desk);
    let tokens = arguments.evidence_tokens.clone().map(Tokens::new);
    let doorman = ClusterDoorman::new(client, arguments.evidence_audience.clone(), tokens);
    let rate = (arguments.evidence_requests_per_second, arguments.evidence_request_burst);
    let graphiql = arguments.evidence_graphiql;
    let evidence = Evidence::new(desk, Arc::new(doorman), authorities, rate, graphiql);
    // One address may be an Argo with the tokens of many; and whoever tries tokens out is one, too.
    let (of_address, at_once) = (rate.0.saturating_mul(4), rate.1.saturating_mul(4));
    let guard = Guard::new(metrics.clone(), of_address, at_once, serving.trusted_proxy.clone());
    let (certificate, key) = (&arguments.evidence_tls_cert, &arguments.evidence_tls_key);
    let tls = tls(certificate.as_deref(), key.as_deref()).await?;
    let routes = evidence_router(&evidence, guard);
    let open = open_at(address, routes, tls.as_ref(), serving.limits(), metrics).await?;
    if let Some(tls) = tls {
        tokio::spawn(tls.keep_fresh(CERTIFICATE_INTERVAL, metrics.clone()));
    }
    tracing::info!(evidence = %open.address(), "answering /graphql and /v1/evidence");
    Ok(Some(open))
}
