//! Docker's `config.json`, as Secrets of type `kubernetes.io/dockerconfigjson` and people's home
//! directories hold it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::GeneralPurposeConfig;
use base64::engine::{DecodePaddingMode, GeneralPurpose};
use serde::Deserialize;

use super::super::fetch::Auth;
use super::Repository;

const MAX: usize = 1 << 20;

/// Some tools leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why there are no credentials in a configuration that should have some.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DockerConfigError {
    /// It is not what Docker writes.
    #[error("this is no Docker configuration with auths: {0}")]
    Invalid(String),
    /// The entry for a registry cannot be read.
    #[error("the entry for {0} has no usable auth, username and password, or identitytoken")]
    Entry(String),
    /// A program keeps the credentials.
    #[error(
        "the credentials for {registry} are kept by docker-credential-{helper}, which is not called; give --username and --password-stdin"
    )]
    Helper {
        /// For which registry.
        registry: String,
        /// The program's name.
        helper: String,
    },
}

/// A configuration.
#[derive(Deserialize)]
pub struct DockerConfig {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default, rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
    #[serde(default, rename = "credsStore")]
    store: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    auth: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    identitytoken: String,
    #[serde(default)]
    registrytoken: String,
}

impl DockerConfig {
    /// Reads a configuration.
    ///
    /// # Errors
    /// If it is too large or no JSON of that form.
    pub fn parse(bytes: &[u8]) -> Result<Self, DockerConfigError> {
        if bytes.len() > MAX {
            return Err(DockerConfigError::Invalid("it is larger than 1 MiB".into()));
        }
        // The parser's own words may quote what it read: a password.
        serde_json::from_slice(bytes).map_err(|error| {
            let at = format!("at line {}, column {}", error.line(), error.column());
            DockerConfigError::Invalid(at)
        })
    }

    /// The credentials for a repository: of the entries that fit, the one with the longest name, as
    /// the kubelet chooses. None fits: none are sent.
    ///
    /// # Errors
    /// If the entry cannot be used, or a credential helper would have to be asked.
    pub fn credentials(&self, repository: &Repository) -> Result<Auth, DockerConfigError> {
        let fitting = self.auths.iter().filter(|(name, _)| fits(name, repository));
        let best = fitting.max_by_key(|(name, _)| (plain(name).len(), !name.contains('*')));
        if let Some((name, entry)) = best.filter(|(_, entry)| !entry.is_empty()) {
            return entry.auth().ok_or_else(|| DockerConfigError::Entry(name.clone()));
        }
        let helper = self.helpers.iter().find(|(name, _)| fits(name, repository));
        match helper.map(|(_, helper)| helper).or(self.store.as_ref().filter(|_| best.is_some())) {
            Some(helper) => Err(DockerConfigError::Helper {
                registry: repository.registry().to_owned(),
                helper: helper.clone(),
            }),
            None => Ok(Auth::None),
        }
    }
}

impl Entry {
    /// With a credential store, Docker leaves an empty entry behind.
    fn is_empty(&self) -> bool {
        [&self.auth, &self.username, &self.identitytoken, &self.registrytoken]
            .into_iter()
            .all(String::is_empty)
    }

    fn auth(&self) -> Option<Auth> {
        if !self.identitytoken.is_empty() {
            return Some(Auth::Identity(self.identitytoken.clone()));
        }
        if !self.registrytoken.is_empty() {
            return Some(Auth::Bearer(self.registrytoken.clone()));
        }
        if self.auth.is_empty() {
            let (username, password) = (self.username.clone(), self.password.clone());
            return (!password.is_empty()).then_some(Auth::Basic { username, password });
        }
        let decoded = String::from_utf8(BASE64.decode(self.auth.trim()).ok()?).ok()?;
        let (username, password) = decoded.split_once(':')?;
        // Old clients end the password with NULs.
        let password = password.trim_matches('\0').to_owned();
        Some(Auth::Basic { username: username.to_owned(), password })
    }
}

/// An entry's name without scheme and API version: `https://index.docker.io/v1/` is Docker Hub's.
fn plain(name: &str) -> &str {
    let name = name.strip_prefix("https://").or(name.strip_prefix("http://")).unwrap_or(name);
    let name = name.trim_end_matches('/');
    name.strip_suffix("/v1").or(name.strip_suffix("/v2")).unwrap_or(name)
}

