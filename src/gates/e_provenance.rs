//! In-toto Statements with SLSA provenance as receipts: subjects are outputs, materials are inputs.
//!
//! A statement may stand alone, in a DSSE envelope or in a Sigstore bundle. Whoever signed it is
//! gate G's question; here only what it says counts, as with a receipt that nobody signed.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use crate::dataset::Facts;
use crate::dataset::layout::{QA_REPORT, QA_REPORTS};
use crate::domain::{Reason, canonical_digest, parse_i_json};

use super::codes;
use super::e_slsa::{Form, V0_2, V1};
use super::receipt::{Listed, Receipt, Stated, locate};

const STATEMENTS: [&str; 2] =
    ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];
const SLSA_V1: &str = "https://slsa.dev/provenance/v1";
const SLSA_V0_2: &str = "https://slsa.dev/provenance/v0.2";
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A statement, and where it lies if its own members cannot be pointed at.
pub(super) struct Statement<'a> {
    pub(super) value: Cow<'a, Value>,
    inside: Option<&'static str>,
}

impl Statement<'_> {
    /// `pointer` in the statement as one in the file: into an encoded payload none leads.
    fn place(&self, pointer: &str) -> String {
        self.inside.map_or_else(|| pointer.to_owned(), str::to_owned)
    }

    fn stated(&self, pointer: &str) -> Option<Stated> {
        let text = self.value.pointer(pointer)?.as_str()?.to_owned();
        Some(Stated { text, pointer: self.place(pointer) })
    }
}

/// The workspace's objects, found by their bytes as well.
pub(super) struct Objects<'a> {
    facts: &'a Facts,
    by_digest: OnceCell<BTreeMap<String, &'a str>>,
}

impl<'a> Objects<'a> {
    pub(super) fn new(facts: &'a Facts) -> Self {
        Self { facts, by_digest: OnceCell::new() }
    }

    fn with(&self, digest: &str) -> Option<&'a str> {
        let all = self.by_digest.get_or_init(|| {
            let objects = self.facts.objects.iter().rev();
            objects.map(|(path, object)| (object.digest.to_string(), path.as_str())).collect()
        });
        all.get(digest).copied()
    }
}

/// The statement that a document is or wraps; none if it is something else. An envelope whose
/// payload is no statement is told as a fault.
pub(super) fn statement(value: &Value) -> Option<Result<Statement<'_>, (&'static str, String)>> {
    if value.get("_type").is_some() {
        return Some(Ok(Statement { value: Cow::Borrowed(value), inside: None }));
    }
    let (envelope, inside) = match (value.get("dsseEnvelope"), value.get("payloadType")) {
        (Some(envelope), _) => (envelope, "/dsseEnvelope/payload"),
        (None, Some(_)) => (value, "/payload"),
        (None, None) => return None,
    };
    Some(match unwrap(envelope) {
        Ok(value) => Ok(Statement { value: Cow::Owned(value), inside: Some(inside) }),
        Err(why) => Err((inside, why)),
    })
}

fn unwrap(envelope: &Value) -> Result<Value, String> {
    if envelope["payloadType"] != PAYLOAD_TYPE {
        return Err(format!("payloadType is not {PAYLOAD_TYPE}"));
    }
    let payload = envelope["payload"].as_str().unwrap_or_default();
    let bytes = BASE64.decode(payload).map_err(|e| format!("the payload is not base64: {e}"))?;
    parse_i_json(&bytes).map_err(|e| format!("the payload is not JSON: {e}"))
}

