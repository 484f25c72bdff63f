//! Fetches a pack and its signature bundle over HTTP(S). Nothing here believes a byte of it: size,
//! time, redirects and addresses are bounded, and `verify` decides about the rest.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::{Bytes, BytesMut};
use reqwest::header::{self, HeaderMap, HeaderName};
use reqwest::{Certificate, Client, Response, StatusCode, Url};

use super::address::{self, Guarded};
use super::fetch_error::{FetchError, explain};

/// The default limit on a pack's size: 32 MiB.
pub const DEFAULT_MAX_BYTES: u64 = 32 << 20;

const MAX_BUNDLE: u64 = 1 << 20;
const MAX_REDIRECTS: usize = 5;

/// How the server knows us.
#[derive(Clone, Default)]
pub enum Auth {
    /// It does not.
    #[default]
    None,
    /// By a bearer token.
    Bearer(String),
    /// By name and password.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: String,
    },
}

/// What to fetch and within which bounds.
#[derive(Clone)]
pub struct FetchSettings {
    /// Where the pack is: `http` or `https`, without credentials.
    pub url: String,
    /// Where its bundle is; if `None`, the header `X-Cosign-Bundle`, else `<url>.sigstore.json`.
    pub bundle_url: Option<String>,
    /// Largest pack to accept.
    pub max_bytes: u64,
    /// For everything, pack and bundle together.
    pub timeout: Duration,
    /// For each connection.
    pub connect_timeout: Duration,
    /// Certificate authorities in PEM that replace the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// Credentials; they never go to another origin nor, except to loopback, over plain HTTP.
    pub auth: Auth,
    /// Whether loopback addresses may be fetched from: for tests and development.
    pub allow_loopback: bool,
}

impl FetchSettings {
    /// Settings with the defaults.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            bundle_url: None,
            max_bytes: DEFAULT_MAX_BYTES,
            timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            ca_pem: None,
            auth: Auth::None,
            allow_loopback: false,
        }
    }
}

/// What the last accepted fetch gave, for a conditional request. Leave it out if that fetch did not
/// end in a loaded pack: an unchanged pack may have got its bundle meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Previous {
    /// The entity tag.
    pub etag: Option<String>,
    /// The date.
    pub last_modified: Option<String>,
}

/// Bytes from somewhere, not believed.
#[derive(Clone, Debug)]
pub struct FetchedPack {
    /// The tar.
    pub tar: Bytes,
    /// The Sigstore bundle, if there is one.
    pub bundle: Option<Bytes>,
    /// For the next request.
    pub previous: Previous,
    /// Where the tar came from in the end.
    pub url: String,
}

/// The outcome of a fetch.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// Something new.
    Pack(FetchedPack),
    /// What [`Previous`] names is still current.
    NotModified,
}

/// Fetches a pack and its bundle.
///
/// # Errors
/// The first act that fails. A bundle that merely is not there is no error here: `verify` says so.
pub async fn fetch(
    settings: &FetchSettings,
    previous: Option<&Previous>,
) -> Result<Fetched, FetchError> {
    let client = client(settings)?;
    let work = fetch_all(&client, settings, previous);
    tokio::time::timeout(settings.timeout, work)
        .await
        .unwrap_or(Err(FetchError::Timeout(settings.timeout)))
}

