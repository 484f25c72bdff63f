//! From a reference to a tar and the signatures that a registry holds for it.

use super::super::fetch::{
    FetchError, FetchSettings, Fetched, FetchedPack, MAX_BUNDLE, Previous, Transport,
};
use super::manifest::{
    Document, check_subject, content, is_bundle, is_simple_signing, only_layer, only_one,
};
use super::registry::{Found, Registry, fallback_tag};
use super::{ManifestError, ReferenceError, Repository, Signature, Version, highest};
use crate::domain::Digest;

/// Signatures of one manifest that are looked at, and manifests that are searched for them.
const MAX_SIGNATURES: usize = 32;
/// What all of that may weigh, manifests and blobs together: a signature has a few KiB.
const MAX_SIGNATURE_BYTES: u64 = 8 << 20;
/// No manifest of signatures is larger.
const MAX_HOLDER: u64 = 1 << 20;
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
    let found = resolve(&mut registry, version.as_ref(), settings).await?;
    let etag = Some(found.digest.to_string());
    if previous.is_some_and(|previous| previous.etag == etag) {
        return Ok(Fetched::NotModified);
    }
    let url = format!("{}@{}", registry.repository(), found.digest);
    let Document::Manifest(manifest) = &found.document else {
        return Err(FetchError::Manifest { url, error: ManifestError::Index(0) });
    };
    let layer = only_layer(manifest, settings.media_type)
        .map_err(|error| FetchError::Manifest { url: url.clone(), error })?;
    let tar = registry.blob(layer, settings.max_bytes).await?;
    let candidates = match settings.signatures {
        true => signatures_of(&mut registry, found.digest).await?,
        false => vec![],
    };
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
    settings: &FetchSettings,
) -> Result<Found, FetchError> {
    let reference = match version {
        Some(Version::Tag(tag)) => tag.clone(),
        Some(Version::Digest(digest)) => digest.to_string(),
        Some(Version::Range(range)) => {
            let tags = registry.tags().await?;
            let tags = tags.iter().map(String::as_str);
            let none = || FetchError::NoTagInRange {
                repository: registry.repository().to_string(),
                range: range.to_string(),
            };
            highest(tags, range).ok_or_else(none)?.to_owned()
        }
        None => {
            let why = "it names no tag, range or digest";
            return Err(ReferenceError::Invalid { text: settings.url.clone(), why }.into());
        }
    };
    let found = expected(registry, &reference).await?;
    let Document::Index(index) = &found.document else { return Ok(found) };
    let url = format!("{}@{}", registry.repository(), found.digest);
    let (digest, _) = only_one(index, settings.media_type)
        .map_err(|error| FetchError::Manifest { url, error })?;
    expected(registry, &digest.to_string()).await
}

async fn expected(registry: &mut Registry<'_>, reference: &str) -> Result<Found, FetchError> {
    let missing = format!("{} {reference}", registry.repository());
    registry.manifest(reference).await?.ok_or(FetchError::NotFound(missing))
}

/// What is found, and how many bytes may yet be asked for. One for a whole pull: a limit for each
/// manifest would multiply with what anybody who may push can add.
struct Search {
    found: Vec<Signature>,
    left: u64,
}

impl Search {
    /// Takes `bytes` out of what is left before they are asked for, whether they come or not.
    /// Once something does not fit, all is spent, so that nothing more is asked for.
    fn spend(&mut self, bytes: u64) -> bool {
        let fits = bytes <= self.left;
        if !fits {
            tracing::debug!(bytes, left = self.left, "the bytes for signatures are spent");
        }
        self.left = if fits { self.left - bytes } else { 0 };
        fits
    }

    fn is_over(&self) -> bool {
        self.left == 0 || self.found.len() >= MAX_SIGNATURES
    }
}

/// What the registry holds as signatures: referrers, and cosign's tag. One that cannot be read is
/// passed over, because anybody who may push can add it; `verify` misses it if it was the only one.
async fn signatures_of(
    registry: &mut Registry<'_>,
    of: Digest,
) -> Result<Vec<Signature>, FetchError> {
    let mut search = Search { found: Vec::new(), left: MAX_SIGNATURE_BYTES };
    let listed = registry.referrers(of, MAX_SIGNATURES).await?;
    let listed = listed.iter().map(|r| (r.digest.to_string(), r.size, Some(of)));
    // Nothing tells the size of what is behind the tag: it may be as large as any.
    let tagged = (format!("{}.sig", fallback_tag(of)), MAX_HOLDER, None);
    for (reference, mut size, subject) in listed.chain([tagged]) {
        if subject.is_none() {
            size = size.min(search.left);
        }
        if search.is_over() {
            let found = search.found.len();
            tracing::debug!(%of, %reference, found, "the search for signatures ends here");
            break;
        }
        match holder(registry, &reference, size, subject, &mut search).await {
            Ok(()) => {}
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => {
                tracing::debug!(%reference, %error, "what may hold a signature is passed over")
            }
        }
    }
    Ok(search.found)
}

/// Adds the signatures in one manifest. A referrer must name its subject; cosign's tag is named
/// after it.
async fn holder(
    registry: &mut Registry<'_>,
    reference: &str,
    size: u64,
    subject: Option<Digest>,
    search: &mut Search,
) -> Result<(), FetchError> {
    if size > MAX_HOLDER {
        return Err(FetchError::TooLarge { url: reference.to_owned(), limit: MAX_HOLDER });
    }
    if !search.spend(size) {
        return Ok(());
    }
    let Some(holder) = registry.manifest_within(reference, size).await? else { return Ok(()) };
    // What was not sent may serve its layers.
    search.left += size.saturating_sub(holder.bytes.len() as u64);
    let wrong = |error| FetchError::Manifest { url: reference.to_owned(), error };
    let Document::Manifest(manifest) = &holder.document else {
        return Err(wrong(ManifestError::Index(0)));
    };
    if let Some(subject) = subject {
        check_subject(manifest, subject).map_err(wrong)?;
    }
    for layer in manifest.layers().iter().take(MAX_SIGNATURES) {
        let place = content(layer).map_err(wrong)?;
        let (bundle, annotations) = (is_bundle(layer), layer.annotations().as_ref());
        let annotation = |name| annotations.and_then(|map| map.get(name)).filter(|v| !v.is_empty());
        let signature = annotations.and_then(|map| map.get(SIGNATURE)).cloned();
        let signature = signature.filter(|_| is_simple_signing(layer));
        if !bundle && signature.is_none() {
            continue;
        }
        let limit = if bundle { MAX_BUNDLE } else { MAX_PAYLOAD };
        // What is too large for a signature is refused unasked, and costs nothing.
        if search.is_over() || (place.1 <= limit && !search.spend(place.1)) {
            return Ok(());
        }
        let bytes = registry.blob(place, limit).await?;
        search.found.push(match signature {
            Some(signature) if !bundle => Signature::SimpleSigning {
                payload: bytes,
                signature,
                certificate: annotation(CERTIFICATE).cloned(),
                rekor_bundle: annotation(REKOR_BUNDLE).cloned(),
            },
            _ => Signature::Bundle(bytes),
        });
    }
    Ok(())
}
