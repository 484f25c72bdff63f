//! Sets the three clouds' clients up: from a Secret, which may name nothing but itself, or from the
//! process's own environment.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3CopyIfNotExists};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::{BackoffConfig, ObjectStore, RetryConfig};

use super::connect::{Connector, options};
use super::endpoint::{allowed_clear, endpoint_of};
use super::place::{Cloud, Place};
use super::{Credentials, StoreError};

/// A bucket, and what tells it from another one of the same name.
pub(super) struct Bucket {
    pub store: Arc<dyn ObjectStore>,
    pub identity: String,
    /// Where buckets of one name are one bucket, whoever's credentials open it.
    pub site: String,
}

/// Whose buckets these are: the cloud, the endpoint if one is named, the account if it has buckets
/// of its own.
fn site(place: &Place, named: impl Fn(&str) -> Option<String>) -> String {
    let endpoints: &[&str] = match place.cloud {
        Cloud::S3 => &["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"],
        Cloud::Google => &["GOOGLE_BASE_URL"],
        Cloud::Azure => &["AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"],
    };
    let endpoint = endpoints.iter().find_map(|name| named(name)).unwrap_or_default();
    let account = match place.cloud {
        Cloud::Azure => named("AZURE_STORAGE_ACCOUNT_NAME").unwrap_or_default(),
        Cloud::S3 | Cloud::Google => String::new(),
    };
    format!("{} {} {account}", place.cloud as u8, endpoint.trim_end_matches('/'))
}

/// As long as a store is busy, but not for ever: whoever waits holds others up.
fn patience() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: 6,
        retry_timeout: Duration::from_secs(60),
    }
}

/// A bucket with what a Secret holds and with nothing of the process's own.
pub(super) fn with_secret(
    place: &Place,
    secret: &Credentials,
    loopback: bool,
) -> Result<Bucket, StoreError> {
    let ca = secret.get("ca.crt").map(|pem| ("ca.crt", pem));
    let ca = ca.or_else(|| secret.get("AWS_CA_BUNDLE").map(|pem| ("AWS_CA_BUNDLE", pem)));
    if let Some((key, pem)) = ca
        && reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_or(true, |c| c.is_empty())
    {
        return Err(secret.wrong(key, "holds no certificates in PEM"));
    }
    let pem = ca.map(|(_, pem)| pem.as_bytes().to_vec());
    let connector = |clear| Connector {
        guard: Some(loopback),
        ca: pem,
        clear,
        conditional: place.cloud == Cloud::S3,
    };
    let identity = format!("{} {}", place.cloud as u8, secret.digest());
    let store: Arc<dyn ObjectStore> = match place.cloud {
        Cloud::S3 => {
            let endpoint = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
            let clear = endpoint_of(secret, &endpoint, loopback, true)?;
            let mut builder = AmazonS3Builder::new();
            if secret.flag("AWS_SKIP_SIGNATURE")? {
                // No identity at all: the builder must not look for one.
                builder = builder.with_access_key_id("none").with_secret_access_key("none");
            } else {
                secret.required("AWS_ACCESS_KEY_ID")?;
                secret.required("AWS_SECRET_ACCESS_KEY")?;
            }
            for (key, config) in [
                ("AWS_ACCESS_KEY_ID", AmazonS3ConfigKey::AccessKeyId),
                ("AWS_SECRET_ACCESS_KEY", AmazonS3ConfigKey::SecretAccessKey),
                ("AWS_SESSION_TOKEN", AmazonS3ConfigKey::Token),
                ("AWS_REGION", AmazonS3ConfigKey::Region),
                ("AWS_DEFAULT_REGION", AmazonS3ConfigKey::DefaultRegion),
                ("AWS_ENDPOINT_URL", AmazonS3ConfigKey::Endpoint),
                ("AWS_ENDPOINT_URL_S3", AmazonS3ConfigKey::S3Endpoint),
                ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", AmazonS3ConfigKey::VirtualHostedStyleRequest),
                ("AWS_SKIP_SIGNATURE", AmazonS3ConfigKey::SkipSignature),
            ] {
                if let Some(value) = secret.get(key) {
                    builder = builder.with_config(config, value);
                }
            }
            let built = s3(builder, place, clear).with_http_connector(connector(clear)).build();
            Arc::new(
                built.map_err(|_| {
                    secret.wrong("AWS_REGION", "and its neighbours make no S3 client")
                })?,
            )
        }
        Cloud::Google => {
            let key = "GOOGLE_SERVICE_ACCOUNT_KEY";
            let json = secret.required(key)?;
            let parsed = serde_json::from_str::<serde_json::Value>(json).unwrap_or_default();
            if !["private_key", "client_email"].iter().all(|field| parsed[*field].is_string()) {
                return Err(secret.wrong(key, "is no service account's key in JSON"));
            }
            let clear = match parsed["gcs_base_url"].as_str() {
                Some(base) => {
                    allowed_clear(base, loopback, false).map_err(|why| secret.wrong(key, why))?
                }
                None => false,
            };
            let builder = GoogleCloudStorageBuilder::new()
                .with_service_account_key(json)
                .with_bucket_name(&place.bucket)
                .with_client_options(options(clear))
                .with_retry(patience())
                .with_http_connector(connector(clear));
            Arc::new(builder.build().map_err(|_| secret.wrong(key, "is no usable key"))?)
        }
        Cloud::Azure => {
            let clear = endpoint_of(secret, &["AZURE_STORAGE_ENDPOINT"], loopback, false)?;
            let name = "AZURE_STORAGE_ACCOUNT_NAME";
            let account = secret.required(name)?;
            if !account.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) {
                return Err(
                    secret.wrong(name, "is no account's name: lower-case letters and digits")
                );
            }
            let mut builder = MicrosoftAzureBuilder::new().with_account(account);
            let given = ["AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN"];
            let [key, sas] = given.map(|key| secret.get(key));
            builder = match (key, sas) {
                (Some(key), None) => builder.with_access_key(key),
                (None, Some(sas)) => builder.with_config(AzureConfigKey::SasKey, sas),
                (None, None) => {
                    return Err(secret.wrong(given[0], "or AZURE_STORAGE_SAS_TOKEN is missing"));
                }
                (Some(_), Some(_)) => {
                    return Err(
                        secret.wrong(given[0], "and AZURE_STORAGE_SAS_TOKEN exclude one another")
                    );
                }
            };
            if let Some(endpoint) = secret.get("AZURE_STORAGE_ENDPOINT") {
                builder = builder.with_endpoint(endpoint.to_owned());
            }
            let built = azure(builder, place, clear).with_http_connector(connector(clear)).build();
            Arc::new(built.map_err(|_| secret.wrong(given[0], "or the SAS token is not one"))?)
        }
    };
    let site = site(place, |name| secret.get(name).map(str::to_owned));
    Ok(Bucket { store, identity, site })
}

