//! What is known of a dataset version before it is judged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::Digest;

use super::{ContentFact, Form};

/// Everything that the gates look at. Built once, then only read.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// What somebody asks to have published.
    pub requested: Requested,
    /// Every object of the workspace by its path, `/`-separated, relative to the workspace.
    pub objects: BTreeMap<String, ObjectFact>,
    /// `spec.json`.
    pub spec: Document,
    /// `dataset.json`.
    pub dataset: Document,
    /// `catalog/dcat.jsonld`.
    pub dcat: Document,
    /// `catalog/stac/**/*.json`, by path.
    pub stac: BTreeMap<String, Document>,
    /// `catalog/prov/bundle.jsonld`.
    pub prov: Document,
    /// `receipts/*.json`, by path.
    pub receipts: BTreeMap<String, Document>,
    /// JSON documents under `work/`, by path: QA report, redaction plan.
    pub work: BTreeMap<String, Document>,
    /// JSON and YAML documents under `contracts/`, and GraphQL as its text, by path.
    pub contracts: BTreeMap<String, Document>,
    /// JSON documents under `attestations/`, by path: SBOM, signed provenance.
    pub attestations: BTreeMap<String, Document>,
    /// What looking into the bytes found, by path; of every published object that is no document
    /// if there is a redaction plan to hold them against, of none otherwise.
    pub content: BTreeMap<String, ContentFact>,
    /// What the destination already holds under this version id, if anything is published there.
    pub published: Option<Published>,
}

/// The request, as text that gate A judges.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Requested {
    /// Dataset slug.
    pub dataset_slug: String,
    /// Dataset version id.
    pub dataset_version_id: String,
    /// What the data is to be used for; a key of the pack's compatibility table.
    pub intended_use: String,
}

/// One object of the workspace.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ObjectFact {
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// Media type, from the extension.
    pub media_type: String,
    /// What its first bytes surely are; of published data that is no document. Facts that were
    /// recorded before anybody looked have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<Form>,
}

/// A document of the workspace, read as far as it could be.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Document {
    /// Its path in the workspace.
    pub path: String,
    /// What became of reading it.
    #[serde(flatten)]
    pub state: DocumentState,
}

/// What became of reading a document.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentState {
    /// There is no such object.
    Missing,
    /// It is there but cannot be read as what it should be; the sentence says why.
    Invalid(String),
    /// Its content.
    Value(Value),
}

/// A version that the destination already holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Published {
    /// The spec hash in its manifest.
    pub spec_hash: String,
    /// Path to digest of every artifact and catalog in its manifest.
    pub files: BTreeMap<String, Digest>,
}

impl Document {
    /// A document that is not there.
    pub fn missing(path: impl Into<String>) -> Self {
        Self { path: path.into(), state: DocumentState::Missing }
    }

    /// Why it cannot be read, if it is there and cannot.
    pub fn invalid(&self) -> Option<&str> {
        match &self.state {
            DocumentState::Invalid(message) => Some(message),
            DocumentState::Missing | DocumentState::Value(_) => None,
        }
    }

    /// The parsed content, if there is any.
    pub fn value(&self) -> Option<&Value> {
        match &self.state {
            DocumentState::Value(value) => Some(value),
            DocumentState::Missing | DocumentState::Invalid(_) => None,
        }
    }
}
