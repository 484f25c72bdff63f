//! JSON-LD read as RDF: any shape that means the same reads the same. Nothing is fetched.

use std::collections::{BTreeMap, BTreeSet};

use oxjsonld::JsonLdParser;
use oxrdf::{NamedNode, NamedOrBlankNode, Triple};
use oxttl::TurtleParser;
use serde_json::Value;

use crate::dataset::Names;

use super::contexts;
use super::places::Places;

pub(super) const RDF_TYPE: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";

/// A node or a literal's text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Term {
    Iri(String),
    Blank(String),
    Literal(String),
}

impl Term {
    /// The IRI, label or text.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Iri(text) | Self::Blank(text) | Self::Literal(text) => text,
        }
    }
}

/// What kind of node a term is, with what a literal is besides its text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    Iri,
    Blank,
    Literal { datatype: String, language: Option<String> },
}

/// A term with all that it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Object {
    pub(super) term: Term,
    pub(super) kind: Kind,
}

impl Object {
    /// A node, or a literal that is only known as a text.
    pub(super) fn node(term: Term) -> Self {
        let kind = match term {
            Term::Iri(_) => Kind::Iri,
            Term::Blank(_) => Kind::Blank,
            Term::Literal(_) => Kind::Literal { datatype: String::new(), language: None },
        };
        Self { term, kind }
    }

    pub(super) fn datatype(&self) -> Option<&str> {
        match &self.kind {
            Kind::Literal { datatype, .. } => Some(datatype),
            Kind::Iri | Kind::Blank => None,
        }
    }

    pub(super) fn language(&self) -> Option<&str> {
        match &self.kind {
            Kind::Literal { language, .. } => language.as_deref(),
            Kind::Iri | Kind::Blank => None,
        }
    }
}

/// Why a JSON document gives no graph.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// A context from the network, and where it is asked for.
    RemoteContext { url: String, pointer: String },
    /// What the processor says.
    Syntax(String),
    /// What is wrong with PROV-JSON.
    ProvJson(String),
}

/// The triples of a document in document order, whichever graphs they are in.
#[derive(Debug)]
pub(super) struct Graph {
    triples: Vec<(Term, String, Object)>,
    by_object: BTreeMap<Term, Vec<usize>>,
    by_subject: BTreeMap<Term, Vec<usize>>,
    by_predicate: BTreeMap<String, Vec<usize>>,
    places: Places,
}

impl Graph {
    /// Reads the document at `path`, whose base IRI is that of the path.
    pub(super) fn read(value: &Value, names: &Names, path: &str) -> Result<Self, Unreadable> {
        contexts::check(value)?;
        let text = value.to_string();
        let parser = JsonLdParser::new()
            .with_base_iri(names.iri(path))
            .map_err(|e| Unreadable::Syntax(format!("the base IRI is invalid: {e}")))?;
        let mut graph = Self::empty(Places::new(value, names, path));
        for quad in parser.for_slice(&text) {
            let quad = quad.map_err(|e| Unreadable::Syntax(e.to_string()))?;
            graph.add(quad.subject, quad.predicate, quad.object, |iri| names.canonical(iri));
        }
        Ok(graph)
    }

    /// Reads Turtle of our own.
    pub(super) fn of_turtle(text: &str) -> Result<Self, String> {
        let mut graph = Self::empty(Places::default());
        for triple in TurtleParser::new().for_slice(text) {
            let Triple { subject, predicate, object } = triple.map_err(|e| e.to_string())?;
            graph.add(subject, predicate, object, str::to_owned);
        }
        Ok(graph)
    }

    /// The same, of a document that was rewritten on the way, so that no pointer holds.
    pub(super) fn without_places(self) -> Self {
        Self { places: Places::default(), ..self }
    }

    const fn empty(places: Places) -> Self {
        Self {
            triples: Vec::new(),
            by_object: BTreeMap::new(),
            by_subject: BTreeMap::new(),
            by_predicate: BTreeMap::new(),
            places,
        }
    }

