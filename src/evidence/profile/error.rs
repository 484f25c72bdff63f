//! What is wrong with a profile: where, what, and how to mend it.

/// A profile that cannot be used. Nothing is decided by a profile that is half understood.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{place}: {message}. {remedy}")]
pub struct ProfileError {
    /// Where: a member, or line and column.
    pub place: String,
    /// What.
    pub message: String,
    /// How to mend it.
    pub remedy: &'static str,
}

impl ProfileError {
    pub(super) fn new(
        place: impl Into<String>,
        message: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self { place: place.into(), message: message.into(), remedy }
    }

    /// A stable name for it.
    pub const fn reason(&self) -> &'static str {
        "ProfileInvalid"
    }
}
