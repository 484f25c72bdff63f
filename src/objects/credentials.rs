//! What a Secret says about a store.

use std::collections::BTreeMap;
use std::fmt;

use super::StoreError;
use crate::domain::{Digest, DigestWriter};

/// The keys of a Secret that Lazaret takes, each named as the cloud names its environment
/// variable. Others are ignored: none may point at a file, a proxy or a metadata service.
pub(super) const KEYS: [&str; 17] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
    "AWS_ALLOW_HTTP",
    "AWS_SKIP_SIGNATURE",
    "AWS_CA_BUNDLE",
    "ca.crt",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "AZURE_STORAGE_ACCOUNT_NAME",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_ENDPOINT",
];

/// One value of a Secret: a service account's key is 2 to 3 KB, a bundle of authorities 200 KB.
const MAX_VALUE: usize = 512 << 10;

/// Credentials and endpoint of a store, from a Secret. Shows nothing of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    name: String,
    values: BTreeMap<String, String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.name)
    }
}

impl Credentials {
    /// What the Secret `name` holds.
    ///
    /// # Errors
    /// If a value that matters is no text, or too long.
    pub fn new(
        name: impl Into<String>,
        data: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Self, StoreError> {
        let name = name.into();
        let mut values = BTreeMap::new();
        for (key, value) in data {
            let Some(known) = KEYS.iter().find(|known| **known == key) else { continue };
            let text = String::from_utf8(value).ok().filter(|text| text.len() <= MAX_VALUE);
            let Some(text) = text else {
                let key = (*known).to_owned();
                return Err(StoreError::Secret {
                    name,
                    key,
                    why: "is no text, or longer than 512 KiB",
                });
            };
            let text = text.trim();
            if !text.is_empty() {
                values.insert(key, text.to_owned());
            }
        }
        Ok(Self { name, values })
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    pub(super) fn required(&self, key: &str) -> Result<&str, StoreError> {
        self.get(key).ok_or_else(|| self.wrong(key, "is missing"))
    }

    /// Whether a switch is on.
    pub(super) fn flag(&self, key: &str) -> Result<bool, StoreError> {
        match self.get(key) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(self.wrong(key, "must be true or false")),
        }
    }

    pub(super) fn wrong(&self, key: &str, why: &'static str) -> StoreError {
        StoreError::Secret { name: self.name.clone(), key: key.to_owned(), why }
    }

    /// Tells two sets of credentials apart without showing them.
    pub(super) fn digest(&self) -> Digest {
        let mut digest = DigestWriter::new();
        for (key, value) in &self.values {
            digest.update(format!("{key}={}:{value}\n", value.len()).as_bytes());
        }
        digest.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &[u8])]) -> Result<Credentials, StoreError> {
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), value.to_vec()));
        Credentials::new("store", pairs)
    }

    #[test]
    fn unknown_keys_are_ignored_and_nothing_is_shown() {
        let found = from(&[
            ("AWS_ACCESS_KEY_ID", b"id\n"),
            ("AWS_METADATA_ENDPOINT", b"http://169.254.169.254"),
            ("AWS_SECRET_ACCESS_KEY", b"hush"),
            ("AWS_SESSION_TOKEN", b""),
        ])
        .unwrap();
        assert_eq!(found.get("AWS_ACCESS_KEY_ID"), Some("id"));
        assert_eq!(found.get("AWS_METADATA_ENDPOINT"), None);
        assert_eq!(found.get("AWS_SESSION_TOKEN"), None);
        assert!(!format!("{found:?}").contains("hush"));
        let missing = found.required("AWS_REGION").unwrap_err().to_string();
        assert!(missing.contains("store") && missing.contains("AWS_REGION"), "{missing}");
    }

    #[test]
    fn what_is_no_text_or_no_switch_is_refused() {
        assert!(from(&[("AWS_REGION", b"\xff")]).is_err());
        assert!(from(&[("AWS_REGION", &vec![b'a'; MAX_VALUE + 1])]).is_err());
        let odd = from(&[("AWS_ALLOW_HTTP", b"maybe")]).unwrap();
        assert!(odd.flag("AWS_ALLOW_HTTP").is_err());
        assert_ne!(
            from(&[("AWS_REGION", b"a")]).unwrap().digest(),
            from(&[("AWS_REGION", b"b")]).unwrap().digest()
        );
    }
}
