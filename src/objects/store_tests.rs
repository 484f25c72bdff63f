//! What the rest of the house relies on, on a directory and on a bucket alike.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};

use super::*;
use crate::domain::Digest;

fn files(dir: &tempfile::TempDir) -> Store {
    Store::open(&format!("file://{}", dir.path().display()), &FileAccess::Caller).unwrap()
}

fn bucket() -> (Store, Arc<InMemory>) {
    let memory = Arc::new(InMemory::new());
    (Store::in_memory("s3://bucket/some/prefix", &memory), memory)
}

fn content(text: &'static str) -> BoxStream<'static, Result<Bytes, StoreError>> {
    stream::iter([Ok(Bytes::from_static(text.as_bytes()))]).boxed()
}

fn fence(content: &[u8]) -> Fence {
    Fence { path: "claim".into(), digest: Digest::of(content) }
}

#[tokio::test]
async fn conditional_writes() {
    let dir = tempfile::tempdir().unwrap();
    for store in [files(&dir), bucket().0] {
        assert_eq!(store.create("a/b", b"1".to_vec()).await.unwrap(), Created::New);
        assert_eq!(store.create("a/b", b"2".to_vec()).await.unwrap(), Created::Exists);
        let one = Some(Digest::of(b"1"));
        assert_eq!(store.replace("a/b", None, b"3".to_vec()).await.unwrap(), Replaced::Changed);
        assert_eq!(store.replace("a/b", one, b"3".to_vec()).await.unwrap(), Replaced::Done);
        assert_eq!(store.replace("a/b", one, b"4".to_vec()).await.unwrap(), Replaced::Changed);
        assert_eq!(store.replace("a/x", one, b"4".to_vec()).await.unwrap(), Replaced::Changed);
        assert_eq!(store.get("a/b", 9).await.unwrap().unwrap(), "3");
        assert!(store.get("a/c", 9).await.unwrap().is_none());
        assert!(matches!(store.get("a/b", 0).await, Err(StoreError::TooLarge { .. })));
        assert!(store.stream("a/c").await.is_err());
        assert!(store.any_after("a", "a/a").await.unwrap());
        assert!(!store.any_after("a", "a/b").await.unwrap());
    }
}

#[tokio::test]
async fn of_many_writers_exactly_one_wins() {
    let dir = tempfile::tempdir().unwrap();
    for store in [files(&dir), bucket().0] {
        store.create("p", b"0".to_vec()).await.unwrap();
        let expected = Some(Digest::of(b"0"));
        let tries = (1..=16_u8).map(|n| store.replace("p", expected, vec![n]));
        let outcomes = futures::future::join_all(tries).await;
        let won = outcomes.into_iter().filter(|o| matches!(o, Ok(Replaced::Done))).count();
        assert_eq!(won, 1, "{}", store.url());
    }
}

#[tokio::test]
async fn a_write_that_does_not_match_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for store in [files(&dir), bucket().0] {
        store.create("claim", b"me".to_vec()).await.unwrap();
        let (old, new) = (Digest::of(b"old"), Digest::of(b"new"));
        let digest = store.write("x", content("new"), old, 3, &fence(b"me")).await.unwrap();
        assert_eq!(digest, new);
        assert_eq!(store.digest("x").await.unwrap(), None);
        store.write("x", content("new"), new, 3, &fence(b"me")).await.unwrap();
        store.write("x", content("new"), new, 3, &fence(b"me")).await.unwrap();
        assert_eq!(store.digest("x").await.unwrap(), Some(new));
        let broken = stream::iter([Err(StoreError::Clock { path: "x".into() })]).boxed();
        assert!(store.write("y", broken, new, 3, &fence(b"me")).await.is_err());
        assert_eq!(store.digest("y").await.unwrap(), None);
    }
}

#[tokio::test]
async fn in_a_directory_whoever_lost_the_claim_finishes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = files(&dir);
    store.create("claim", b"me".to_vec()).await.unwrap();
    let taken = store.replace("claim", Some(Digest::of(b"me")), b"you".to_vec()).await;
    assert_eq!(taken.unwrap(), Replaced::Done);
    let late = store.write("x", content("late"), Digest::of(b"late"), 4, &fence(b"me")).await;
    assert!(matches!(late, Err(StoreError::Fenced { .. })), "{late:?}");
    assert_eq!(store.digest("x").await.unwrap(), None);
}

