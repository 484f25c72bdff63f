//! Gate B: what the licence obliges to stands in the DCAT record, where readers look for it.

use std::collections::BTreeSet;

use crate::dataset::layout::DCAT;
use crate::domain::Reason;
use crate::policy::{Obligation, ObligationKind};

use super::codes;
use super::known::Known;
use super::rdf::{Graph, Term};

const STATEMENTS: [&str; 3] = [
    "http://purl.org/dc/terms/rights",
    "http://www.w3.org/ns/odrl/2/hasPolicy",
    "http://creativecommons.org/ns#requires",
];
/// From a statement to its words.
const MAX_NODES: usize = 200;

pub(super) fn check(
    known: &Known<'_>,
    attribution: &str,
    obligations: &BTreeSet<Obligation>,
    reasons: &mut Vec<Reason>,
) {
    let Some(graph) = known.dcat.read() else { return };
    let datasets = graph.of_type("http://www.w3.org/ns/dcat#Dataset");
    // What is not one is gate D's to say.
    let [dataset] = datasets.as_slice() else { return };
    let said = said(graph, dataset);
    for obligation in obligations {
        let (stated, how) = match obligation.kind {
            ObligationKind::Attribution => (
                said.iter().any(|text| text.contains(attribution.trim())),
                format!("the attribution {attribution:?} in dct:rights"),
            ),
            ObligationKind::ShareAlike => (
                said.iter().any(|text| {
                    let text = text.to_lowercase().replace(['-', ' ', '_'], "");
                    text.contains("sharealike") || text.contains("odrl/2/sharealike")
                }),
                "share-alike in dct:rights, odrl:hasPolicy or cc:requires".to_owned(),
            ),
        };
        if !stated {
            let message =
                format!("{} demands {how}, and the DCAT dataset lacks it.", obligation.license);
            let pointer = graph.pointer_of(&[dataset]);
            reasons.push(codes::OBLIGATION_NOT_STATED.because(message).at(DCAT, pointer));
        }
    }
}

/// Every IRI and text that the dataset's statements of rights lead to.
fn said<'a>(graph: &'a Graph, dataset: &Term) -> BTreeSet<&'a str> {
    let mut said = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut queue: Vec<&Term> =
        STATEMENTS.iter().flat_map(|property| graph.objects(dataset, property)).collect();
    while let Some(term) = queue.pop() {
        if seen.len() > MAX_NODES || !seen.insert(term) {
            continue;
        }
        match term {
            Term::Iri(text) | Term::Literal(text) => drop(said.insert(text.as_str())),
            Term::Blank(_) => {}
        }
        queue.extend(graph.all_objects(term));
    }
    said
}
