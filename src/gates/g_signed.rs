//! Signed build provenance: whose signature, which builder and which sources count is the pack's to
//! say (`data.provenance`).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::{Digest, Reason};
use crate::pack::{
    Authority, Identity, KeyLog, PublicKey, Requirements, TrustRoot, verify_statement,
};

use super::codes;
use super::g_provenance::{missing, ran};

const SLSA: [&str; 2] = ["https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2"];

/// Checks the signature on a statement. A seam: the gate asks nothing else of Sigstore.
pub trait Engine {
    /// The statement in a bundle, if somebody who is trusted signed it.
    ///
    /// # Errors
    /// Why it is not believed.
    fn verified(&self, bundle: &str, trusted: &[Authority]) -> Result<Value, String>;
}

/// The built-in engine.
pub(super) struct BuiltIn;

impl Engine for BuiltIn {
    fn verified(&self, bundle: &str, trusted: &[Authority]) -> Result<Value, String> {
        let seen = verify_statement(bundle, trusted);
        seen.map(|seen| seen.statement).map_err(|e| format!("{}: {e}", e.reason()))
    }
}

/// What the pack trusts.
#[derive(Default)]
pub(super) struct Trust {
    authorities: Vec<Authority>,
    builders: Vec<String>,
    sources: Vec<String>,
    /// Why nothing is trusted although the pack says something.
    fault: Option<String>,
}

impl Trust {
    /// Reads `data.provenance`.
    pub(super) fn read(data: &Value) -> Self {
        let Some(said) = data.get("provenance") else { return Self::default() };
        match authorities(said) {
            Ok(authorities) => {
                let (builders, sources) = (texts(said, "builders"), texts(said, "sources"));
                Self { authorities, builders, sources, fault: None }
            }
            Err(fault) => Self { fault: Some(fault), ..Self::default() },
        }
    }

    fn is_silent(&self) -> bool {
        self.authorities.is_empty() && self.fault.is_none()
    }
}

fn texts(value: &Value, name: &str) -> Vec<String> {
    let list = value.get(name).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn authorities(said: &Value) -> Result<Vec<Authority>, String> {
    let root = match said.get("trusted_root") {
        Some(root) => Some(TrustRoot::parse(&root.to_string()).map_err(|e| e.to_string())?),
        None => None,
    };
    let mut all = Vec::new();
    for pem in texts(said, "keys") {
        let key = PublicKey::parse(&pem).map_err(|e| e.to_string())?;
        all.push(Authority::Key { key, log_root: root.clone().map(KeyLog::strict) });
    }
    let mut identities = Vec::new();
    for identity in said["identities"].as_array().into_iter().flatten() {
        let text = |name: &str| identity[name].as_str();
        let read = Identity::new(
            text("issuer"),
            text("issuerRegExp"),
            text("subject"),
            text("subjectRegExp"),
        );
        identities.push(read.map_err(|e| e.to_string())?);
    }
    if !identities.is_empty() {
        let root = match root {
            Some(root) => root,
            None => TrustRoot::public_good().map_err(|e| e.to_string())?,
        };
        all.push(Authority::Keyless { root, identities, require: Requirements::default() });
    }
    Ok(all)
}

/// The provenance that was found.
pub(super) struct Provenance<'a> {
    trust: &'a Trust,
    engine: &'a dyn Engine,
    images: &'a BTreeSet<Digest>,
    proven: BTreeSet<Digest>,
    /// How many bundles there were to check.
    pub(super) seen: usize,
}

impl<'a> Provenance<'a> {
    pub(super) fn new(
        trust: &'a Trust,
        engine: &'a dyn Engine,
        images: &'a BTreeSet<Digest>,
    ) -> Self {
        Self { trust, engine, images, proven: BTreeSet::new(), seen: 0 }
    }