#[tokio::test]
async fn in_a_bucket_other_bytes_are_never_overwritten() {
    let (store, memory) = bucket();
    let large = |byte: u8| {
        let piece = Bytes::from(vec![byte; 1 << 20]);
        let digest = Digest::of(&vec![byte; 20 << 20]);
        (stream::iter((0..20).map(move |_| Ok(piece.clone()))).boxed(), digest)
    };
    store.write("small", content("a"), Digest::of(b"a"), 1, &fence(b"")).await.unwrap();
    let (bytes, first) = large(1);
    store.write("large", bytes, first, 20 << 20, &fence(b"")).await.unwrap();

    let small = store.write("small", content("b"), Digest::of(b"b"), 1, &fence(b"")).await;
    assert!(matches!(small, Err(StoreError::Occupied { .. })), "{small:?}");
    let (bytes, other) = large(2);
    let second = store.write("large", bytes, other, 20 << 20, &fence(b"")).await;
    assert!(matches!(second, Err(StoreError::Occupied { .. })), "{second:?}");
    let text = second.unwrap_err().to_string();
    assert!(text.contains("s3://bucket/some/prefix/large") && text.contains("Remove"), "{text}");
    assert_eq!(store.digest("small").await.unwrap(), Some(Digest::of(b"a")));
    assert_eq!(store.digest("large").await.unwrap(), Some(first));
    let (bytes, _) = large(3);
    let wrong = store.write("third", bytes, first, 20 << 20, &fence(b"")).await.unwrap();
    assert_ne!(wrong, first);
    assert_eq!(store.digest("third").await.unwrap(), None);
    let rest: Vec<_> = memory.list(None).map(|o| o.unwrap().location.to_string()).collect().await;
    assert!(!rest.iter().any(|path| path.contains("staging")), "{rest:?}");
}

#[tokio::test]
async fn inside_a_bucket_copies_are_checked_before_they_are_seen() {
    let memory = Arc::new(InMemory::new());
    let source = Store::in_memory("s3://bucket/in", &memory);
    let target = Store::in_memory("s3://bucket/out", &memory);
    let elsewhere = Store::in_memory("s3://other/in", &memory);
    let (bytes, size) = (vec![7; 9 << 20], 9 << 20);
    let digest = Digest::of(&bytes);
    let ask = async |from: &Store, to: &str, expected, size| {
        target.copy_from(from, "a", to, expected, size).await.unwrap()
    };
    source.create("a", bytes).await.unwrap();
    assert_eq!(ask(&elsewhere, "x", digest, size).await, None);
    assert_eq!(ask(&source, "x", digest, 10).await, None);
    let other = Digest::of(b"other");
    assert_eq!(ask(&source, "x", other, size).await, Some(digest));
    assert_eq!(target.digest("x").await.unwrap(), None);
    assert_eq!(ask(&source, "x", digest, size).await, Some(digest));
    assert_eq!(target.digest("x").await.unwrap(), Some(digest));
    assert_eq!(ask(&source, "x", digest, size).await, Some(digest));
    target.create("y", b"else".to_vec()).await.unwrap();
    let occupied = target.copy_from(&source, "a", "y", digest, size).await;
    assert!(matches!(occupied, Err(StoreError::Occupied { .. })), "{occupied:?}");
    assert_eq!(target.list(99).await.unwrap().len(), 3, "x, y and the probe");
}

#[tokio::test]
async fn links_crowds_and_other_prefixes() {
    let dir = tempfile::tempdir().unwrap();
    let (remote, memory) = bucket();
    for other in ["some/prefix2/a", "some/other", "top"] {
        memory.put(&other.into(), "x".into()).await.unwrap();
    }
    for store in [files(&dir), remote] {
        for name in ["b", "a/c", "a/b"] {
            store.create(name, vec![1]).await.unwrap();
        }
        store.create("empty", vec![]).await.unwrap();
        let found = store.list(9).await.unwrap();
        let paths: Vec<_> = found.iter().map(|e| e.path.as_str()).collect();
        let paths: Vec<_> = paths.into_iter().filter(|p| *p != "_lazaret/probe").collect();
        assert_eq!(paths, ["a/b", "a/c", "b", "empty"]);
        assert!(matches!(store.list(1).await, Err(StoreError::TooMany { .. })));
    }
    let store = files(&dir);
    std::os::unix::fs::symlink("/etc/hostname", dir.path().join("c")).unwrap();
    assert!(matches!(store.list(9).await, Err(StoreError::Link { .. })));
    assert!(matches!(store.get("c", 999).await, Err(StoreError::Link { .. })));
    assert!(matches!(store.digest("c").await, Err(StoreError::Link { .. })));
    std::os::unix::fs::symlink("/tmp", dir.path().join("d")).unwrap();
    assert!(matches!(store.create("d/x", vec![]).await, Err(StoreError::Link { .. })));
}

#[test]
fn places_that_overlap() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("a")).unwrap();
    std::os::unix::fs::symlink(dir.path().join("a"), dir.path().join("link")).unwrap();
    let at = |tail: &str| {
        let url = format!("file://{}/{tail}", dir.path().display());
        Store::open(&url, &FileAccess::Caller).unwrap()
    };
    let secret = |url: &str, id: &str, endpoint: &str| {
        let pairs = [
            ("AWS_ACCESS_KEY_ID", id),
            ("AWS_SECRET_ACCESS_KEY", "hush"),
            ("AWS_ENDPOINT_URL", endpoint),
        ];
        let pairs = pairs.map(|(k, v)| (k.to_owned(), v.as_bytes().to_vec()));
        let identity = Identity::Secret(Credentials::new("s", pairs).unwrap());
        let access = Access { files: FileAccess::Roots(vec![]), identity, allow_loopback: false };
        Store::open_with(url, &access).unwrap()
    };
    let (here, there) = ("https://one.example", "https://two.example");
    for (one, other, overlap) in [
        (at("a"), at("a/b/new"), true),
        (at("link/x"), at("a"), true),
        (at("a"), at("ab"), false),
        (secret("s3://bucket/a", "i", here), secret("s3://bucket/a/b", "other", here), true),
        (secret("s3://bucket", "i", here), secret("s3://bucket/a", "i", here), true),
        (secret("s3://bucket/a", "i", here), secret("s3://bucket/ab", "i", here), false),
        (secret("s3://bucket/a", "i", here), secret("s3://bucket/a", "i", there), false),
        (secret("s3://bucket/a", "i", here), secret("s3://other/a", "i", here), false),
        (at("a"), secret("s3://bucket/a", "i", here), false),
    ] {
        assert_eq!(one.overlaps(&other), overlap, "{one:?} {other:?}");
        assert_eq!(other.overlaps(&one), overlap, "{other:?} {one:?}");
    }
}

