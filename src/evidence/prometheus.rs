//! Prometheus, asked over HTTP. The operator says where it is; a profile only says what to ask. All
//! queries of a decision go out at once, for one instant, under one deadline.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Url};
use tokio::sync::Semaphore;

use super::answer::{bounded, read};
use super::facts::Measure;

/// Bytes of one answer: one number and its labels.
const MAX_ANSWER: usize = 256 << 10;
/// Queries at once, of all decisions.
const AT_ONCE: usize = 64;
/// Queries at once of one decision.
const OF_ONE: usize = 16;
/// What is told of whoever does not answer.
const LATE: &str = "no answer in time";
/// Bytes of a token.
const MAX_TOKEN: usize = 16 << 10;

/// Why Prometheus cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No URL of it.
    #[error("{url}: {why}; write http://prometheus:9090, or https://…")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The certificates cannot be used.
    #[error("the certificates cannot be used: {0}")]
    Ca(reqwest::Error),
    /// No client can be made.
    #[error("no client: {0}")]
    Client(reqwest::Error),
}

impl SourceError {
    /// A stable name for it.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Url { .. } => "SourceUrlInvalid",
            Self::Ca(_) => "SourceCaInvalid",
            Self::Client(_) => "SourceClientFailed",
        }
    }
}

/// Where figures come from.
#[async_trait]
pub trait Sources: Send + Sync {
    /// What each query comes to at `at`.
    async fn measure(
        &self,
        namespace: &str,
        queries: BTreeMap<String, String>,
        at: Timestamp,
    ) -> BTreeMap<String, Measure>;
}

/// A Prometheus, or what speaks as one.
pub struct Prometheus {
    client: Client,
    url: String,
    token: Option<PathBuf>,
    deadline: Duration,
    room: Semaphore,
}

impl Prometheus {
    /// `url` may hold `{namespace}`, for a proxy that shows each tenant its own series. The token is
    /// read anew for each decision.
    ///
    /// # Errors
    /// If the URL or the certificates cannot be used.
    pub fn new(
        url: &str,
        token: Option<PathBuf>,
        ca_pem: Option<&[u8]>,
        deadline: Duration,
    ) -> Result<Self, SourceError> {
        let wrong = |why: &str| SourceError::Url { url: url.to_owned(), why: why.to_owned() };
        let parsed =
            Url::parse(&url.replace("{namespace}", "x")).map_err(|e| wrong(&e.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
            return Err(wrong("neither http nor https"));
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(wrong("credentials belong into a file"));
        }
        if parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(wrong("a path is put after it, so that it ends before ? and #"));
        }
        let loopback = parsed.host_str().is_some_and(|host| {
            let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
            host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
        });
        if token.is_some() && parsed.scheme() == "http" && !loopback {
            return Err(wrong("a token would go in clear"));
        }
        let mut builder = Client::builder()
            .user_agent(concat!("lazaret/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(deadline)
            .timeout(deadline);
        if let Some(pem) = ca_pem {
            let certificates = Certificate::from_pem_bundle(pem).map_err(SourceError::Ca)?;
            builder = builder.tls_certs_only(certificates);
        }
        let client = builder.build().map_err(SourceError::Client)?;
        let url = format!("{}/api/v1/query", url.trim_end_matches('/'));
        Ok(Self { client, url, token, deadline, room: Semaphore::new(AT_ONCE) })
    }

    async fn authorization(&self) -> Result<Option<HeaderValue>, String> {
        let Some(path) = &self.token else { return Ok(None) };
        let read = tokio::fs::read_to_string(path).await;
        let text = read.map_err(|error| format!("the token cannot be read: {error}"))?;
        if text.len() > MAX_TOKEN {
            return Err("the token is too long".to_owned());
        }
        let value = HeaderValue::try_from(format!("Bearer {}", text.trim()));
        let mut value = value.map_err(|_| "the token is no header's value".to_owned())?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    async fn ask(
        &self,
        url: &str,
        authorization: Option<&HeaderValue>,
        query: &str,
        at: Timestamp,
    ) -> Result<Measure, String> {
        let _room = self.room.acquire().await.map_err(|error| error.to_string())?;
        let body = form(&[
            ("query", query),
            ("time", &at.to_string()),
            ("timeout", &format!("{}s", self.deadline.as_secs().max(1))),
        ])?;
        let mut request = self
            .client
            .post(url)
            .header(ACCEPT, "application/json")
            .header(reqwest::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value.clone());
        }
        // The URL is the operator's, but the message is for a tenant.
        let failed = |error: reqwest::Error| match () {
            () if error.is_timeout() => LATE.to_owned(),
            () if error.is_connect() => "no connection to Prometheus".to_owned(),
            () => bounded(&error.without_url().to_string()),
        };
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > MAX_ANSWER {
                return Err(format!("an answer of more than {MAX_ANSWER} bytes"));
            }
            bytes.extend_from_slice(&chunk);
        }
        match status.as_u16() {
            200 => Ok(read(&bytes)),
            // Prometheus says what is wrong with a query in the body.
            400 | 422 => match read(&bytes) {
                Measure::Failed(why) => Err(why),
                _ => Err(format!("status {status}")),
            },
            _ => Err(format!("status {status}")),
        }
    }
}

/// `application/x-www-form-urlencoded`, which is how URLs write their queries, too.
fn form(pairs: &[(&str, &str)]) -> Result<String, String> {
    let url = Url::parse_with_params("http://form", pairs).map_err(|error| error.to_string())?;
    Ok(url.query().unwrap_or_default().to_owned())
}

#[async_trait]
impl Sources for Prometheus {
    async fn measure(
        &self,
        namespace: &str,
        queries: BTreeMap<String, String>,
        at: Timestamp,
    ) -> BTreeMap<String, Measure> {
        let deadline = tokio::time::Instant::now() + self.deadline;
        let url = self.url.replace("{namespace}", namespace);
        let authorization = tokio::time::timeout_at(deadline, self.authorization()).await;
        let authorization = match authorization.unwrap_or_else(|_| Err(LATE.to_owned())) {
            Ok(value) => value,
            Err(why) => {
                return queries.into_keys().map(|n| (n, Measure::Failed(why.clone()))).collect();
            }
        };
        let (url, authorization) = (url.as_str(), authorization.as_ref());
        let asked = queries.into_iter().map(async |(name, query)| {
            let answer = self.ask(url, authorization, &query, at);
            let measure = match tokio::time::timeout_at(deadline, answer).await {
                Ok(Ok(measure)) => measure,
                Ok(Err(why)) => Measure::Failed(why),
                Err(_) => Measure::Failed(LATE.to_owned()),
            };
            (name, measure)
        });
        stream::iter(asked).buffer_unordered(OF_ONE).collect().await
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::extract::State;
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::post;

    use super::*;

    const ONE: &str = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}"#;

