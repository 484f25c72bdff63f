//! How a pack is fetched: addresses, credentials, certificates, proxies.

use std::collections::BTreeMap;

use super::super::super::error::Error;
use super::super::revise::{Failure, Stage};
use super::{Reader, missing};
use crate::api::{Connection, HttpSource, OciSource, PolicyPack, reason};
use crate::pack::oci::{DockerConfig, Repository, Version};
use crate::pack::{Auth, FetchSettings, Proxy};

/// The key of a Secret of type `kubernetes.io/dockerconfigjson`.
const DOCKER_CONFIG: &str = ".dockerconfigjson";

type Data = BTreeMap<String, Vec<u8>>;

impl Reader<'_> {
    /// How to fetch the pack.
    pub(super) async fn settings(
        &self,
        pack: &PolicyPack,
    ) -> Result<Result<FetchSettings, Failure>, Error> {
        let source = &pack.spec.source;
        let made = match (&source.http, &source.oci) {
            (Some(http), _) => self.http(http).await?,
            (None, Some(oci)) => self.oci(oci).await?,
            (None, None) => Err(invalid("spec.source: neither http nor oci is set".into())),
        };
        Ok(made.map(|settings| FetchSettings {
            timeout: pack.spec.timeout.std(),
            allow_loopback: self.ctx.settings.allow_loopback,
            // Only a developer's registry on loopback, and only if nothing was said about TLS.
            plain_http: source.oci.as_ref().is_some_and(|oci| {
                self.ctx.settings.allow_loopback
                    && oci.connection.ca_secret_ref.is_none()
                    && on_loopback(oci)
            }),
            ..settings
        }))
    }

    async fn http(&self, http: &HttpSource) -> Result<Result<FetchSettings, Failure>, Error> {
        let mut settings = FetchSettings::new(&http.url);
        settings.bundle_url.clone_from(&http.bundle_url);
        if let Some(reference) = &http.secret_ref {
            let field = "spec.source.http.secretRef";
            match self.secret_data(field, &reference.name).await?.and_then(|data| {
                credentials(&data).ok_or_else(|| {
                    let needed = "must hold the key token, or username and password";
                    missing(format!("{field}: Secret {} {needed}", reference.name))
                })
            }) {
                Ok(auth) => settings.auth = auth,
                Err(failure) => return Ok(Err(failure)),
            }
        }
        self.connection(settings, "http", &http.connection).await
    }

    async fn oci(&self, oci: &OciSource) -> Result<Result<FetchSettings, Failure>, Error> {
        let (repository, version) = match artifact(oci) {
            Ok(artifact) => artifact,
            Err(failure) => return Ok(Err(failure)),
        };
        let mut settings = FetchSettings::new(&oci.url);
        settings.version = Some(version);
        if let Some(reference) = &oci.secret_ref {
            let field = "spec.source.oci.secretRef";
            match self.secret_data(field, &reference.name).await?.and_then(|data| {
                let wrong =
                    |text: String| missing(format!("{field}: Secret {}: {text}", reference.name));
                let config = data.get(DOCKER_CONFIG).ok_or_else(|| {
                    wrong(format!(
                        "no key {DOCKER_CONFIG}; its type is kubernetes.io/dockerconfigjson"
                    ))
                })?;
                DockerConfig::parse(config)
                    .and_then(|config| config.credentials(&repository))
                    .map_err(|error| wrong(error.to_string()))
            }) {
                Ok(auth) => settings.auth = auth,
                Err(failure) => return Ok(Err(failure)),
            }
        }
        self.connection(settings, "oci", &oci.connection).await
    }

    async fn connection(
        &self,
        mut settings: FetchSettings,
        kind: &str,
        connection: &Connection,
    ) -> Result<Result<FetchSettings, Failure>, Error> {
        let field = |name: &str| format!("spec.source.{kind}.{name}");
        if let Some(reference) = &connection.ca_secret_ref {
            match self.secret(&field("caSecretRef"), &reference.name, "ca.crt").await? {
                Ok(pem) => settings.ca_pem = Some(pem),
                Err(failure) => return Ok(Err(failure)),
            }
        }
        if let Some(reference) = &connection.cert_secret_ref {
            let field = field("certSecretRef");
            let mut pem = Vec::new();
            for key in ["tls.crt", "tls.key"] {
                match self.secret(&field, &reference.name, key).await? {
                    Ok(part) => pem.extend(part),
                    Err(failure) => return Ok(Err(failure)),
                }
                pem.push(b'\n');
            }
            settings.client_pem = Some(pem);
        }
        if let Some(reference) = &connection.proxy_secret_ref {
            let field = field("proxySecretRef");
            match self.secret_data(&field, &reference.name).await?.and_then(|data| {
                proxy(&data).ok_or_else(|| {
                    let needed = "must hold the key address, and username only with password";
                    missing(format!("{field}: Secret {} {needed}", reference.name))
                })
            }) {
                Ok(proxy) => settings.proxy = Some(proxy),
                Err(failure) => return Ok(Err(failure)),
            }
        }
        Ok(Ok(settings))
    }
}

