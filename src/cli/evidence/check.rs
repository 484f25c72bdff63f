//! `lazaret evidence check` and `record`: what runs in a Job of Argo's, or in a pipeline.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method, Url};
use serde::Deserialize;

use super::super::args::{Plain, seconds};
use super::super::exit::{DENIED, Failure};
use super::super::settings::read;
use super::line;
use crate::pack::BUNDLE_MEDIA_TYPE;

/// Bytes of an answer.
const MAX_ANSWER: usize = 1 << 20;

/// Asks whether a release may go on: exit code 0 if it may, 1 if not, 3 if nobody can say.
#[derive(Args, Debug)]
pub(in super::super) struct Check {
    #[command(flatten)]
    about: About,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Plain::Human)]
    output: Plain,
}

/// Records what a pipeline found out about a release. What is recorded does not change.
#[derive(Args, Debug)]
pub(in super::super) struct Record {
    #[command(flatten)]
    about: About,
    /// The evidence bundle: its JSON, or a Sigstore bundle with it as a statement's predicate.
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
}

#[derive(Args, Debug)]
struct About {
    /// Where Lazaret's evidence is, for instance https://lazaret-evidence.lazaret.svc:8444.
    #[arg(long, env = "LAZARET_EVIDENCE_URL")]
    url: String,
    /// The service: a name of the caller's own namespace, or <name>.<namespace>.
    #[arg(long)]
    service: String,
    /// The release: its release-id label.
    #[arg(long)]
    release_id: String,
    /// A file with the token to show, as a projected service account token.
    #[arg(long, value_name = "FILE", env = "LAZARET_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// The certificate authority that the server's certificate is of [default: the public ones].
    #[arg(long, value_name = "PEM", env = "LAZARET_EVIDENCE_CA")]
    ca: Option<PathBuf>,
    /// How long to wait, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    timeout: Duration,
}

/// An answer. Whatever lacks one of these is none.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    ok: bool,
    verdict: String,
    reasons: Vec<String>,
    decision_id: String,
    observed_at: String,
}

impl About {
    /// Sends a request and gives the status, the media type and the body.
    async fn send(
        &self,
        method: Method,
        body: Option<(&'static str, Vec<u8>)>,
    ) -> Result<(u16, String, Vec<u8>), Failure> {
        let url = format!(
            "{}/v1/evidence/{}/{}",
            self.url.trim_end_matches('/'),
            self.service,
            self.release_id
        );
        let plain = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        if !plain(&self.service) || !plain(&self.release_id) {
            return Err(Failure::usage("service and release id are names: letters, digits, - _ ."));
        }
        let url = Url::parse(&url).map_err(|error| Failure::usage(format!("--url: {error}")))?;
        let mut builder = Client::builder()
            .user_agent(concat!("lazaret/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .timeout(self.timeout);
        if let Some(path) = &self.ca {
            let certificates = Certificate::from_pem_bundle(&read(path)?)
                .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
            builder = builder.tls_certs_only(certificates);
        }
        let client = builder.build().map_err(|error| Failure::undecided(error.to_string()))?;
        let mut request = client.request(method, url);
        if let Some(path) = &self.token_file {
            let token = String::from_utf8_lossy(&read(path)?).trim().to_owned();
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| Failure::usage(format!("{}: no token", path.display())))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if let Some((kind, bytes)) = body {
            request = request.header(CONTENT_TYPE, kind).body(bytes);
        }
        let failed = |error: reqwest::Error| {
            let mut text = error.to_string();
            let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&error);
            while let Some(inner) = cause {
                text = format!("{text}: {inner}");
                cause = inner.source();
            }
            Failure::undecided(text)
        };
        let mut response = request.send().await.map_err(failed)?;
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let (status, kind) = (response.status().as_u16(), kind.unwrap_or_default().to_owned());
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > MAX_ANSWER {
                return Err(Failure::undecided("the answer is too large"));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((status, kind, bytes))
    }
}

pub(super) async fn check(arguments: Check) -> Result<ExitCode, Failure> {
    let (status, kind, bytes) = arguments.about.send(Method::GET, None).await?;
    if status != 200 || kind != "application/json" {
        return Err(Failure::undecided(told(status, &bytes)));
    }
    let answer: Answer = serde_json::from_slice(&bytes)
        .map_err(|error| Failure::undecided(format!("no answer of Lazaret's: {error}")))?;
    // One that contradicts itself is no answer either.
    if answer.ok != (answer.verdict == "PASS") || answer.ok != answer.reasons.is_empty() {
        return Err(Failure::undecided("the answer contradicts itself"));
    }
    match arguments.output {
        Plain::Json => sayln!("{}", String::from_utf8_lossy(&bytes)),
        Plain::Human => {
            sayln!("{}", line(&answer.verdict));
            for reason in &answer.reasons {
                sayln!("  {}", line(reason));
            }
            sayln!("decision  {}", line(&answer.decision_id));
            sayln!("observed  {}", line(&answer.observed_at));
        }
    }
    Ok(if answer.ok { ExitCode::SUCCESS } else { ExitCode::from(DENIED) })
}

pub(super) async fn record(arguments: Record) -> Result<ExitCode, Failure> {
    let bytes = read(&arguments.bundle)?;
    let signed = serde_json::from_slice::<serde_json::Value>(&bytes)
        .is_ok_and(|value| value.get("dsseEnvelope").is_some());
    let kind = if signed { BUNDLE_MEDIA_TYPE } else { "application/json" };
    let (status, _, answer) = arguments.about.send(Method::PUT, Some((kind, bytes))).await?;
    match status {
        200 | 201 => {
            sayln!("{}", if status == 201 { "recorded" } else { "recorded before" });
            Ok(ExitCode::SUCCESS)
        }
        400 | 403 | 409 | 413 => Err(Failure::denied(told(status, &answer))),
        _ => Err(Failure::undecided(told(status, &answer))),
    }
}

/// What a problem says, or at least its status.
fn told(status: u16, bytes: &[u8]) -> String {
    let problem: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
    let part = |name: &str| problem[name].as_str().map(|text| text.chars().take(500).collect());
    let (code, detail): (Option<String>, Option<String>) = (part("code"), part("detail"));
    match (code, detail) {
        (Some(code), Some(detail)) => format!("status {status}: {code}: {detail}"),
        _ => format!("status {status}, and no JSON of Lazaret's"),
    }
}
