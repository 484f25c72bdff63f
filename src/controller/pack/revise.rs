//! One look at the source: fetch, verify, compile, publish to the store. A revision that fails on
//! the way changes nothing.

use std::sync::Arc;

use jiff::Timestamp;
use kube::ResourceExt as _;

use super::super::Context;
use super::super::error::Error;
use super::gather::Sources;
use super::key;
use crate::api::{ContractTests, PolicyPack};
use crate::domain::Digest;
use crate::pack::{Fetched, FetchedPack, Previous, VerifiedPack, fetch, verify};
use crate::policy::{self, CompiledPack};

/// How a look at the source ended.
pub(super) enum Revision {
    /// `spec.suspend`.
    Suspended,
    /// A revision was loaded.
    Loaded,
    /// The loaded revision is still the current one.
    Unchanged,
    /// The look failed; what was loaded stays.
    Failed(Failure),
}

/// How far a revision came.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Stage {
    /// The spec or what it refers to.
    Spec,
    /// Whom to trust: keys, identities, trust roots.
    Trust,
    /// Fetching.
    Fetch,
    /// Digest and signature.
    Verify,
    /// Archive, Rego, tests.
    Compile,
}

/// Why a revision was not loaded.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub stage: Stage,
    pub reason: &'static str,
    pub message: String,
    pub digest: Option<Digest>,
}

impl Failure {
    pub(super) fn new(stage: Stage, reason: &'static str, message: impl Into<String>) -> Self {
        Self { stage, reason, message: message.into(), digest: None }
    }
}

/// What is kept of the last revision that was loaded.
pub(in super::super) struct Remembered {
    previous: Previous,
    url: String,
    trust: Digest,
    verified: VerifiedPack,
}

/// Looks at the source once.
pub(super) async fn revise(
    pack: &PolicyPack,
    ctx: &Context,
    sources: Sources,
) -> Result<Revision, Error> {
    let key = key(pack)?;
    let now = Timestamp::now();
    let staleness = pack.spec.max_staleness.signed();
    let remembered = ctx.remembered(&key);
    if let Some(last) = &remembered
        && last.trust != sources.trust
        && let Err(failure) = still_trusted(last, &sources)
    {
        // Somebody struck out a key or an identity: what it signed must not go on judging.
        tracing::warn!(reason = failure.reason, "the loaded revision is no longer trusted");
        ctx.packs.remove(&key);
        ctx.forget(&key);
    }
    // What is demanded of tests may have been raised since it was loaded.
    if pack.spec.contract_tests == ContractTests::Required
        && ctx.packs.get(&key, now).is_ok_and(|loaded| loaded.tests_passed() == 0)
    {
        ctx.packs.remove(&key);
        ctx.forget(&key);
    }
    let usable = remembered
        .filter(|last| last.trust == sources.trust && last.url == pack_url(pack))
        .filter(|_| ctx.packs.get(&key, now).is_ok());
    let fetched = match fetch(&sources.settings, usable.as_ref().map(|last| &last.previous)).await {
        Ok(Fetched::NotModified) => {
            ctx.packs.touch(&key, now, Some(staleness));
            return Ok(Revision::Unchanged);
        }
        Ok(Fetched::Pack(fetched)) => fetched,
        Err(error) => {
            let message = error.to_string();
            return Ok(Revision::Failed(Failure::new(Stage::Fetch, error.reason(), message)));
        }
    };
    let digest = Digest::of(&fetched.tar);
    let previous = fetched.previous.clone();
    let tests = pack.spec.contract_tests;
    let (trust, name) = (sources.trust, pack.name_any());
    // Signatures and Rego are CPU work: off the async threads.
    let worked = tokio::task::spawn_blocking(move || load(fetched, &sources, tests, &name)).await;
    let (verified, compiled) = match worked {
        Ok(Ok(loaded)) => loaded,
        Ok(Err(mut failure)) => {
            failure.digest = Some(digest);
            return Ok(Revision::Failed(failure));
        }
        Err(lost) => {
            let text = format!("the pack could not be loaded: {lost}");
            return Ok(Revision::Failed(Failure::new(Stage::Compile, "LoadFailed", text)));
        }
    };
    ctx.packs.publish(&key, Arc::new(compiled), Timestamp::now(), Some(staleness));
    ctx.remember(&key, Remembered { previous, url: pack_url(pack), trust, verified });
    Ok(Revision::Loaded)
}

fn load(
    fetched: FetchedPack,
    sources: &Sources,
    tests: ContractTests,
    name: &str,
) -> Result<(VerifiedPack, CompiledPack), Failure> {
    let verified = verify(fetched, sources.pinned, &sources.authorities)
        .map_err(|error| Failure::new(Stage::Verify, error.reason(), error.to_string()))?;
    let compiled = policy::compile(&verified, &policy::Limits::default())
        .map_err(|error| Failure::new(Stage::Compile, error.reason(), error.to_string()))?;
    if tests == ContractTests::Required && compiled.tests_passed() == 0 {
        let text = format!("pack {name} has no test_* rules, and spec.contractTests is Required");
        return Err(Failure::new(Stage::Compile, "TestsMissing", text));
    }
    Ok((verified, compiled))
}

fn still_trusted(last: &Remembered, sources: &Sources) -> Result<(), Failure> {
    verify(last.verified.fetched().clone(), sources.pinned, &sources.authorities)
        .map(drop)
        .map_err(|error| Failure::new(Stage::Verify, error.reason(), error.to_string()))
}

fn pack_url(pack: &PolicyPack) -> String {
    let source = &pack.spec.source;
    match (&source.http, &source.oci) {
        (Some(http), _) => http.url.clone(),
        // Another tag or range is another source.
        (None, Some(oci)) => format!("{} {:?} {:?} {:?}", oci.url, oci.tag, oci.semver, oci.digest),
        (None, None) => String::new(),
    }
}