    async fn server(answer: (StatusCode, String), delay: Duration) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let handler = async |State((answer, delay)): State<((StatusCode, String), Duration)>,
                             headers: HeaderMap,
                             body: String| {
            tokio::time::sleep(delay).await;
            let known = headers.get("authorization").is_none_or(|v| v == "Bearer secret");
            assert!(body.starts_with("query=up%7B%7D&time="), "{body}");
            if known { answer } else { (StatusCode::UNAUTHORIZED, String::new()) }
        };
        let routes =
            Router::new().route("/api/v1/query", post(handler)).with_state((answer, delay));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        url
    }

    async fn measure(prometheus: &Prometheus) -> Measure {
        let queries = BTreeMap::from([("up".to_owned(), "up{}".to_owned())]);
        let at = Timestamp::from_second(1).unwrap();
        prometheus.measure("shop", queries, at).await.remove("up").unwrap()
    }

    #[tokio::test]
    async fn answers_and_everything_that_is_none() {
        let none = Duration::ZERO;
        let cases = [
            (StatusCode::OK, ONE.to_owned(), none, Ok(Measure::Number(1.0))),
            (StatusCode::OK, "<html>".into(), none, Err("no answer of Prometheus")),
            (StatusCode::OK, " ".repeat(MAX_ANSWER + 1), none, Err("bytes")),
            (StatusCode::FOUND, String::new(), none, Err("status 302")),
            (StatusCode::SERVICE_UNAVAILABLE, ONE.into(), none, Err("status 503")),
            (
                StatusCode::BAD_REQUEST,
                r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#.into(),
                none,
                Err("bad_data: parse error"),
            ),
            (StatusCode::OK, ONE.into(), Duration::from_secs(60), Err("in time")),
        ];
        for (status, body, delay, expected) in cases {
            let url = server((status, body), delay).await;
            let patience = Duration::from_secs(if delay == none { 30 } else { 1 });
            let prometheus = Prometheus::new(&url, None, None, patience).unwrap();
            match (measure(&prometheus).await, expected) {
                (found, Ok(expected)) => assert_eq!(found, expected),
                (Measure::Failed(why), Err(part)) => assert!(why.contains(part), "{why}"),
                (found, Err(part)) => panic!("{found:?}, not {part}"),
            }
        }
        let gone = Prometheus::new("http://127.0.0.1:1", None, None, Duration::from_secs(5));
        assert!(
            matches!(measure(&gone.unwrap()).await, Measure::Failed(why) if why.contains("connection"))
        );
    }

    #[tokio::test]
    async fn the_token_is_read_anew_and_never_goes_in_clear() {
        let url = server((StatusCode::OK, ONE.into()), Duration::ZERO).await;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "wrong\n").unwrap();
        let patience = Duration::from_secs(30);
        let prometheus = Prometheus::new(&url, Some(path.clone()), None, patience).unwrap();
        assert_eq!(measure(&prometheus).await, Measure::Failed("status 401 Unauthorized".into()));
        std::fs::write(&path, "secret\n").unwrap();
        assert_eq!(measure(&prometheus).await, Measure::Number(1.0));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(measure(&prometheus).await, Measure::Failed(_)));
        assert!(Prometheus::new("http://prometheus:9090", Some(path), None, patience).is_err());
        for bad in ["ftp://x", "nonsense", "https://me:pw@x", "https://x/?tenant=a", "http://x/#a"]
        {
            assert!(Prometheus::new(bad, None, None, patience).is_err(), "{bad}");
        }
    }
}