fn invalid(text: String) -> Failure {
    Failure::new(Stage::Spec, reason::INVALID_SPEC, text)
}

/// Repository and version of an OCI source. The version stands in a field of its own.
fn artifact(oci: &OciSource) -> Result<(Repository, Version), Failure> {
    let (repository, named) = Repository::parse(&oci.url)
        .map_err(|error| invalid(format!("spec.source.oci.url: {error}")))?;
    if named.is_some() {
        let text = "spec.source.oci.url: tag and digest stand in fields of their own";
        return Err(invalid(text.into()));
    }
    let version = match (&oci.tag, &oci.semver, &oci.digest) {
        (Some(tag), None, None) => Version::Tag(tag.clone()),
        (None, Some(range), None) => Version::range(range)
            .map_err(|error| invalid(format!("spec.source.oci.semver: {error}")))?,
        (None, None, Some(digest)) => Version::Digest(
            digest.parse().map_err(|error| invalid(format!("spec.source.oci.digest: {error}")))?,
        ),
        _ => {
            let text = "spec.source.oci: set exactly one of tag, semver and digest";
            return Err(invalid(text.into()));
        }
    };
    Ok((repository, version))
}

fn on_loopback(oci: &OciSource) -> bool {
    Repository::parse(&oci.url).is_ok_and(|(repository, _)| repository.is_on_loopback())
}

fn credentials(data: &Data) -> Option<Auth> {
    if let Some(token) = text(data, "token") {
        return Some(Auth::Bearer(token));
    }
    Some(Auth::Basic { username: text(data, "username")?, password: text(data, "password")? })
}

fn proxy(data: &Data) -> Option<Proxy> {
    let credentials = match (text(data, "username"), text(data, "password")) {
        (Some(username), Some(password)) => Some((username, password)),
        (None, None) => None,
        _ => return None,
    };
    Some(Proxy { address: text(data, "address")?, credentials })
}

/// A line's end that an editor left behind is no part of a password.
fn text(data: &Data, key: &str) -> Option<String> {
    Some(String::from_utf8_lossy(data.get(key)?).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(pairs: &[(&str, &str)]) -> Data {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), v.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_secret_holds_a_token_or_a_pair() {
        let basic = |u: &str, p: &str| Auth::Basic { username: u.into(), password: p.into() };
        for (pairs, expected) in [
            (vec![("token", "t\n")], Some(Auth::Bearer("t".into()))),
            (vec![("username", "u"), ("password", "p\n")], Some(basic("u", "p"))),
            (vec![("token", "t"), ("username", "u")], Some(Auth::Bearer("t".into()))),
            (vec![("username", "u")], None),
            (vec![("password", "p")], None),
            (vec![], None),
        ] {
            assert_eq!(credentials(&data(&pairs)), expected, "{pairs:?}");
        }
    }

    #[test]
    fn a_proxy_has_an_address_and_both_credentials_or_none() {
        let read = |pairs: &[(&str, &str)]| {
            proxy(&data(pairs)).map(|p| (p.address, p.credentials.is_some()))
        };
        let address = ("address", "http://proxy:3128");
        assert_eq!(read(&[address]), Some((address.1.into(), false)));
        let whole = [address, ("username", "u"), ("password", "p")];
        assert_eq!(read(&whole), Some((address.1.into(), true)));
        assert_eq!(read(&whole[..2]), None);
        assert_eq!(read(&whole[1..]), None);
    }

    #[test]
    fn an_oci_source_names_one_artifact() {
        let source =
            |url: &str, tag: Option<&str>, semver: Option<&str>, digest: Option<&str>| OciSource {
                url: url.into(),
                tag: tag.map(Into::into),
                semver: semver.map(Into::into),
                digest: digest.map(Into::into),
                secret_ref: None,
                connection: Connection::default(),
            };
        let url = "oci://r.example/packs/a";
        let hex = format!("sha256:{}", "a".repeat(64));
        for good in [
            source(url, Some("v1"), None, None),
            source(url, None, Some("^1.2"), None),
            source(url, None, None, Some(&hex)),
        ] {
            assert!(artifact(&good).is_ok(), "{good:?}");
        }
        for bad in [
            source(url, None, None, None),
            source(url, Some("v1"), Some("^1"), None),
            source(url, None, Some("newest"), None),
            source(url, None, None, Some("sha256:a")),
            source("oci://r.example/packs/a:v1", Some("v1"), None, None),
            source("oci://r.example", Some("v1"), None, None),
        ] {
            let failure = artifact(&bad).map(drop).unwrap_err();
            assert_eq!(failure.reason, reason::INVALID_SPEC, "{bad:?}");
            assert!(failure.message.starts_with("spec.source.oci"), "{}", failure.message);
        }
    }
}
