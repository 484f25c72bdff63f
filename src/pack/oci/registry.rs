//! One repository of a registry: its login and the few requests of the distribution specification
//! that packs need.

use std::collections::HashSet;

use bytes::Bytes;
use oci_spec::distribution::TagList;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;

use super::super::fetch::{
    Answer, Ask, Auth, FetchError, FetchSettings, Transport, expect_ok, is_loopback, parse_url,
    secret_header, shown, text,
};
use super::challenge::{Challenge, ChallengeError, challenges};
use super::manifest::{
    Document, MAX_MANIFEST, ManifestError, Referrer, accepted, read_document, signatures,
};
use super::reference::is_tag;
use super::{ReferenceError, Repository};
use crate::domain::Digest;

/// Tags of a repository, pages of them and bytes of those pages that are looked at.
const MAX_TAGS: usize = 10_000;
const MAX_TAG_PAGES: usize = 100;
const MAX_TAG_BYTES: u64 = 16 << 20;
/// Pages of referrers that are looked at.
const MAX_REFERRER_PAGES: usize = 4;
const MAX_TOKEN: u64 = 64 << 10;

/// A manifest or index as the registry gave it.
pub(super) struct Found {
    pub bytes: Bytes,
    pub digest: Digest,
    pub document: Document,
}

pub(super) struct Registry<'a> {
    transport: &'a Transport,
    repository: Repository,
    base: Url,
    auth: Auth,
    actions: &'static str,
    authorization: Option<HeaderValue>,
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
}

impl<'a> Registry<'a> {
    /// The repository, for `pull` or `pull,push`.
    pub(super) fn new(
        transport: &'a Transport,
        settings: &FetchSettings,
        repository: Repository,
        actions: &'static str,
    ) -> Result<Self, FetchError> {
        let at = |scheme: &str| {
            parse_url(&format!("{scheme}://{}/v2/{}/", repository.host(), repository.path()))
        };
        let mut base = at("https")?;
        if settings.plain_http {
            if !is_loopback(&base) {
                let why = "without TLS only a registry on this machine is spoken to";
                let text = repository.to_string();
                return Err(ReferenceError::Invalid { text, why }.into());
            }
            base = at("http")?;
        }
        let auth = settings.auth.clone();
        Ok(Self { transport, repository, base, auth, actions, authorization: None })
    }

    pub(super) fn repository(&self) -> &Repository {
        &self.repository
    }

    /// A URL below the repository's.
    pub(super) fn url(&self, path: &str) -> Result<Url, FetchError> {
        parse_url(&format!("{}{path}", self.base))
    }

    pub(super) fn ask(&self, method: Method, url: Url, limit: u64) -> Ask {
        Ask { method, home: self.base.clone(), certificate: true, ..Ask::get(url, limit) }
    }

    /// Sends a request; if the registry wants a login, logs in and sends it once more. Only the
    /// registry's own word counts: where it redirected to could name a token service of its choice,
    /// and would be sent the password.
    pub(super) async fn send(&mut self, mut ask: Ask) -> Result<Answer, FetchError> {
        ask.authorization.clone_from(&self.authorization);
        let answer = self.transport.send(&ask).await?;
        // A token that was given to us is no better when it is sent a second time.
        let used_up = matches!(self.auth, Auth::Bearer(_)) && self.authorization.is_some();
        if answer.status != StatusCode::UNAUTHORIZED || !answer.at_home || used_up {
            return Ok(answer);
        }
        self.authorization = Some(self.log_in(&answer).await?);
        ask.authorization.clone_from(&self.authorization);
        self.transport.send(&ask).await
    }

    async fn log_in(&self, refused: &Answer) -> Result<HeaderValue, FetchError> {
        if let Auth::Bearer(token) = &self.auth {
            return secret_header(&format!("Bearer {token}"));
        }
        let headers = refused.headers.get_all(header::WWW_AUTHENTICATE);
        let offered: Vec<Challenge> =
            headers.iter().filter_map(|h| h.to_str().ok()).flat_map(challenges).collect();
        let of = |scheme: &str| offered.iter().find(|challenge| challenge.scheme == scheme);
        if let Some(bearer) = of("bearer") {
            return self.token(bearer, &shown(&refused.url)).await;
        }
        match (of("basic"), self.basic()?) {
            (Some(_), Some(basic)) => Ok(basic),
            (Some(_), None) => Err(FetchError::Unauthorized(shown(&refused.url))),
            _ => {
                let url = shown(&refused.url);
                Err(FetchError::Challenge { url, error: ChallengeError::Unknown })
            }
        }
    }

