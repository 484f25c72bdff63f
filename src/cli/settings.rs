//! Arguments made into what the rooms take.

use std::path::Path;
use std::sync::Arc;

use super::args::{Demand, Sct, Trust};
use super::exit::Failure;
use crate::domain::Digest;
use crate::objects::{Access, Store};
use crate::pack::{
    Authority, CertificateTimestamp, Identity, KeyLog, PublicKey, Requirements, TrustError,
    TrustRoot, sign_statement,
};
use crate::promotion::{Attestor, Publisher};

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
        let log_root = key_log(trust)?;
        authorities.push(Authority::Key { key, log_root });
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
        let identity = identity.map_err(|error| Failure::usage(error.to_string()))?;
        let require = Requirements {
            inclusion_proof: trust.inclusion_proof != Some(Demand::Optional),
            signed_timestamp: trust.require_timestamp,
            certificate_timestamp: match trust.sct {
                Sct::FromRoot => CertificateTimestamp::FromTrustRoot,
                Sct::Required => CertificateTimestamp::Required,
                Sct::Ignored => CertificateTimestamp::Ignored,
            },
        };
        let root = root(trust)?;
        authorities.push(Authority::Keyless { root, identities: vec![identity], require });
    }
    if authorities.is_empty() {
        return Err(Failure::usage(
            "whose signature counts? give --key, or --certificate-identity with --certificate-oidc-issuer",
        ));
    }
    Ok(authorities)
}

/// What a signature with a key must carry. A root or a demand brings the log in; a lone key suffices.
fn key_log(trust: &Trust) -> Result<Option<KeyLog>, Failure> {
    let required = trust.inclusion_proof == Some(Demand::Required);
    if trust.trusted_root.is_none() && !required && !trust.require_timestamp {
        return Ok(None);
    }
    Ok(Some(KeyLog {
        root: root(trust)?,
        inclusion_proof: match trust.inclusion_proof {
            Some(demand) => demand == Demand::Required,
            None => trust.trusted_root.is_some(),
        },
        signed_timestamp: trust.require_timestamp,
    }))
}

fn root(trust: &Trust) -> Result<TrustRoot, Failure> {
    let wrong = |error: TrustError| Failure::usage(error.to_string());
    let Some(path) = &trust.trusted_root else {
        return TrustRoot::public_good().map_err(wrong);
    };
    let root = TrustRoot::parse(&String::from_utf8_lossy(&read(path)?)).map_err(wrong)?;
    for skipped in root.skipped() {
        eprintln!("lazaret: {}: left out: {skipped}", path.display());
    }
    Ok(root)
}

/// Who publishes, as receipt and ledger will say.
pub(super) fn publisher(
    principal: String,
    role: &str,
    signing_key: Option<&Path>,
) -> Result<Publisher, Failure> {
    let attestor = signing_key.map(attestor).transpose()?;
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
        attestor,
        decisions: None,
    })
}

/// A local key that signs statements.
struct Key(String);

impl Attestor for Key {
    fn attest(&self, statement: &[u8]) -> Result<String, String> {
        sign_statement(statement, &self.0).map_err(|error| error.to_string())
    }
}

fn attestor(path: &Path) -> Result<Arc<dyn Attestor>, Failure> {
    let key = Key(String::from_utf8_lossy(&read(path)?).into_owned());
    // Before anything is published, not after.
    key.attest(b"{}").map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    Ok(Arc::new(key))
}
