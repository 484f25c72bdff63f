//! Quarantines, as a promotion meets them.

use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt as _;
use kube::api::{Api, ObjectMeta, Patch, PatchParams, PostParams};
use serde_json::json;

use super::super::error::Error;
use super::super::{Context, MANAGER, of_version};
use crate::api::{
    DatasetPromotion, DatasetSelector, LABEL_SLUG, LABEL_VERSION, Origin, Quarantine,
    QuarantinePhase, QuarantineReason, QuarantineSpec, Remediation,
};
use crate::dataset::Facts;
use crate::domain::{Digest, Report};

/// Reasons that a Quarantine lists; the promotion's status has the rest.
const MAX_REASONS: usize = 64;

/// The Quarantines that hold the promotion's dataset version back, read from the API server now.
pub(super) async fn active(
    ctx: &Context,
    promotion: &DatasetPromotion,
) -> Result<Vec<Quarantine>, Error> {
    let wanted = of_version(&promotion.spec.dataset);
    let found = api(ctx, promotion)?.list(&wanted).await?;
    Ok(found.items.into_iter().filter(|quarantine| !is_released(quarantine)).collect())
}

/// Released, and said so by the Quarantine's own controller about this very spec. Anything else
/// holds the version back.
pub(in super::super) fn is_released(quarantine: &Quarantine) -> bool {
    quarantine.spec.release.is_some()
        && quarantine.status.as_ref().is_some_and(|status| {
            status.phase == QuarantinePhase::Released
                && status.observed_generation == quarantine.metadata.generation
        })
}

/// Released once, and edited since: its own controller has not said yet what that means.
pub(super) fn is_unsettled(quarantine: &Quarantine) -> bool {
    let seen = quarantine.status.as_ref().and_then(|status| status.observed_generation);
    quarantine.spec.release.is_some() && seen != quarantine.metadata.generation
}

/// The dataset's steward, as far as the name can stand in a Quarantine.
fn owner(facts: &Facts) -> Option<String> {
    let steward = facts.steward()?.trim();
    (1..=253).contains(&steward.chars().count()).then(|| steward.to_owned())
}

/// Sees to it that a Quarantine with the report's reasons holds the version back, and names it.
pub(super) async fn deny(
    ctx: &Context,
    promotion: &DatasetPromotion,
    facts: &Facts,
    report: &Report,
    now: Timestamp,
) -> Result<String, Error> {
    let dataset = &promotion.spec.dataset;
    let name = name(dataset);
    let reasons = reasons(report);
    let api = api(ctx, promotion)?;
    match api.get_opt(&name).await? {
        None => {
            let quarantine = new(ctx, promotion, facts, report, reasons, now);
            match api.create(&PostParams::default(), &quarantine).await {
                Ok(_) => {}
                // Somebody was faster: the next look merges the reasons.
                Err(kube::Error::Api(error)) if error.code == 409 => {}
                Err(error) => return Err(error.into()),
            }
        }
        Some(old)
            if is_released(&old) || old.spec.release.is_some() && old.spec.reasons != reasons =>
        {
            // A release speaks of what was found then. It is another's field, so that it takes a
            // merge patch, not an apply, to strike it out.
            let patch = json!({ "spec": { "release": null, "reasons": reasons } });
            api.patch(&name, &PatchParams::default(), &Patch::Merge(&patch)).await?;
        }
        Some(old) if old.spec.reasons != reasons => {
            let patch = json!({
                "apiVersion": "lazaret.dev/v1alpha1",
                "kind": "Quarantine",
                "metadata": { "name": name },
                "spec": { "reasons": reasons },
            });
            let params = PatchParams::apply(MANAGER).force();
            api.patch(&name, &params, &Patch::Apply(&patch)).await?;
        }
        Some(_) => {}
    }
    Ok(name)
}

/// One name for each dataset version, so that there is one Quarantine: readable, and told apart by
/// a hash where slugs differ only in what a name cannot hold.
fn name(dataset: &DatasetSelector) -> String {
    let full = format!("{}@{}", dataset.slug, dataset.version_id);
    let readable = full.replace(['_', '.', '@'], "-");
    format!("{readable}-{}", &Digest::of(full.as_bytes()).hex()[..6])
}

fn reasons(report: &Report) -> Vec<QuarantineReason> {
    let all = report.reasons().map(|(gate, reason)| {
        let place = match (&reason.path, &reason.pointer) {
            (Some(path), Some(pointer)) => format!("{path}#{pointer}: "),
            (Some(path), None) => format!("{path}: "),
            _ => String::new(),
        };
        QuarantineReason {
            gate: Some(gate.to_string()),
            code: reason.code.to_string(),
            message: format!("{place}{}", reason.message).chars().take(2000).collect(),
        }
    });
    all.take(MAX_REASONS).collect()
}

fn new(
    ctx: &Context,
    promotion: &DatasetPromotion,
    facts: &Facts,
    report: &Report,
    reasons: Vec<QuarantineReason>,
    now: Timestamp,
) -> Quarantine {
    let dataset = promotion.spec.dataset.clone();
    let mut remedies: Vec<_> = report.reasons().map(|(_, r)| format!("- {}", r.remedy)).collect();
    remedies.dedup();
    let within = SignedDuration::try_from(ctx.settings.remediation).unwrap_or(SignedDuration::MAX);
    let due = now.saturating_add(within).unwrap_or(Timestamp::MAX);
    let labels = [
        (LABEL_SLUG.to_owned(), dataset.slug.clone()),
        (LABEL_VERSION.to_owned(), dataset.version_id.clone()),
    ];
    let spec = QuarantineSpec {
        reasons,
        remediation: Remediation {
            owner: owner(facts).unwrap_or_else(|| ctx.settings.default_owner.clone()),
            due_by: Timestamp::from_second(due.as_second()).unwrap_or(due).into(),
            plan: remedies.join("\n").chars().take(8000).collect(),
        },
        origin: Origin::Controller,
        release: None,
        suspend: false,
        dataset,
    };
    let mut quarantine = Quarantine::new("", spec);
    quarantine.metadata = ObjectMeta {
        name: Some(name(&quarantine.spec.dataset)),
        namespace: promotion.namespace(),
        labels: Some(labels.into()),
        ..ObjectMeta::default()
    };
    quarantine
}

fn api(ctx: &Context, promotion: &DatasetPromotion) -> Result<Api<Quarantine>, Error> {
    let namespace = promotion.namespace().ok_or(Error::Incomplete("namespace"))?;
    Ok(Api::namespaced(ctx.client.clone(), &namespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dns_labels_and_differ() {
        let of = |slug: &str, version: &str| {
            name(&DatasetSelector { slug: slug.into(), version_id: version.into() })
        };
        let (one, other) = (of("a_b", "2026-01.0123abcd"), of("a-b", "2026-01.0123abcd"));
        assert_ne!(one, other);
        assert!(one.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
    }
}
