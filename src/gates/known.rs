//! Facts, with the JSON-LD catalogs read as RDF once for all gates.

use serde_json::Value;

use crate::dataset::layout::PROV;
use crate::dataset::{Document, DocumentState, Facts, Names};

use super::lineage::Lineage;
use super::prov_json;
use super::rdf::{Graph, Term, Unreadable};

/// What became of reading a JSON-LD catalog.
pub(super) enum Catalog<T> {
    Missing,
    NotJson(String),
    NotRdf(Unreadable),
    Read(T),
}

impl<T> Catalog<T> {
    pub(super) fn read(&self) -> Option<&T> {
        match self {
            Self::Read(value) => Some(value),
            Self::Missing | Self::NotJson(_) | Self::NotRdf(_) => None,
        }
    }
}

/// What the gates look at.
pub(super) struct Known<'a> {
    pub(super) facts: &'a Facts,
    pub(super) names: Names,
    pub(super) dcat: Catalog<Graph>,
    pub(super) prov: Catalog<Lineage>,
}

impl<'a> Known<'a> {
    pub(super) fn new(facts: &'a Facts) -> Self {
        let names = facts.names();
        let dcat = catalog(&facts.dcat, &names);
        let prov = match catalog(&facts.prov, &names) {
            Catalog::Missing => Catalog::Missing,
            Catalog::NotJson(message) => Catalog::NotJson(message),
            Catalog::NotRdf(error) => Catalog::NotRdf(error),
            Catalog::Read(graph) => Catalog::Read(Lineage::new(graph)),
        };
        Self { facts, names, dcat, prov }
    }

    /// The path in the workspace that a term in the document at `from` leads to.
    pub(super) fn target(&self, from: &str, term: &Term) -> Option<String> {
        match term {
            Term::Iri(iri) => self.names.path(iri),
            Term::Literal(text) => self.names.resolve(from, text),
            Term::Blank(_) => None,
        }
    }

    /// A term as a person names it: a path for what lies in the workspace.
    pub(super) fn show(&self, term: &Term) -> String {
        match term {
            Term::Iri(iri) => iri.strip_prefix(self.names.base()).unwrap_or(iri).to_owned(),
            Term::Literal(text) => format!("{text:?}"),
            Term::Blank(_) => "a node without @id".to_owned(),
        }
    }
}

fn catalog(document: &Document, names: &Names) -> Catalog<Graph> {
    match &document.state {
        DocumentState::Missing => Catalog::Missing,
        DocumentState::Invalid(message) => Catalog::NotJson(message.clone()),
        DocumentState::Value(value) => match read(document, value, names) {
            Ok(graph) => Catalog::Read(graph),
            Err(error) => Catalog::NotRdf(error),
        },
    }
}

fn read(document: &Document, value: &Value, names: &Names) -> Result<Graph, Unreadable> {
    if document.path == PROV && prov_json::is(value) {
        let value = prov_json::to_json_ld(value).map_err(Unreadable::ProvJson)?;
        return Graph::read(&value, names, &document.path).map(Graph::without_places);
    }
    Graph::read(value, names, &document.path)
}