    fn basic(&self) -> Result<Option<HeaderValue>, FetchError> {
        use base64::Engine as _;
        let Auth::Basic { username, password } = &self.auth else { return Ok(None) };
        let pair = format!("{username}:{password}");
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
        secret_header(&format!("Basic {encoded}")).map(Some)
    }

    /// Asks the token service that the registry names. It is bound by the same rules as every other
    /// address, and is spoken to over TLS, because a token or a password passes.
    async fn token(&self, bearer: &Challenge, url: &str) -> Result<HeaderValue, FetchError> {
        let wrong = |error| FetchError::Challenge { url: url.to_owned(), error };
        let realm = bearer.parameters.get("realm").map(String::as_str).unwrap_or_default();
        let mut realm = parse_url(realm)
            .map_err(|_| wrong(ChallengeError::Realm("the realm is no http or https URL")))?;
        if realm.scheme() != "https" && !(is_loopback(&realm) && is_loopback(&self.base)) {
            return Err(wrong(ChallengeError::Realm("the realm is not https")));
        }
        let scope = format!("repository:{}:{}", self.repository.path(), self.actions);
        // Many registries are their own token service; any other is not shown our certificate.
        let certificate = realm.origin() == self.base.origin();
        let service = bearer.parameters.get("service").cloned().unwrap_or_default();
        let ask = if let Auth::Identity(token) = &self.auth {
            let mut form = Url::parse("form:?").map_err(|_| wrong(ChallengeError::NoToken))?;
            form.query_pairs_mut()
                .append_pair("grant_type", "refresh_token")
                .append_pair("service", &service)
                .append_pair("scope", &scope)
                .append_pair("client_id", "lazaret")
                .append_pair("refresh_token", token);
            let mut headers = HeaderMap::new();
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(header::CONTENT_TYPE, kind);
            let body = Bytes::from(form.query().unwrap_or_default().to_owned());
            let method = Method::POST;
            let ask = Ask::get(realm, MAX_TOKEN);
            Ask { method, headers, body, secret_body: true, certificate, ..ask }
        } else {
            realm.query_pairs_mut().append_pair("scope", &scope);
            if !service.is_empty() {
                realm.query_pairs_mut().append_pair("service", &service);
            }
            Ask { authorization: self.basic()?, certificate, ..Ask::get(realm, MAX_TOKEN) }
        };
        let answer = self.transport.send(&ask).await?;
        expect_ok(&answer)?;
        let token: Option<Token> = serde_json::from_slice(&answer.body).ok();
        let token = token.and_then(|t| t.token.or(t.access_token)).filter(|t| !t.is_empty());
        let token = token.ok_or_else(|| wrong(ChallengeError::NoToken))?;
        secret_header(&format!("Bearer {token}"))
    }

    /// The manifest or index with this tag or digest, if there is one.
    pub(super) async fn manifest(&mut self, reference: &str) -> Result<Option<Found>, FetchError> {
        self.manifest_within(reference, MAX_MANIFEST).await
    }

    /// The same, no larger than `limit`.
    pub(super) async fn manifest_within(
        &mut self,
        reference: &str,
        limit: u64,
    ) -> Result<Option<Found>, FetchError> {
        let url = self.url(&format!("manifests/{reference}"))?;
        let Some(bytes) = self.document(url, limit.min(MAX_MANIFEST)).await? else {
            return Ok(None);
        };
        let digest = Digest::of(&bytes);
        let url = || format!("{}@{reference}", self.repository);
        if let Ok(expected) = reference.parse::<Digest>()
            && expected != digest
        {
            return Err(FetchError::OtherBytes { url: url(), expected, actual: digest });
        }
        let document =
            read_document(&bytes).map_err(|error| FetchError::Manifest { url: url(), error })?;
        Ok(Some(Found { bytes, digest, document }))
    }

    async fn document(&mut self, url: Url, limit: u64) -> Result<Option<Bytes>, FetchError> {
        let mut ask = self.ask(Method::GET, url, limit);
        if let Ok(accepted) = HeaderValue::from_str(&accepted()) {
            ask.headers.insert(header::ACCEPT, accepted);
        }
        let answer = self.send(ask).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        expect_ok(&answer)?;
        Ok(Some(answer.body))
    }

    /// A blob of this digest and size, no larger than `limit`.
    pub(super) async fn blob(
        &mut self,
        (digest, size): (Digest, u64),
        limit: u64,
    ) -> Result<Bytes, FetchError> {
        let url = self.url(&format!("blobs/{digest}"))?;
        if size > limit {
            return Err(FetchError::TooLarge { url: shown(&url), limit });
        }
        let answer = self.send(self.ask(Method::GET, url, size)).await?;
        expect_ok(&answer)?;
        let actual = Digest::of(&answer.body);
        if actual != digest {
            let url = format!("{}@{digest}", self.repository);
            return Err(FetchError::OtherBytes { url, expected: digest, actual });
        }
        Ok(answer.body)
    }

