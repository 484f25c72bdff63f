//! Manifests and indexes (image-spec 1.1): what a pack's looks like, and which of a registry's
//! documents is one.

use oci_spec::image::{Descriptor, ImageIndex, ImageManifest};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::PACK_MEDIA_TYPE;
use crate::domain::Digest;

/// Largest manifest or index; the distribution specification asks registries to take this much.
pub(super) const MAX_MANIFEST: u64 = 4 << 20;
/// The artifact type, and the media type, of a Sigstore bundle in a registry.
pub(super) const BUNDLE_ARTIFACT: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// How any version of it begins.
const BUNDLE_PREFIX: &str = "application/vnd.dev.sigstore.bundle";
/// The media type of what cosign signs for a tag `sha256-<hex>.sig`.
pub(super) const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The artifact type of cosign's earlier referrers, laid out as under such a tag.
const COSIGN_ARTIFACT: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
pub(super) const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";
/// What an empty configuration consists of.
pub(super) const EMPTY: &[u8] = b"{}";

/// Why a document is no pack's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// No JSON, or not of that form.
    #[error("it is no OCI manifest: {0}")]
    Invalid(String),
    /// Layers and manifests at once: readers would differ on what it is.
    #[error("it is a manifest and an index at once")]
    Ambiguous,
    /// It has another media type than it should.
    #[error("it has the media type {0:?}; a pack is an OCI image manifest")]
    MediaType(String),
    /// Not exactly one layer.
    #[error("it has {0} layers; a pack has one, the tar")]
    Layers(usize),
    /// The layer is something else.
    #[error("its layer has the media type {found:?} where {wanted} is expected")]
    LayerType {
        /// What it is.
        found: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// A digest of another algorithm.
    #[error("it names the digest {0:?}; only sha256 is known")]
    Algorithm(String),
    /// An index with no pack, or with several.
    #[error("it is an index with {0} packs; name one by its digest")]
    Index(usize),
    /// A referrer that speaks of another manifest.
    #[error("it is about another manifest")]
    Subject,
}

impl ManifestError {
    /// A short CamelCase name for conditions.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(_) | Self::Ambiguous | Self::Algorithm(_) => "ManifestInvalid",
            Self::MediaType(_) | Self::Layers(_) | Self::LayerType { .. } => "NotAPack",
            Self::Index(_) => "IndexAmbiguous",
            Self::Subject => "SubjectMismatch",
        }
    }
}

/// What a registry may give for a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// One artifact.
    Manifest(Box<ImageManifest>),
    /// A list of them.
    Index(Box<ImageIndex>),
}

/// Tells the two apart before anything is made of them.
#[derive(Deserialize)]
struct Outline {
    #[serde(default, rename = "mediaType")]
    media_type: Option<String>,
    layers: Option<serde::de::IgnoredAny>,
    manifests: Option<serde::de::IgnoredAny>,
}

/// Reads a manifest or an index.
///
/// # Errors
/// If it is neither, or both.
pub fn read_document(bytes: &[u8]) -> Result<Document, ManifestError> {
    let invalid = |error: serde_json::Error| ManifestError::Invalid(error.to_string());
    if bytes.len() as u64 > MAX_MANIFEST {
        return Err(ManifestError::Invalid("it is larger than 4 MiB".into()));
    }
    let outline: Outline = serde_json::from_slice(bytes).map_err(invalid)?;
    let typed = |expected: &str| match outline.media_type.as_deref() {
        None => Ok(()),
        Some(found) if found == expected => Ok(()),
        Some(found) => Err(ManifestError::MediaType(found.to_owned())),
    };
    match (outline.layers, outline.manifests) {
        (Some(_), Some(_)) => Err(ManifestError::Ambiguous),
        (None, Some(_)) => {
            typed(INDEX_TYPE)?;
            serde_json::from_slice(bytes).map(Document::Index).map_err(invalid)
        }
        _ => {
            typed(MANIFEST_TYPE)?;
            serde_json::from_slice(bytes).map(Document::Manifest).map_err(invalid)
        }
    }
}

/// Digest and size of a descriptor's content.
pub(super) fn content(descriptor: &Descriptor) -> Result<(Digest, u64), ManifestError> {
    let text = descriptor.digest().to_string();
    let digest = text.parse().map_err(|_| ManifestError::Algorithm(text))?;
    Ok((digest, descriptor.size()))
}

