//! Tokens and rights, by the cluster's own word: `TokenReview`, `SubjectAccessReview`. Both answers
//! are kept for a few seconds, so that a token that was revoked is soon of no use.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kube::Client;
use kube::api::{Api, PostParams};

use crate::api::GROUP;
use crate::domain::Digest;
use crate::evidence::{Act, Caller, Doorman, Flights, Refused, Service, Tokens};

/// How long an answer counts.
const FRESH: Duration = Duration::from_secs(5);
/// How long the API server may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Answers kept, of each kind.
const KEPT: usize = 4096;

/// Asks the cluster.
pub struct ClusterDoorman {
    client: Client,
    audience: String,
    tokens: Option<std::sync::Arc<Tokens>>,
    callers: Flights<Digest, Result<Caller, Refused>>,
    rights: Flights<(Digest, Act, Service), Result<bool, String>>,
}

impl ClusterDoorman {
    /// Tokens of the cluster count if they are issued for `audience`; static ones as their files say.
    pub fn new(client: Client, audience: String, tokens: Option<Tokens>) -> Self {
        Self {
            client,
            audience,
            tokens: tokens.map(std::sync::Arc::new),
            callers: Flights::new(FRESH, KEPT),
            rights: Flights::new(FRESH, KEPT),
        }
    }

    async fn review(&self, token: &str) -> Result<Caller, Refused> {
        let review = TokenReview {
            spec: TokenReviewSpec {
                token: Some(token.to_owned()),
                audiences: Some(vec![self.audience.clone()]),
            },
            ..TokenReview::default()
        };
        let api = Api::<TokenReview>::all(self.client.clone());
        let parameters = PostParams::default();
        let asked = tokio::time::timeout(PATIENCE, api.create(&parameters, &review)).await;
        let unavailable = |why: String| Refused::Unavailable(why);
        let answer = asked
            .map_err(|_| unavailable("no answer in time".to_owned()))?
            .map_err(|error| unavailable(error.to_string()))?;
        let status = answer.status.ok_or_else(|| unavailable("an empty answer".to_owned()))?;
        // An authenticator that knows no audiences names none: its word is not for us.
        let for_us = status.audiences.iter().flatten().any(|audience| *audience == self.audience);
        let (Some(true), true, Some(user)) = (status.authenticated, for_us, status.user) else {
            return Err(Refused::Unknown);
        };
        let name = user.username.filter(|name| !name.is_empty()).ok_or(Refused::Unknown)?;
        let namespace = name
            .strip_prefix("system:serviceaccount:")
            .and_then(|rest| rest.split_once(':'))
            .map(|(namespace, _)| namespace.to_owned());
        Ok(Caller {
            user: name,
            uid: user.uid.unwrap_or_default(),
            groups: user.groups.unwrap_or_default(),
            extra: user.extra.unwrap_or_default().into_iter().collect(),
            namespace,
        })
    }

    async fn access(&self, caller: &Caller, act: Act, service: &Service) -> Result<bool, String> {
        let review = SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: Some(caller.user.clone()),
                uid: Some(caller.uid.clone()).filter(|uid| !uid.is_empty()),
                groups: Some(caller.groups.clone()),
                extra: Some(caller.extra.clone().into_iter().collect::<BTreeMap<_, _>>()),
                resource_attributes: Some(ResourceAttributes {
                    group: Some(GROUP.to_owned()),
                    resource: Some("evidence".to_owned()),
                    verb: Some(act.verb().to_owned()),
                    namespace: Some(service.namespace().to_owned()),
                    name: Some(service.name().to_owned()),
                    ..ResourceAttributes::default()
                }),
                ..SubjectAccessReviewSpec::default()
            },
            ..SubjectAccessReview::default()
        };
        let api = Api::<SubjectAccessReview>::all(self.client.clone());
        let parameters = PostParams::default();
        let asked = tokio::time::timeout(PATIENCE, api.create(&parameters, &review)).await;
        let answer = asked
            .map_err(|_| "no answer in time".to_owned())?
            .map_err(|error| error.to_string())?;
        let status = answer.status.ok_or("an empty answer")?;
        Ok(status.allowed && status.denied != Some(true))
    }
}

#[async_trait]
impl Doorman for ClusterDoorman {
    async fn who(&self, token: &str) -> Result<Caller, Refused> {
        if let Some(tokens) = &self.tokens {
            let (tokens, asked) = (std::sync::Arc::clone(tokens), token.to_owned());
            let found = tokio::task::spawn_blocking(move || tokens.whose(&asked)).await;
            if let Ok(Some(caller)) = found {
                return Ok(caller);
            }
        }
        // A token of the cluster is a JWT; anything else need not be carried there.
        if token.split('.').count() != 3 {
            return Err(Refused::Unknown);
        }
        self.callers.get(&Digest::of(token.as_bytes()), || self.review(token)).await
    }

    async fn may(&self, caller: &Caller, act: Act, service: &Service) -> Result<bool, String> {
        let who = serde_json::json!([caller.user, caller.uid, caller.groups, caller.extra]);
        let key = (Digest::of(who.to_string().as_bytes()), act, service.clone());
        self.rights.get(&key, || self.access(caller, act, service)).await
    }
}