    fn add(
        &mut self,
        subject: NamedOrBlankNode,
        predicate: NamedNode,
        object: oxrdf::Term,
        canonical: impl Fn(&str) -> String,
    ) {
        let subject = match subject {
            NamedOrBlankNode::NamedNode(node) => Term::Iri(canonical(node.as_str())),
            NamedOrBlankNode::BlankNode(node) => Term::Blank(node.into_string()),
        };
        let object = match object {
            oxrdf::Term::NamedNode(node) => Object::node(Term::Iri(canonical(node.as_str()))),
            oxrdf::Term::BlankNode(node) => Object::node(Term::Blank(node.into_string())),
            oxrdf::Term::Literal(literal) => Object {
                kind: Kind::Literal {
                    datatype: literal.datatype().as_str().to_owned(),
                    language: literal.language().map(str::to_lowercase),
                },
                term: Term::Literal(literal.value().to_owned()),
            },
        };
        let predicate = predicate.into_string();
        let index = self.triples.len();
        self.by_object.entry(object.term.clone()).or_default().push(index);
        self.by_subject.entry(subject.clone()).or_default().push(index);
        self.by_predicate.entry(predicate.clone()).or_default().push(index);
        self.triples.push((subject, predicate, object));
    }

    /// What a node has, predicate by predicate, in document order.
    pub(super) fn statements<'a>(
        &'a self,
        subject: &Term,
    ) -> impl Iterator<Item = (&'a str, &'a Object)> + use<'a> {
        let found = self.by_subject.get(subject).into_iter().flatten();
        found.filter_map(|&index| self.triples.get(index)).map(|(_, p, o)| (p.as_str(), o))
    }

    /// What a node has for a predicate, with all that it is.
    pub(super) fn values<'a, 'p>(
        &'a self,
        subject: &Term,
        predicate: &'p str,
    ) -> impl Iterator<Item = &'a Object> + use<'a, 'p> {
        self.statements(subject).filter(move |(p, _)| *p == predicate).map(|(_, o)| o)
    }

    /// The nodes that have this object for a predicate.
    pub(super) fn subjects<'a>(
        &'a self,
        predicate: &'a str,
        object: &Term,
    ) -> impl Iterator<Item = &'a Term> + use<'a> {
        let found = self.by_object.get(object).into_iter().flatten();
        found
            .filter_map(|&index| self.triples.get(index))
            .filter(move |(_, p, _)| p == predicate)
            .map(|(s, _, _)| s)
    }

    /// Whether a node is of a class by its own word.
    pub(super) fn is_a(&self, node: &Term, class: &str) -> bool {
        self.values(node, RDF_TYPE)
            .any(|found| matches!(&found.term, Term::Iri(iri) if iri == class))
    }

    /// Every IRI of the graph.
    pub(super) fn iris(&self) -> impl Iterator<Item = &str> {
        self.triples.iter().flat_map(|(subject, predicate, object)| {
            let nodes = [subject, &object.term].into_iter();
            let iris = nodes.filter(|term| matches!(term, Term::Iri(_))).map(Term::text);
            iris.chain([predicate.as_str()])
        })
    }

    /// Every pair of nodes that a predicate joins, in document order.
    pub(super) fn pairs<'a>(
        &'a self,
        predicate: &str,
    ) -> impl Iterator<Item = (&'a Term, &'a Term)> + use<'a> {
        let found = self.by_predicate.get(predicate).into_iter().flatten();
        found.filter_map(|&index| self.triples.get(index)).map(|(s, _, o)| (s, &o.term))
    }

    /// What a node has for a predicate, in document order.
    pub(super) fn objects<'a, 'p>(
        &'a self,
        subject: &Term,
        predicate: &'p str,
    ) -> impl Iterator<Item = &'a Term> + use<'a, 'p> {
        let found = self.by_subject.get(subject).into_iter().flatten();
        found
            .filter_map(|&index| self.triples.get(index))
            .filter(move |(_, p, _)| p == predicate)
            .map(|(_, _, o)| &o.term)
    }

    /// Everything that a node has, by whichever predicate.
    pub(super) fn all_objects<'a>(
        &'a self,
        subject: &Term,
    ) -> impl Iterator<Item = &'a Term> + use<'a> {
        let found = self.by_subject.get(subject).into_iter().flatten();
        found.filter_map(|&index| self.triples.get(index)).map(|(_, _, o)| &o.term)
    }

    /// Every node of a class, once, in document order.
    pub(super) fn of_type(&self, class: &str) -> Vec<&Term> {
        let mut seen = BTreeSet::new();
        self.pairs(RDF_TYPE)
            .filter(|(_, object)| matches!(object, Term::Iri(iri) if iri == class))
            .map(|(subject, _)| subject)
            .filter(|subject| seen.insert(*subject))
            .collect()
    }

    /// Where a node is in the file.
    pub(super) fn pointer(&self, term: &Term) -> Option<&str> {
        match term {
            Term::Iri(iri) => self.places.of(iri),
            Term::Blank(_) | Term::Literal(_) => None,
        }
    }

    /// Where the first of these nodes that has an IRI is in the file; the top, if none has.
    pub(super) fn pointer_of(&self, terms: &[&Term]) -> String {
        terms.iter().find_map(|term| self.pointer(term)).unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dataset::Requested;

    const TITLE: &str = "http://purl.org/dc/terms/title";

    fn read(value: &Value) -> Result<Graph, Unreadable> {
        let names = Names::new(&Requested {
            dataset_slug: "s".into(),
            dataset_version_id: "2026.00000000".into(),
            intended_use: "any".into(),
        });
        Graph::read(value, &names, "catalog/dcat.jsonld")
    }

    #[test]
    fn shapes_that_mean_the_same_read_the_same() {
        let iri = "kfm://dataset/s/2026.00000000/catalog/dcat.jsonld#d";
        let dct = json!({"dct": "http://purl.org/dc/terms/"});
        for (shape, pointer) in [
            (json!({"@context": dct, "@id": "#d", "dct:title": "T"}), ""),
            (json!([{"@id": "#d", TITLE: [{"@value": "T", "@language": "en"}]}]), "/0"),
            (json!({"@context": dct, "@graph": [{"@id": "#d", "dct:title": "T"}]}), "/@graph/0"),
            (
                json!({"@context": {"id": "@id", "title": {"@id": TITLE, "@container": "@language"}},
                       "id": iri, "title": {"en": "T"}}),
                "",
            ),
            (
                json!({"@context": {"@vocab": "http://purl.org/dc/terms/"}, "@id": iri, "title": "T"}),
                "",
            ),
        ] {
            let graph = read(&shape).unwrap();
            let subject = Term::Iri(iri.to_owned());
            let titles: Vec<_> = graph.objects(&subject, TITLE).collect();
            assert_eq!(titles, [&Term::Literal("T".into())], "{shape}");
            assert_eq!(graph.pointer(&subject), Some(pointer), "{shape}");
        }
    }

    #[test]
    fn contexts_from_the_network_are_refused() {
        for (shape, place) in [
            (json!({"@context": "https://example.org/c"}), "/@context"),
            (json!({"@context": [{}, "c.jsonld"]}), "/@context/1"),
            (
                json!({"a": {"@context": {"@import": "https://example.org/c"}}}),
                "/a/@context/@import",
            ),
            (
                json!({"@context": {"t": {"@id": "x:t", "@context": "https://e.org"}}}),
                "/@context/t/@context",
            ),
        ] {
            let Err(Unreadable::RemoteContext { pointer, .. }) = read(&shape) else {
                panic!("{shape}")
            };
            assert_eq!(pointer, place);
        }
        assert!(matches!(read(&json!({"@context": 1})), Err(Unreadable::Syntax(_))));
    }
}