/// Digest and size of a pack's tar.
///
/// # Errors
/// If the manifest is not a pack's.
pub fn pack_layer(manifest: &ImageManifest) -> Result<(Digest, u64), ManifestError> {
    only_layer(manifest, PACK_MEDIA_TYPE)
}

/// Digest and size of the tar of an artifact of some kind.
pub(super) fn only_layer(
    manifest: &ImageManifest,
    wanted: &'static str,
) -> Result<(Digest, u64), ManifestError> {
    let [layer] = manifest.layers().as_slice() else {
        return Err(ManifestError::Layers(manifest.layers().len()));
    };
    let found = layer.media_type().to_string();
    if found != wanted {
        return Err(ManifestError::LayerType { found, wanted });
    }
    content(layer)
}

/// The one artifact of some kind, a pack for instance, of an index.
pub(super) fn only_one(index: &ImageIndex, wanted: &str) -> Result<(Digest, u64), ManifestError> {
    let is_pack = |d: &&Descriptor| type_of(d).is_some_and(|found| found == wanted);
    let packs: Vec<_> = index.manifests().iter().filter(is_pack).collect();
    match packs.as_slice() {
        [one] => content(one),
        others => Err(ManifestError::Index(others.len())),
    }
}

/// What is kept of an index's entry: where a signature may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Referrer {
    pub digest: Digest,
    pub size: u64,
    pub says: Says,
}

/// What a referrer is, by its entry; the likeliest to be looked at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Says {
    /// A signature.
    Signature,
    /// A statement about something else, an SBOM for instance: that is a bundle, too.
    Attestation,
    /// Nothing: some registries list the media type of an empty config for the artifact's own.
    Nothing,
}

/// At most `most` referrers that may hold a signature, those first that say that they do.
pub(super) fn signatures(index: &ImageIndex, most: usize) -> Vec<Referrer> {
    let referrer = |descriptor: &Descriptor| {
        let annotations = descriptor.annotations().as_ref();
        let predicate = annotations.and_then(|map| map.get("dev.sigstore.bundle.predicateType"));
        let attests =
            predicate.is_some_and(|of| !of.starts_with("https://sigstore.dev/cosign/sign/"));
        let says = match type_of(descriptor).as_deref() {
            None | Some(EMPTY_TYPE) => Says::Nothing,
            Some(found) if !found.starts_with(BUNDLE_PREFIX) && found != COSIGN_ARTIFACT => {
                return None;
            }
            Some(_) if attests => Says::Attestation,
            Some(_) => Says::Signature,
        };
        let (digest, size) = content(descriptor).ok()?;
        Some(Referrer { digest, size, says })
    };
    let mut found: Vec<_> = index.manifests().iter().filter_map(referrer).collect();
    found.sort_by_key(|referrer| referrer.says);
    found.truncate(most);
    found
}

fn type_of(descriptor: &Descriptor) -> Option<String> {
    descriptor.artifact_type().as_ref().map(ToString::to_string)
}

/// Whether a layer of a signature's manifest is a bundle.
pub(super) fn is_bundle(layer: &Descriptor) -> bool {
    layer.media_type().to_string().starts_with(BUNDLE_PREFIX)
}

/// A referrer must name the manifest that it was listed for.
pub(super) fn check_subject(manifest: &ImageManifest, of: Digest) -> Result<(), ManifestError> {
    let subject = manifest.subject().as_ref().map(content).transpose()?;
    match subject {
        Some((digest, _)) if digest == of => Ok(()),
        _ => Err(ManifestError::Subject),
    }
}

/// A manifest of one layer, in canonical JSON and without a date: the same pack is the same
/// artifact, whoever pushes it.
pub(super) fn artifact(
    kind: &str,
    layer: (Digest, u64),
    title: Option<&str>,
    subject: Option<(Digest, u64)>,
) -> Vec<u8> {
    let mut layer = json!({ "mediaType": kind, "digest": layer.0, "size": layer.1 });
    if let Some(title) = title {
        layer["annotations"] = json!({ "org.opencontainers.image.title": title });
    }
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "artifactType": kind,
        "config": { "mediaType": EMPTY_TYPE, "digest": Digest::of(EMPTY), "size": EMPTY.len(), "data": "e30=" },
        "layers": [layer],
    });
    if let Some((digest, size)) = subject {
        manifest["subject"] = json!({ "mediaType": MANIFEST_TYPE, "digest": digest, "size": size });
    }
    canonical(&manifest)
}