/// Reads provenance as a receipt. What gate E demands of a run and the statement leaves open is a
/// reason, and there is no receipt.
pub(super) fn receipt(
    objects: &Objects<'_>,
    path: &str,
    statement: &Statement<'_>,
    reasons: &mut Vec<Reason>,
) -> Option<Receipt> {
    let before = reasons.len();
    let value = statement.value.as_ref();
    let kind = value["_type"].as_str().unwrap_or_default();
    if !STATEMENTS.contains(&kind) {
        let message = format!("{kind:?} is no in-toto Statement v1 or v0.1.");
        let reason = codes::RECEIPT_PREDICATE_UNKNOWN.because(message);
        reasons.push(reason.at(path, statement.place("/_type")));
        return None;
    }
    let form = match value["predicateType"].as_str() {
        Some(SLSA_V1) => &V1,
        Some(SLSA_V0_2) => &V0_2,
        other => {
            let other = other.unwrap_or("nothing");
            let message = format!("{other:?} is no SLSA provenance v1 or v0.2.");
            let reason = codes::RECEIPT_PREDICATE_UNKNOWN.because(message);
            reasons.push(reason.at(path, statement.place("/predicateType")));
            return None;
        }
    };
    let mut receipt = Receipt { path: path.to_owned(), ..Receipt::default() };
    receipt.run_id = statement.stated(form.run_id);
    receipt.created = statement.stated(form.finished);
    receipt.version = statement.stated(&format!("{}/dataset_version_id", form.parameters));
    outputs(statement, &mut receipt, reasons);
    let commit = inputs(objects, statement, form, &mut receipt);
    receipt.container = form.images.iter().find_map(|pointer| image(statement, pointer));
    receipt.container = receipt.container.or_else(|| container(statement, form));
    receipt.params = params(statement, form);
    for (missing, pointer, what) in [
        (receipt.created.is_none(), form.finished, "when the run ended"),
        (statement.stated(form.builder).is_none(), form.builder, "who built"),
        (
            !commit,
            form.dependencies,
            "the git commit (a dependency or configSource with sha1 or gitCommit)",
        ),
        (
            receipt.container.is_none(),
            form.dependencies,
            "the container (a dependency on an image, with sha256)",
        ),
        (receipt.params.is_none(), form.parameters, "the parameters"),
    ] {
        if missing {
            let message = format!("The provenance does not say {what}.");
            reasons.push(
                codes::RECEIPT_INCOMPLETE.because(message).at(path, statement.place(pointer)),
            );
        }
    }
    (reasons.len() == before).then_some(receipt)
}

fn entries<'a>(
    statement: &'a Statement<'_>,
    pointer: &'a str,
) -> impl Iterator<Item = (String, &'a Value)> {
    let list = statement.value.pointer(pointer).and_then(Value::as_array);
    let list = list.map(Vec::as_slice).unwrap_or_default();
    list.iter().enumerate().map(move |(index, entry)| (format!("{pointer}/{index}"), entry))
}

fn sha256(entry: &Value) -> Option<String> {
    entry.pointer("/digest/sha256")?.as_str().map(|hex| format!("sha256:{hex}"))
}

fn outputs(statement: &Statement<'_>, receipt: &mut Receipt, reasons: &mut Vec<Reason>) {
    for (at, subject) in entries(statement, "/subject") {
        match (subject["name"].as_str(), sha256(subject)) {
            (Some(name), Some(digest)) => {
                receipt.outputs.push(listed(statement, &at, ("name", name), digest))
            }
            (name, _) => {
                let what = if name.is_none() { "name" } else { "sha256 digest" };
                let message = format!("A subject of the provenance has no {what}.");
                let reason = codes::RECEIPT_INCOMPLETE.because(message);
                reasons.push(reason.at(&receipt.path, statement.place(&at)));
            }
        }
    }
    if receipt.outputs.is_empty() {
        let message = "The provenance has no subject, so that the run made nothing.";
        let reason = codes::RECEIPT_INCOMPLETE.because(message);
        reasons.push(reason.at(&receipt.path, statement.place("/subject")));
    }
}