/// A bucket with the process's own environment: its variables, web identity, instance metadata.
pub(super) fn with_environment(place: &Place) -> Result<Bucket, StoreError> {
    let wrong = |why| StoreError::Environment { url: place.to_string(), why };
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let ca = match variable("AWS_CA_BUNDLE").filter(|_| place.cloud == Cloud::S3) {
        Some(path) => {
            Some(std::fs::read(path).map_err(|_| wrong("the file AWS_CA_BUNDLE cannot be read"))?)
        }
        None => None,
    };
    let clear = |endpoint: &[&str], allow: &str| {
        let endpoint = endpoint.iter().find_map(|name| variable(name));
        let allow = variable(allow).is_some_and(|value| matches!(value.as_str(), "true" | "1"));
        allow || endpoint.is_some_and(|url| allowed_clear(&url, true, false) == Ok(true))
    };
    let connector =
        |clear| Connector { guard: None, ca, clear, conditional: place.cloud == Cloud::S3 };
    let store: Arc<dyn ObjectStore> = match place.cloud {
        Cloud::S3 => {
            let endpoints = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];
            let clear = clear(&endpoints, "AWS_ALLOW_HTTP");
            let builder = s3(AmazonS3Builder::from_env(), place, clear);
            let built = builder.with_http_connector(connector(clear)).build();
            Arc::new(built.map_err(|_| wrong("check the variables whose names begin with AWS_"))?)
        }
        Cloud::Google => {
            let clear = clear(&["GOOGLE_BASE_URL"], "GOOGLE_ALLOW_HTTP");
            let builder = GoogleCloudStorageBuilder::from_env()
                .with_bucket_name(&place.bucket)
                .with_client_options(options(clear))
                .with_retry(patience())
                .with_http_connector(connector(clear));
            Arc::new(builder.build().map_err(|_| {
                wrong("check the variables whose names begin with GOOGLE_, and the file that GOOGLE_APPLICATION_CREDENTIALS names")
            })?)
        }
        Cloud::Azure => {
            let clear = clear(&["AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"], "AZURE_ALLOW_HTTP");
            let builder = azure(MicrosoftAzureBuilder::from_env(), place, clear);
            let built = builder.with_http_connector(connector(clear)).build();
            Arc::new(built.map_err(|_| {
                wrong("check AZURE_STORAGE_ACCOUNT_NAME and the variables whose names begin with AZURE_")
            })?)
        }
    };
    let identity = format!("{} environment", place.cloud as u8);
    Ok(Bucket { store, identity, site: site(place, variable) })
}