/// The index of referrers with one more in it, for registries that keep none themselves.
pub(super) fn with_referrer(
    index: Option<&ImageIndex>,
    kind: &str,
    manifest: (Digest, u64),
) -> Result<Vec<u8>, ManifestError> {
    let invalid = |error: serde_json::Error| ManifestError::Invalid(error.to_string());
    let mut listed = match index {
        Some(index) => serde_json::to_value(index.manifests()).map_err(invalid)?,
        None => json!([]),
    };
    let new = json!({
        "mediaType": MANIFEST_TYPE, "artifactType": kind, "digest": manifest.0, "size": manifest.1,
    });
    if let Value::Array(list) = &mut listed
        && !list.iter().any(|old| old["digest"] == new["digest"])
    {
        list.push(new);
    }
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": listed });
    Ok(canonical(&index))
}

/// Maps of `serde_json` are sorted, so that this is one text for one value.
fn canonical(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// What a registry is asked for, in an `Accept` header.
pub(super) fn accepted() -> String {
    format!("{MANIFEST_TYPE}, {INDEX_TYPE}")
}

/// Whether a layer of a signature's manifest is what cosign signs.
pub(super) fn is_simple_signing(layer: &Descriptor) -> bool {
    layer.media_type().to_string() == SIMPLE_SIGNING
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let bytes = artifact(PACK_MEDIA_TYPE, (Digest::of(b"tar"), 3), Some("pack.tar"), None);
        let mut value = serde_json::from_slice(&bytes).unwrap();
        change(&mut value);
        value.to_string().into_bytes()
    }

    fn layer(bytes: &[u8]) -> Result<(Digest, u64), ManifestError> {
        match read_document(bytes)? {
            Document::Manifest(manifest) => pack_layer(&manifest),
            Document::Index(index) => only_one(&index, PACK_MEDIA_TYPE),
        }
    }

    #[test]
    fn a_pack_is_the_same_artifact_every_time() {
        let bytes = manifest(|_| {});
        assert_eq!(layer(&bytes), Ok((Digest::of(b"tar"), 3)));
        assert_eq!(bytes, manifest(|_| {}));
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains("created"), "{text}");
        let digest = Digest::of(text.as_bytes()).to_string();
        assert_eq!(
            digest,
            "sha256:846ebbfd9614e2351d30deaccc58b778ce137e78c511b5df606717a3af72ae59"
        );
    }

    #[test]
    fn what_is_no_pack_is_refused_by_name() {
        let index = |kinds: &[&str]| {
            let listed: Vec<_> = kinds
                .iter()
                .map(|kind| json!({ "mediaType": MANIFEST_TYPE, "artifactType": kind, "digest": Digest::of(b"m"), "size": 1 }))
                .collect();
            json!({ "schemaVersion": 2, "manifests": listed }).to_string().into_bytes()
        };
        let other = "application/vnd.oci.image.layer.v1.tar+gzip";
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        for (what, bytes, expected) in [
            ("no JSON", b"{".to_vec(), "ManifestInvalid"),
            ("nothing", vec![], "ManifestInvalid"),
            ("not UTF-8", vec![0xff; 10], "ManifestInvalid"),
            ("deep", deep.into_bytes(), "ManifestInvalid"),
            ("large", vec![b' '; (4 << 20) + 1], "ManifestInvalid"),
            ("a list", b"[]".to_vec(), "ManifestInvalid"),
            (
                "no layers",
                manifest(|m| drop(m.as_object_mut().unwrap().remove("layers"))),
                "ManifestInvalid",
            ),
            ("both", manifest(|m| m["manifests"] = json!([])), "ManifestInvalid"),
            (
                "Docker's",
                manifest(|m| {
                    m["mediaType"] = json!("application/vnd.docker.distribution.manifest.v2+json")
                }),
                "NotAPack",
            ),
            ("an index by name", manifest(|m| m["mediaType"] = json!(INDEX_TYPE)), "NotAPack"),
            ("an image", manifest(|m| m["layers"][0]["mediaType"] = json!(other)), "NotAPack"),
            (
                "two layers",
                manifest(|m| {
                    let l = m["layers"][0].clone();
                    m["layers"].as_array_mut().unwrap().push(l)
                }),
                "NotAPack",
            ),
            ("empty", manifest(|m| m["layers"] = json!([])), "NotAPack"),
            (
                "sha512",
                manifest(|m| {
                    m["layers"][0]["digest"] = json!(format!("sha512:{}", "0".repeat(128)))
                }),
                "ManifestInvalid",
            ),
            ("no digest", manifest(|m| m["layers"][0]["digest"] = json!("x")), "ManifestInvalid"),
            (
                "upper case",
                manifest(|m| {
                    m["layers"][0]["digest"] = json!(Digest::of(b"x").to_string().to_uppercase())
                }),
                "ManifestInvalid",
            ),
            ("negative", manifest(|m| m["layers"][0]["size"] = json!(-1)), "ManifestInvalid"),
            ("huge", manifest(|m| m["layers"][0]["size"] = json!(1e30)), "ManifestInvalid"),
            ("empty index", index(&[]), "IndexAmbiguous"),
            ("index of others", index(&["a/b"]), "IndexAmbiguous"),
            ("two packs", index(&[PACK_MEDIA_TYPE, PACK_MEDIA_TYPE]), "IndexAmbiguous"),
        ] {
            assert_eq!(layer(&bytes).map_err(|e| e.reason()), Err(expected), "{what}");
        }
        let twice = String::from_utf8(manifest(|_| {})).unwrap();
        let twice = twice.replacen("\"layers\":", "\"layers\":[],\"layers\":", 1);
        assert_eq!(layer(twice.as_bytes()).map_err(|e| e.reason()), Err("ManifestInvalid"));
        assert_eq!(layer(&index(&["a/b", PACK_MEDIA_TYPE])), Ok((Digest::of(b"m"), 1)));
    }

    #[test]
    fn referrers_grow_and_name_their_subject() {
        let of = (Digest::of(b"manifest"), 8);
        let one = artifact(BUNDLE_ARTIFACT, (Digest::of(b"b"), 1), None, Some(of));
        let Ok(Document::Manifest(read)) = read_document(&one) else { panic!() };
        assert_eq!(check_subject(&read, of.0), Ok(()));
        assert_eq!(check_subject(&read, Digest::of(b"other")), Err(ManifestError::Subject));
        let Ok(Document::Manifest(none)) = read_document(&manifest(|_| {})) else { panic!() };
        assert_eq!(check_subject(&none, of.0), Err(ManifestError::Subject));

        let mut index = None;
        for name in [b"a", b"b", b"a"] {
            let next = with_referrer(index.as_deref(), BUNDLE_ARTIFACT, (Digest::of(name), 1));
            let Ok(Document::Index(read)) = read_document(&next.unwrap()) else { panic!() };
            index = Some(read);
        }
        let index = index.unwrap();
        assert_eq!(index.manifests().len(), 2);
        assert_eq!(signatures(&index, 9).len(), 2);
        assert_eq!(signatures(&index, 1).len(), 1);
    }

    #[test]
    fn signatures_come_before_other_attestations() {
        let entry = |kind: &str, predicate: Option<&str>, name: &[u8]| {
            let mut entry = json!({ "mediaType": MANIFEST_TYPE, "artifactType": kind, "digest": Digest::of(name), "size": 1 });
            if let Some(predicate) = predicate {
                entry["annotations"] = json!({ "dev.sigstore.bundle.predicateType": predicate });
            }
            entry
        };
        let index = json!({ "schemaVersion": 2, "manifests": [
            entry("application/spdx+json", None, b"sbom"),
            entry(EMPTY_TYPE, None, b"unsaid"),
            entry(BUNDLE_ARTIFACT, Some("https://spdx.dev/Document"), b"attested"),
            entry(BUNDLE_ARTIFACT, Some("https://sigstore.dev/cosign/sign/v1"), b"signed"),
            entry(BUNDLE_ARTIFACT, None, b"plain"),
        ]});
        let Ok(Document::Index(index)) = read_document(index.to_string().as_bytes()) else {
            panic!()
        };
        let order: Vec<_> = signatures(&index, 9).into_iter().map(|found| found.digest).collect();
        assert_eq!(order, [b"signed".as_slice(), b"plain", b"attested", b"unsaid"].map(Digest::of));
    }
}
