//! The one way out: each request is bounded in address, hops, size, time and repetitions, whoever
//! asks.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, Identity, Method, Response, StatusCode, Url};
use tokio::time::Instant;

use super::error::{FetchError, explain};
use super::retry::{Retry, wait_asked};
use super::{FetchSettings, Proxy};
use crate::objects::{Guarded, allowed, forbidden_name};

const MAX_REDIRECTS: usize = 5;

/// A request.
pub(in super::super) struct Ask {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Goes to the origin of `home` and nowhere else.
    pub authorization: Option<HeaderValue>,
    /// A URL of the origin that the credentials are for.
    pub home: Url,
    /// Whether our certificate is for that origin too. A token service, for one, has credentials
    /// and yet is not who the certificate was issued for.
    pub certificate: bool,
    /// Whether the body is a secret, which no redirect carries to another origin.
    pub secret_body: bool,
    /// The largest body of an answer.
    pub limit: u64,
}

impl Ask {
    /// A GET whose credentials, if any, are for the origin that it goes to.
    pub(in super::super) fn get(url: Url, limit: u64) -> Self {
        Self {
            method: Method::GET,
            home: url.clone(),
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            authorization: None,
            certificate: false,
            secret_body: false,
            limit,
        }
    }

    fn starts_at_home(&self) -> bool {
        self.url.origin() == self.home.origin()
    }

    /// Whether a hop is shown our certificate.
    fn shows_certificate(&self, at_home: bool) -> bool {
        self.certificate && at_home
    }
}

/// An answer, read whole. Only an answer with a status of success has a body.
pub(in super::super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub url: Url,
    /// Whether the request never left its home: only then the home itself speaks.
    pub at_home: bool,
    pub body: Bytes,
}

/// A client with its bounds. It lives for one fetch.
pub(in super::super) struct Transport {
    /// Shows no certificate, whoever asks for one.
    client: Client,
    /// Shows ours. A client of its own, because its connections are kept: one that was opened with
    /// the certificate must not serve a request without.
    known: Option<Client>,
    retry: Retry,
    allow_loopback: bool,
    timeout: Duration,
    deadline: Instant,
}

impl Transport {
    pub(in super::super) fn new(settings: &FetchSettings) -> Result<Self, FetchError> {
        let identity = match &settings.client_pem {
            Some(pem) => {
                Some(Identity::from_pem(pem).map_err(FetchError::ClientCertificateInvalid)?)
            }
            None => None,
        };
        Ok(Self {
            client: client(settings, None)?,
            known: identity.map(|identity| client(settings, Some(identity))).transpose()?,
            retry: settings.retry,
            allow_loopback: settings.allow_loopback,
            timeout: settings.timeout,
            deadline: Instant::now() + settings.timeout,
        })
    }

    /// Runs `work` until the fetch's time is up.
    pub(in super::super) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, FetchError>>,
    ) -> Result<T, FetchError> {
        tokio::time::timeout_at(self.deadline, work)
            .await
            .unwrap_or(Err(FetchError::Timeout(self.timeout)))
    }

    /// Sends a request, and again while the failure may pass and time remains.
    pub(in super::super) async fn send(&self, ask: &Ask) -> Result<Answer, FetchError> {
        let mut number = 0;
        loop {
            let outcome = self.follow(ask).await;
            let asked = match &outcome {
                Ok(answer) if Retry::wants(answer.status.as_u16()) => {
                    text(&answer.headers, &header::RETRY_AFTER)
                        .and_then(|value| wait_asked(&value, Timestamp::now()))
                }
                Err(FetchError::ConnectFailed { .. } | FetchError::Interrupted { .. }) => None,
                _ => return outcome,
            };
            number += 1;
            match self.retry.pause(number, asked, rand::random()) {
                // Better the failure that was seen than a pause that ends in "too late".
                Some(pause) if Instant::now() + pause < self.deadline => {
                    tokio::time::sleep(pause).await;
                }
                _ => return outcome,
            }
        }
    }

    /// Follows redirects itself: each hop's address is checked, https never falls back to http, and
    /// credentials stay with the origin that they are for.
    async fn follow(&self, ask: &Ask) -> Result<Answer, FetchError> {
        let mut url = ask.url.clone();
        let mut at_home = ask.starts_at_home();
        for _ in 0..=MAX_REDIRECTS {
            check_address(&url, self.allow_loopback)?;
            let known = self.known.as_ref().filter(|_| ask.shows_certificate(at_home));
            let mut request =
                known.unwrap_or(&self.client).request(ask.method.clone(), url.clone());
            request = request.headers(ask.headers.clone());
            if let Some(authorization) = ask.authorization.as_ref().filter(|_| at_home) {
                if url.scheme() != "https" && !is_loopback(&url) {
                    return Err(FetchError::CredentialsInClear(shown(&url)));
                }
                request = request.header(header::AUTHORIZATION, authorization.clone());
            }
            if !matches!(ask.method, Method::GET | Method::HEAD) {
                request = request.body(ask.body.clone());
            }
            let response = request
                .header(header::ACCEPT_ENCODING, "identity")
                .send()
                .await
                .map_err(|e| explain(e, &url))?;
            let status = response.status().as_u16();
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                return answer(response, ask, at_home).await;
            }
            let refuse = |why| FetchError::RedirectRefused { url: shown(&url), why };
            if matches!(status, 301..=303) && !matches!(ask.method, Method::GET | Method::HEAD) {
                return Err(refuse("it would turn what is sent into a question"));
            }
            let target = text(response.headers(), &header::LOCATION)
                .and_then(|to| url.join(&to).ok())
                .ok_or_else(|| refuse("it has no usable target"))?;
            if url.scheme() == "https" && target.scheme() != "https" {
                return Err(refuse("it leaves https"));
            }
            let target = parse_url(target.as_str())?;
            // Once left, never trusted with credentials again, even if a later hop points back.
            at_home = at_home && target.origin() == ask.home.origin();
            if ask.secret_body && !at_home {
                return Err(refuse("it would carry a secret elsewhere"));
            }
            url = target;
        }
        Err(FetchError::RedirectRefused { url: shown(&url), why: "there are too many" })
    }
}