fn s3(builder: AmazonS3Builder, place: &Place, clear: bool) -> AmazonS3Builder {
    builder
        .with_bucket_name(&place.bucket)
        .with_client_options(options(clear))
        .with_retry(patience())
        // The bulk form is not there everywhere; we delete one staging object at a time.
        .with_disable_bulk_delete(true)
        .with_copy_if_not_exists(S3CopyIfNotExists::Multipart)
}

fn azure(builder: MicrosoftAzureBuilder, place: &Place, clear: bool) -> MicrosoftAzureBuilder {
    builder
        .with_container_name(&place.bucket)
        .with_client_options(options(clear))
        .with_retry(patience())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(url: &str, pairs: &[(&str, &str)], loopback: bool) -> Result<Bucket, StoreError> {
        let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), v.as_bytes().to_vec()));
        let secret = Credentials::new("store", pairs).unwrap();
        with_secret(&Place::parse(url).unwrap().unwrap(), &secret, loopback)
    }

    const S3: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "hush")];

    #[test]
    fn what_is_missing_or_wrong_is_named_and_no_secret_is_shown() {
        let with = |more: &[(&'static str, &'static str)]| [&S3[..], more].concat();
        let azure = ("AZURE_STORAGE_ACCOUNT_NAME", "account");
        for (url, pairs, key, why) in [
            ("s3://bucket/a", vec![], "AWS_ACCESS_KEY_ID", "missing"),
            ("s3://bucket/a", vec![S3[0]], "AWS_SECRET_ACCESS_KEY", "missing"),
            ("s3://bucket/a", with(&[("AWS_CA_BUNDLE", "hush")]), "AWS_CA_BUNDLE", "PEM"),
            (
                "s3://bucket/a",
                with(&[("AWS_ENDPOINT_URL", "http://10.1.2.3")]),
                "AWS_ENDPOINT_URL",
                "plain HTTP",
            ),
            (
                "s3://bucket/a",
                with(&[("AWS_ENDPOINT_URL", "http://127.0.0.1")]),
                "AWS_ENDPOINT_URL",
                "loopback",
            ),
            (
                "s3://bucket/a",
                with(&[("AWS_ENDPOINT_URL", "https://169.254.169.254")]),
                "AWS_ENDPOINT_URL",
                "metadata",
            ),
            (
                "s3://bucket/a",
                with(&[("AWS_ENDPOINT_URL", "https://u:hush@x")]),
                "AWS_ENDPOINT_URL",
                "password",
            ),
            (
                "s3://bucket/a",
                with(&[("AWS_ENDPOINT_URL", "file:///etc")]),
                "AWS_ENDPOINT_URL",
                "https",
            ),
            ("gs://bucket/a", vec![], "GOOGLE_SERVICE_ACCOUNT_KEY", "missing"),
            (
                "gs://bucket/a",
                vec![("GOOGLE_SERVICE_ACCOUNT_KEY", "hush")],
                "GOOGLE_SERVICE_ACCOUNT_KEY",
                "JSON",
            ),
            ("az://bucket/a", vec![], "AZURE_STORAGE_ACCOUNT_NAME", "missing"),
            ("az://bucket/a", vec![azure], "AZURE_STORAGE_ACCOUNT_KEY", "missing"),
            (
                "az://bucket/a",
                vec![("AZURE_STORAGE_ACCOUNT_NAME", "a.evil/")],
                "AZURE_STORAGE_ACCOUNT_NAME",
                "letters",
            ),
            (
                "az://bucket/a",
                vec![azure, ("AZURE_STORAGE_ACCOUNT_KEY", "hush!")],
                "AZURE_STORAGE_ACCOUNT_KEY",
                "not one",
            ),
        ] {
            let Err(error) = open(url, &pairs, false) else { panic!("{url} {pairs:?}") };
            let text = format!("{error} {error:?}");
            assert!(text.contains(key) && text.contains(why), "{url}: {text}");
            assert!(!text.contains("hush"), "{text}");
        }
    }

    #[test]
    fn what_is_whole_opens_and_is_told_apart() {
        let one = open("s3://bucket/a", &S3, false).unwrap();
        let near = [&S3[..], &[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")]].concat();
        let two = open("s3://bucket/a", &near, true).unwrap();
        assert_ne!(one.identity, two.identity);
        assert!(!one.identity.contains("hush"));
        let far =
            [&S3[..], &[("AWS_ENDPOINT_URL", "http://minio.x:9000"), ("AWS_ALLOW_HTTP", "true")]];
        assert!(open("s3://bucket/a", &far.concat(), false).is_ok());
        assert!(open("s3://bucket/a", &[("AWS_SKIP_SIGNATURE", "true")], false).is_ok());
        let key =
            [("AZURE_STORAGE_ACCOUNT_NAME", "account"), ("AZURE_STORAGE_ACCOUNT_KEY", "aHVzaA==")];
        assert!(open("az://bucket/a", &key, false).is_ok());
    }
}