fn client(settings: &FetchSettings) -> Result<Client, FetchError> {
    let mut builder = Client::builder()
        .user_agent(concat!("lazaret/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // A proxy would resolve names where the address guard cannot see them.
        .no_proxy()
        .connect_timeout(settings.connect_timeout)
        .dns_resolver(Arc::new(Guarded { loopback: settings.allow_loopback }));
    if let Some(pem) = &settings.ca_pem {
        let certificates = Certificate::from_pem_bundle(pem).map_err(FetchError::CaInvalid)?;
        builder = builder.tls_certs_only(certificates);
    }
    builder.build().map_err(FetchError::ClientFailed)
}

async fn fetch_all(
    client: &Client,
    settings: &FetchSettings,
    previous: Option<&Previous>,
) -> Result<Fetched, FetchError> {
    let start = parse_url(&settings.url)?;
    let response = get(client, settings, start.clone(), previous).await?;
    if response.status() == StatusCode::NOT_MODIFIED && previous.is_some() {
        return Ok(Fetched::NotModified);
    }
    expect_ok(&response)?;
    let url = response.url().to_string();
    let from_header = bundle_header(response.headers(), &url)?;
    let previous = Previous {
        etag: text(response.headers(), &header::ETAG),
        last_modified: text(response.headers(), &header::LAST_MODIFIED),
    };
    let tar = body(response, settings.max_bytes).await?;
    let bundle = match (&settings.bundle_url, from_header) {
        (Some(at), _) => Some(fetch_bundle(client, settings, parse_url(at)?).await?),
        (None, Some(bundle)) => Some(bundle),
        (None, None) => {
            let mut at = start;
            at.set_path(&format!("{}.sigstore.json", at.path()));
            match fetch_bundle(client, settings, at).await {
                Err(FetchError::NotFound(_)) => None,
                other => Some(other?),
            }
        }
    };
    Ok(Fetched::Pack(FetchedPack { tar, bundle, previous, url }))
}

async fn fetch_bundle(
    client: &Client,
    settings: &FetchSettings,
    url: Url,
) -> Result<Bytes, FetchError> {
    let response = get(client, settings, url, None).await?;
    expect_ok(&response)?;
    body(response, MAX_BUNDLE).await
}

/// A GET that follows redirects itself: each hop's address is checked, https never falls back to
/// http, and credentials stay with the origin that they are for.
async fn get(
    client: &Client,
    settings: &FetchSettings,
    start: Url,
    previous: Option<&Previous>,
) -> Result<Response, FetchError> {
    // The bundle may lie elsewhere than the pack: credentials are for the pack's origin.
    let home = parse_url(&settings.url)?.origin();
    let mut at_home = start.origin() == home;
    let mut url = start;
    for _ in 0..=MAX_REDIRECTS {
        check_address(&url, settings.allow_loopback)?;
        let mut request = client.get(url.clone());
        if at_home && !matches!(settings.auth, Auth::None) {
            if url.scheme() != "https" && !is_loopback(&url) {
                return Err(FetchError::CredentialsInClear(url.to_string()));
            }
            request = match &settings.auth {
                Auth::None => request,
                Auth::Bearer(token) => request.bearer_auth(token),
                Auth::Basic { username, password } => request.basic_auth(username, Some(password)),
            };
        }
        if let Some(etag) = previous.and_then(|p| p.etag.as_ref()) {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(date) = previous.and_then(|p| p.last_modified.as_ref()) {
            request = request.header(header::IF_MODIFIED_SINCE, date);
        }
        let response = request
            .header(header::ACCEPT_ENCODING, "identity")
            .send()
            .await
            .map_err(|e| explain(e, &url))?;
        if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(response);
        }
        let refuse = |why| FetchError::RedirectRefused { url: url.to_string(), why };
        let target = text(response.headers(), &header::LOCATION)
            .and_then(|to| url.join(&to).ok())
            .ok_or_else(|| refuse("it has no usable target"))?;
        if url.scheme() == "https" && target.scheme() != "https" {
            return Err(refuse("it leaves https"));
        }
        let target = parse_url(target.as_str())?;
        // Once left, never trusted with credentials again, even if a later hop points back.
        at_home = at_home && target.origin() == home;
        url = target;
    }
    Err(FetchError::RedirectRefused { url: url.to_string(), why: "there are too many" })
}

fn parse_url(text: &str) -> Result<Url, FetchError> {
    let invalid = |why| FetchError::UrlInvalid { url: text.to_owned(), why };
    let url = Url::parse(text).map_err(|_| invalid("it does not parse"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid("only http and https are fetched"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let url = format!("{}://…@{}", url.scheme(), url.host_str().unwrap_or_default());
        return Err(FetchError::UrlInvalid { url, why: "credentials belong into a Secret" });
    }
    Ok(url)
}

fn host_address(url: &Url) -> Option<std::net::IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

fn is_loopback(url: &Url) -> bool {
    url.host_str() == Some("localhost")
        || host_address(url).is_some_and(|ip| ip.to_canonical().is_loopback())
}

/// Addresses written in the URL never pass through the resolver.
fn check_address(url: &Url, loopback: bool) -> Result<(), FetchError> {
    match host_address(url) {
        Some(ip) if !address::allowed(ip, loopback) => {
            Err(FetchError::AddressForbidden(ip.to_string()))
        }
        _ => Ok(()),
    }
}

fn expect_ok(response: &Response) -> Result<(), FetchError> {
    let url = || response.url().to_string();
    match response.status() {
        StatusCode::OK => Ok(()),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(FetchError::Unauthorized(url())),
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(FetchError::NotFound(url())),
        status => Err(FetchError::StatusUnexpected { url: url(), status }),
    }
}

async fn body(mut response: Response, limit: u64) -> Result<Bytes, FetchError> {
    let at = response.url().clone();
    let url = at.to_string();
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

fn bundle_header(headers: &HeaderMap, url: &str) -> Result<Option<Bytes>, FetchError> {
    let Some(value) = headers.get("x-cosign-bundle") else { return Ok(None) };
    let bytes = value.as_bytes();
    if bytes.first() == Some(&b'{') {
        return Ok(Some(Bytes::copy_from_slice(bytes)));
    }
    match BASE64.decode(bytes) {
        Ok(json) => Ok(Some(json.into())),
        Err(_) => Err(FetchError::BundleHeaderInvalid(url.to_owned())),
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}
