//! Puts a tar into a registry, and its bundle beside it as a referrer.

use bytes::Bytes;
use reqwest::header::{self, HeaderValue};
use reqwest::{Method, StatusCode, Url};

use super::super::PACK_MEDIA_TYPE;
use super::super::fetch::{
    Answer, FetchError, FetchSettings, Transport, expect_ok, parse_url, shown, text,
};
use super::manifest::{
    BUNDLE_ARTIFACT, Document, EMPTY, INDEX_TYPE, MANIFEST_TYPE, artifact, with_referrer,
};
use super::registry::{Registry, fallback_tag};
use super::{ReferenceError, Repository, Version};
use crate::domain::Digest;

/// What was put where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The repository.
    pub repository: Repository,
    /// Digest of the manifest: what to pin as `spec.source.oci.digest`, and what cosign signs.
    pub manifest: Digest,
    /// Digest of the tar: what to pin as `spec.digest`.
    pub tar: Digest,
    /// Digest of the referrer that holds the bundle.
    pub signature: Option<Digest>,
}

/// Pushes `tar` to the tag that `settings.url` names, with its bundle.
///
/// # Errors
/// The first act that fails. The tag moves only after the tar is there.
pub async fn push(
    settings: &FetchSettings,
    tar: Bytes,
    bundle: Option<Bytes>,
) -> Result<Pushed, FetchError> {
    let (repository, version) = Repository::parse(&settings.url)?;
    let Some(Version::Tag(tag)) = version else {
        let why = "it names no tag, and to one it is pushed";
        return Err(ReferenceError::Invalid { text: settings.url.clone(), why }.into());
    };
    let transport = Transport::new(settings)?;
    let work = async {
        let mut registry = Registry::new(&transport, settings, repository.clone(), "pull,push")?;
        let layer = (Digest::of(&tar), tar.len() as u64);
        let title =
            if settings.media_type == PACK_MEDIA_TYPE { "pack.tar" } else { "contracts.tar" };
        let manifest = artifact(settings.media_type, layer, Some(title), None);
        let place = (Digest::of(&manifest), manifest.len() as u64);
        registry.put_blob(&Bytes::from_static(EMPTY)).await?;
        registry.put_blob(&tar).await?;
        registry.put_manifest(&tag, MANIFEST_TYPE, manifest.into()).await?;
        let mut signature = None;
        if let Some(bundle) = bundle {
            signature = Some(attach(&mut registry, place, &bundle).await?);
        }
        Ok(Pushed { repository, manifest: place.0, tar: layer.0, signature })
    };
    transport.in_time(work).await
}

async fn attach(
    registry: &mut Registry<'_>,
    subject: (Digest, u64),
    bundle: &Bytes,
) -> Result<Digest, FetchError> {
    let layer = (Digest::of(bundle), bundle.len() as u64);
    let manifest = artifact(BUNDLE_ARTIFACT, layer, None, Some(subject));
    let (digest, size) = (Digest::of(&manifest), manifest.len() as u64);
    registry.put_blob(bundle).await?;
    let put = registry.put_manifest(&digest.to_string(), MANIFEST_TYPE, manifest.into()).await?;
    if put.headers.contains_key("oci-subject") {
        return Ok(digest);
    }
    // The registry keeps no list of referrers, so that we keep one in the tag that stands in for it.
    let tag = fallback_tag(subject.0);
    let old = registry.manifest(&tag).await?;
    let old = old.as_ref().and_then(|found| match &found.document {
        Document::Index(index) => Some(index.as_ref()),
        Document::Manifest(_) => None,
    });
    let index = with_referrer(old, BUNDLE_ARTIFACT, (digest, size))
        .map_err(|error| FetchError::Manifest { url: tag.clone(), error })?;
    registry.put_manifest(&tag, INDEX_TYPE, index.into()).await?;
    Ok(digest)
}

impl Registry<'_> {
    /// Puts a blob where it is not there yet.
    async fn put_blob(&mut self, bytes: &Bytes) -> Result<(), FetchError> {
        let digest = Digest::of(bytes);
        let url = self.url(&format!("blobs/{digest}"))?;
        if self.send(self.ask(Method::HEAD, url, 0)).await?.status == StatusCode::OK {
            return Ok(());
        }
        let begun = self.send(self.ask(Method::POST, self.url("blobs/uploads/")?, 0)).await?;
        expect(&begun, StatusCode::ACCEPTED)?;
        let refuse = |why| FetchError::RedirectRefused { url: shown(&begun.url), why };
        let location = text(&begun.headers, &header::LOCATION);
        let mut at = location
            .and_then(|to| begun.url.join(&to).ok())
            .ok_or_else(|| refuse("it names no place for the upload"))?;
        if begun.url.scheme() == "https" && at.scheme() != "https" {
            return Err(refuse("it leaves https"));
        }
        at.query_pairs_mut().append_pair("digest", &digest.to_string());
        let put = self.put(parse_url(at.as_str())?, "application/octet-stream", bytes.clone());
        expect(&put.await?, StatusCode::CREATED)
    }

    async fn put_manifest(
        &mut self,
        reference: &str,
        kind: &'static str,
        bytes: Bytes,
    ) -> Result<Answer, FetchError> {
        let url = self.url(&format!("manifests/{reference}"))?;
        let answer = self.put(url, kind, bytes).await?;
        expect(&answer, StatusCode::CREATED)?;
        Ok(answer)
    }

    async fn put(
        &mut self,
        url: Url,
        kind: &'static str,
        body: Bytes,
    ) -> Result<Answer, FetchError> {
        let mut ask = self.ask(Method::PUT, url, 64 << 10);
        ask.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        ask.body = body;
        self.send(ask).await
    }
}

fn expect(answer: &Answer, status: StatusCode) -> Result<(), FetchError> {
    if answer.status == status {
        return Ok(());
    }
    expect_ok(answer)?;
    Err(FetchError::StatusUnexpected { url: shown(&answer.url), status: answer.status })
}
