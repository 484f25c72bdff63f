//! `/v1/policy/packs`: the packs, their attestations, and the list of them. Nothing is built on a
//! GET: what is sent was verified before it came onto the shelf.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde_json::{Value, json};

use super::problem::Problem;
use super::representation::Representation;
use crate::domain::Digest;
use crate::pack::{BUNDLE_MEDIA_TYPE, OnShelf, PACK_MEDIA_TYPE, PackId, ServedPack, Shelf};

/// A larger bundle stays out of the headers: common proxies and clients take 8 KiB for all of them.
const MAX_INLINE_BUNDLE: usize = 4096;
/// When to ask again for what is not verified yet.
const RETRY: u64 = 5;
/// An id's content changes, so that it may be kept, but not taken for granted.
pub(super) const CACHE_CONTROL: &str = "public, max-age=60, must-revalidate";
/// A bundle that is older than its pack would be taken for a forgery.
const CACHE_CONTROL_BUNDLE: &str = "public, no-cache";

/// Finds a pack.
///
/// # Errors
/// 404 if nobody knows it, 503 if nothing of it was verified yet.
pub(super) fn find(shelf: &Shelf, id: &str) -> Result<Arc<ServedPack>, Problem> {
    match shelf.get(id) {
        Some(OnShelf::Served(pack)) => Ok(pack),
        Some(OnShelf::Announced) => {
            let detail = "no revision of this pack was verified yet";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "PackNotLoaded", detail);
            Err(problem.retry_after(RETRY))
        }
        None => {
            let detail = "no pack is served under this id; /v1/policy/packs lists them";
            Err(Problem::new(StatusCode::NOT_FOUND, "PackUnknown", detail))
        }
    }
}

/// `Repr-Digest` of RFC 9530.
pub(super) fn repr_digest(digest: Digest) -> Option<HeaderValue> {
    let value = format!("sha-256=:{}:", BASE64.encode(digest.as_bytes()));
    HeaderValue::try_from(value).ok()
}

pub(super) async fn pack(
    State(shelf): State<Arc<Shelf>>,
    Path(id): Path<String>,
    method: Method,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let pack = find(&shelf, &id)?;
    let representation = Representation {
        body: pack.tar().clone(),
        content_type: PACK_MEDIA_TYPE,
        etag: format!("W/\"sha-256:{}\"", pack.digest().hex()),
        modified: Some(pack.loaded_at().as_second()),
        cache_control: CACHE_CONTROL,
        ranges: true,
        further: further(&pack),
    };
    Ok(representation.answer(&method, &request))
}

fn further(pack: &ServedPack) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut insert = |name: &'static str, value: Option<HeaderValue>| {
        if let Some(value) = value {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    let digest = HeaderValue::try_from(format!("sha-256={}", pack.digest().hex()));
    insert("digest", digest.ok());
    insert("repr-digest", repr_digest(pack.digest()));
    let link = format!(
        "<{}/attestation>; rel=\"attestation\"; type=\"{BUNDLE_MEDIA_TYPE}\"",
        pack.id().path()
    );
    insert("link", HeaderValue::try_from(link).ok());
    if pack.inline_bundle() {
        insert("x-cosign-bundle", inline(pack.bundle()));
    }
    headers
}

/// The bundle as a header: its JSON on one line, or base64 if it holds what no header may.
fn inline(bundle: &[u8]) -> Option<HeaderValue> {
    let line = one_line(bundle);
    let value = match line.iter().all(|b| (0x20..0x7f).contains(b)) {
        true => HeaderValue::from_bytes(&line),
        false => HeaderValue::try_from(BASE64.encode(bundle)),
    };
    value.ok().filter(|value| value.len() <= MAX_INLINE_BUNDLE)
}

/// JSON without the space between its tokens.
fn one_line(json: &[u8]) -> Vec<u8> {
    let (mut quoted, mut escaped) = (false, false);
    let keep = |b: &u8| {
        let kept = quoted || !b.is_ascii_whitespace();
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            _ => {}
        }
        kept
    };
    json.iter().copied().filter(keep).collect()
}

pub(super) async fn attestation(
    State(shelf): State<Arc<Shelf>>,
    Path(id): Path<String>,
    method: Method,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let pack = find(&shelf, &id)?;
    let mut further = HeaderMap::new();
    if let Some(value) = repr_digest(pack.bundle_digest()) {
        further.insert("repr-digest", value);
    }
    let representation = Representation {
        body: pack.bundle().clone(),
        content_type: BUNDLE_MEDIA_TYPE,
        // Of the bundle's own bytes: a pack may be signed anew and stay the same.
        etag: format!("W/\"sha-256:{}\"", pack.bundle_digest().hex()),
        modified: Some(pack.loaded_at().as_second()),
        cache_control: CACHE_CONTROL_BUNDLE,
        ranges: true,
        further,
    };
    Ok(representation.answer(&method, &request))
}

pub(super) async fn list(
    State(shelf): State<Arc<Shelf>>,
    method: Method,
    request: HeaderMap,
) -> Response {
    let packs: Vec<Value> = shelf.list().iter().map(|(id, item)| entry(id, item)).collect();
    json_document(json!({ "packs": packs }).to_string().into()).answer(&method, &request)
}

/// A JSON document that is known by its bytes.
pub(super) fn json_document(body: Bytes) -> Representation {
    Representation {
        content_type: "application/json",
        etag: format!("\"sha-256:{}\"", Digest::of(&body).hex()),
        body,
        modified: None,
        cache_control: "no-cache",
        ranges: false,
        further: HeaderMap::new(),
    }
}

fn entry(id: &PackId, item: &OnShelf) -> Value {
    let at = id.path();
    let links = json!({
        "self": at,
        "attestation": format!("{at}/attestation"),
        "opaBundle": format!("/v1/opa/bundles/{id}.tar.gz"),
    });
    match item {
        OnShelf::Announced => json!({ "id": id.as_str(), "ready": false, "links": links }),
        OnShelf::Served(pack) => json!({
            "id": id.as_str(),
            "ready": true,
            "digest": pack.digest(),
            "size": pack.tar().len(),
            "loadedAt": pack.loaded_at().to_string(),
            "links": links,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_goes_into_one_header_or_stays_out() {
        let line = inline(b"{\n  \"a b\": \"c \\\" d\\\\\",\n\t\"e\": [ 1 ]\n}\n").unwrap();
        assert_eq!(line, "{\"a b\":\"c \\\" d\\\\\",\"e\":[1]}");
        let text = "{\"é\": \"\n\"}";
        assert_eq!(inline(text.as_bytes()).unwrap(), BASE64.encode(text).as_str());
        let large = format!("{{\"a\": \"{}\"}}", "b".repeat(MAX_INLINE_BUNDLE));
        assert_eq!(inline(large.as_bytes()), None);
    }
}
