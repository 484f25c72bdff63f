//! Who asks, and whether he may. Whoever may not learns nothing of what there is: rights are asked
//! for before anything is looked up, and about the name alone.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::super::limits::Client;
use super::super::problem::Problem;
use super::Evidence;
use crate::domain::Digest;
use crate::evidence::{Act, Caller, NameError, Refused, ReleaseId, Service};

/// Bytes of a token.
const MAX_TOKEN: usize = 8 << 10;

impl Evidence {
    /// Who asks.
    ///
    /// # Errors
    /// 401 without a token that is known, 429 if he asks too often, 503 if nobody can tell.
    pub(super) async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let token = token(headers).ok_or_else(unknown)?;
        let caller = self.doorman.who(token).await.map_err(|refused| match refused {
            Refused::Unknown => unknown(),
            Refused::Unavailable(why) => unavailable(&why),
        })?;
        let digest = Digest::of(caller.user.as_bytes());
        let mut name = [0; 16];
        name.copy_from_slice(&digest.as_bytes()[..16]);
        if let Some(limiter) = &self.limiter
            && let Err(wait) = limiter.take(Client::Named(name), self.started.elapsed())
        {
            let detail = "too many requests of this caller; ask again later";
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "RateLimited", detail);
            return Err(problem.retry_after(wait.as_secs() + 1));
        }
        Ok(caller)
    }

    /// What the caller asks about, if he may.
    ///
    /// # Errors
    /// 400 for what is no name, 403 if he may not, 503 if nobody can tell.
    pub(super) async fn admitted(
        &self,
        caller: &Caller,
        act: Act,
        service: &str,
        release: &str,
    ) -> Result<(Service, ReleaseId), Problem> {
        let (service, release) = named(caller, service, release)?;
        match self.doorman.may(caller, act, &service).await {
            Ok(true) => Ok((service, release)),
            Ok(false) => Err(forbidden()),
            Err(why) => Err(unavailable(&why)),
        }
    }
}

pub(super) fn named(
    caller: &Caller,
    service: &str,
    release: &str,
) -> Result<(Service, ReleaseId), Problem> {
    let wrong =
        |error: NameError| Problem::new(StatusCode::BAD_REQUEST, "NameInvalid", error.to_string());
    let service = Service::parse(service, caller.namespace.as_deref()).map_err(wrong)?;
    Ok((service, release.parse().map_err(wrong)?))
}

/// The one bearer token.
fn token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    let plain = !token.is_empty() && token.len() <= MAX_TOKEN && !token.contains([' ', '\t']);
    (scheme.eq_ignore_ascii_case("bearer") && plain).then_some(token)
}

pub(super) fn unknown() -> Problem {
    let detail = "an Authorization header with a bearer token that is known is needed";
    Problem::new(StatusCode::UNAUTHORIZED, "Unauthenticated", detail)
        .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"lazaret\""))
}

fn forbidden() -> Problem {
    let detail = "the caller may not do this with the evidence of this service, whether it exists or not: it takes the verb get or create on evidence.lazaret.dev in its namespace";
    Problem::new(StatusCode::FORBIDDEN, "Forbidden", detail)
}

fn unavailable(why: &str) -> Problem {
    tracing::warn!(why, "cannot tell who may ask");
    let detail = "tokens and rights cannot be looked up now";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "CannotAuthorize", detail).retry_after(5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_token_or_none() {
        let cases: &[(&[&str], Option<&str>)] = &[
            (&["Bearer abc"], Some("abc")),
            (&["bearer  abc "], Some("abc")),
            (&[], None),
            (&["abc"], None),
            (&["Bearer"], None),
            (&["Bearer "], None),
            (&["Basic abc"], None),
            (&["Bearer a b"], None),
            (&["Bearer abc", "Bearer abc"], None),
        ];
        for (lines, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append(header::AUTHORIZATION, line.parse().unwrap());
            }
            assert_eq!(token(&headers), *expected, "{lines:?}");
        }
    }
}
