//! Gate E: every run left a receipt, and its inputs and outputs are the bytes that lie there.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::contracts::{SchemaName, violations};
use crate::dataset::layout::QA_REPORT;
use crate::dataset::{DocumentState, Facts, normal};
use crate::domain::{Digest, Reason, canonical_digest};

use super::codes;
use super::e_lineage::{self, Run};

/// How far another machine's clock may be ahead.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn check(facts: &Facts, now: Timestamp) -> Vec<Reason> {
    let mut reasons = Vec::new();
    qa_report(facts, &mut reasons);
    if facts.receipts.is_empty() {
        let message = "There is no run receipt under receipts/.";
        reasons.push(codes::RECEIPT_MISSING.because(message).in_file("receipts/"));
        return reasons;
    }
    let mut valid: Vec<(&str, &Value)> = Vec::new();
    for (path, document) in &facts.receipts {
        let value = match &document.state {
            DocumentState::Value(value) => value,
            DocumentState::Invalid(message) => {
                let message = format!("The receipt is {message}.");
                reasons.push(codes::RECEIPT_INVALID.because(message).at(path, ""));
                continue;
            }
            DocumentState::Missing => continue,
        };
        let found = violations(SchemaName::RunReceipt, value);
        if found.is_empty() {
            valid.push((path, value));
        }
        for violation in found {
            let place = if violation.pointer.is_empty() { "It" } else { &violation.pointer };
            let message = format!("{place} {}.", violation.message);
            reasons.push(codes::RECEIPT_INVALID.because(message).at(path, violation.pointer));
        }
    }
    let params = facts
        .spec
        .value()
        .and_then(|spec| canonical_digest(spec.get("params").unwrap_or(spec)).ok());
    let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
    let mut runs = Vec::new();
    for (path, receipt) in &valid {
        own(facts, path, receipt, params, now, &mut reasons);
        let id = receipt["run_id"].as_str().unwrap_or_default();
        if let Some(first) = ids.insert(id, path) {
            let message = format!("{id} is also the run_id of {first}.");
            reasons.push(codes::RUN_ID_DUPLICATE.because(message).at(*path, "/run_id"));
        }
        let inputs = files(facts, path, receipt, "inputs", &mut reasons);
        let outputs = files(facts, path, receipt, "outputs", &mut reasons);
        runs.push(Run { receipt: path, inputs, outputs });
    }
    // With a receipt unread, what it accounts for would seem to come from nowhere.
    if valid.len() == facts.receipts.len() {
        e_lineage::check(facts, &runs, &mut reasons);
    }
    reasons
}

fn qa_report(facts: &Facts, reasons: &mut Vec<Reason>) {
    let document = facts.work.get(QA_REPORT).map(|document| &document.state);
    match document {
        None | Some(DocumentState::Missing) => {
            let message = format!("{QA_REPORT} is missing.");
            reasons.push(codes::QA_REPORT_MISSING.because(message).in_file(QA_REPORT));
        }
        Some(DocumentState::Invalid(message)) => {
            let message = format!("The QA report is {message}.");
            reasons.push(codes::QA_REPORT_INVALID.because(message).at(QA_REPORT, ""));
        }
        Some(DocumentState::Value(value)) => {
            let found = violations(SchemaName::QaReport, value);
            let is_valid = found.is_empty();
            for violation in found {
                let message = format!("{} {}.", violation.pointer, violation.message);
                let reason = codes::QA_REPORT_INVALID.because(message);
                reasons.push(reason.at(QA_REPORT, violation.pointer));
            }
            if is_valid {
                qa_passed(facts, value, reasons);
            }
        }
    }
}

fn qa_passed(facts: &Facts, report: &Value, reasons: &mut Vec<Reason>) {
    if report["status"] != "pass" {
        let message = "The QA report's status is not pass.";
        reasons.push(codes::VALIDATION_FAILED.because(message).at(QA_REPORT, "/status"));
    }
    let id = report.get("dataset_version_id").and_then(Value::as_str);
    if let Some(id) = id.filter(|id| !facts.is_this_version(id)) {
        let version = &facts.requested.dataset_version_id;
        let message = format!("The QA report is of {id}, not of {version}.");
        let reason = codes::QA_REPORT_MISMATCH.because(message);
        reasons.push(reason.at(QA_REPORT, "/dataset_version_id"));
    }
}

