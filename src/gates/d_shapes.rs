//! The DCAT record against the shapes of `contracts/shapes/dcat.ttl`.

use std::sync::LazyLock;

use crate::dataset::layout::DCAT;
use crate::domain::Reason;

use super::known::Known;
use super::rdf::{Graph, Term};
use super::{codes, shacl};

/// No more are told at once.
const MAX: usize = 100;

static SHAPES: LazyLock<Result<Graph, String>> = LazyLock::new(|| {
    let graph = Graph::of_turtle(include_str!("../../contracts/shapes/dcat.ttl"))?;
    match shacl::unknown(&graph) {
        Some(word) => Err(format!("sh:{word} is not understood")),
        None => Ok(graph),
    }
});

const PREFIXES: &[(&str, &str)] = &[
    ("dcat", "http://www.w3.org/ns/dcat#"),
    ("dct", "http://purl.org/dc/terms/"),
    ("foaf", "http://xmlns.com/foaf/0.1/"),
    ("locn", "http://www.w3.org/ns/locn#"),
    ("odrl", "http://www.w3.org/ns/odrl/2/"),
    ("prov", "http://www.w3.org/ns/prov#"),
    ("spdx", "http://spdx.org/rdf/terms#"),
    ("vcard", "http://www.w3.org/2006/vcard/ns#"),
];

pub(super) fn check(known: &Known<'_>, graph: &Graph, reasons: &mut Vec<Reason>) {
    let shapes = match &*SHAPES {
        Ok(shapes) => shapes,
        Err(error) => {
            let message = format!("The shapes cannot be read, so that nothing is judged: {error}.");
            reasons.push(codes::DCAT_SHAPE_VIOLATED.because(message).at(DCAT, ""));
            return;
        }
    };
    let mut found = shacl::validate(shapes, graph);
    // A value of the wrong kind breaks several constraints; one is enough to mend it.
    found.dedup_by(|next, first| next.focus == first.focus && next.path == first.path);
    for violation in found.into_iter().take(MAX) {
        let shacl::Violation { focus, path, missing, message } = violation;
        let what = what(known, graph, &focus);
        let path = short(&path);
        let (code, message) = match path.as_str() {
            "" => (&codes::DCAT_SHAPE_VIOLATED, format!("{what} {message}.")),
            // The inverse path of the shapes: nothing leads to it.
            path if path.starts_with('^') => {
                let path = &path[1..];
                (&codes::DCAT_SHAPE_VIOLATED, format!("{what} is named by no {path}."))
            }
            path if missing && message == "is missing" => {
                (&codes::DCAT_PROPERTY_MISSING, format!("{what} has no {path}."))
            }
            path => (&codes::DCAT_SHAPE_VIOLATED, format!("{what}: {path} {message}.")),
        };
        reasons.push(code.because(message).at(DCAT, graph.pointer_of(&[&focus])));
    }
}

/// The same without a workspace.
pub(super) fn bare(graph: &Graph) -> Result<Vec<String>, String> {
    let shapes = SHAPES.as_ref().map_err(Clone::clone)?;
    let line = |v: shacl::Violation| format!("{} {} {}", v.focus.text(), short(&v.path), v.message);
    Ok(shacl::validate(shapes, graph).into_iter().map(line).collect())
}

fn what(known: &Known<'_>, graph: &Graph, focus: &Term) -> String {
    let classes =
        [("Dataset", "dataset"), ("Distribution", "distribution"), ("Catalog", "catalog")];
    let found =
        classes.iter().find(|(class, _)| graph.is_a(focus, &format!("{}{class}", PREFIXES[0].1)));
    match (found, focus) {
        (Some((_, "dataset")), _) => "The DCAT dataset".to_owned(),
        (Some((_, name)), Term::Iri(_)) => format!("The {name} {}", known.show(focus)),
        (Some((_, name)), _) => format!("A {name} without @id"),
        (None, Term::Blank(_)) => "A node without @id".to_owned(),
        (None, _) => known.show(focus),
    }
}

fn short(path: &str) -> String {
    PREFIXES
        .iter()
        .fold(path.to_owned(), |path, (prefix, iri)| path.replace(iri, &format!("{prefix}:")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shapes_are_understood() {
        assert!(SHAPES.as_ref().is_ok(), "{:?}", SHAPES.as_ref().err());
    }
}
