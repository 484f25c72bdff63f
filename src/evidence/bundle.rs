//! What a pipeline records for a release: which checks ran, and how they ended. Once recorded it
//! does not change.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::names::{NameError, ReleaseId, Service};
use crate::domain::parse_i_json;
use crate::pack::{Authority, verify_statement};

/// The predicate type of a signed bundle, and the `apiVersion` of either form.
pub const BUNDLE_PREDICATE: &str = "https://lazaret.dev/evidence-bundle/v1";
/// Bytes of a bundle, signature included.
pub(super) const MAX_BYTES: usize = 256 << 10;
const MAX_CHECKS: usize = 128;
const MAX_TEXT: usize = 1024;

/// Why a bundle is not taken.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Too much.
    #[error("it is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// Not what it should be.
    #[error("{0}")]
    Malformed(String),
    /// About something else.
    #[error("it is about {found}, not about {wanted}")]
    Mismatch {
        /// What it says.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// Its signature does not count.
    #[error("its signature does not count: {0}")]
    Unsigned(String),
}

impl BundleError {
    /// A stable name for it.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge => "BundleTooLarge",
            Self::Malformed(_) => "BundleMalformed",
            Self::Mismatch { .. } => "BundleMismatch",
            Self::Unsigned(_) => "BundleUnsigned",
        }
    }
}

/// One check.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub passed: bool,
    /// In words, or where to read on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What a pipeline says of a release.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bundle {
    /// [`BUNDLE_PREDICATE`].
    pub api_version: String,
    /// `<name>.<namespace>`.
    pub service: String,
    /// Which release.
    pub release_id: ReleaseId,
    /// What was checked.
    pub checks: Vec<Check>,
}

impl Bundle {
    /// Reads the plain form.
    ///
    /// # Errors
    /// If it is not that, or about something else.
    pub fn parse(
        bytes: &[u8],
        service: &Service,
        release: &ReleaseId,
    ) -> Result<Self, BundleError> {
        if bytes.len() > MAX_BYTES {
            return Err(BundleError::TooLarge);
        }
        let value = parse_i_json(bytes).map_err(|e| BundleError::Malformed(e.to_string()))?;
        Self::read(value, service, release)
    }

