//! Objects and the bytes of their documents → [`Facts`]. No I/O.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::{Digest, parse_i_json};

use super::layout::{self, Kind};
use super::{
    ContentFact, Document, DocumentState, Facts, Form, Limits, ObjectFact, Published, Requested,
    Rules,
};

/// A document's bytes, or why they were not kept.
pub(super) type Body = Result<Vec<u8>, String>;

/// Puts together what was read. The order in which objects were listed or read leaves no trace.
pub(super) fn assemble(
    requested: Requested,
    objects: BTreeMap<String, ObjectFact>,
    bodies: BTreeMap<String, Body>,
    content: BTreeMap<String, ContentFact>,
    published: Option<Published>,
) -> Facts {
    let mut facts = Facts {
        requested,
        objects,
        spec: Document::missing(layout::SPEC),
        dataset: Document::missing(layout::DATASET),
        dcat: Document::missing(layout::DCAT),
        stac: BTreeMap::new(),
        prov: Document::missing(layout::PROV),
        receipts: BTreeMap::new(),
        work: BTreeMap::new(),
        contracts: BTreeMap::new(),
        attestations: BTreeMap::new(),
        content,
        published,
    };
    for (path, body) in bodies {
        place(&mut facts, path, body);
    }
    facts
}

impl Facts {
    /// The facts of the same workspace with other bytes in one of its documents, or with one more.
    #[must_use]
    pub fn revised(mut self, path: &str, bytes: &[u8]) -> Self {
        let media_type = layout::media_type(path).to_owned();
        let form = layout::is_published_data(path).then(|| Form::of(bytes, true));
        let size = bytes.len() as u64;
        let object = ObjectFact { digest: Digest::of(bytes), size, media_type, form };
        self.objects.insert(path.to_owned(), object);
        place(&mut self, path.to_owned(), Ok(bytes.to_vec()));
        self
    }
}

impl Document {
    /// What these bytes are read as under this path; none if nobody reads what lies there.
    pub fn read(path: &str, bytes: &[u8]) -> Option<Self> {
        let state = parse(layout::kind(path)?, bytes);
        Some(Self { path: path.to_owned(), state })
    }

    /// One that nobody reads.
    pub fn too_large(path: String, size: u64, limits: &Limits) -> Self {
        Self { path, state: DocumentState::Invalid(too_large(size, limits)) }
    }
}

/// Why a document of this length is not read.
pub(super) fn too_large(size: u64, limits: &Limits) -> String {
    format!("it has {size} bytes, more than the {} that a document may have", limits.document_bytes)
}

fn place(facts: &mut Facts, path: String, body: Body) {
    let Some(kind) = layout::kind(&path) else { return };
    let document = match body {
        Ok(bytes) => Document { path: path.clone(), state: parse(kind, &bytes) },
        Err(message) => Document { path: path.clone(), state: DocumentState::Invalid(message) },
    };
    match kind {
        Kind::Spec => facts.spec = document,
        Kind::Dataset => facts.dataset = document,
        Kind::Dcat => facts.dcat = document,
        Kind::Prov => facts.prov = document,
        Kind::Stac => drop(facts.stac.insert(path, document)),
        Kind::Receipt => drop(facts.receipts.insert(path, document)),
        Kind::Work => drop(facts.work.insert(path, document)),
        Kind::Contract | Kind::ContractYaml | Kind::ContractText => {
            drop(facts.contracts.insert(path, document));
        }
        Kind::Attestation => drop(facts.attestations.insert(path, document)),
    }
}

/// What the redaction plan demands of the bytes, as soon as the documents are read.
pub(super) fn rules(bodies: &BTreeMap<String, Body>) -> Option<Rules> {
    let document = |path: &str| parse_i_json(bodies.get(path)?.as_ref().ok()?).ok();
    let dataset = document(layout::DATASET)?;
    let plan = document(&layout::redaction_plan(&dataset)?)?;
    Rules::of_plan(layout::policy_label(&dataset), &plan)
}

fn parse(kind: Kind, bytes: &[u8]) -> DocumentState {
    let parsed = match kind {
        Kind::ContractYaml => {
            yaml_serde::from_slice::<Value>(bytes).map_err(|e| format!("not YAML: {e}"))
        }
        Kind::ContractText => {
            std::str::from_utf8(bytes).map(Value::from).map_err(|e| format!("not UTF-8: {e}"))
        }
        _ => parse_i_json(bytes).map_err(|e| format!("not JSON that every reader agrees on: {e}")),
    };
    match parsed {
        Ok(value) => DocumentState::Value(value),
        Err(message) => DocumentState::Invalid(message),
    }
}
