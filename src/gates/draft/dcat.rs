//! The DCAT record of a dataset version.

use serde_json::{Map, Value, json};

use crate::dataset::layout::{DCAT, PROV, STAC_COLLECTION};

use super::{Source, has_collection, named, reference};
use crate::gates::b_licence::{address, obliges_to_share};

const MAKER: &str = "prov:wasGeneratedBy";

pub(super) fn record(source: &Source<'_>) -> Value {
    let mut dataset = json!({
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/", "prov": "http://www.w3.org/ns/prov#",
            "spdx": "http://spdx.org/rdf/terms#",
        },
        "@id": source.facts.names().base().trim_end_matches('/'),
        "@type": "dcat:Dataset",
        "dct:identifier": source.version(),
        "dcat:distribution": source.processed().map(|path| distribution(source, path)).collect::<Vec<_>>(),
    });
    let Some(members) = dataset.as_object_mut() else { return dataset };
    for (name, pointer) in [("dct:title", "/title"), ("dct:description", "/description")] {
        said(members, name, source.said(pointer).map(Value::from));
    }
    let holder = source.said("/rights/rights_holder");
    let publisher = holder.map(|name| json!({ "@type": "foaf:Agent", "foaf:name": name }));
    said(members, "dct:publisher", publisher);
    let license = source.said("/rights/license");
    let term = license.map(|text| address(text).map_or_else(|| text.into(), reference));
    said(members, "dct:license", term);
    // Whether it is owed, and whether it stands there in other words, a mend cannot know.
    if let Some(attribution) = source.said("/rights/attribution").filter(|_| source.create) {
        let mut rights = vec![Value::from(attribution)];
        if let Some(license) = license.filter(|license| obliges_to_share(license)) {
            rights.push(format!("Share alike, under {license}.").into());
        }
        said(members, "dct:rights", Some(rights.into()));
    }
    said(members, MAKER, makers(source));
    let mut relations = Vec::new();
    if has_collection(source) {
        relations.push(reference(named(DCAT, STAC_COLLECTION)));
    }
    relations.push(reference(named(DCAT, PROV)));
    said(members, "dct:relation", Some(relations.into()));
    dataset
}

/// The runs that made it: those that PROV does not know yet, otherwise those that it knows, if the
/// record names none.
fn makers(source: &Source<'_>) -> Option<Value> {
    let names_some = source.facts.dcat.value().is_some_and(|d| d.get(MAKER).is_some());
    let runs = source.receipts.iter().filter_map(|receipt| receipt.run_id.as_ref());
    let mut ids: Vec<String> = runs.map(|id| id.text.clone()).collect();
    if names_some && (!source.create || ids.is_empty()) {
        return None;
    }
    if ids.is_empty() {
        ids = super::prov::recorded(source.facts).1.into_iter().collect();
    }
    (!ids.is_empty()).then(|| ids.into_iter().map(reference).collect())
}

fn said(members: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        members.insert(name.to_owned(), value);
    }
}

fn distribution(source: &Source<'_>, path: &str) -> Value {
    let object = source.facts.objects.get(path);
    let media_type = object.map(|object| object.media_type.as_str()).unwrap_or_default();
    let registry = "https://www.iana.org/assignments/media-types/";
    let mut distribution = json!({
        "@type": "dcat:Distribution",
        "dcat:downloadURL": reference(encoded(&named(DCAT, path))),
        "dcat:mediaType": reference(format!("{registry}{media_type}")),
        "dcat:byteSize": object.map(|object| object.size),
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": reference("spdx:checksumAlgorithm_sha256"),
            "spdx:checksumValue": object.map(|object| object.digest.hex()),
        },
    });
    if source.create {
        distribution["dct:title"] = path.rsplit('/').next().into();
    }
    distribution
}

/// A path as a relative reference.
pub(super) fn encoded(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b if b.is_ascii_alphanumeric() || b"-._~/".contains(&b) => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}