    /// Checks a bundle. A pack that names nobody has nothing checked, which matters only if the
    /// gate is required.
    pub(super) fn look(&mut self, path: &str, bundle: &Value, reasons: &mut Vec<Reason>) {
        if self.trust.is_silent() {
            return;
        }
        self.seen += 1;
        if let Some(fault) = &self.trust.fault {
            let message = format!("The pack's data.provenance cannot be used: {fault}.");
            reasons.push(codes::PROVENANCE_NOT_VERIFIABLE.because(message).in_file(path));
            return;
        }
        let statement = match self.engine.verified(&bundle.to_string(), &self.trust.authorities) {
            Ok(statement) => statement,
            Err(why) => {
                let message = format!("The signature on {path} does not count: {why}.");
                let reason = codes::PROVENANCE_SIGNATURE_INVALID.because(message);
                reasons.push(reason.at(path, ""));
                return;
            }
        };
        let kind = statement["predicateType"].as_str().unwrap_or_default();
        if !SLSA.contains(&kind) {
            // An SBOM or a scan, signed: no provenance, and nothing wrong with that.
            return;
        }
        let subjects: BTreeSet<Digest> = statement["subject"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|s| {
                format!("sha256:{}", s.pointer("/digest/sha256")?.as_str()?).parse().ok()
            })
            .collect();
        let before = reasons.len();
        let at = "/dsseEnvelope/payload";
        let mut say = |code: &codes::Code, message: String| {
            reasons.push(code.because(message).at(path, at));
        };
        let ours: Vec<Digest> = subjects.intersection(self.images).copied().collect();
        if ours.is_empty() {
            let message = format!("The provenance in {path} is not of {}.", ran(self.images));
            say(&codes::PROVENANCE_SUBJECT_MISMATCH, message);
        }
        let predicate = &statement["predicate"];
        let builder = predicate
            .pointer("/runDetails/builder/id")
            .or_else(|| predicate.pointer("/builder/id"))
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !self.trust.builders.iter().any(|allowed| allowed == builder) {
            let message = format!(
                "{builder:?} built the image, and the pack allows {}.",
                shown(&self.trust.builders)
            );
            say(&codes::PROVENANCE_BUILDER_FORBIDDEN, message);
        }
        let sources = sources(predicate);
        let allowed = |source: &&String| {
            let bare = source.split('@').next().unwrap_or_default();
            self.trust.sources.iter().any(|s| s == *source || s == bare)
        };
        if sources.is_empty() || !sources.iter().all(|source| allowed(&source)) {
            let other = sources.iter().find(|source| !allowed(source));
            let message = format!(
                "The image was built from {}, and the pack allows {}.",
                other.map_or_else(|| "an unnamed source".to_owned(), |s| format!("{s:?}")),
                shown(&self.trust.sources)
            );
            say(&codes::PROVENANCE_SOURCE_FORBIDDEN, message);
        }
        if reasons.len() == before {
            self.proven.extend(ours);
        }
    }

    /// What a required gate misses. A bundle that was refused has its own reason.
    pub(super) fn missing(&self, found: &[Reason], reasons: &mut Vec<Reason>) {
        if self.trust.is_silent() {
            let message = "Gate G is required, and the pack's data.provenance names nobody whose \
                           signature on provenance counts.";
            reasons.push(codes::PROVENANCE_NOT_VERIFIABLE.because(message));
            return;
        }
        let refused = found.iter().any(|reason| reason.code.as_str().starts_with("Provenance"));
        if !refused {
            let what = "signed SLSA provenance";
            missing(self.images, &self.proven, &codes::PROVENANCE_MISSING, what, reasons);
        }
    }
}

fn shown(list: &[String]) -> String {
    if list.is_empty() { "none".to_owned() } else { list.join(", ") }
}

/// Where the sources came from: the repositories among the dependencies, and what the build was
/// asked to build.
fn sources(predicate: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for pointer in ["/buildDefinition/resolvedDependencies", "/materials"] {
        let list = predicate.pointer(pointer).and_then(Value::as_array);
        for entry in list.into_iter().flatten() {
            let git = ["gitCommit", "sha1"].iter().any(|kind| entry["digest"].get(kind).is_some());
            let uri = entry["uri"].as_str().unwrap_or_default();
            if git || uri.starts_with("git+") {
                found.insert(uri.to_owned());
            }
        }
    }
    for pointer in [
        "/invocation/configSource/uri",
        "/buildDefinition/externalParameters/source/uri",
        "/buildDefinition/externalParameters/source",
        "/buildDefinition/externalParameters/workflow/repository",
    ] {
        found.extend(predicate.pointer(pointer).and_then(Value::as_str).map(str::to_owned));
    }
    found
}
