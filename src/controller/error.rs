//! What makes a reconciliation fail as a whole. Everything else ends in a status.

/// A reconciliation that could not even write its status.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server failed or refused.
    #[error("API server: {0}")]
    Api(#[from] kube::Error),
    /// A status could not be written as JSON.
    #[error("status: {0}")]
    Json(#[from] serde_json::Error),
    /// An object from the API server lacks what every object has.
    #[error("object without {0}")]
    Incomplete(&'static str),
}

impl Error {
    /// A short name for metrics, of a bounded set.
    pub const fn category(&self) -> &'static str {
        match self {
            Self::Api(_) => "api",
            Self::Json(_) => "json",
            Self::Incomplete(_) => "incomplete",
        }
    }
}
