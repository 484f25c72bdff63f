//! A prefix of a bucket. Objects are created and never overwritten, so that no writer, however
//! slow, can change what another one has checked; only claim and pointer are replaced, each by a
//! write that is conditional on what was read.

use std::sync::Arc;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{
    GetOptions, GetRange, GetResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt as _,
    PutMode, PutOptions, PutPayload, UpdateVersion,
};
use tokio::sync::OnceCell;

use super::cloud::Bucket;
use super::explain::{absent, explain, unsupported};
use super::place::Place;
use super::{Created, Entry, Replaced, StoreError};
use crate::domain::{Digest, DigestWriter};

/// What we keep for ourselves in a destination: the probe, and uploads that are not objects yet.
pub(super) const OWN: &str = "_lazaret";

/// Empty objects looked at at once, to tell them from markers of directories.
const PARALLEL: usize = 16;

/// How a large object is made in one conditional act.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Large {
    /// The last request of a multipart upload is conditional.
    Completion,
    /// Uploaded under another name, then copied, conditionally.
    Copy,
}

/// A prefix of a bucket. Cheap to clone.
#[derive(Clone)]
pub(super) struct Remote {
    pub(super) base: Arc<dyn ObjectStore>,
    /// Tells buckets of the same name apart.
    pub(super) identity: String,
    /// The bucket itself, whoever opens it.
    pub(super) bucket: String,
    pub(super) large: Large,
    prefix: Path,
    url: String,
    proven: Arc<OnceCell<()>>,
    proven_large: Arc<OnceCell<()>>,
}

impl Remote {
    pub(super) fn new(
        bucket: Bucket,
        large: Large,
        place: &Place,
        url: &str,
    ) -> Result<Self, StoreError> {
        let prefix = Path::parse(&place.prefix).map_err(|_| StoreError::Url {
            url: url.to_owned(),
            why: "the prefix has parts that an object store cannot name",
        })?;
        Ok(Self {
            base: bucket.store,
            identity: format!("{} {}", bucket.identity, place.bucket),
            bucket: format!("{} {}", bucket.site, place.bucket),
            large,
            prefix,
            url: url.to_owned(),
            proven: Arc::default(),
            proven_large: Arc::default(),
        })
    }

    pub(super) async fn list(&self, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        let mut empty = Vec::new();
        let mut listing = self.base.list(Some(&self.prefix));
        while let Some(item) = listing.next().await {
            let meta = item.map_err(|error| self.failed("", &error))?;
            let Some(path) = self.below(&meta) else { continue };
            if entries.len() + empty.len() == limit {
                return Err(StoreError::TooMany { url: self.url.clone(), limit });
            }
            match meta.size {
                0 => empty.push(path),
                size => entries.push(Entry { path, size, stamp: stamp(&meta) }),
            }
        }
        // A console's "create folder" makes an empty object `name/`, which is listed as `name`:
        // only one that can be read under that name is a file.
        let looked = stream::iter(empty)
            .map(async |path| Ok(self.find(&path).await?.map(|_| path)))
            .buffer_unordered(PARALLEL)
            .try_collect::<Vec<_>>();
        let files = looked.await?.into_iter().flatten();
        entries.extend(files.map(|path| Entry { path, size: 0, stamp: None }));
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    fn below(&self, meta: &ObjectMeta) -> Option<String> {
        let path: Path = meta.location.prefix_match(&self.prefix)?.collect();
        Some(path.to_string()).filter(|path| !path.is_empty())
    }

    pub(super) async fn any_after(&self, dir: &str, last: &str) -> Result<bool, StoreError> {
        let (dir, last) = (self.full(dir)?, self.full(last)?);
        let found = self.base.list_with_offset(Some(&dir), &last).next().await.transpose();
        Ok(found.map_err(|error| self.failed("", &error))?.is_some())
    }

    /// An object, or nothing if it is not there.
    pub(super) async fn find(&self, path: &str) -> Result<Option<GetResult>, StoreError> {
        self.find_by(path, GetOptions::default()).await
    }

    /// The first bytes of an object that has as many.
    pub(super) async fn find_first(
        &self,
        path: &str,
        most: u64,
    ) -> Result<Option<GetResult>, StoreError> {
        let range = Some(GetRange::Bounded(0..most));
        self.find_by(path, GetOptions { range, ..GetOptions::default() }).await
    }

    async fn find_by(&self, path: &str, how: GetOptions) -> Result<Option<GetResult>, StoreError> {
        match self.base.get_opts(&self.full(path)?, how).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if absent(&error) => Ok(None),
            Err(error) => Err(self.failed(path, &error)),
        }
    }

    /// The digest of an object and what a conditional write needs.
    pub(super) async fn version(
        &self,
        path: &str,
    ) -> Result<Option<(Digest, UpdateVersion)>, StoreError> {
        let Some(found) = self.find(path).await? else { return Ok(None) };
        let version =
            UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
        let mut stream = found.into_stream();
        let mut hash = DigestWriter::new();
        while let Some(piece) = stream.next().await {
            hash.update(&piece.map_err(|error| self.failed(path, &error))?);
        }
        Ok(Some((hash.finish(), version)))
    }

