//! How a remote store is spoken to.

use std::sync::Arc;
use std::time::Duration;

use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    ReqwestConnector,
};
use object_store::{Certificate, ClientOptions};
use reqwest::header::{HeaderName, HeaderValue, IF_NONE_MATCH};

use super::address::{self, Forbidden, Guarded};

/// For a connection to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// For the next bytes, or for an answer: a part that is being sent counts, too.
const SILENCE: Duration = Duration::from_secs(120);

/// Makes the clients of one store.
#[derive(Debug)]
pub(super) struct Connector {
    /// Set where a stranger names the endpoint: whether loopback is let through all the same.
    pub guard: Option<bool>,
    /// Certificate authorities in PEM, instead of the system's.
    pub ca: Option<Vec<u8>>,
    /// Whether plain HTTP is let through.
    pub clear: bool,
    /// Whether completing a multipart upload is made conditional.
    pub conditional: bool,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = match self.guard {
            Some(loopback) => HttpClient::new(self.guarded(loopback)?),
            None => ReqwestConnector::default().connect(&self.trusting(options.clone())?)?,
        };
        let (guard, conditional) = (self.guard, self.conditional);
        Ok(HttpClient::new(Service { client, guard, conditional }))
    }
}

impl Connector {
    fn guarded(&self, loopback: bool) -> object_store::Result<reqwest::Client> {
        let failed = |error: reqwest::Error| object_store::Error::Generic {
            store: "HTTP",
            source: Box::new(error.without_url()),
        };
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("lazaret/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // A proxy would resolve names where the address guard cannot see them.
            .no_proxy()
            .https_only(!self.clear)
            .http1_only()
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .dns_resolver(Arc::new(Guarded { loopback }));
        if let Some(pem) = &self.ca {
            let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(failed)?;
            builder = builder.tls_certs_only(certificates);
        }
        builder.build().map_err(failed)
    }

    fn trusting(&self, options: ClientOptions) -> object_store::Result<ClientOptions> {
        let Some(pem) = &self.ca else { return Ok(options) };
        let certificates = Certificate::from_pem_bundle(pem)?;
        let options = options.with_no_system_certificates(true);
        Ok(certificates.into_iter().fold(options, ClientOptions::with_root_certificate))
    }
}

/// Options for a client that is not guarded: the environment's proxy, no end to a long download.
pub(super) fn options(clear: bool) -> ClientOptions {
    ClientOptions::new()
        .with_allow_http(clear)
        .with_timeout_disabled()
        .with_connect_timeout(CONNECT)
        .with_read_timeout(SILENCE)
}

#[derive(Debug)]
struct Service {
    client: HttpClient,
    guard: Option<bool>,
    conditional: bool,
}

#[async_trait::async_trait]
impl HttpService for Service {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        // Addresses written in the endpoint never pass through the resolver.
        let host = request.uri().host().map(|host| host.trim_matches(['[', ']']));
        if let (Some(loopback), Some(Ok(ip))) = (self.guard, host.map(str::parse))
            && !address::allowed(ip, loopback)
        {
            let error = Forbidden(ip.to_string());
            return Err(HttpError::new(HttpErrorKind::Unknown, error));
        }
        if self.conditional && completes(&request) {
            let star = HeaderValue::from_static("*");
            request.headers_mut().insert(IF_NONE_MATCH, star);
        }
        self.client.execute(request).await
    }
}

/// Whether the request makes an object of uploaded parts. Of S3's operations only this one is a
/// POST with an upload's id. The header needs no signature: only `host` and `x-amz-*` do.
fn completes(request: &HttpRequest) -> bool {
    let query = request.uri().query().unwrap_or_default();
    request.method() == "POST"
        && query.split('&').any(|pair| pair.starts_with("uploadId="))
        && !request.headers().contains_key(HeaderName::from_static("x-amz-copy-source"))
}
