//! Arguments made into what the rooms take.

use std::path::Path;

use super::args::Trust;
use super::exit::Failure;
use crate::domain::Digest;
use crate::objects::{Access, Store};
use crate::pack::{Authority, Identity, PublicKey, TrustRoot};
use crate::promotion::Publisher;

/// Opens a directory or URL with the caller's own rights.
pub(super) fn store(place: &str) -> Result<Store, Failure> {
    let url = match place.contains("://") {
        true => place.to_owned(),
        false => {
            let path = std::path::absolute(place)
                .map_err(|error| Failure::usage(format!("{place}: {error}")))?;
            format!("file://{}", path.display())
        }
    };
    Store::open_with(&url, &Access::caller()).map_err(|error| Failure::usage(error.to_string()))
}

/// Reads a file whole.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::undecided(format!("{}: {error}", path.display())))
}

/// Whose signatures count.
pub(super) fn authorities(trust: &Trust) -> Result<Vec<Authority>, Failure> {
    let text = |path: &Path| read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let mut authorities = Vec::new();
    for path in &trust.key {
        let key = PublicKey::parse(&text(path)?)
            .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
        authorities.push(Authority::Key { key, log_root: None });
    }
    let named = [
        &trust.certificate_identity,
        &trust.certificate_identity_regexp,
        &trust.certificate_oidc_issuer,
        &trust.certificate_oidc_issuer_regexp,
    ];
    if named.into_iter().any(Option::is_some) {
        let identity = Identity::new(
            trust.certificate_oidc_issuer.as_deref(),
            trust.certificate_oidc_issuer_regexp.as_deref(),
            trust.certificate_identity.as_deref(),
            trust.certificate_identity_regexp.as_deref(),
        );
        let root = match &trust.trusted_root {
            Some(path) => TrustRoot::parse(&text(path)?),
            None => TrustRoot::public_good(),
        };
        let wrong = |error: crate::pack::TrustError| Failure::usage(error.to_string());
        let (identity, root) = (identity.map_err(wrong)?, root.map_err(wrong)?);
        authorities.push(Authority::Keyless { root, identities: vec![identity] });
    }
    if authorities.is_empty() {
        return Err(Failure::usage(
            "whose signature counts? give --key, or --certificate-identity with --certificate-oidc-issuer",
        ));
    }
    Ok(authorities)
}

/// Who publishes, as receipt and ledger will say.
pub(super) fn publisher(principal: String, role: &str) -> Result<Publisher, Failure> {
    let container_digest = match std::env::var("LAZARET_CONTAINER_DIGEST") {
        Ok(digest) => digest
            .parse()
            .map_err(|error| Failure::usage(format!("LAZARET_CONTAINER_DIGEST: {error}")))?,
        // Without an image, the executable is what ran.
        Err(_) => {
            let program = std::env::current_exe()
                .map_err(|error| Failure::undecided(format!("own executable: {error}")))?;
            Digest::of(&read(&program)?)
        }
    };
    Ok(Publisher {
        principal,
        role: role.to_owned(),
        container_digest,
        git_commit: env!("LAZARET_GIT_COMMIT").to_owned(),
    })
}
