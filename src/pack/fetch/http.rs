//! A tar at a URL, and its bundle: at a URL of its own, in a header, where a link leads, or beside.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{StatusCode, Url};

use super::transport::{Answer, Ask, Transport, expect_ok, parse_url, shown, text};
use super::{Auth, FetchError, FetchSettings, Fetched, FetchedPack, MAX_BUNDLE, Previous};

pub(super) async fn fetch(
    transport: &Transport,
    settings: &FetchSettings,
    previous: Option<&Previous>,
) -> Result<Fetched, FetchError> {
    let start = parse_url(&settings.url)?;
    let authorization = authorization(&settings.auth)?;
    let asking = |url: Url, limit| Ask {
        // The bundle may lie elsewhere than the pack: credentials are for the pack's origin.
        home: start.clone(),
        authorization: authorization.clone(),
        certificate: true,
        ..Ask::get(url, limit)
    };
    let mut ask = asking(start.clone(), settings.max_bytes);
    if let Some(previous) = previous {
        condition(&mut ask.headers, header::IF_NONE_MATCH, previous.etag.as_deref());
        condition(&mut ask.headers, header::IF_MODIFIED_SINCE, previous.last_modified.as_deref());
    }
    let answer = transport.send(&ask).await?;
    if answer.status == StatusCode::NOT_MODIFIED && previous.is_some() {
        return Ok(Fetched::NotModified);
    }
    expect_ok(&answer)?;
    let named = match &settings.bundle_url {
        Some(at) => Some(parse_url(at)?),
        None => None,
    };
    let bundle = match (named, bundle_header(&answer)?, attestation(&answer)?) {
        (Some(at), ..) | (None, None, Some(at)) => {
            Some(bundle(transport, &asking(at, MAX_BUNDLE)).await?)
        }
        (None, Some(bundle), _) => Some(bundle),
        (None, None, None) => {
            let mut at = start.clone();
            at.set_path(&format!("{}.sigstore.json", at.path()));
            match bundle(transport, &asking(at, MAX_BUNDLE)).await {
                Err(FetchError::NotFound(_)) => None,
                other => Some(other?),
            }
        }
    };
    let previous = Previous {
        etag: text(&answer.headers, &header::ETAG),
        last_modified: text(&answer.headers, &header::LAST_MODIFIED),
    };
    let url = shown(&answer.url);
    Ok(Fetched::Pack(FetchedPack {
        tar: answer.body,
        bundle,
        previous,
        url,
        ..FetchedPack::default()
    }))
}

async fn bundle(transport: &Transport, ask: &Ask) -> Result<Bytes, FetchError> {
    let answer = transport.send(ask).await?;
    expect_ok(&answer)?;
    Ok(answer.body)
}

fn condition(headers: &mut HeaderMap, name: header::HeaderName, value: Option<&str>) {
    // What the server sent as a header can be sent back as one; anything else is left out.
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
        headers.insert(name, value);
    }
}

fn authorization(auth: &Auth) -> Result<Option<HeaderValue>, FetchError> {
    let text = match auth {
        Auth::None => return Ok(None),
        Auth::Bearer(token) | Auth::Identity(token) => format!("Bearer {token}"),
        Auth::Basic { username, password } => {
            format!("Basic {}", BASE64.encode(format!("{username}:{password}")))
        }
    };
    secret_header(&text).map(Some)
}

/// A header that no log shows.
pub(in super::super) fn secret_header(text: &str) -> Result<HeaderValue, FetchError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| FetchError::CredentialsInvalid)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Where the server says that the bundle is: `Link: <…>; rel="attestation"` (RFC 8288).
fn attestation(answer: &Answer) -> Result<Option<Url>, FetchError> {
    let links = answer.headers.get_all(header::LINK).iter();
    let links = links.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let mut targets = links.filter_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let relation = |parameter: &str| {
            let (name, value) = parameter.trim().split_once('=')?;
            (name.trim() == "rel").then(|| value.trim().trim_matches('"').to_owned())
        };
        let mut relations = parameters.split(';').filter_map(relation);
        relations.any(|rel| rel.split(' ').any(|rel| rel == "attestation")).then_some(target)
    });
    let Some(target) = targets.next() else { return Ok(None) };
    let refuse = |why| FetchError::RedirectRefused { url: shown(&answer.url), why };
    let at = answer.url.join(target).map_err(|_| refuse("its attestation has no usable URL"))?;
    if answer.url.scheme() == "https" && at.scheme() != "https" {
        return Err(refuse("its attestation leaves https"));
    }
    parse_url(at.as_str()).map(Some)
}

fn bundle_header(answer: &Answer) -> Result<Option<Bytes>, FetchError> {
    let Some(value) = answer.headers.get("x-cosign-bundle") else { return Ok(None) };
    let bytes = value.as_bytes();
    if bytes.first() == Some(&b'{') {
        return Ok(Some(Bytes::copy_from_slice(bytes)));
    }
    match BASE64.decode(bytes) {
        Ok(json) => Ok(Some(json.into())),
        Err(_) => Err(FetchError::BundleHeaderInvalid(shown(&answer.url))),
    }
}