    pub(super) async fn create(&self, path: &str, bytes: Vec<u8>) -> Result<Created, StoreError> {
        self.prove().await?;
        self.put(&self.full(path)?, bytes, PutMode::Create)
            .await
            .map(|done| if done { Created::New } else { Created::Exists })
            .map_err(|error| self.failed(path, &error))
    }

    pub(super) async fn replace(
        &self,
        path: &str,
        expected: Digest,
        bytes: Vec<u8>,
    ) -> Result<Replaced, StoreError> {
        self.prove().await?;
        let version = match self.version(path).await? {
            Some((found, version)) if found == expected => version,
            _ => return Ok(Replaced::Changed),
        };
        if version.e_tag.is_none() && version.version.is_none() {
            return Err(self.unconditional("tell versions of an object apart"));
        }
        self.put(&self.full(path)?, bytes, PutMode::Update(version))
            .await
            .map(|done| if done { Replaced::Done } else { Replaced::Changed })
            .map_err(|error| self.failed(path, &error))
    }

    /// Whether the write was done, or what it was conditional on did not hold.
    async fn put(&self, path: &Path, bytes: Vec<u8>, mode: PutMode) -> object_store::Result<bool> {
        use object_store::Error::{AlreadyExists, Precondition};
        let update = matches!(mode, PutMode::Update(_));
        match self.base.put_opts(path, PutPayload::from(bytes), PutOptions::from(mode)).await {
            Ok(_) => Ok(true),
            Err(AlreadyExists { .. } | Precondition { .. }) => Ok(false),
            Err(error) if update && absent(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sees for itself, once, that the store honours conditional writes. A store that takes the
    /// header and does as it likes would let two publishers undo one another unseen.
    async fn prove(&self) -> Result<(), StoreError> {
        let probe = async {
            let path = self.full(&self.probe())?;
            let put = async |mode| match self.put(&path, b"lazaret\n".to_vec(), mode).await {
                Err(error) if unsupported(&error) => Err(self.unconditional("write conditionally")),
                other => other.map_err(|error| self.failed(&self.probe(), &error)),
            };
            put(PutMode::Create).await?;
            if put(PutMode::Create).await? {
                return Err(self.unconditional("create an object that is there"));
            }
            // A tag and a generation that no object has.
            let e_tag = Some(format!("\"{}\"", "0".repeat(32)));
            let never = UpdateVersion { e_tag, version: Some("1".to_owned()) };
            match put(PutMode::Update(never)).await? {
                true => Err(self.unconditional("replace an object that has changed")),
                false => Ok(()),
            }
        };
        self.proven.get_or_try_init(|| probe).await.copied()
    }

    /// The same for large objects.
    pub(super) async fn prove_large(&self) -> Result<(), StoreError> {
        self.prove().await?;
        if self.large == Large::Copy {
            return Ok(());
        }
        let probe = async {
            let path = self.full(&self.probe())?;
            let failed = |error| self.failed(&self.probe(), &error);
            let mut upload = self.base.put_multipart(&path).await.map_err(failed)?;
            let sent = upload.put_part(PutPayload::from_static(b"lazaret\n")).await;
            let completed = match sent {
                Ok(()) => upload.complete().await,
                Err(error) => Err(error),
            };
            use object_store::Error::{AlreadyExists, Precondition};
            let outcome = match completed {
                Err(AlreadyExists { .. } | Precondition { .. }) => Ok(()),
                Ok(_) => {
                    return Err(
                        self.unconditional("complete an upload over an object that is there")
                    );
                }
                Err(error) if unsupported(&error) => {
                    Err(self.unconditional("complete an upload conditionally"))
                }
                Err(error) => Err(failed(error)),
            };
            // An upload that was refused is still open.
            let _ = upload.abort().await;
            outcome
        };
        self.proven_large.get_or_try_init(|| probe).await.copied()
    }

    fn probe(&self) -> String {
        format!("{OWN}/probe")
    }

    pub(super) fn full(&self, path: &str) -> Result<Path, StoreError> {
        let path = Path::parse(path).map_err(|error| self.failed(path, &error.into()))?;
        Ok(self.prefix.parts().chain(path.parts()).collect())
    }

    pub(super) fn failed(&self, path: &str, error: &object_store::Error) -> StoreError {
        explain(self.name(path), error)
    }

    fn unconditional(&self, what: &'static str) -> StoreError {
        StoreError::Unconditional { url: self.url.clone(), what }
    }

    pub(super) fn name(&self, path: &str) -> String {
        if path.is_empty() { self.url.clone() } else { format!("{}/{path}", self.url) }
    }
}

/// Every write of an object gives it another entity tag or version, or does not change its bytes.
fn stamp(meta: &ObjectMeta) -> Option<String> {
    if meta.e_tag.is_none() && meta.version.is_none() {
        return None;
    }
    let (tag, version) = (meta.e_tag.as_deref(), meta.version.as_deref());
    let at = meta.last_modified.timestamp_micros();
    Some(format!("{} {} {at}", tag.unwrap_or("-"), version.unwrap_or("-")))
}
