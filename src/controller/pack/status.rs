//! The status of a pack, from what happened. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::revise::{Revision, Stage};
use super::serving::Serving;
use crate::api::{
    Artifact, Failure, HistoryEntry, PolicyPack, PolicyPackStatus, SignerStatus, condition, reason,
    set_condition, type_,
};
use crate::pack::{PACK_MEDIA_TYPE, Signer};
use crate::policy::CompiledPack;

/// Revisions that the history keeps.
const MAX_HISTORY: usize = 10;

/// What is in memory.
pub(super) struct Held<'a> {
    /// What can judge now.
    pub loaded: Option<&'a CompiledPack>,
    /// Whether anything is loaded, stale or not.
    pub any: bool,
    /// Who signed it, as it was verified last.
    pub signer: Option<Signer>,
}

/// The status after a look at the source.
pub(super) fn render(
    old: &PolicyPackStatus,
    pack: &PolicyPack,
    revision: &Revision,
    held: &Held<'_>,
    requested: Option<String>,
    now: Timestamp,
) -> PolicyPackStatus {
    let loaded = held.loaded;
    let generation = pack.metadata.generation;
    let mut new = old.clone();
    new.observed_generation = generation;
    new.last_handled_reconcile_at = requested;
    match loaded {
        Some(compiled) => {
            describe(&mut new, compiled, now);
            new.signer = held.signer.as_ref().map(signer);
        }
        // The history tells what was loaded once.
        None if !held.any => (new.artifact, new.signer) = (None, None),
        None => {}
    }
    let list = &mut new.conditions;
    let mut set = |kind, value, why: &str, text: String| {
        set_condition(list, condition(kind, value, why, text, generation, now));
    };
    match revision {
        Revision::Suspended => {}
        Revision::Loaded(_) | Revision::Waiting(_) | Revision::Unchanged => {
            set(type_::FETCHED, true, reason::SUCCEEDED, "the source answered".into());
            set(type_::VERIFIED, true, reason::SUCCEEDED, "digest and signature hold".into());
            let text = "the pack compiles and its tests pass".to_owned();
            set(type_::TESTS_PASSED, true, reason::SUCCEEDED, text);
            match revision {
                Revision::Loaded(seen) => {
                    new.shadow = seen.as_ref().map(|seen| seen.status(false, now));
                }
                Revision::Waiting(seen) => new.shadow = Some(seen.status(true, now)),
                _ => {}
            }
            new.last_checked_at = Some(Time(now));
            new.last_failure = None;
            new.failures = 0;
        }
        Revision::Failed(failure) => {
            let failed = match failure.stage {
                Stage::Spec | Stage::Fetch => type_::FETCHED,
                Stage::Trust | Stage::Verify => type_::VERIFIED,
                Stage::Compile => type_::TESTS_PASSED,
            };
            if failure.stage > Stage::Fetch {
                set(type_::FETCHED, true, reason::SUCCEEDED, "the source answered".into());
            }
            if failure.stage > Stage::Verify {
                set(type_::VERIFIED, true, reason::SUCCEEDED, "digest and signature hold".into());
            }
            set(failed, false, failure.reason, failure.message.clone());
            new.failures = old.failures.saturating_add(1);
            new.last_failure = Some(Failure {
                reason: failure.reason.to_owned(),
                message: failure.message.chars().take(2000).collect(),
                digest: failure.digest.map(|digest| digest.to_string()),
                at: Time(now),
            });
        }
    }
    ready(&mut new, revision, loaded, generation, now);
    new
}

/// The status with what became of `spec.serve`.
pub(super) fn with_serving(
    mut status: PolicyPackStatus,
    pack: &PolicyPack,
    serving: Serving,
    now: Timestamp,
) -> PolicyPackStatus {
    status.served_at = None;
    let (served, why, text) = match serving {
        Serving::Off => {
            status.conditions.retain(|c| c.type_ != type_::SERVED);
            return status;
        }
        Serving::At(path) => {
            let text = format!("served at {path}");
            status.served_at = Some(path);
            (true, reason::SUCCEEDED, text)
        }
        Serving::Announced => {
            (false, reason::PROGRESSING, "no revision is loaded that could be served".to_owned())
        }
        Serving::Refused { reason, message } => (false, reason, message),
    };
    let generation = pack.metadata.generation;
    let condition = condition(type_::SERVED, served, why, text, generation, now);
    set_condition(&mut status.conditions, condition);
    status
}