/// Whether an entry named `registry[/path]`, with `*` for a label of the host, is for a repository.
fn fits(name: &str, repository: &Repository) -> bool {
    let name = plain(name);
    let (host, path) = name.split_once('/').unwrap_or((name, ""));
    let host = host.to_ascii_lowercase();
    let host = match host.as_str() {
        "index.docker.io" | "registry-1.docker.io" => "docker.io",
        other => other,
    };
    let (patterns, labels) = (host.split('.'), repository.registry().split('.'));
    let same_host = patterns.clone().count() == labels.clone().count()
        && patterns.zip(labels).all(|(pattern, label)| matches(pattern, label));
    let rest = repository.path().strip_prefix(path);
    same_host
        && (path.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// `*` stands for any text within one label.
fn matches(pattern: &str, label: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == label,
        Some((start, end)) => {
            // One star is enough for anybody; two would only invite surprises.
            !end.contains('*')
                && label.len() >= start.len() + end.len()
                && label.starts_with(start)
                && label.ends_with(end)
        }
    }
}

/// What `config.json` would hold for a name and a password.
#[cfg(test)]
pub(super) fn encoded(username: &str, password: &str) -> String {
    BASE64.encode(format!("{username}:{password}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(config: &str, repository: &str) -> String {
        let (repository, _) = Repository::parse(repository).unwrap();
        match DockerConfig::parse(config.as_bytes()).and_then(|c| c.credentials(&repository)) {
            Ok(Auth::Basic { username, password }) => format!("{username}:{password}"),
            Ok(Auth::Bearer(token)) => format!("bearer {token}"),
            Ok(Auth::Identity(token)) => format!("identity {token}"),
            Ok(Auth::None) => "none".into(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn credentials_are_found_as_docker_and_the_kubelet_find_them() {
        let basic = |user: &str| format!(r#"{{"auth":"{}"}}"#, encoded(user, "p:w"));
        let config = format!(
            r#"{{"auths":{{
                "r.example.org":{},
                "r.example.org/team":{},
                "https://r.example.org:5000/v2/":{},
                "https://index.docker.io/v1/":{},
                "*.wild.example":{},
                "plain.example":{{"username":"u","password":"secret"}},
                "token.example":{{"auth":"AAAA","identitytoken":"t"}},
                "direct.example":{{"registrytoken":"d"}},
                "nul.example":{{"auth":"{}"}},
                "bad.example":{{"auth":"%%%"}},
                "colon.example":{{"auth":"YWJj"}},
                "name.example":{{"username":"u"}}
            }},"other":1}}"#,
            basic("host"),
            basic("team"),
            basic("port"),
            basic("hub"),
            basic("wild"),
            BASE64.encode("u:pw\0\0").trim_end_matches('='),
        );
        for (repository, expected) in [
            ("oci://r.example.org/other/a", "host:p:w"),
            ("oci://r.example.org/team/a", "team:p:w"),
            ("oci://r.example.org/team", "team:p:w"),
            ("oci://r.example.org/teams/a", "host:p:w"),
            ("oci://r.example.org:5000/a", "port:p:w"),
            ("oci://r.example.org:5001/a", "none"),
            ("oci://evil-r.example.org/a", "none"),
            ("oci://x.r.example.org/a", "none"),
            ("oci://docker.io/a", "hub:p:w"),
            ("oci://a.wild.example/a", "wild:p:w"),
            ("oci://a.b.wild.example/a", "none"),
            ("oci://plain.example/a", "u:secret"),
            ("oci://token.example/a", "identity t"),
            ("oci://direct.example/a", "bearer d"),
            ("oci://nul.example/a", "u:pw"),
        ] {
            assert_eq!(found(&config, repository), expected, "{repository}");
        }
        for registry in ["bad.example", "colon.example", "name.example"] {
            let text = found(&config, &format!("oci://{registry}/a"));
            assert!(text.starts_with(&format!("the entry for {registry}")), "{text}");
        }
    }

    #[test]
    fn a_credential_helper_is_named_and_a_broken_file_shows_no_password() {
        let store = r#"{"auths":{"r.example":{}},"credsStore":"desktop"}"#;
        assert!(found(store, "oci://r.example/a").contains("docker-credential-desktop"));
        assert_eq!(found(store, "oci://other.example/a"), "none");
        let helper = r#"{"credHelpers":{"r.example":"ecr-login"}}"#;
        assert!(found(helper, "oci://r.example/a").contains("docker-credential-ecr-login"));
        for broken in [r#"{"auths":{"r.example":"secret"}}"#, "secret", r#"{"auths":["secret"]}"#] {
            let text = found(broken, "oci://r.example/a");
            assert!(text.starts_with("this is no Docker") && !text.contains("secret"), "{text}");
        }
        assert!(DockerConfig::parse(&vec![b' '; MAX + 1]).is_err());
    }
}
