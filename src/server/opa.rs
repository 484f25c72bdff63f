//! `/v1/opa/bundles/{id}.tar.gz`: what a stock OPA polls. With `Prefer: wait=N` and a tag that is
//! current the answer waits for a change, as OPA's long polling expects.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::conditional::{Outcome, Validators, evaluate};
use super::packs::{CACHE_CONTROL, find, repr_digest};
use super::problem::Problem;
use super::representation::Representation;
use crate::pack::{OPA_BUNDLE_MEDIA_TYPE, ServedPack, Shelf};

/// Nobody waits longer than this, whatever was asked.
const MAX_WAIT: Duration = Duration::from_secs(300);

/// What the handler needs: the packs, and whether the process is about to end.
#[derive(Clone)]
pub(super) struct Bundles {
    pub shelf: Arc<Shelf>,
    pub draining: watch::Receiver<bool>,
}

pub(super) async fn bundle(
    State(bundles): State<Bundles>,
    Path(file): Path<String>,
    method: Method,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let Some(id) = file.strip_suffix(".tar.gz") else {
        let detail = "a bundle is at /v1/opa/bundles/{id}.tar.gz";
        return Err(Problem::new(StatusCode::NOT_FOUND, "PackUnknown", detail));
    };
    let wait = if method == Method::GET { wait(&request) } else { Duration::ZERO };
    let deadline = Instant::now() + wait;
    let mut changes = bundles.shelf.watch();
    let mut draining = bundles.draining.clone();
    loop {
        changes.borrow_and_update();
        let representation = representation(&*find(&bundles.shelf, id)?)?;
        let validators =
            Validators { etag: &representation.etag, modified: representation.modified };
        let current = evaluate(&request, &validators) == Outcome::NotModified;
        if !current || *draining.borrow() || Instant::now() >= deadline {
            return Ok(representation.answer(&method, &request));
        }
        tokio::select! {
            _ = changes.changed() => {}
            // An error says that nobody is left to end the process in good order: do not wait.
            ended = draining.wait_for(|draining| *draining) => if ended.is_err() {
                return Ok(representation.answer(&method, &request));
            },
            () = sleep_until(deadline) => {}
        }
    }
}

fn representation(pack: &ServedPack) -> Result<Representation, Problem> {
    let (body, digest) = pack.opa().map_err(|error| {
        let detail = format!("the pack has no form as an OPA bundle: {error}");
        Problem::new(StatusCode::NOT_FOUND, "OpaBundleUnavailable", detail)
    })?;
    let mut further = HeaderMap::new();
    if let Some(value) = repr_digest(*digest) {
        further.insert("repr-digest", value);
    }
    Ok(Representation {
        body: body.clone(),
        content_type: OPA_BUNDLE_MEDIA_TYPE,
        etag: format!("\"sha-256:{}\"", digest.hex()),
        modified: Some(pack.loaded_at().as_second()),
        cache_control: CACHE_CONTROL,
        ranges: true,
        further,
    })
}

/// The `wait` of RFC 7240, in whichever line and order; OPA writes `modes=snapshot,delta;wait=N`.
fn wait(request: &HeaderMap) -> Duration {
    let lines = request.get_all("prefer").iter().filter_map(|line| line.to_str().ok());
    let seconds = lines
        .flat_map(|line| line.split([',', ';']))
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))
        .and_then(|(_, value)| value.trim().trim_matches('"').parse::<u64>().ok());
    Duration::from_secs(seconds.unwrap_or(0)).min(MAX_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_found_and_bounded() {
        let cases: &[(&[&str], u64)] = &[
            (&[], 0),
            (&["modes=snapshot,delta"], 0),
            (&["modes=snapshot,delta;wait=10"], 10),
            (&["respond-async", "Wait = \"7\""], 7),
            (&["wait=100000"], 300),
            (&["wait=-1"], 0),
            (&["wait=18446744073709551616"], 0),
            (&["wait"], 0),
        ];
        for (lines, seconds) in cases {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append("prefer", line.parse().unwrap());
            }
            assert_eq!(wait(&headers).as_secs(), *seconds, "{lines:?}");
        }
    }
}