fn ready(
    new: &mut PolicyPackStatus,
    revision: &Revision,
    loaded: Option<&CompiledPack>,
    generation: Option<i64>,
    now: Timestamp,
) {
    let serving = match loaded {
        Some(compiled) => format!("still judging by {}", compiled.digest().short()),
        None => "no revision can judge, so that everything is denied".to_owned(),
    };
    let (ready, why, text) = match (revision, loaded) {
        (Revision::Suspended, _) => {
            (loaded.is_some(), reason::SUSPENDED, format!("suspended; {serving}"))
        }
        (Revision::Waiting(seen), _) => {
            let text =
                format!("{}; {serving}; approve it in spec.approvedRevision", seen.sentence());
            (loaded.is_some(), reason::AWAITING_APPROVAL, text)
        }
        (Revision::Failed(failure), _) => {
            (false, failure.reason, format!("{}; {serving}", failure.message))
        }
        (_, Some(compiled)) => {
            (true, reason::SUCCEEDED, format!("judging by {}", compiled.digest().short()))
        }
        (_, None) => (false, reason::STALE, serving),
    };
    let list = &mut new.conditions;
    set_condition(list, condition(type_::READY, ready, why, text.clone(), generation, now));
    let passing = [type_::RECONCILING, type_::STALLED, type_::AWAITING_APPROVAL];
    list.retain(|c| !passing.contains(&c.type_.as_str()));
    if matches!(revision, Revision::Waiting(_)) {
        let kind = type_::AWAITING_APPROVAL;
        set_condition(list, condition(kind, true, why, text.clone(), generation, now));
    }
    if let Revision::Failed(failure) = revision {
        let kind = if failure.stage == Stage::Fetch { type_::RECONCILING } else { type_::STALLED };
        set_condition(list, condition(kind, true, why, text, generation, now));
    }
}

fn describe(status: &mut PolicyPackStatus, compiled: &CompiledPack, now: Timestamp) {
    let digest = compiled.digest().to_string();
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    if status.history.first().is_none_or(|newest| newest.digest != digest) {
        status.history.insert(0, HistoryEntry { digest: digest.clone(), loaded_at: Time(now) });
        status.history.truncate(MAX_HISTORY);
    }
    status.artifact = Some(Artifact {
        revision: compiled.digest().short(),
        digest,
        size: number(compiled.size()),
        media_type: PACK_MEDIA_TYPE.to_owned(),
        files: number(compiled.files().len()),
        tests: number(compiled.tests_passed()),
    });
}

fn signer(signer: &Signer) -> SignerStatus {
    let key = || signer.key_fingerprint.map(|print| format!("key {print}"));
    SignerStatus {
        issuer: signer.issuer.clone(),
        subject: signer.subject.clone().or_else(key),
        log_index: signer.log_index.and_then(|index| i64::try_from(index).ok()),
        integrated_time: signer.integrated_time.map(Time),
    }
}

/// What is worth an Event: another revision, or another reason for (not) being ready.
pub(super) fn news(
    old: &PolicyPackStatus,
    new: &PolicyPackStatus,
) -> Option<(bool, String, String)> {
    let ready = |status: &PolicyPackStatus| {
        status.conditions.iter().find(|c| c.type_ == type_::READY).cloned()
    };
    let digest = |status: &PolicyPackStatus| status.artifact.as_ref().map(|a| a.digest.clone());
    let now = ready(new)?;
    let same = ready(old)
        .is_some_and(|c| (c.status, c.reason) == (now.status.clone(), now.reason.clone()));
    if same && digest(old) == digest(new) {
        return None;
    }
    Some((now.status != "True", now.reason, now.message))
}
