//! From a reference to a tar and the signatures that a registry holds for it.

use std::collections::HashMap;

use super::super::fetch::{
    FetchError, FetchSettings, Fetched, FetchedPack, MAX_BUNDLE, Previous, Transport,
};
use super::manifest::{
    Document, check_subject, content, is_bundle, is_simple_signing, only_pack, pack_layer,
    signatures,
};
use super::reference::is_tag;
use super::registry::{Found, Registry, fallback_tag};
use super::{ManifestError, ReferenceError, Repository, Signature, Version, highest};
use crate::domain::Digest;

/// Signatures of one manifest that are looked at.
const MAX_SIGNATURES: usize = 32;
const MAX_PAYLOAD: u64 = 64 << 10;

const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const REKOR_BUNDLE: &str = "dev.sigstore.cosign/bundle";

/// Pulls a pack, unless it is still the previous one.
pub(in super::super) async fn pull(
    transport: &Transport,
    settings: &FetchSettings,
    previous: Option<&Previous>,
) -> Result<Fetched, FetchError> {
    let (repository, named) = Repository::parse(&settings.url)?;
    let version = settings.version.clone().or(named);
    let mut registry = Registry::new(transport, settings, repository, "pull")?;
    let found = resolve(&mut registry, version.as_ref(), &settings.url).await?;
    let etag = Some(found.digest.to_string());
    if previous.is_some_and(|previous| previous.etag == etag) {
        return Ok(Fetched::NotModified);
    }
    let url = format!("{}@{}", registry.repository(), found.digest);
    let Document::Manifest(manifest) = &found.document else {
        return Err(FetchError::Manifest { url, error: ManifestError::Index(0) });
    };
    let layer =
        pack_layer(manifest).map_err(|error| FetchError::Manifest { url: url.clone(), error })?;
    let tar = registry.blob(layer, settings.max_bytes).await?;
    let candidates = signatures_of(&mut registry, found.digest).await?;
    Ok(Fetched::Pack(FetchedPack {
        tar,
        bundle: None,
        manifest: Some(found.bytes),
        candidates,
        previous: Previous { etag, last_modified: None },
        url,
    }))
}

/// The manifest that a version names.
async fn resolve(
    registry: &mut Registry<'_>,
    version: Option<&Version>,
    given: &str,
) -> Result<Found, FetchError> {
    let reference = match version {
        Some(Version::Tag(tag)) => tag.clone(),
        Some(Version::Digest(digest)) => digest.to_string(),
        Some(Version::Range(range)) => {
            let tags = registry.tags().await?;
            // A tag goes into a URL: only what has a tag's form is looked at.
            let tags = tags.iter().map(String::as_str).filter(|tag| is_tag(tag));
            let none = || FetchError::NoTagInRange {
                repository: registry.repository().to_string(),
                range: range.to_string(),
            };
            highest(tags, range).ok_or_else(none)?.to_owned()
        }
        None => {
            let why = "it names no tag, range or digest";
            return Err(ReferenceError::Invalid { text: given.to_owned(), why }.into());
        }
    };
    let found = expected(registry, &reference).await?;
    let Document::Index(index) = &found.document else { return Ok(found) };
    let url = format!("{}@{}", registry.repository(), found.digest);
    let (digest, _) = only_pack(index).map_err(|error| FetchError::Manifest { url, error })?;
    expected(registry, &digest.to_string()).await
}

async fn expected(registry: &mut Registry<'_>, reference: &str) -> Result<Found, FetchError> {
    let missing = format!("{} {reference}", registry.repository());
    registry.manifest(reference).await?.ok_or(FetchError::NotFound(missing))
}

/// What the registry holds as signatures: referrers, and cosign's tag. One that cannot be read is
/// passed over, because anybody who may push can add it; `verify` misses it if it was the only one.
async fn signatures_of(
    registry: &mut Registry<'_>,
    of: Digest,
) -> Result<Vec<Signature>, FetchError> {
    let mut found = Vec::new();
    let pages = registry.referrers(of).await?;
    let listed: Vec<_> = pages
        .iter()
        .filter_map(|page| match page {
            Document::Index(index) => Some(signatures(index)),
            Document::Manifest(_) => None,
        })
        .flatten()
        .filter_map(|descriptor| content(descriptor).ok())
        .take(MAX_SIGNATURES)
        .collect();
    for (digest, _) in listed {
        match holder(registry, &digest.to_string(), Some(of)).await {
            Ok(signatures) => found.extend(signatures),
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => tracing::debug!(%digest, %error, "a referrer is passed over"),
        }
    }
    match holder(registry, &format!("{}.sig", fallback_tag(of)), None).await {
        Ok(signatures) => found.extend(signatures),
        Err(error) if error.is_transient() => return Err(error),
        Err(error) => tracing::debug!(%error, "the signature tag is passed over"),
    }
    found.truncate(MAX_SIGNATURES);
    Ok(found)
}

/// The signatures in one manifest. A referrer must name its subject; cosign's tag is named after it.
async fn holder(
    registry: &mut Registry<'_>,
    reference: &str,
    subject: Option<Digest>,
) -> Result<Vec<Signature>, FetchError> {
    let Some(holder) = registry.manifest(reference).await? else { return Ok(Vec::new()) };
    let wrong = |error| FetchError::Manifest { url: reference.to_owned(), error };
    let Document::Manifest(manifest) = &holder.document else {
        return Err(wrong(ManifestError::Index(0)));
    };
    if let Some(subject) = subject {
        check_subject(manifest, subject).map_err(wrong)?;
    }
    let mut found = Vec::new();
    for layer in manifest.layers().iter().take(MAX_SIGNATURES) {
        let place = content(layer).map_err(wrong)?;
        if is_bundle(layer) {
            found.push(Signature::Bundle(registry.blob(place, MAX_BUNDLE).await?));
        } else if is_simple_signing(layer) {
            let empty = HashMap::new();
            let annotations = layer.annotations().as_ref().unwrap_or(&empty);
            let Some(signature) = annotations.get(SIGNATURE) else { continue };
            found.push(Signature::SimpleSigning {
                payload: registry.blob(place, MAX_PAYLOAD).await?,
                signature: signature.clone(),
                certificate: annotations.get(CERTIFICATE).filter(|pem| !pem.is_empty()).cloned(),
                rekor_bundle: annotations.get(REKOR_BUNDLE).filter(|j| !j.is_empty()).cloned(),
            });
        }
    }
    Ok(found)
}