/// A client that follows nothing by itself.
fn client(settings: &FetchSettings, identity: Option<Identity>) -> Result<Client, FetchError> {
    let mut builder = Client::builder()
        .user_agent(concat!("lazaret/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // The environment's proxy would resolve names where the address guard cannot see them.
        .no_proxy()
        .connect_timeout(settings.connect_timeout)
        .dns_resolver(Arc::new(Guarded { loopback: settings.allow_loopback }));
    if let Some(pem) = &settings.ca_pem {
        let certificates = Certificate::from_pem_bundle(pem).map_err(FetchError::CaInvalid)?;
        builder = builder.tls_certs_only(certificates);
    }
    if let Some(identity) = identity {
        builder = builder.identity(identity);
    }
    if let Some(proxy) = &settings.proxy {
        builder = builder.proxy(guarded_proxy(proxy, settings.allow_loopback)?);
    }
    builder.build().map_err(FetchError::ClientFailed)
}

/// A proxy resolves names where the guard of the resolver cannot see them, so that only one that is
/// configured on purpose is used. Its own address is guarded like any other.
fn guarded_proxy(proxy: &Proxy, loopback: bool) -> Result<reqwest::Proxy, FetchError> {
    let url = parse_url(&proxy.address)?;
    check_address(&url, loopback)?;
    let made = reqwest::Proxy::all(url).map_err(FetchError::ClientFailed)?;
    Ok(match &proxy.credentials {
        Some((username, password)) => made.basic_auth(username, password),
        None => made,
    })
}

/// An absolute `http` or `https` URL without credentials.
pub(in super::super) fn parse_url(text: &str) -> Result<Url, FetchError> {
    let invalid = |why| FetchError::UrlInvalid { url: text.to_owned(), why };
    let url = Url::parse(text).map_err(|_| invalid("it does not parse"))?;
    if !url.username().is_empty() || url.password().is_some() {
        let url = format!("{}://…@{}", url.scheme(), url.host_str().unwrap_or_default());
        return Err(FetchError::UrlInvalid { url, why: "credentials belong into a Secret" });
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid("only http and https are fetched"));
    }
    Ok(url)
}

/// The URL without its query, which may hold what a redirect was signed with.
pub(in super::super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

fn host_address(url: &Url) -> Option<std::net::IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

/// Whether a URL names this machine, however it is resolved.
pub(in super::super) fn is_loopback(url: &Url) -> bool {
    url.host_str() == Some("localhost")
        || host_address(url).is_some_and(|ip| ip.to_canonical().is_loopback())
}

/// Addresses written in the URL never pass through the resolver, and names never do behind a proxy.
fn check_address(url: &Url, loopback: bool) -> Result<(), FetchError> {
    let host = url.host_str().unwrap_or_default();
    let forbidden = match host_address(url) {
        Some(ip) => !allowed(ip, loopback),
        None => forbidden_name(host, loopback),
    };
    if forbidden {
        return Err(FetchError::AddressForbidden(host.trim_matches(['[', ']']).to_owned()));
    }
    Ok(())
}

/// Any status but success as an error.
pub(in super::super) fn expect_ok(answer: &Answer) -> Result<(), FetchError> {
    let url = || shown(&answer.url);
    match answer.status {
        StatusCode::OK => Ok(()),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(FetchError::Unauthorized(url())),
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(FetchError::NotFound(url())),
        status => Err(FetchError::StatusUnexpected { url: url(), status }),
    }
}

async fn answer(response: Response, ask: &Ask, at_home: bool) -> Result<Answer, FetchError> {
    let (status, headers) = (response.status(), response.headers().clone());
    let url = response.url().clone();
    let body = match status.is_success() && ask.method != Method::HEAD {
        true => body(response, ask.limit).await?,
        false => Bytes::new(),
    };
    Ok(Answer { status, headers, url, at_home, body })
}

async fn body(mut response: Response, limit: u64) -> Result<Bytes, FetchError> {
    let at = response.url().clone();
    let url = shown(&at);
    if let Some(encoding) = text(response.headers(), &header::CONTENT_ENCODING)
        && !encoding.eq_ignore_ascii_case("identity")
    {
        return Err(FetchError::EncodingUnexpected { url, encoding });
    }
    let announced = response.content_length();
    if announced.is_some_and(|length| length > limit) {
        return Err(FetchError::TooLarge { url, limit });
    }
    let mut bytes = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| match explain(e, &at) {
        FetchError::ConnectFailed { url, cause } => FetchError::Interrupted { url, cause },
        other => other,
    })? {
        if (bytes.len() + chunk.len()) as u64 > limit {
            return Err(FetchError::TooLarge { url, limit });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// A header's text.
pub(in super::super) fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}
