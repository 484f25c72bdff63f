//! Who asks, and what he may. The server knows no cluster: somebody else looks tokens up.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::names::Service;

/// Who a token belongs to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Caller {
    /// The user's name, as Kubernetes knows it.
    pub user: String,
    /// The user's uid.
    pub uid: String,
    /// The user's groups.
    pub groups: Vec<String>,
    /// What else the authenticator said.
    pub extra: BTreeMap<String, Vec<String>>,
    /// The namespace whose services need no namespace in their name.
    pub namespace: Option<String>,
}

/// What one may be allowed to do with the evidence of a service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Act {
    /// Ask whether a release may go on: verb `get` on `evidence`.
    Read,
    /// Record a bundle: verb `create` on `evidence`.
    Record,
}

impl Act {
    /// The verb of Kubernetes' RBAC.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Read => "get",
            Self::Record => "create",
        }
    }
}

/// Why nobody is let in.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// The token belongs to nobody, or is not for us.
    #[error("the token is not known")]
    Unknown,
    /// It cannot be looked up now.
    #[error("tokens cannot be looked up now: {0}")]
    Unavailable(String),
}

/// Looks tokens and rights up.
#[async_trait]
pub trait Doorman: Send + Sync {
    /// Who the token belongs to.
    async fn who(&self, token: &str) -> Result<Caller, Refused>;

    /// Whether the caller may do this; an error means that it could not be learned.
    async fn may(&self, caller: &Caller, act: Act, service: &Service) -> Result<bool, String>;
}
