//! The PROV bundle: what the receipts say, as entities, activities and agents.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::dataset::layout::{DCAT, PROCESSED, PROV};
use crate::dataset::{Facts, has_scheme};

use super::dcat::encoded;
use super::{Source, named, reference};
use crate::gates::mend_names::{local, text};
use crate::gates::receipt::{Listed, Receipt, locate};

/// What the bundle that lies there says: which objects somebody made, and the IRIs of who.
pub(super) fn recorded(facts: &Facts) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut made, mut makers) = (BTreeSet::new(), BTreeSet::new());
    let full = |value: &Value| {
        let id = text(value)?;
        let relative = !has_scheme(&id) && !id.starts_with("_:");
        let fragment = id.split_once('#').map_or(String::new(), |(_, f)| format!("#{f}"));
        let path = facts.names().resolve(PROV, &id);
        match path.filter(|_| relative) {
            Some(path) => Some(facts.names().iri(&path) + &fragment),
            None => Some(id),
        }
    };
    for node in nodes(facts) {
        for (name, value) in node.as_object().into_iter().flatten() {
            let ends = items(value).iter().filter_map(full);
            if local(name, "wasGeneratedBy") {
                made.extend(node.get("@id").and_then(full));
                makers.extend(ends);
            } else if local(name, "generated") {
                made.extend(ends);
                makers.extend(node.get("@id").and_then(full));
            }
        }
    }
    (made.iter().filter_map(|iri| facts.names().path(iri)).collect(), makers)
}

fn nodes(facts: &Facts) -> impl Iterator<Item = &Value> {
    let graph = facts.prov.value().and_then(|bundle| bundle.get("@graph")?.as_array());
    graph.into_iter().flatten()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

/// The receipts of runs that made something that nobody made, as far as the bundle goes.
pub(super) fn unrecorded(facts: &Facts, receipts: Vec<Receipt>) -> Vec<Receipt> {
    let (made, _) = recorded(facts);
    let is_new = |receipt: &Receipt| {
        let paths = receipt.outputs.iter().filter_map(|file| locate(facts, &file.uri.text));
        paths.into_iter().any(|path| path.starts_with(PROCESSED) && !made.contains(&path))
    };
    receipts.into_iter().filter(is_new).collect()
}

pub(super) fn bundle(source: &Source<'_>) -> Value {
    let mut graph = Vec::new();
    let names = source.facts.names();
    let leads = |value: &Value| names.resolve(PROV, &text(value)?).filter(|path| path == DCAT);
    let named_already = nodes(source.facts).any(|node| {
        let see = node.get("rdfs:seeAlso").into_iter().flat_map(items);
        see.filter_map(leads).next().is_some()
    });
    if !named_already {
        graph.push(json!({
            "@id": "", "@type": ["prov:Bundle", "prov:Entity"],
            "rdfs:seeAlso": reference(named(PROV, DCAT)),
        }));
    }
    let mut agents = BTreeSet::new();
    let mut entities: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut activities = Vec::new();
    for receipt in &source.receipts {
        let Some(id) = &receipt.run_id else { continue };
        let paths = |files: &[Listed]| -> Vec<String> {
            files.iter().filter_map(|file| locate(source.facts, &file.uri.text)).collect()
        };
        let inputs = paths(&receipt.inputs);
        for path in &inputs {
            entities.entry(path.clone()).or_default();
        }
        for path in paths(&receipt.outputs) {
            // The first maker counts: a second one is gate E's to name.
            entities.entry(path).or_default().get_or_insert_with(|| id.text.clone());
        }
        let actor = actor(source, receipt);
        activities.push(activity(source, receipt, &id.text, &inputs, &actor));
        agents.insert(actor);
    }
    graph.extend(agents.iter().map(|agent| {
        json!({ "@id": agent, "@type": ["prov:SoftwareAgent", "prov:Agent"], "rdfs:label": agent })
    }));
    graph.extend(entities.iter().map(|(path, maker)| {
        let mut entity = json!({ "@id": encoded(&named(PROV, path)), "@type": "prov:Entity" });
        if let Some(maker) = maker {
            entity["prov:wasGeneratedBy"] = reference(maker);
        }
        entity
    }));
    graph.extend(activities);
    json!({
        "@context": {
            "prov": "http://www.w3.org/ns/prov#",
            "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@graph": graph,
    })
}

/// Who ran it, as an IRI.
fn actor(source: &Source<'_>, receipt: &Receipt) -> String {
    let document = source.facts.receipts.get(&receipt.path).and_then(|d| d.value());
    let principal = document.and_then(|d| d.pointer("/actor/principal")?.as_str());
    match principal {
        Some(principal) if has_scheme(principal) => principal.to_owned(),
        Some(principal) => format!("#{}", encoded(principal)),
        None => "#builder".to_owned(),
    }
}

fn activity(
    source: &Source<'_>,
    receipt: &Receipt,
    id: &str,
    inputs: &[String],
    actor: &str,
) -> Value {
    let time = |text: &str| json!({ "@value": text, "@type": "xsd:dateTime" });
    let used: Vec<Value> =
        inputs.iter().map(|path| reference(encoded(&named(PROV, path)))).collect();
    let mut activity = json!({
        "@id": id, "@type": "prov:Activity", "prov:used": used,
        "prov:wasAssociatedWith": reference(actor),
    });
    let document = source.facts.receipts.get(&receipt.path).and_then(|d| d.value());
    if let Some(started) = document.and_then(|d| d.get("started_at")?.as_str()) {
        activity["prov:startedAtTime"] = time(started);
    }
    if let Some(ended) = &receipt.created {
        activity["prov:endedAtTime"] = time(&ended.text);
    }
    activity
}
