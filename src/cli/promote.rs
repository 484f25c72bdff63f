//! `lazaret validate` and `lazaret promote`.

use std::process::ExitCode;

use jiff::Timestamp;

use super::args::{Promote, Subject as Arguments, Validate};
use super::exit::{DENIED, Failure};
use super::policy::{Judge, judge};
use super::report::{Conclusion, Finished, print, progress};
use super::settings::{publisher, read, store};
use super::workspace::{folder, own_name};
use super::{digests, fix};
use crate::dataset::{Limits, Recall, Requested, StoreReader};
use crate::domain::{Approval, Digest, GateId, SpecHash};
use crate::ledger::Ledger;
use crate::objects::Store;
use crate::promotion::{
    Assessment, PublishError, Publisher, Subject, Unobserved, apart, approve, assess, publish,
};

pub(super) async fn validate(mut arguments: Validate) -> Result<ExitCode, Failure> {
    named(&mut arguments.subject)?;
    let destination = arguments.destination.as_deref().map(store).transpose()?;
    let subject = &arguments.subject;
    if arguments.fix {
        folder(&subject.workspace)?;
    }
    let judge = judge(&subject.policy)?;
    let source = store(&subject.workspace)?;
    let assessment = examine(subject, &judge, &source, destination.as_ref()).await?;
    if let Some(path) = &arguments.record_facts {
        std::fs::write(path, format!("{:#}\n", assessment.facts.policy_input()))
            .map_err(|error| Failure::undecided(format!("{}: {error}", path.display())))?;
    }
    if arguments.fix {
        return fix::fix(subject, &judge, &assessment, arguments.dry_run);
    }
    let conclusion = match assessment.report.passed() {
        true => Conclusion::Valid,
        false => Conclusion::Denied,
    };
    finish(subject, &judge, &assessment, conclusion)
}

pub(super) async fn promote(arguments: Promote) -> Result<ExitCode, Failure> {
    let subject = &arguments.subject;
    if subject.dataset_slug.is_none() || subject.dataset_version_id.is_none() {
        // What is published is what somebody asked for, not what lies there.
        return Err(Failure::usage("give --dataset-slug and --dataset-version-id"));
    }
    let expected: Option<Digest> = arguments
        .plan
        .as_deref()
        .map(|text| text.parse().map_err(|error| Failure::usage(format!("--plan: {error}"))))
        .transpose()?;
    let judge = judge(&subject.policy)?;
    if !judge.signed && !arguments.dry_run {
        return Err(Failure::usage(
            "--policy-pack is a directory, and only a signed pack may publish: \
             see `lazaret pack build` and `lazaret pack sign`, or add --dry-run",
        ));
    }
    let (source, destination) = (store(&subject.workspace)?, store(&arguments.destination)?);
    let decisions = arguments.decisions.as_deref().map(store).transpose()?;
    apart(&source, &destination, decisions.as_ref())
        .map_err(|error| Failure::usage(error.to_string()))?;
    let assessment = examine(subject, &judge, &source, Some(&destination)).await?;
    let Some(plan) = assessment.plan.clone() else {
        return finish(subject, &judge, &assessment, Conclusion::Denied);
    };
    if let Some(expected) = expected.filter(|expected| *expected != plan.digest()) {
        let conclusion = Conclusion::OtherPlan { expected };
        return finish(subject, &judge, &assessment, conclusion);
    }
    let now = Timestamp::now();
    let approval = arguments.approver.clone().zip(arguments.approver_role.clone());
    let approvals: Vec<_> = approval
        .map(|(principal, role)| Approval {
            principal,
            role,
            plan_digest: plan.digest(),
            approved_at: Timestamp::from_second(now.as_second()).unwrap_or(now),
            reason: None,
        })
        .into_iter()
        .collect();
    let approved = match approve(plan, &approvals) {
        Ok(approved) => approved,
        Err(missing) => {
            let conclusion = Conclusion::Unapproved { missing, dry_run: arguments.dry_run };
            return finish(subject, &judge, &assessment, conclusion);
        }
    };
    if arguments.dry_run {
        return finish(subject, &judge, &assessment, Conclusion::DryRun);
    }
    let principal = arguments.approver.unwrap_or_else(|| "svc:lazaret-cli".to_owned());
    let publisher = publisher(principal, "publisher", arguments.signing_key.as_deref())?;
    let publisher = Publisher { decisions, ..publisher };
    let ledger = Ledger::new(destination.clone());
    let done =
        publish(&approved, &source, &destination, &ledger, &publisher, now, &Unobserved).await;
    let published = done.map_err(|error| match error {
        PublishError::AlreadyPublished { .. } => Failure::denied(error.to_string()),
        other => Failure::undecided(other.to_string()),
    })?;
    finish(subject, &judge, &assessment, Conclusion::Published(published))
}

/// Without a name, a workspace in a directory is judged as what it calls itself.
fn named(subject: &mut Arguments) -> Result<(), Failure> {
    if subject.dataset_slug.is_some() && subject.dataset_version_id.is_some() {
        return Ok(());
    }
    let folder = folder(&subject.workspace)
        .map_err(|_| Failure::usage("give --dataset-slug and --dataset-version-id"))?;
    let (slug, version) = own_name(&folder)?;
    subject.dataset_slug.get_or_insert(slug);
    subject.dataset_version_id.get_or_insert(version);
    Ok(())
}

async fn examine(
    arguments: &Arguments,
    judge: &Judge,
    source: &Store,
    destination: Option<&Store>,
) -> Result<Assessment, Failure> {
    let spec = match &arguments.spec {
        None => None,
        Some(path) => {
            let hash = SpecHash::of_json(&read(path)?);
            Some(hash.map_err(|error| Failure::denied(format!("{}: {error}", path.display())))?)
        }
    };
    let limits = Limits::default();
    let digests = digests::load(arguments.digest_cache.as_deref());
    let ledger = destination.cloned().map(Ledger::new);
    let subject = Subject {
        source: StoreReader::new(source.clone(), limits.objects),
        recall: Recall { digests: &digests, believe: !arguments.rehash },
        destination,
        ledger: ledger.as_ref(),
        requested: Requested {
            dataset_slug: arguments.dataset_slug.clone().unwrap_or_default(),
            dataset_version_id: arguments.dataset_version_id.clone().unwrap_or_default(),
            intended_use: arguments.intended_use.clone(),
        },
        required: arguments.require_gates.iter().map(|_| GateId::G).collect(),
        expected_spec: spec,
        pack: judge.pack.clone(),
        pack_name: judge.name.clone(),
        limits,
    };
    let progress = progress(arguments.quiet);
    let outcome = assess(subject, Timestamp::now(), &|p| progress.show(&p)).await;
    progress.clear();
    digests::save(arguments.digest_cache.as_deref(), &digests);
    outcome.map_err(|error| Failure::undecided(error.to_string()))
}

fn finish(
    arguments: &Arguments,
    judge: &Judge,
    assessment: &Assessment,
    conclusion: Conclusion,
) -> Result<ExitCode, Failure> {
    let passed = conclusion.passed();
    print(arguments.output, &Finished { judge, assessment, conclusion })
        .map_err(|error| Failure::undecided(format!("cannot print the report: {error}")))?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(DENIED) })
}