/// Data that the run read becomes inputs; the rest is remembered as external. Tells whether a git
/// commit is named.
fn inputs(
    objects: &Objects<'_>,
    statement: &Statement<'_>,
    form: &Form,
    receipt: &mut Receipt,
) -> bool {
    let sha1 = |entry: &Value| {
        let named =
            ["gitCommit", "sha1"].into_iter().find_map(|kind| entry["digest"][kind].as_str());
        named.is_some_and(is_commit)
    };
    let mut commit = statement.value.pointer(form.source).is_some_and(sha1);
    for (at, entry) in entries(statement, form.dependencies) {
        commit = commit || sha1(entry);
        let names = ["name", "uri"];
        let named = names.into_iter().find_map(|member| entry[member].as_str());
        let Some(shown) = named else { continue };
        let place = names.into_iter().find_map(|member| {
            let text = entry[member].as_str()?;
            Some((member, text, locate(objects.facts, text).or_else(|| in_workspace(text))?))
        });
        let digest = sha256(entry);
        match (place, digest) {
            (Some((member, _, path)), digest) => {
                let digest = digest.unwrap_or_default();
                receipt.inputs.push(listed(statement, &at, (member, &path), digest));
            }
            // By its bytes, where the name is that of another place: the digests join the chain.
            (None, digest) => match digest.and_then(|d| Some((objects.with(&d)?, d))) {
                Some((path, digest)) => {
                    receipt.inputs.push(listed(statement, &at, ("uri", path), digest));
                }
                None => receipt.external.push(shown.to_owned()),
            },
        }
    }
    for (at, entry) in entries(statement, form.qa) {
        let name = entry["name"].as_str().or_else(|| entry["uri"].as_str());
        if name.is_some_and(|name| name == QA_REPORT || name.starts_with(QA_REPORTS)) {
            let pointer = statement.place(&format!("{at}/digest/sha256"));
            receipt.qa_digest = sha256(entry).map(|text| Stated { text, pointer });
        }
    }
    commit
}

/// A relative name under one of the workspace's folders is meant to be there, whether it is or not.
fn in_workspace(name: &str) -> Option<String> {
    let folders = ["raw/", "work/", "processed/", "catalog/"];
    folders.iter().any(|folder| name.starts_with(folder)).then(|| name.to_owned())
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn listed(
    statement: &Statement<'_>,
    at: &str,
    (member, name): (&str, &str),
    digest: String,
) -> Listed {
    let uri = Stated { text: name.to_owned(), pointer: statement.place(&format!("{at}/{member}")) };
    let pointer = statement.place(&format!("{at}/digest/sha256"));
    Listed { uri, digest: Stated { text: digest, pointer }, pointer: statement.place(at) }
}

fn image(statement: &Statement<'_>, pointer: &str) -> Option<Stated> {
    let text = sha256(statement.value.pointer(pointer)?)?;
    Some(Stated { text, pointer: statement.place(&format!("{pointer}/digest/sha256")) })
}

/// The first dependency that is an image, by the scheme of its URI.
fn container(statement: &Statement<'_>, form: &Form) -> Option<Stated> {
    let schemes = ["docker:", "docker://", "oci:", "oci://", "pkg:docker/", "pkg:oci/"];
    [form.more_dependencies, form.dependencies].into_iter().find_map(|list| {
        entries(statement, list).find_map(|(at, entry)| {
            let uri = entry["uri"].as_str()?;
            schemes.iter().any(|scheme| uri.starts_with(scheme)).then_some(())?;
            image(statement, &at)
        })
    })
}

/// The digest of the run's parameters: stated as `params_digest`, or of `params`, or of all of
/// them. The same rule as for a spec, so that both come to the same digest.
fn params(statement: &Statement<'_>, form: &Form) -> Option<Stated> {
    let stated = format!("{}/params_digest", form.parameters);
    if let Some(digest) = statement.stated(&stated) {
        return Some(digest);
    }
    let all = statement.value.pointer(form.parameters)?;
    let (value, pointer) = match all.get("params") {
        Some(params) => (params, format!("{}/params", form.parameters)),
        None => (all, form.parameters.to_owned()),
    };
    let text = canonical_digest(value).ok()?.to_string();
    Some(Stated { text, pointer: statement.place(&pointer) })
}
