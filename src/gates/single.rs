//! One catalog or SBOM by itself, outside of any workspace: for comparison with other validators.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::contracts::{Format, Violation};
use crate::dataset::layout::{DCAT, PROV};
use crate::dataset::{Names, Requested};

use super::lineage::Lineage;
use super::rdf::{Graph, Unreadable};
use super::{d_shapes, g_sbom, prov_json};

fn names() -> Names {
    Names::new(&Requested {
        dataset_slug: "single".to_owned(),
        dataset_version_id: "1".to_owned(),
        intended_use: String::new(),
    })
}

fn read(value: &Value, path: &str) -> Result<Graph, String> {
    Graph::read(value, &names(), path).map_err(|error| match error {
        Unreadable::Syntax(message) | Unreadable::ProvJson(message) => message,
        Unreadable::RemoteContext { url, .. } => format!("the context {url} is not fetched"),
    })
}

/// What a DCAT record breaks of `contracts/shapes/dcat.ttl`; empty means that it conforms.
///
/// # Errors
/// Why it is no JSON-LD.
pub fn dcat_shape_violations(value: &Value) -> Result<Vec<String>, String> {
    d_shapes::bare(&read(value, DCAT)?)
}

/// What a PROV bundle, as PROV-JSON or PROV-O in JSON-LD, says of what came from what: relation,
/// subject and object, by IRI.
///
/// # Errors
/// Why it is neither.
pub fn prov_statements(value: &Value) -> Result<BTreeSet<(String, String, String)>, String> {
    let graph = if prov_json::is(value) {
        read(&prov_json::to_json_ld(value)?, PROV)?
    } else {
        read(value, PROV)?
    };
    let lineage = Lineage::new(graph);
    let text = |term: &super::rdf::Term| term.text().to_owned();
    let edges = lineage.edges.iter();
    Ok(edges.map(|edge| (edge.name.to_owned(), text(&edge.from.1), text(&edge.to.1))).collect())
}

/// What an SBOM breaks of its format, as gate G says it: of the official schema, and if of none, of
/// what the format's text demands beyond it.
pub fn sbom_violations(format: Format, value: &Value) -> Vec<Violation> {
    g_sbom::violations(format, value)
}
