//! Policy packs, built and signed by Lazaret itself, and a server that hands them out.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use lazaret::domain::Digest;
use lazaret::pack::{KeyPairPem, build, generate_key_pair, sign_blob};

use crate::example::copy;
use crate::root;

/// A tar with its bundle.
#[derive(Clone, Debug)]
pub struct SignedPack {
    /// The tar.
    pub tar: Vec<u8>,
    /// The Sigstore bundle.
    pub bundle: Vec<u8>,
}

impl SignedPack {
    /// Digest of the tar.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.tar)
    }
}

/// A key pair to sign with.
///
/// # Errors
/// If there is no randomness.
pub fn keys() -> Result<KeyPairPem> {
    Ok(generate_key_pair()?)
}

/// The default policy pack, signed with `keys`, after `change` had its way with the sources.
///
/// # Errors
/// If the pack does not build.
pub fn default_pack(
    keys: &KeyPairPem,
    change: impl FnOnce(&Path) -> Result<()>,
) -> Result<SignedPack> {
    let dir = tempfile::tempdir()?;
    copy(&root().join("contracts/policy/default"), dir.path())?;
    change(dir.path())?;
    let tar = build(dir.path())?.tar.to_vec();
    let bundle = sign_blob(&tar, &keys.private)?.into_bytes();
    Ok(SignedPack { tar, bundle })
}

/// What the server hands out, and what it was asked.
#[derive(Default)]
struct Shelf {
    pack: Option<SignedPack>,
    requests: u64,
    not_modified: u64,
}

/// An HTTP server on loopback with one pack on its shelf, at `/pack.tar`, that can be swapped.
#[derive(Clone)]
pub struct PackServer {
    shelf: Arc<Mutex<Shelf>>,
    url: String,
}

impl PackServer {
    /// Starts a server. It ends with the async runtime.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn start(pack: SignedPack) -> Result<Self> {
        let shelf = Arc::new(Mutex::new(Shelf { pack: Some(pack), ..Shelf::default() }));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/pack.tar", listener.local_addr()?);
        let router = Router::new().route("/{file}", get(answer)).with_state(Arc::clone(&shelf));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { shelf, url })
    }

    /// Where the pack is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Puts another pack on the shelf, or takes it away.
    pub fn swap(&self, pack: Option<SignedPack>) {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner).pack = pack;
    }

    /// How often the tar was asked for, and how often the answer was that nothing changed.
    pub fn asked(&self) -> (u64, u64) {
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        (shelf.requests, shelf.not_modified)
    }
}

async fn answer(
    State(shelf): State<Arc<Mutex<Shelf>>>,
    UrlPath(file): UrlPath<String>,
    headers: HeaderMap,
) -> Response {
    let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(pack) = shelf.pack.clone() else { return StatusCode::NOT_FOUND.into_response() };
    if file == "pack.tar.sigstore.json" {
        return Bytes::from(pack.bundle).into_response();
    }
    shelf.requests += 1;
    let tag = format!("\"{}\"", pack.digest().hex());
    if headers.get(header::IF_NONE_MATCH).is_some_and(|value| value == tag.as_str()) {
        shelf.not_modified += 1;
        return StatusCode::NOT_MODIFIED.into_response();
    }
    ([(header::ETAG, tag)], Bytes::from(pack.tar)).into_response()
}
