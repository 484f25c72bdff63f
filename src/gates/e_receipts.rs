//! Gate E: every run left a receipt, and its inputs and outputs are the bytes that lie there.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::contracts::{SchemaName, violations};
use crate::dataset::layout::{QA_REPORT, QA_REPORTS};
use crate::dataset::{DocumentState, Facts};
use crate::domain::{Digest, Reason, canonical_digest};

use super::codes;
use super::e_provenance::Objects;
use super::receipt::{Listed, Receipt, Stated, locate};
use super::{e_lineage, e_provenance};

/// How far another machine's clock may be ahead.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn check(facts: &Facts, now: Timestamp) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for path in qa_reports(facts) {
        qa_report(facts, path, &mut reasons);
    }
    if facts.receipts.is_empty() {
        let message = "There is no run receipt under receipts/.";
        reasons.push(codes::RECEIPT_MISSING.because(message).in_file("receipts/"));
        return reasons;
    }
    let receipts = read(facts, &mut reasons);
    let params = facts
        .spec
        .value()
        .and_then(|spec| canonical_digest(spec.get("params").unwrap_or(spec)).ok());
    let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
    let mut runs = Vec::new();
    for receipt in &receipts {
        own(facts, receipt, params, now, &mut reasons);
        if let Some(id) = &receipt.run_id
            && let Some(first) = ids.insert(&id.text, &receipt.path)
        {
            let message = format!("{} is also the run_id of {first}.", id.text);
            let reason = codes::RUN_ID_DUPLICATE.because(message);
            reasons.push(reason.at(&receipt.path, &id.pointer));
        }
        files(facts, receipt, &receipt.inputs, &mut reasons);
        files(facts, receipt, &receipt.outputs, &mut reasons);
        runs.push(receipt.run(facts));
    }
    // With a receipt unread, what it accounts for would seem to come from nowhere.
    if receipts.len() == facts.receipts.len() {
        e_lineage::check(facts, &runs, &mut reasons);
    }
    reasons
}

/// The receipts that can be read, in order of their paths; about the others there is a reason.
pub(super) fn read(facts: &Facts, reasons: &mut Vec<Reason>) -> Vec<Receipt> {
    let mut receipts = Vec::new();
    let objects = Objects::new(facts);
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
        match e_provenance::statement(value) {
            Some(Ok(statement)) => {
                receipts.extend(e_provenance::receipt(&objects, path, &statement, reasons));
                continue;
            }
            Some(Err((pointer, why))) => {
                let message = format!("The receipt's envelope cannot be read: {why}.");
                reasons.push(codes::RECEIPT_INVALID.because(message).at(path, pointer));
                continue;
            }
            None => {}
        }
        let found = violations(SchemaName::RunReceipt, value);
        if found.is_empty() {
            receipts.push(Receipt::of_run(path, value));
        }
        for violation in found {
            let place = if violation.pointer.is_empty() { "It" } else { &violation.pointer };
            let message = format!("{place} {}.", violation.message);
            reasons.push(codes::RECEIPT_INVALID.because(message).at(path, violation.pointer));
        }
    }
    receipts
}

/// The main report, and those of runs that have one of their own.
fn qa_reports(facts: &Facts) -> impl Iterator<Item = &str> {
    let own = facts.work.keys().map(String::as_str).filter(|path| path.starts_with(QA_REPORTS));
    std::iter::once(QA_REPORT).chain(own)
}

fn qa_report(facts: &Facts, path: &str, reasons: &mut Vec<Reason>) {
    let document = facts.work.get(path).map(|document| &document.state);
    match document {
        None | Some(DocumentState::Missing) => {
            let message = format!("{path} is missing.");
            reasons.push(codes::QA_REPORT_MISSING.because(message).in_file(path));
        }
        Some(DocumentState::Invalid(message)) => {
            let message = format!("The QA report is {message}.");
            reasons.push(codes::QA_REPORT_INVALID.because(message).at(path, ""));
        }
        Some(DocumentState::Value(value)) => {
            let found = violations(SchemaName::QaReport, value);
            let is_valid = found.is_empty();
            for violation in found {
                let message = format!("{} {}.", violation.pointer, violation.message);
                let reason = codes::QA_REPORT_INVALID.because(message);
                reasons.push(reason.at(path, violation.pointer));
            }
            if is_valid {
                qa_passed(facts, path, value, reasons);
            }
        }
    }
}