    /// Reads the signed form: a Sigstore bundle with an in-toto statement, if its signature counts.
    ///
    /// # Errors
    /// If it is not that, or nobody who counts signed it.
    pub fn verify(
        bytes: &[u8],
        service: &Service,
        release: &ReleaseId,
        authorities: &[Authority],
    ) -> Result<Self, BundleError> {
        if bytes.len() > MAX_BYTES {
            return Err(BundleError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|e| BundleError::Malformed(e.to_string()))?;
        let verified = verify_statement(text, authorities)
            .map_err(|error| BundleError::Unsigned(format!("{}: {error}", error.reason())))?;
        Self::of_statement(verified.statement, service, release)
    }

    /// Reads what lies in the store, in either form: signatures were checked when it came.
    pub(super) fn stored(
        bytes: &[u8],
        service: &Service,
        release: &ReleaseId,
    ) -> Result<Self, BundleError> {
        let malformed = |text: String| BundleError::Malformed(text);
        let value = parse_i_json(bytes).map_err(|e| malformed(e.to_string()))?;
        let Some(payload) = value["dsseEnvelope"]["payload"].as_str() else {
            return Self::read(value, service, release);
        };
        let payload = BASE64.decode(payload).map_err(|e| malformed(e.to_string()))?;
        let statement = parse_i_json(&payload).map_err(|e| malformed(e.to_string()))?;
        Self::of_statement(statement, service, release)
    }

    fn of_statement(
        mut statement: Value,
        service: &Service,
        release: &ReleaseId,
    ) -> Result<Self, BundleError> {
        if statement["predicateType"] != BUNDLE_PREDICATE {
            let message = format!("its predicateType is not {BUNDLE_PREDICATE}");
            return Err(BundleError::Malformed(message));
        }
        Self::read(statement["predicate"].take(), service, release)
    }

    fn read(value: Value, service: &Service, release: &ReleaseId) -> Result<Self, BundleError> {
        let bundle: Self =
            serde_json::from_value(value).map_err(|e| BundleError::Malformed(e.to_string()))?;
        let malformed = |text: &str| Err(BundleError::Malformed(text.to_owned()));
        if bundle.api_version != BUNDLE_PREDICATE {
            return malformed("its apiVersion is not https://lazaret.dev/evidence-bundle/v1");
        }
        let named = Service::parse(&bundle.service, None)
            .map_err(|error: NameError| BundleError::Malformed(error.to_string()))?;
        if named != *service || bundle.release_id != *release {
            return Err(BundleError::Mismatch {
                found: format!("release {} of {named}", bundle.release_id),
                wanted: format!("release {release} of {service}"),
            });
        }
        if bundle.checks.is_empty() || bundle.checks.len() > MAX_CHECKS {
            return malformed("it has no check, or more than 128");
        }
        let mut names = BTreeSet::new();
        for check in &bundle.checks {
            let long = |text: &str| text.len() > MAX_TEXT;
            if check.name.trim().is_empty() || long(&check.name) || !names.insert(&check.name) {
                return malformed("a check has no name, a long one, or that of another");
            }
            if check.detail.as_deref().is_some_and(long) {
                return malformed("a check's detail is longer than 1024 bytes");
            }
        }
        Ok(bundle)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pack::{PublicKey, generate_key_pair, sign_statement};

    fn about() -> (Service, ReleaseId) {
        (Service::new("shop", "checkout").unwrap(), "v7".parse().unwrap())
    }

    fn plain() -> Value {
        json!({
            "apiVersion": BUNDLE_PREDICATE, "service": "checkout.shop", "releaseId": "v7",
            "checks": [{ "name": "smoke", "passed": true }],
        })
    }

    #[test]
    fn what_is_recorded_is_read_strictly() {
        let (service, release) = about();
        let parse = |value: &Value| {
            Bundle::parse(value.to_string().as_bytes(), &service, &release)
                .map_err(|error| error.reason())
        };
        assert!(parse(&plain()).is_ok());
        let cases: &[(&str, Value, &str)] = &[
            ("/apiVersion", json!("v2"), "BundleMalformed"),
            ("/service", json!("checkout.other"), "BundleMismatch"),
            ("/service", json!("checkout"), "BundleMalformed"),
            ("/releaseId", json!("v8"), "BundleMismatch"),
            ("/checks", json!([]), "BundleMalformed"),
            ("/checks/0/passed", json!("yes"), "BundleMalformed"),
            ("/checks/0/name", json!(" "), "BundleMalformed"),
            ("/checks/0", json!({"name": "a", "passed": true, "x": 1}), "BundleMalformed"),
        ];
        for (pointer, value, reason) in cases {
            let mut bundle = plain();
            *bundle.pointer_mut(pointer).unwrap() = value.clone();
            assert_eq!(parse(&bundle).unwrap_err(), *reason, "{pointer} {value}");
        }
    }

    #[test]
    fn only_signatures_that_count_count() {
        let (service, release) = about();
        let (ours, theirs) = (generate_key_pair().unwrap(), generate_key_pair().unwrap());
        let authorities =
            |pem: &str| [Authority::Key { key: PublicKey::parse(pem).unwrap(), log_root: None }];
        let statement = |predicate_type: &str, predicate: Value| {
            let statement = json!({
                "_type": "https://in-toto.io/Statement/v1",
                "subject": [{ "name": "x", "digest": { "sha256": "0".repeat(64) } }],
                "predicateType": predicate_type, "predicate": predicate,
            });
            sign_statement(statement.to_string().as_bytes(), &ours.private).unwrap()
        };
        let good = statement(BUNDLE_PREDICATE, plain());
        let verify = |text: &str, pem: &str| {
            Bundle::verify(text.as_bytes(), &service, &release, &authorities(pem))
                .map_err(|error| error.reason())
        };
        assert!(verify(&good, &ours.public).is_ok());
        assert_eq!(verify(&good, &theirs.public).unwrap_err(), "BundleUnsigned");
        let other = statement("https://slsa.dev/provenance/v1", plain());
        assert_eq!(verify(&other, &ours.public).unwrap_err(), "BundleMalformed");
        assert_eq!(verify(&plain().to_string(), &ours.public).unwrap_err(), "BundleUnsigned");
        let stored = Bundle::stored(good.as_bytes(), &service, &release).unwrap();
        assert_eq!(stored.checks.len(), 1);
    }
}
