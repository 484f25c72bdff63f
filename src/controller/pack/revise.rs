//! One look at the source: fetch, verify, compile, publish to the store. A revision that fails on
//! the way changes nothing.

use std::sync::Arc;

use jiff::Timestamp;
use kube::ResourceExt as _;
use kube::api::Api;

use super::super::Context;
use super::super::error::Error;
use super::gather::{self, Trusted};
use super::shadow::{self, Shadowed};
use super::{key, restore};
use crate::api::{ContractTests, PackSource, PolicyPack};
use crate::domain::Digest;
use crate::pack::{
    FetchSettings, Fetched, FetchedPack, Previous, Signer, VerifiedPack, fetch, verify,
};
use crate::policy::{self, CompiledPack};

/// How a look at the source ended.
pub(super) enum Revision {
    /// `spec.suspend`.
    Suspended,
    /// A revision was loaded; what it changed, if another was loaded before it.
    Loaded(Option<Shadowed>),
    /// A revision is good, but turns verdicts that nobody approved; what was loaded stays.
    Waiting(Shadowed),
    /// The loaded revision is still the current one.
    Unchanged,
    /// The look failed; what was loaded stays.
    Failed(Failure),
}

/// How far a revision came.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in super::super) enum Stage {
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
pub(in super::super) struct Failure {
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
    source: PackSource,
    trust: Digest,
    pub(super) verified: VerifiedPack,
}

impl Remembered {
    /// What came from the state directory. Its source is asked without conditions: only what it said
    /// to this process counts.
    pub(super) fn restored(pack: &PolicyPack, trust: Digest, verified: VerifiedPack) -> Self {
        Self { previous: Previous::default(), source: source(pack), trust, verified }
    }

    /// Who signed it, as it was verified last.
    pub(super) const fn signer(&self) -> &Signer {
        self.verified.signer()
    }
}

/// Strikes out what may not go on judging under what the spec says now.
pub(super) async fn uphold(
    pack: &PolicyPack,
    ctx: &Context,
    trusted: &Arc<Trusted>,
) -> Result<(), Error> {
    let key = key(pack)?;
    // What is demanded of tests may have been raised since it was loaded.
    if pack.spec.contract_tests == ContractTests::Required
        && ctx.packs.peek(&key).is_some_and(|(loaded, _)| loaded.tests_passed() == 0)
    {
        ctx.strike_out(&key, no_tests(pack));
        return Ok(());
    }
    let Some(last) = ctx.remembered(&key).filter(|last| last.trust != trusted.digest) else {
        return Ok(());
    };
    let (fetched, trusted_now) = (last.verified.fetched().clone(), Arc::clone(trusted));
    let verified = tokio::task::spawn_blocking(move || {
        verify(fetched, trusted_now.pinned, &trusted_now.authorities)
    });
    match verified.await {
        Ok(Ok(verified)) => {
            // Perhaps another signer's word than before.
            let (previous, source) = (Previous::default(), last.source.clone());
            ctx.remember(&key, Remembered { previous, source, trust: trusted.digest, verified });
        }
        Ok(Err(error)) => {
            // Somebody struck out a key or an identity: what it signed must not go on judging.
            tracing::warn!(reason = error.reason(), "the loaded revision is no longer trusted");
            let why = Failure::new(Stage::Verify, error.reason(), error.to_string());
            ctx.strike_out(&key, why);
        }
        Err(lost) => {
            let text = format!("the signature could not be checked: {lost}");
            ctx.strike_out(&key, Failure::new(Stage::Verify, "VerifyFailed", text));
        }
    }
    Ok(())
}