fn qa_passed(facts: &Facts, path: &str, report: &Value, reasons: &mut Vec<Reason>) {
    if report["status"] != "pass" {
        let message = "The QA report's status is not pass.";
        reasons.push(codes::VALIDATION_FAILED.because(message).at(path, "/status"));
    }
    let id = report.get("dataset_version_id").and_then(Value::as_str);
    if let Some(id) = id.filter(|id| !facts.is_this_version(id)) {
        let version = &facts.requested.dataset_version_id;
        let message = format!("The QA report is of {id}, not of {version}.");
        let reason = codes::QA_REPORT_MISMATCH.because(message);
        reasons.push(reason.at(path, "/dataset_version_id"));
    }
}

fn own(
    facts: &Facts,
    receipt: &Receipt,
    params: Option<Digest>,
    now: Timestamp,
    reasons: &mut Vec<Reason>,
) {
    let mut say = |code: &codes::Code, at: &Stated, message: String| {
        reasons.push(code.because(message).at(&receipt.path, &at.pointer));
    };
    let version = &facts.requested.dataset_version_id;
    if let Some(found) = receipt.version.as_ref().filter(|v| !facts.is_this_version(&v.text)) {
        let message = format!("The receipt is of {}, not of {version}.", found.text);
        say(&codes::RECEIPT_VERSION_MISMATCH, found, message);
    }
    if let Some(container) = &receipt.container {
        let digits = container.text.trim_start_matches("sha256:");
        let nothing = Digest::of(b"").hex();
        if digits == nothing || digits.bytes().all(|b| digits.as_bytes().first() == Some(&b)) {
            let message = format!("container_digest {} stands for no image.", container.text);
            say(&codes::CONTAINER_DIGEST_PLACEHOLDER, container, message);
        }
    }
    if let (Some(params), Some(found)) = (params, &receipt.params)
        && params.to_string() != found.text
    {
        let message = format!(
            "params_digest is {}, but spec.json's parameters hash to {params}.",
            found.text
        );
        say(&codes::PARAMS_DIGEST_MISMATCH, found, message);
    }
    if let Some(status) = receipt.validation.as_ref().filter(|status| status.text != "pass") {
        let message = "The run's validation status is not pass.".to_owned();
        say(&codes::VALIDATION_FAILED, status, message);
    }
    let has = |path: &str, digest: &str| {
        facts.objects.get(path).is_some_and(|object| object.digest.to_string() == digest)
    };
    if let (Some(report), Some(found)) = (facts.objects.get(QA_REPORT), &receipt.qa_digest)
        && !qa_reports(facts).any(|path| has(path, &found.text))
    {
        let message =
            format!("report_digest is {}, but {QA_REPORT} has {}.", found.text, report.digest);
        say(&codes::QA_REPORT_MISMATCH, found, message);
    }
    let Some(stated) = &receipt.created else { return };
    match stated.text.parse::<Timestamp>() {
        Ok(created) if created <= now.saturating_add(SKEW).unwrap_or(Timestamp::MAX) => {}
        Ok(created) => {
            let message = format!("The receipt was made at {created}, which is after {now}.");
            say(&codes::RECEIPT_IN_FUTURE, stated, message);
        }
        Err(error) => {
            let message = format!("{} is no instant: {error}.", stated.pointer);
            say(&codes::RECEIPT_INVALID, stated, message);
        }
    }
}

/// Every file that a receipt lists lies in the workspace and has the bytes that the receipt says.
/// Where this holds, one run's output and the next one's input of the same name have one digest:
/// the chain joins.
pub(super) fn files(
    facts: &Facts,
    receipt: &Receipt,
    listed: &[Listed],
    reasons: &mut Vec<Reason>,
) {
    for file in listed {
        let held = locate(facts, &file.uri.text);
        let held = held.and_then(|path| Some((facts.objects.get(&path)?, path)));
        let Some((object, path)) = held else {
            let message = format!("{:?} is no object of the workspace.", file.uri.text);
            let reason = codes::RECEIPT_FILE_MISSING.because(message);
            reasons.push(reason.at(&receipt.path, &file.uri.pointer));
            continue;
        };
        if object.digest.to_string() != file.digest.text {
            let stated = match file.digest.text.as_str() {
                "" => "gives no sha256 digest",
                digest => &format!("says {digest}"),
            };
            let message = format!("{path} has {}, but the receipt {stated}.", object.digest);
            let reason = codes::RECEIPT_DIGEST_MISMATCH.because(message);
            reasons.push(reason.at(&receipt.path, &file.digest.pointer));
        }
    }
}
