//! The Job whose pods hash a workspace's data, and what its status says. Pure.

use k8s_openapi::api::batch::v1::Job;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::ObjectRef;
use kube::{Resource as _, ResourceExt as _};
use serde_json::{Value, json};

use crate::api::{DatasetPromotion, EXECUTION_PARALLELISM, ExecutionSpec, ObjectStoreRef};
use crate::dataset::Scope;
use crate::domain::Digest;

/// Label on a Job that names the uid of its promotion.
pub(in super::super) const LABEL: &str = "lazaret.dev/promotion-uid";

/// How often the pod of a shard is tried again.
const RETRIES: u32 = 3;

/// Seconds for which a Job that ended is kept: long enough to be looked at.
const KEPT: u32 = 3600;

/// What a Job is to do.
pub(super) struct Task<'a> {
    pub image: &'a str,
    pub run: Digest,
    pub listing: Digest,
    pub scope: Scope,
    pub shards: usize,
    pub allow_loopback: bool,
}

/// The name of the Job of a run.
pub(super) fn name(promotion: &DatasetPromotion, run: Digest) -> String {
    let own = promotion.name_any();
    // Fifty characters at most: the pods' names add to it.
    let own: String = own.chars().take(36).collect();
    format!("{}-{}", own.trim_end_matches(['-', '.']).replace('.', "-"), &run.hex()[..12])
}

/// The Job, with its promotion as its owner.
pub(super) fn job(promotion: &DatasetPromotion, task: &Task<'_>) -> serde_json::Result<Job> {
    let spec = &promotion.spec;
    let default = ExecutionSpec::default();
    let execution = spec.execution.as_ref().unwrap_or(&default);
    let parallelism = execution.parallelism.unwrap_or(EXECUTION_PARALLELISM);
    let resources = execution.resources.as_ref().map_or_else(
        || json!({ "requests": { "cpu": "1", "memory": "128Mi" }, "limits": { "memory": "512Mi" } }),
        |resources| json!(resources),
    );
    let scope = match task.scope {
        Scope::All => "all",
        Scope::Private => "private",
    };
    let mut arguments = vec![
        "shard".to_owned(),
        format!("--source={}", spec.source.url),
        "--source-secret=/etc/lazaret/source".to_owned(),
        format!("--destination={}", spec.destination.url),
        "--destination-secret=/etc/lazaret/destination".to_owned(),
        format!("--run={}", task.run),
        format!("--listing={}", task.listing),
        format!("--scope={scope}"),
        format!("--shards={}", task.shards),
    ];
    if task.allow_loopback {
        arguments.push("--allow-loopback".to_owned());
    }
    let owner = promotion.controller_owner_ref(&()).map(|mut owner| {
        // Blocking takes a right on the owner's finalizers that nothing else needs.
        owner.block_owner_deletion = None;
        owner
    });
    let labels = json!({
        "app.kubernetes.io/name": "lazaret",
        "app.kubernetes.io/component": "shard",
        "app.kubernetes.io/managed-by": "lazaret",
        LABEL: promotion.uid().unwrap_or_default(),
    });
    let volume = |name: &str, store: &ObjectStoreRef| {
        let secret = store.secret_ref.as_ref().map(|secret| secret.name.as_str());
        json!({ "name": name, "secret": { "secretName": secret, "defaultMode": 0o444 } })
    };
    let mount = |name: &str| json!({ "name": name, "mountPath": format!("/etc/lazaret/{name}"), "readOnly": true });
    serde_json::from_value(json!({
        "metadata": {
            "name": name(promotion, task.run),
            "labels": labels,
            "ownerReferences": owner.into_iter().collect::<Vec<_>>(),
        },
        "spec": {
            "completionMode": "Indexed",
            "completions": task.shards,
            "parallelism": parallelism,
            "backoffLimitPerIndex": RETRIES,
            "podFailurePolicy": { "rules": [
                // Denied, or called in a way that no repetition mends.
                { "action": "FailJob", "onExitCodes": {
                    "containerName": "shard", "operator": "In", "values": [1, 2],
                } },
                { "action": "Ignore", "onPodConditions": [
                    { "type": "DisruptionTarget", "status": "True" },
                ] },
            ] },
            "ttlSecondsAfterFinished": KEPT,
            "template": {
                "metadata": { "labels": labels },
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": false,
                    "enableServiceLinks": false,
                    "securityContext": {
                        "runAsNonRoot": true,
                        "runAsUser": 65532,
                        "runAsGroup": 65532,
                        "seccompProfile": { "type": "RuntimeDefault" },
                    },
                    "volumes": [
                        volume("source", &spec.source),
                        volume("destination", &spec.destination),
                    ],
                    "containers": [{
                        "name": "shard",
                        "image": task.image,
                        "args": arguments,
                        "resources": resources,
                        "securityContext": {
                            "allowPrivilegeEscalation": false,
                            "readOnlyRootFilesystem": true,
                            "capabilities": { "drop": ["ALL"] },
                        },
                        "volumeMounts": [mount("source"), mount("destination")],
                    }],
                },
            },
        },
    }))
}

/// The promotion that a Job belongs to.
pub(in super::super) fn owner(job: &PartialObjectMeta<Job>) -> Vec<ObjectRef<DatasetPromotion>> {
    let namespace = job.namespace().unwrap_or_default();
    let owners = job.owner_references().iter().filter(|owner| owner.kind == "DatasetPromotion");
    owners.map(|owner| ObjectRef::new(&owner.name).within(&namespace)).collect()
}

/// How far a Job is.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum State {
    /// These shards are done, and so many pods are at work.
    Running { done: Vec<usize>, ready: i32 },
    /// All are.
    Complete,
    /// It will not go on; why.
    Failed(String),
}