fn own(
    facts: &Facts,
    path: &str,
    receipt: &Value,
    params: Option<Digest>,
    now: Timestamp,
    reasons: &mut Vec<Reason>,
) {
    let text = |pointer: &str| receipt.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let mut say = |code: &codes::Code, pointer: &str, message: String| {
        reasons.push(code.because(message).at(path, pointer));
    };
    let version = &facts.requested.dataset_version_id;
    let found = text("/dataset_version_id");
    if !facts.is_this_version(found) {
        let message = format!("The receipt is of {found}, not of {version}.");
        say(&codes::RECEIPT_VERSION_MISMATCH, "/dataset_version_id", message);
    }
    let container = text("/environment/container_digest");
    let digits = container.trim_start_matches("sha256:");
    let nothing = Digest::of(b"").hex();
    if digits == nothing || digits.bytes().all(|b| digits.as_bytes().first() == Some(&b)) {
        let message = format!("container_digest {container} stands for no image.");
        say(&codes::CONTAINER_DIGEST_PLACEHOLDER, "/environment/container_digest", message);
    }
    let found = text("/environment/params_digest");
    if let Some(params) = params.filter(|params| params.to_string() != found) {
        let message =
            format!("params_digest is {found}, but spec.json's parameters hash to {params}.");
        say(&codes::PARAMS_DIGEST_MISMATCH, "/environment/params_digest", message);
    }
    if text("/validation/status") != "pass" {
        let message = "The run's validation status is not pass.".to_owned();
        say(&codes::VALIDATION_FAILED, "/validation/status", message);
    }
    let found = text("/validation/report_digest");
    if let Some(report) = facts.objects.get(QA_REPORT)
        && report.digest.to_string() != found
    {
        let message = format!("report_digest is {found}, but {QA_REPORT} has {}.", report.digest);
        say(&codes::QA_REPORT_MISMATCH, "/validation/report_digest", message);
    }
    match text("/created_at").parse::<Timestamp>() {
        Ok(created) if created <= now.saturating_add(SKEW).unwrap_or(Timestamp::MAX) => {}
        Ok(created) => {
            let message = format!("The receipt was made at {created}, which is after {now}.");
            say(&codes::RECEIPT_IN_FUTURE, "/created_at", message);
        }
        Err(error) => {
            let message = format!("created_at is no instant: {error}.");
            say(&codes::RECEIPT_INVALID, "/created_at", message);
        }
    }
}

/// The files that a receipt lists and that are there; those that are not are told.
fn files(
    facts: &Facts,
    path: &str,
    receipt: &Value,
    side: &'static str,
    reasons: &mut Vec<Reason>,
) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let list = receipt[side].as_array();
    for (index, file) in list.into_iter().flatten().enumerate() {
        let uri = file["uri"].as_str().unwrap_or_default();
        let plain = !uri.split('/').any(|part| part == "..") && !uri.starts_with('/');
        let held = normal(uri).filter(|_| plain);
        let held = held.and_then(|file| Some((facts.objects.get(&file)?, file)));
        let Some((object, file_path)) = held else {
            let message = format!("{uri:?} is no object of the workspace.");
            let reason = codes::RECEIPT_FILE_MISSING.because(message);
            reasons.push(reason.at(path, format!("/{side}/{index}/uri")));
            continue;
        };
        let digest = file["digest"].as_str().unwrap_or_default();
        if object.digest.to_string() != digest {
            let message =
                format!("{file_path} has {}, but the receipt says {digest}.", object.digest);
            let reason = codes::RECEIPT_DIGEST_MISMATCH.because(message);
            reasons.push(reason.at(path, format!("/{side}/{index}/digest")));
        }
        found.push((index, file_path));
    }
    found
}
