//! Trust roots: whose certificates, logs and timestamps are believed.

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};
use sigstore_verify::Verifier;
use sigstore_verify::crypto::Keyring;
use sigstore_verify::trust_root::{SigstoreInstance, TrustedRoot};
use sigstore_verify::types::{Bundle, LogKeyId, TsaAuthority};

use super::super::bundle::strict;
use super::TrustError;

/// A trust root larger than this is none.
const MAX_ROOT: usize = 4 << 20;

/// Certificate authorities, logs and timestamp authorities that are believed. Cheap to clone.
#[derive(Clone)]
pub struct TrustRoot {
    pub(in super::super) verifier: Arc<Verifier>,
    /// The logs' keys, for what the library leaves to its callers.
    pub(in super::super) log_keys: Arc<Keyring>,
    pub(in super::super) timestamp_authorities: Arc<[TsaAuthority]>,
    /// Whether the root names certificate-transparency logs, usable or not. A private Sigstore
    /// without one issues certificates without timestamps from it, and then none are demanded.
    pub(in super::super) has_ct_log: bool,
    logs: Arc<[LogKeyId]>,
    skipped: Arc<[String]>,
}

impl TrustRoot {
    /// Reads a Sigstore `TrustedRoot` in JSON. An entry that cannot be used (a key of a later
    /// algorithm, a broken certificate) is left out and told by [`Self::skipped`]: a root with one
    /// log fewer accepts less, never more.
    ///
    /// # Errors
    /// If it is no trust root, names a log twice, or nothing in it can be used.
    pub fn parse(json: &str) -> Result<Self, TrustError> {
        let invalid = |e: &dyn fmt::Display| TrustError::TrustRootInvalid(e.to_string());
        if json.len() > MAX_ROOT {
            return Err(invalid(&"it is larger than 4 MiB"));
        }
        let mut value = strict::value(json).map_err(|e| invalid(&e))?;
        let media_type = value.get("mediaType").and_then(Value::as_str).unwrap_or_default();
        if !media_type.starts_with("application/vnd.dev.sigstore.trustedroot") {
            return Err(invalid(&"it is no Sigstore TrustedRoot (mediaType)"));
        }
        let has_ct_log = value["ctlogs"].as_array().is_some_and(|logs| !logs.is_empty());
        let skipped = drop_unusable(&mut value)?;
        let root = TrustedRoot::from_json(&value.to_string()).map_err(|e| invalid(&e))?;
        let usable = root.tlogs.len()
            + root.certificate_authorities.len()
            + root.timestamp_authorities.len();
        if usable == 0 && !skipped.is_empty() {
            return Err(invalid(&skipped.join("; ")));
        }
        Self::new(&root, has_ct_log, skipped)
    }

    /// The root of Sigstore's public-good instance, as built in.
    ///
    /// # Errors
    /// If the built-in root is broken.
    pub fn public_good() -> Result<Self, TrustError> {
        static ROOT: std::sync::OnceLock<Option<TrustRoot>> = std::sync::OnceLock::new();
        let root = ROOT.get_or_init(|| {
            Self::parse(SigstoreInstance::PublicGood.embedded_trusted_root_json()).ok()
        });
        let broken = || TrustError::TrustRootInvalid("the built-in root is broken".into());
        root.clone().ok_or_else(broken)
    }

    fn new(root: &TrustedRoot, has_ct_log: bool, skipped: Vec<String>) -> Result<Self, TrustError> {
        let invalid = |e: &dyn fmt::Display| TrustError::TrustRootInvalid(e.to_string());
        Ok(Self {
            verifier: Arc::new(Verifier::new(root).map_err(|e| invalid(&e))?),
            log_keys: Arc::new(root.rekor_keys().map_err(|e| invalid(&e))?),
            timestamp_authorities: root.tsa_authorities().into(),
            has_ct_log,
            logs: root.tlogs.iter().map(|log| log.log_id.key_id.clone()).collect(),
            skipped: skipped.into(),
        })
    }

    /// What in the root could not be used, and why.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// Whether the root names every log that a bundle cites.
    pub(in super::super) fn knows_logs_of(&self, bundle: &Bundle) -> bool {
        let mut cited = bundle.verification_material.tlog_entries.iter();
        cited.all(|entry| self.knows(&entry.log_id.key_id))
    }

    /// Whether the root names a log.
    pub(in super::super) fn knows(&self, log: &LogKeyId) -> bool {
        self.logs.contains(log)
    }
}

/// Tries each authority of a root alone.
fn drop_unusable(root: &mut Value) -> Result<Vec<String>, TrustError> {
    const LISTS: [&str; 4] = ["tlogs", "certificateAuthorities", "ctlogs", "timestampAuthorities"];
    let media_type = root["mediaType"].clone();
    let mut skipped = Vec::new();
    for list in LISTS {
        let items = match root.get_mut(list).map(Value::take) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(TrustError::TrustRootInvalid(format!("{list} is no list"))),
        };
        let mut usable = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let alone = json!({"mediaType": media_type, list: [&item]}).to_string();
            let outcome = match TrustedRoot::from_json(&alone) {
                Ok(root) => Verifier::new(&root).map(drop).map_err(|e| e.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match outcome {
                Ok(()) => usable.push(item),
                Err(why) => skipped.push(format!("{list}[{index}]: {why}")),
            }
        }
        root[list] = Value::Array(usable);
    }
    Ok(skipped)
}

impl fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustRoot").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_checked_when_read() {
        assert!(TrustRoot::public_good().is_ok());
        assert_eq!(TrustRoot::parse("{}").unwrap_err().reason(), "TrustRootInvalid");
    }

    fn root() -> Value {
        let text = include_str!("../../../e2e/fixtures/keyless/trusted_root.json");
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn one_unusable_entry_does_not_spoil_a_root_and_is_told() {
        assert_eq!(TrustRoot::parse(&root().to_string()).unwrap().skipped().len(), 0);
        for list in ["tlogs", "ctlogs", "certificateAuthorities"] {
            let mut with = root();
            let mut broken = with[list][0].clone();
            match list {
                "certificateAuthorities" => {
                    broken["certChain"]["certificates"][0]["rawBytes"] = "AAAA".into();
                }
                _ => broken["publicKey"]["rawBytes"] = "AAAA".into(),
            }
            with[list].as_array_mut().unwrap().insert(0, broken);
            let parsed = TrustRoot::parse(&with.to_string()).unwrap();
            assert!(parsed.skipped()[0].starts_with(&format!("{list}[0]: ")), "{list}");
            assert_eq!(parsed.skipped().len(), 1);
        }
        // A root whose only CT log is unusable still demands what such a log would say.
        let mut lone = root();
        lone["ctlogs"][0]["publicKey"]["rawBytes"] = "AAAA".into();
        assert!(TrustRoot::parse(&lone.to_string()).unwrap().has_ct_log);
        // A log named twice is ambiguous, and with nothing left there is no root.
        let mut twice = root();
        let log = twice["tlogs"][0].clone();
        twice["tlogs"].as_array_mut().unwrap().push(log);
        assert!(TrustRoot::parse(&twice.to_string()).is_err());
        let mut nothing = root();
        nothing["certificateAuthorities"] = json!([{"uri": "x"}]);
        nothing["tlogs"] = json!([1]);
        assert_eq!(
            TrustRoot::parse(&nothing.to_string()).unwrap_err().reason(),
            "TrustRootInvalid"
        );
    }
}