pub(super) fn state(job: &Job) -> State {
    let status = job.status.clone().unwrap_or_default();
    let holds = |kind: &str| {
        let conditions = status.conditions.iter().flatten();
        conditions.into_iter().find(|c| c.type_ == kind && c.status == "True")
    };
    if let Some(failed) = holds("Failed") {
        let failed = [&failed.reason, &failed.message].map(|text| text.as_deref().unwrap_or(""));
        return State::Failed(failed.join(": "));
    }
    if holds("Complete").is_some() {
        return State::Complete;
    }
    State::Running {
        done: indexes(status.completed_indexes.as_deref().unwrap_or_default()),
        ready: status.ready.unwrap_or_default(),
    }
}

/// `0,3-5` as numbers. What is no such text is nothing: it only tells progress.
fn indexes(text: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.parse::<usize>().ok()?, last.parse::<usize>().ok()?);
        (last < crate::dataset::MAX_SHARDS).then_some(first..=last)
    };
    text.split(',').filter_map(range).flatten().collect()
}

/// The `spec` fields that a Job needs beyond those of a promotion in process; why it cannot be.
pub(super) fn check(promotion: &DatasetPromotion) -> Result<(), String> {
    let spec = &promotion.spec;
    for (field, store) in [("source", &spec.source), ("destination", &spec.destination)] {
        if store.url.starts_with("file://") {
            return Err(format!(
                "spec.execution.mode Job: spec.{field} is a directory, which pods cannot reach; take an object store, or mode InProcess"
            ));
        }
        if store.secret_ref.is_none() {
            return Err(format!(
                "spec.execution.mode Job: spec.{field} has no secretRef; the controller's own identity is not lent to pods. Name a Secret, or take mode InProcess"
            ));
        }
    }
    Ok(())
}

/// What is the same as long as a run's results are good for it.
pub(super) fn run(
    promotion: &DatasetPromotion,
    listing: Digest,
    shards: usize,
    token: &str,
) -> Digest {
    let spec = &promotion.spec;
    let parts: Value = json!([
        "v1",
        env!("CARGO_PKG_VERSION"),
        promotion.uid(),
        spec.source.url,
        listing,
        shards,
        token,
    ]);
    Digest::of(parts.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promotion(execution: &Value) -> DatasetPromotion {
        serde_json::from_value(json!({
            "apiVersion": "lazaret.dev/v1alpha1",
            "kind": "DatasetPromotion",
            "metadata": { "name": "a.long-name-that-goes-on-and-on-and-on-and-on", "uid": "u-1" },
            "spec": {
                "dataset": { "slug": "s", "versionId": "2026.00000000" },
                "source": { "url": "s3://in/a", "secretRef": { "name": "in" } },
                "destination": { "url": "s3://out", "secretRef": { "name": "out" } },
                "policyPackRef": { "name": "p" },
                "execution": execution,
            },
        }))
        .unwrap()
    }

    #[test]
    fn the_job_is_restricted_and_bound_to_its_run() {
        let promotion = promotion(&json!({ "mode": "Job", "parallelism": 3 }));
        let run = run(&promotion, Digest::of(b"l"), 7, "");
        let task = Task {
            image: "registry/lazaret:1",
            run,
            listing: Digest::of(b"l"),
            scope: Scope::Private,
            shards: 7,
            allow_loopback: false,
        };
        let job = job(&promotion, &task).unwrap();
        assert!(job.name_any().len() <= 50 && job.name_any().ends_with(&run.hex()[..12]));
        let spec = job.spec.clone().unwrap();
        assert_eq!((spec.completions, spec.parallelism), (Some(7), Some(3)));
        assert_eq!(spec.completion_mode.as_deref(), Some("Indexed"));
        let json = json!(job).to_string();
        for part in [
            r#""runAsNonRoot":true"#,
            r#""readOnlyRootFilesystem":true"#,
            r#""drop":["ALL"]"#,
            r#""automountServiceAccountToken":false"#,
            r#""secretName":"in""#,
            r#""secretName":"out""#,
            "--scope=private",
            &format!("--run={run}"),
        ] {
            assert!(json.contains(part), "{part}: {json}");
        }
        assert!(!json.contains("loopback"));
        assert_eq!(job.owner_references()[0].uid, "u-1");
        let other = super::run(&promotion, Digest::of(b"l"), 7, "again");
        assert_ne!(other, run, "another token is another run");
    }

    #[test]
    fn pods_need_what_they_can_reach() {
        let mut wrong = promotion(&json!({ "mode": "Job" }));
        assert_eq!(check(&wrong), Ok(()));
        wrong.spec.destination.secret_ref = None;
        assert!(check(&wrong).unwrap_err().contains("spec.destination has no secretRef"));
        wrong.spec.source.url = "file:///data".into();
        assert!(check(&wrong).unwrap_err().contains("spec.source is a directory"));
    }

    #[test]
    fn the_status_says_how_far_it_is() {
        let job = |status: Value| serde_json::from_value(json!({ "status": status })).unwrap();
        let condition = |kind: &str, status: &str| json!({ "conditions": [{ "type": kind, "status": status, "reason": "R", "message": "m" }] });
        let running = |done: &[usize], ready| State::Running { done: done.to_vec(), ready };
        for (status, expected) in [
            (json!({}), running(&[], 0)),
            (json!({ "completedIndexes": "0,2-4", "ready": 2 }), running(&[0, 2, 3, 4], 2)),
            (json!({ "completedIndexes": "x,1-,5-4,0-99999999999" }), running(&[], 0)),
            (condition("Failed", "False"), running(&[], 0)),
            (condition("Complete", "True"), State::Complete),
            (condition("Failed", "True"), State::Failed("R: m".into())),
        ] {
            assert_eq!(state(&job(status)), expected);
        }
    }
}