/// Looks at the source once. `None` if spec or trust changed while it did.
pub(super) async fn revise(
    pack: &Arc<PolicyPack>,
    ctx: &Arc<Context>,
    trusted: &Arc<Trusted>,
    settings: &FetchSettings,
) -> Result<Option<Revision>, Error> {
    let key = key(pack)?;
    let now = Timestamp::now();
    let staleness = pack.spec.max_staleness.signed();
    let usable = ctx
        .remembered(&key)
        .filter(|last| last.trust == trusted.digest && last.source == source(pack))
        .filter(|_| ctx.packs.get(&key, now).is_ok());
    let fetched = match fetch(settings, usable.as_ref().map(|last| &last.previous)).await {
        Ok(Fetched::NotModified) => {
            ctx.packs.touch(&key, now, Some(staleness));
            return Ok(Some(Revision::Unchanged));
        }
        Ok(Fetched::Pack(fetched)) => fetched,
        Err(error) => {
            let message = error.to_string();
            return Ok(Some(Revision::Failed(Failure::new(Stage::Fetch, error.reason(), message))));
        }
    };
    let digest = Digest::of(&fetched.tar);
    let previous = fetched.previous.clone();
    let trust = trusted.digest;
    let work = {
        let (pack, ctx, key) = (Arc::clone(pack), Arc::clone(ctx), key.clone());
        let trusted = Arc::clone(trusted);
        move || {
            let loaded = ctx.packs.peek(&key).map(|(loaded, _)| loaded);
            let (verified, compiled) = load(fetched, &trusted, &pack, loaded)?;
            let shadowed = shadow::try_out(&pack, &ctx, &key, &compiled);
            Ok((verified, compiled, shadowed))
        }
    };
    // Signatures and Rego are CPU work: off the async threads.
    let (verified, compiled, shadowed) = match tokio::task::spawn_blocking(work).await {
        Ok(Ok(loaded)) => loaded,
        Ok(Err(failure)) => {
            return Ok(Some(Revision::Failed(Failure { digest: Some(digest), ..failure })));
        }
        Err(lost) => {
            let text = format!("the pack could not be loaded: {lost}");
            return Ok(Some(Revision::Failed(Failure::new(Stage::Compile, "LoadFailed", text))));
        }
    };
    // Minutes may have gone by: what was found under other keys or another spec is not taken.
    if !is_current(pack, ctx, trust).await? {
        return Ok(None);
    }
    if let Some(shadowed) = &shadowed
        && shadow::must_wait(&pack.spec, shadowed)
    {
        // The source was asked and answered; that its answer is not taken yet is a person's wish.
        ctx.packs.touch(&key, Timestamp::now(), Some(staleness));
        return Ok(Some(Revision::Waiting(shadowed.clone())));
    }
    ctx.unless_deleted(&key, || {
        ctx.packs.publish(&key, compiled, Timestamp::now(), Some(staleness));
        ctx.remember(&key, Remembered { previous, source: source(pack), trust, verified });
    });
    restore::keep_loaded(pack, ctx, &key).await;
    Ok(Some(Revision::Loaded(shadowed)))
}

/// Whether the pack on the server is still the one that was looked at, and trusts the same.
pub(super) async fn is_current(
    pack: &PolicyPack,
    ctx: &Context,
    trust: Digest,
) -> Result<bool, Error> {
    let namespace = pack.namespace().ok_or(Error::Incomplete("namespace"))?;
    let api = Api::<PolicyPack>::namespaced(ctx.client.clone(), &namespace);
    let Some(now) = api.get_opt(&pack.name_any()).await? else { return Ok(false) };
    let same = now.uid() == pack.uid() && now.metadata.generation == pack.metadata.generation;
    Ok(same && gather::trusted(&now, ctx).await?.is_ok_and(|trusted| trusted.digest == trust))
}

/// Verifies and compiles. The same bytes are not compiled twice: `loaded` is what they became before.
pub(super) fn load(
    fetched: FetchedPack,
    trusted: &Trusted,
    pack: &PolicyPack,
    loaded: Option<Arc<CompiledPack>>,
) -> Result<(VerifiedPack, Arc<CompiledPack>), Failure> {
    let verified = verify(fetched, trusted.pinned, &trusted.authorities)
        .map_err(|error| Failure::new(Stage::Verify, error.reason(), error.to_string()))?;
    let compiled = match loaded.filter(|loaded| loaded.digest() == verified.digest()) {
        Some(same) => same,
        None => policy::compile(&verified, &policy::Limits::default())
            .map(Arc::new)
            .map_err(|error| Failure::new(Stage::Compile, error.reason(), error.to_string()))?,
    };
    if pack.spec.contract_tests == ContractTests::Required && compiled.tests_passed() == 0 {
        return Err(no_tests(pack));
    }
    Ok((verified, compiled))
}

fn no_tests(pack: &PolicyPack) -> Failure {
    let name = pack.name_any();
    let text = format!("pack {name} has no test_* rules, and spec.contractTests is Required");
    Failure::new(Stage::Compile, "TestsMissing", text)
}

/// Where the pack comes from: another place, another pack.
fn source(pack: &PolicyPack) -> PackSource {
    pack.spec.source.clone()
}
