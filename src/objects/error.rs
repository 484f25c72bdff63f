//! What goes wrong with object stores.

/// A store that cannot be used, or an operation on it that failed. None of these is a verdict on
/// the data: whoever meets one could not decide. No message holds a credential or what a remote
/// store wrote back, but for its error code.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL is none that Lazaret understands.
    #[error("{url}: {why}")]
    Url {
        /// The URL as given.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The controller is not allowed to touch this directory.
    #[error(
        "{url}: outside the directories that this namespace may use: those that the controller was given by --allow-file-root, with the namespace's name appended"
    )]
    Forbidden {
        /// The URL as given.
        url: String,
    },
    /// The controller's own identity is not for this URL.
    #[error(
        "{url}: needs a Secret with credentials (secretRef): the controller lends its own identity only below the URLs that it was given by --allow-ambient-store, with the namespace's name appended"
    )]
    NotLent {
        /// The URL as given.
        url: String,
    },
    /// A Secret does not hold what the store needs.
    #[error("Secret {name}: the key {key} {why}")]
    Secret {
        /// The Secret's name.
        name: String,
        /// Which key.
        key: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The environment does not hold what the store needs.
    #[error("{url}: the store cannot be set up from the environment: {why}")]
    Environment {
        /// The store's URL.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A symbolic link would lead out of the store.
    #[error(
        "{path}: is reached through a symbolic link, which could lead out of the workspace; replace the link by the file"
    )]
    Link {
        /// The object's path.
        path: String,
    },
    /// Something that is no file and no folder.
    #[error("{path}: is {what}; only files and folders can be published: remove it")]
    NoFile {
        /// The object's path.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// Somebody else took over what a write stood on.
    #[error("{path}: was taken over by somebody else meanwhile")]
    Fenced {
        /// The object's path.
        path: String,
    },
    /// There is an object with other bytes, which is never overwritten.
    #[error(
        "{path}: holds other bytes, left by an attempt that was never finished; no manifest names it. Remove the version's objects from the destination, then try again"
    )]
    Occupied {
        /// The object's path.
        path: String,
    },
    /// The store has no conditional writes, so that two writers could undo one another.
    #[error(
        "{url}: this store did not refuse to {what}: it cannot give atomic publication, and nothing is published to it. Take a store that honours If-None-Match and If-Match; as a source it may serve"
    )]
    Unconditional {
        /// The store's URL.
        url: String,
        /// What it let happen.
        what: &'static str,
    },
    /// The store knows the caller and says no.
    #[error(
        "{path}: the store denies access ({code}); check what the credentials may do there: docs/stores.md lists the permissions"
    )]
    Denied {
        /// The object or the store.
        path: String,
        /// The store's error code.
        code: String,
    },
    /// The store does not know the caller.
    #[error(
        "{path}: the store does not accept the credentials ({code}); check key, secret, and that they are for this store"
    )]
    Unknown {
        /// The object or the store.
        path: String,
        /// The store's error code.
        code: String,
    },
    /// The credentials were good once.
    #[error(
        "{path}: the credentials have expired ({code}); put fresh ones into the Secret or the environment"
    )]
    Expired {
        /// The object or the store.
        path: String,
        /// The store's error code.
        code: String,
    },
    /// The store's clock and ours disagree.
    #[error(
        "{path}: the store's clock and this machine's differ too much; set this machine's clock"
    )]
    Clock {
        /// The object or the store.
        path: String,
    },
    /// There is no such bucket.
    #[error(
        "{path}: there is no such bucket or container; create it, or correct the URL or the endpoint"
    )]
    NoBucket {
        /// The object or the store.
        path: String,
    },
    /// The bucket lies elsewhere.
    #[error(
        "{path}: the bucket lies in another region ({code}); set AWS_REGION, or correct the endpoint"
    )]
    Region {
        /// The object or the store.
        path: String,
        /// The store's error code.
        code: String,
    },
    /// Too much was asked of the store.
    #[error(
        "{path}: the store is busy or asks to slow down ({code}), and went on so through all retries; it is tried again later"
    )]
    Busy {
        /// The object or the store.
        path: String,
        /// The store's error code or status.
        code: String,
    },
    /// The store cannot be reached.
    #[error(
        "{path}: the store cannot be reached: {cause}; check endpoint, certificate and network"
    )]
    Unreachable {
        /// The object or the store.
        path: String,
        /// The last cause.
        cause: String,
    },
    /// The store lists an object that no file system could hold.
    #[error("{path}: {key:?} is no plain relative path; rename or remove that object")]
    Key {
        /// The store.
        path: String,
        /// The key.
        key: String,
    },
    /// The store said something else.
    #[error("{path}: the store answered {code}")]
    Answer {
        /// The object or the store.
        path: String,
        /// The store's status and error code.
        code: String,
    },
    /// More objects than the limit.
    #[error("more than {limit} objects under {url}")]
    TooMany {
        /// The store's URL.
        url: String,
        /// The limit.
        limit: usize,
    },
    /// An object larger than the caller can take.
    #[error("{path}: larger than {limit} bytes")]
    TooLarge {
        /// The object's path.
        path: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The local store said no.
    #[error("{path}: {source}")]
    Backend {
        /// The object's path.
        path: String,
        /// What the store said.
        source: object_store::Error,
    },
    /// The file system said no.
    #[error("{path}: {source}")]
    File {
        /// The file's path.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl StoreError {
    /// A stable word for it.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Url { .. } => "UrlInvalid",
            Self::Forbidden { .. } => "DirectoryForbidden",
            Self::NotLent { .. } => "IdentityNotLent",
            Self::Secret { .. } => "SecretInvalid",
            Self::Environment { .. } => "EnvironmentInvalid",
            Self::Link { .. } => "LinkRefused",
            Self::NoFile { .. } => "NoFile",
            Self::Fenced { .. } => "TakenOver",
            Self::Occupied { .. } => "Occupied",
            Self::Unconditional { .. } => "NoConditionalWrites",
            Self::Denied { .. } => "AccessDenied",
            Self::Unknown { .. } => "CredentialsRefused",
            Self::Expired { .. } => "CredentialsExpired",
            Self::Clock { .. } => "ClockSkewed",
            Self::NoBucket { .. } => "NoSuchBucket",
            Self::Region { .. } => "OtherRegion",
            Self::Busy { .. } => "StoreBusy",
            Self::Unreachable { .. } => "StoreUnreachable",
            Self::Key { .. } => "KeyRefused",
            Self::Answer { .. } => "StoreFailed",
            Self::TooMany { .. } => "TooManyObjects",
            Self::TooLarge { .. } => "ObjectTooLarge",
            Self::Backend { .. } | Self::File { .. } => "FileFailed",
        }
    }

    /// Whether trying again ends the same way until somebody edits the URL or the controller's
    /// arguments.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Url { .. } | Self::Forbidden { .. } | Self::NotLent { .. })
    }
}
