//! From a URL and what its author may use to a store.

use super::cloud::{Bucket, with_environment, with_secret};
use super::files::Files;
use super::place::{Cloud, Place};
use super::remote::{Large, Remote};
use super::store::{Kind, Store};
use super::{Credentials, FileAccess, StoreError};

/// Whose credentials a remote store is opened with.
#[derive(Clone, Debug)]
pub enum Identity {
    /// The process's own: on the caller's own machine.
    Caller,
    /// What a Secret holds, and nothing else.
    Secret(Credentials),
    /// The process's own, but only for what lies below `<root>/<namespace>`.
    Lent {
        /// URLs that the operator's identity is lent for.
        roots: Vec<String>,
        /// Whose URL it is.
        namespace: String,
    },
}

/// What the author of a store's URL may use.
#[derive(Clone, Debug)]
pub struct Access {
    /// Which directories.
    pub files: FileAccess,
    /// Whose credentials.
    pub identity: Identity,
    /// Whether a Secret's endpoint may be on this machine: for tests and development.
    pub allow_loopback: bool,
}

impl Access {
    /// Whatever the process may.
    pub const fn caller() -> Self {
        Self { files: FileAccess::Caller, identity: Identity::Caller, allow_loopback: true }
    }
}

impl Store {
    /// Opens the prefix that `url` names, with the caller's own identity if it may use any
    /// directory, and with none otherwise. See [`Store::open_with`].
    ///
    /// # Errors
    /// If the URL is not understood or not allowed.
    pub fn open(url: &str, files: &FileAccess) -> Result<Self, StoreError> {
        let identity = match files {
            FileAccess::Caller => Identity::Caller,
            FileAccess::Roots(_) => Identity::Lent { roots: vec![], namespace: String::new() },
        };
        Self::open_with(url, &Access { files: files.clone(), identity, allow_loopback: false })
    }

    /// Opens the prefix that `url` names. Nothing is created before something is written, and no
    /// store is spoken to yet.
    ///
    /// # Errors
    /// If the URL is not understood or not allowed, or the credentials are not whole.
    pub fn open_with(url: &str, access: &Access) -> Result<Self, StoreError> {
        let Some(place) = Place::parse(url)? else {
            if !url.starts_with("file://") {
                let why = "a store is named by file:///path, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix";
                return Err(StoreError::Url { url: url.to_owned(), why });
            }
            if matches!(access.identity, Identity::Secret(_)) {
                let why = "file:// stores take no credentials; take the secretRef out";
                return Err(StoreError::Url { url: url.to_owned(), why });
            }
            let directory = access.files.directory(url)?;
            let url = url.trim_end_matches('/');
            let files = Files::new(directory, url)?;
            return Ok(Self::new(url.to_owned(), Kind::Files(files)));
        };
        let bucket = match &access.identity {
            Identity::Caller => with_environment(&place)?,
            Identity::Secret(secret) => with_secret(&place, secret, access.allow_loopback)?,
            Identity::Lent { roots, namespace } => {
                let lent = roots.iter().any(|root| {
                    let root = Place::parse(root).ok().flatten();
                    root.is_some_and(|root| root.holds(namespace, &place))
                });
                if !lent || namespace.is_empty() {
                    return Err(StoreError::NotLent { url: place.to_string() });
                }
                with_environment(&place)?
            }
        };
        let large = match place.cloud {
            Cloud::S3 => Large::Completion,
            Cloud::Google | Cloud::Azure => Large::Copy,
        };
        Self::remote(bucket, large, &place)
    }

    fn remote(bucket: Bucket, large: Large, place: &Place) -> Result<Self, StoreError> {
        let url = place.to_string();
        let remote = Remote::new(bucket, large, place, &url)?;
        Ok(Self::new(url, Kind::Remote(remote)))
    }

    /// Whether `url` may be lent the operator's identity for: a remote store's.
    ///
    /// # Errors
    /// If it names no remote store.
    pub fn check_remote(url: &str) -> Result<(), StoreError> {
        let why = "names no remote store; write for instance s3://bucket/prefix";
        Place::parse(url)?.map(|_| ()).ok_or_else(|| StoreError::Url { url: url.to_owned(), why })
    }

    /// A bucket that a test has made; gone with its last clone.
    #[cfg(test)]
    pub(crate) fn in_memory<S: object_store::ObjectStore>(
        url: &str,
        store: &std::sync::Arc<S>,
    ) -> Self {
        let place = Place::parse(url).unwrap().unwrap();
        let store: std::sync::Arc<dyn object_store::ObjectStore> = store.clone();
        let name = || "memory".to_owned();
        let bucket = Bucket { store, identity: name(), site: name() };
        Self::remote(bucket, Large::Copy, &place).unwrap()
    }
}