#[tokio::test]
async fn opening_creates_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file://{}/not/yet", dir.path().display());
    let store = Store::open(&url, &FileAccess::Caller).unwrap();
    assert_eq!(store.list(9).await.map_err(|e| e.to_string()), Ok(vec![]));
    assert!(store.get("x", 9).await.unwrap().is_none());
    assert!(!dir.path().join("not").exists());
}

#[test]
fn who_may_open_what() {
    let lent = |root: &str, namespace: &str| Identity::Lent {
        roots: vec![root.to_owned()],
        namespace: namespace.to_owned(),
    };
    let secret = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), v.as_bytes().to_vec()));
        Identity::Secret(Credentials::new("store", pairs).unwrap())
    };
    let whole = secret(&[("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "hush")]);
    for (url, identity, reason) in [
        ("s3://bucket/data/team/x", lent("s3://bucket/data", "team"), None),
        ("s3://bucket/data/other/x", lent("s3://bucket/data", "team"), Some("IdentityNotLent")),
        ("s3://bucket/data/team/x", lent("gs://bucket/data", "team"), Some("IdentityNotLent")),
        ("s3://bucket/data/x", lent("s3://bucket/data", ""), Some("IdentityNotLent")),
        ("s3://bucket/x", whole.clone(), None),
        ("s3://bucket/x", secret(&[]), Some("SecretInvalid")),
        ("file:///tmp", whole, Some("UrlInvalid")),
        ("file:///tmp", lent("s3://bucket", "team"), Some("DirectoryForbidden")),
        ("http://bucket/x", lent("s3://bucket", "team"), Some("UrlInvalid")),
    ] {
        let files = FileAccess::Roots(vec![]);
        let access = Access { files, identity, allow_loopback: false };
        let found = Store::open_with(url, &access).err().map(|error| error.reason());
        assert_eq!(found, reason, "{url}");
    }
}

/// A store that takes conditions and does as it likes.
#[derive(Debug)]
struct Careless {
    inner: InMemory,
    creates: bool,
}

impl std::fmt::Display for Careless {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("careless")
    }
}

type Stored<T> = object_store::Result<T>;

#[async_trait::async_trait]
impl ObjectStore for Careless {
    async fn put_opts(
        &self,
        at: &Path,
        bytes: PutPayload,
        options: PutOptions,
    ) -> Stored<PutResult> {
        let ignored = match options.mode {
            PutMode::Create => !self.creates,
            _ => true,
        };
        let options = if ignored { PutMode::Overwrite.into() } else { options };
        self.inner.put_opts(at, bytes, options).await
    }
    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> Stored<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }
    async fn get_opts(&self, at: &Path, options: GetOptions) -> Stored<GetResult> {
        self.inner.get_opts(at, options).await
    }
    fn delete_stream(
        &self,
        at: BoxStream<'static, Stored<Path>>,
    ) -> BoxStream<'static, Stored<Path>> {
        self.inner.delete_stream(at)
    }
    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Stored<ObjectMeta>> {
        self.inner.list(prefix)
    }
    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Stored<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }
    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Stored<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[tokio::test]
async fn a_store_without_conditional_writes_is_read_and_never_written() {
    for creates in [false, true] {
        let careless = Arc::new(Careless { inner: InMemory::new(), creates });
        careless.inner.put(&"in/a".into(), "1".into()).await.unwrap();
        let store = Store::in_memory("s3://bucket/in", &careless);
        assert_eq!(store.get("a", 9).await.unwrap().unwrap(), "1");
        assert_eq!(store.list(9).await.unwrap().len(), 1);
        let one = Some(Digest::of(b"1"));
        let outcomes = [
            store.create("b", vec![]).await.map(|_| ()),
            store.replace("a", one, vec![]).await.map(|_| ()),
            store.write("c", content("x"), Digest::of(b"x"), 1, &fence(b"")).await.map(|_| ()),
        ];
        for outcome in outcomes {
            let error = outcome.unwrap_err();
            assert_eq!(error.reason(), "NoConditionalWrites", "{error}");
            assert!(error.to_string().contains("atomic publication"), "{error}");
        }
        assert_eq!(store.list(9).await.unwrap().len(), 2, "a and the probe");
    }
}