    /// All tags that have a tag's form: they go into URLs, and one that has it is short.
    pub(super) async fn tags(&mut self) -> Result<Vec<String>, FetchError> {
        let mut tags = Vec::new();
        let mut next = Some(self.url("tags/list?n=1000")?);
        let (mut pages, mut listed, mut left) = (0, 0, MAX_TAG_BYTES);
        while let Some(url) = next.take() {
            let answer = self.send(self.ask(Method::GET, url, left.min(MAX_MANIFEST))).await?;
            expect_ok(&answer)?;
            left = left.saturating_sub(answer.body.len() as u64);
            let page: TagList = serde_json::from_slice(&answer.body).map_err(|error| {
                let error = ManifestError::Invalid(error.to_string());
                FetchError::Manifest { url: shown(&answer.url), error }
            })?;
            listed += page.tags().len();
            tags.extend(page.tags().iter().filter(|tag| is_tag(tag)).cloned());
            next = self.next_page(&answer)?;
            pages += 1;
            if listed > MAX_TAGS || pages > MAX_TAG_PAGES {
                let url = self.repository.to_string();
                return Err(FetchError::TooMany { url, what: "tags", limit: MAX_TAGS });
            }
        }
        Ok(tags)
    }

    /// What may hold a signature of a manifest, the likeliest first, from the registry's own list or,
    /// where it keeps none, from the tag that stands in for it. Each page is reduced to at most
    /// `most` of them before the next is asked for.
    pub(super) async fn referrers(
        &mut self,
        of: Digest,
        most: usize,
    ) -> Result<Vec<Referrer>, FetchError> {
        let mut found: Vec<Referrer> = Vec::new();
        let mut next = Some(self.url(&format!("referrers/{of}"))?);
        let mut pages = 0;
        while let Some(url) = next.take() {
            if pages == MAX_REFERRER_PAGES {
                tracing::debug!(%of, pages, "further pages of referrers are not looked at");
                break;
            }
            let mut ask = self.ask(Method::GET, url, MAX_MANIFEST);
            ask.headers
                .insert(header::ACCEPT, HeaderValue::from_static(super::manifest::INDEX_TYPE));
            let answer = self.send(ask).await?;
            // What has no such list answers 404, and some a plain 400 or 405.
            if matches!(answer.status.as_u16(), 400 | 404 | 405) && pages == 0 {
                let tagged = self.manifest(&fallback_tag(of)).await?;
                return Ok(tagged.map_or_else(Vec::new, |tagged| reduced(&tagged.document, most)));
            }
            expect_ok(&answer)?;
            let page = read_document(&answer.body)
                .map_err(|error| FetchError::Manifest { url: shown(&answer.url), error })?;
            found.extend(reduced(&page, most));
            next = self.next_page(&answer)?;
            pages += 1;
        }
        // Stable: within a rank the registry's order holds.
        found.sort_by_key(|referrer| referrer.says);
        let mut seen = HashSet::new();
        found.retain(|referrer| seen.insert(referrer.digest));
        found.truncate(most);
        Ok(found)
    }

    /// Where `Link: <…>; rel="next"` leads: only on within the registry.
    fn next_page(&self, answer: &Answer) -> Result<Option<Url>, FetchError> {
        let Some(link) = text(&answer.headers, &header::LINK) else { return Ok(None) };
        let Some((target, rest)) = link.trim().strip_prefix('<').and_then(|l| l.split_once('>'))
        else {
            return Ok(None);
        };
        if !rest.replace('"', "").to_ascii_lowercase().contains("rel=next") {
            return Ok(None);
        }
        let refuse = |why| FetchError::RedirectRefused { url: shown(&answer.url), why };
        let url = answer.url.join(target).map_err(|_| refuse("its next page has no usable URL"))?;
        if url.origin() != self.base.origin() {
            return Err(refuse("its next page lies elsewhere"));
        }
        Ok(Some(url))
    }
}

fn reduced(page: &Document, most: usize) -> Vec<Referrer> {
    match page {
        Document::Index(index) => signatures(index, most),
        Document::Manifest(_) => Vec::new(),
    }
}

/// The tag under which registries without a list of referrers keep one (distribution-spec,
/// "Referrers Tag Schema").
pub(super) fn fallback_tag(of: Digest) -> String {
    format!("sha256-{}", of.hex())
}
