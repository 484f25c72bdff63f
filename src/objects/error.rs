//! What goes wrong with object stores.

/// A store that cannot be used, or an operation on it that failed. None of these is a verdict on
/// the data: whoever meets one could not decide.
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
    /// A symbolic link would lead out of the store.
    #[error(
        "{path}: is reached through a symbolic link, which could lead out of the workspace; replace the link by the file"
    )]
    Link {
        /// The object's path.
        path: String,
    },
    /// Somebody else took over what a write stood on.
    #[error("{path}: was taken over by somebody else meanwhile")]
    Fenced {
        /// The object's path.
        path: String,
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
    /// The store said no, or did not answer.
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
