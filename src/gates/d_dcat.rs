//! The DCAT record against the profile of `docs/workspace.md` and against the objects.

use std::collections::BTreeSet;

use crate::dataset::layout::{DCAT, PROCESSED};
use crate::dataset::{ObjectFact, is_published};
use crate::domain::Reason;

use super::known::Known;
use super::rdf::{Graph, Term};
use super::{codes, d_media, d_shapes};

pub(super) const DATASET: &str = "http://www.w3.org/ns/dcat#Dataset";

fn dcat(name: &str) -> String {
    format!("http://www.w3.org/ns/dcat#{name}")
}

fn dct(name: &str) -> String {
    format!("http://purl.org/dc/terms/{name}")
}

fn spdx(name: &str) -> String {
    format!("http://spdx.org/rdf/terms#{name}")
}

pub(super) fn check(known: &Known<'_>, graph: &Graph, reasons: &mut Vec<Reason>) {
    d_shapes::check(known, graph, reasons);
    let datasets = graph.of_type(DATASET);
    let [dataset] = datasets.as_slice() else {
        let message =
            format!("{DCAT} describes {} nodes as dcat:Dataset, not one.", datasets.len());
        let pointer = graph.pointer_of(&datasets);
        reasons.push(codes::DCAT_DATASET_NOT_ONE.because(message).at(DCAT, pointer));
        return;
    };
    let place = graph.pointer_of(&[dataset]);
    let version = &known.facts.requested.dataset_version_id;
    let identifier = dct("identifier");
    let mut identifiers = graph.objects(dataset, &identifier).peekable();
    let is_version = |term: &Term| match term {
        Term::Literal(text) => known.facts.is_this_version(text.trim()),
        Term::Iri(iri) => {
            let last = iri.trim_end_matches('/').rsplit('/').next();
            last.is_some_and(|id| known.facts.is_this_version(id))
        }
        Term::Blank(_) => false,
    };
    if identifiers.peek().is_some() && !identifiers.any(is_version) {
        let message = format!("The DCAT dataset's dct:identifier is not the version id {version}.");
        reasons.push(codes::DCAT_PROPERTY_INVALID.because(message).at(DCAT, &place));
    }
    let mut covered = BTreeSet::new();
    let distribution = dcat("distribution");
    for node in graph.objects(dataset, &distribution) {
        check_distribution(known, graph, node, &place, &mut covered, reasons);
    }
    if graph.objects(dataset, &distribution).next().is_some() {
        for path in known.facts.under(PROCESSED).filter(|path| !covered.contains(*path)) {
            let message = format!("{path} has no distribution in the DCAT record.");
            reasons.push(codes::DCAT_DISTRIBUTION_MISSING.because(message).at(DCAT, &place));
        }
    }
}

fn check_distribution(
    known: &Known<'_>,
    graph: &Graph,
    node: &Term,
    dataset: &str,
    covered: &mut BTreeSet<String>,
    reasons: &mut Vec<Reason>,
) {
    let url = dcat("downloadURL");
    let urls: Vec<&Term> = graph.objects(node, &url).collect();
    let mut places = vec![node];
    places.extend(&urls);
    let pointer = places.iter().find_map(|term| graph.pointer(term)).unwrap_or(dataset).to_owned();
    let mut say = |code: &codes::Code, message: String| {
        reasons.push(code.because(message).at(DCAT, &pointer));
    };
    if urls.is_empty() {
        say(
            &codes::DCAT_PROPERTY_MISSING,
            format!("The distribution {} has no dcat:downloadURL.", known.show(node)),
        );
        return;
    }
    for term in urls {
        let shown = known.show(term);
        let path = known.target(DCAT, term);
        let Some((path, object)) =
            path.and_then(|path| Some((path.clone(), known.facts.objects.get(&path)?)))
        else {
            let message = format!("dcat:downloadURL {shown} is no object of the workspace.");
            say(&codes::DCAT_LINK_BROKEN, message);
            continue;
        };
        if !is_published(&path) {
            let message = format!("dcat:downloadURL {shown} is an object that is not published.");
            say(&codes::DCAT_LINK_BROKEN, message);
            continue;
        }
        for (code, message) in compare(graph, node, &path, object) {
            say(code, message);
        }
        covered.insert(path);
    }
}

type Finding = (&'static codes::Code, String);

fn compare(graph: &Graph, node: &Term, path: &str, object: &ObjectFact) -> Vec<Finding> {
    let mut found = Vec::new();
    let missing = |what: &str| {
        (&codes::DCAT_PROPERTY_MISSING, format!("The distribution of {path} has no {what}."))
    };
    let text = |term: &Term| match term {
        Term::Iri(text) | Term::Literal(text) => Some(text.trim().to_owned()),
        Term::Blank(_) => None,
    };

    let sizes: Vec<String> = graph.objects(node, &dcat("byteSize")).filter_map(text).collect();
    match sizes.iter().find(|size| whole(size) != Some(object.size)) {
        Some(size) => found.push((
            &codes::DCAT_SIZE_MISMATCH,
            format!("dcat:byteSize of {path} is {size}, but it has {} bytes.", object.size),
        )),
        None if sizes.is_empty() => found.push(missing("dcat:byteSize")),
        None => {}
    }

    let types: Vec<String> = graph.objects(node, &dcat("mediaType")).filter_map(text).collect();
    match types.iter().find(|media| !same_media_type(media, &object.media_type)) {
        Some(media) => found.push((
            &codes::DCAT_MEDIA_TYPE_MISMATCH,
            format!("dcat:mediaType of {path} is {media}, but it is {}.", object.media_type),
        )),
        None if types.is_empty() => found.push(missing("dcat:mediaType")),
        None => {}
    }
    found.extend(types.iter().filter_map(|media| {
        let message = d_media::declared("dcat:mediaType", media, path, object)?;
        Some((&codes::MEDIA_TYPE_CONTRADICTED, message))
    }));

    let mut checksums = Vec::new();
    for checksum in graph.objects(node, &spdx("checksum")) {
        let sha256 = graph.objects(checksum, &spdx("algorithm")).filter_map(text).any(|name| {
            let name = name.rsplit(['#', '_', '/']).next().unwrap_or_default().to_lowercase();
            name.replace('-', "") == "sha256"
        });
        if sha256 {
            checksums.extend(graph.objects(checksum, &spdx("checksumValue")).filter_map(text));
        }
    }
    let digest = object.digest.hex();
    match checksums.iter().find(|value| !value.eq_ignore_ascii_case(&digest)) {
        Some(value) => found.push((
            &codes::DCAT_DIGEST_MISMATCH,
            format!("spdx:checksumValue of {path} is {value}, but its SHA-256 is {digest}."),
        )),
        None if checksums.is_empty() => {
            found.push(missing("spdx:checksum by SHA-256 with its spdx:checksumValue"));
        }
        None => {}
    }
    found
}

/// A whole number in any of the lexical forms of XSD's numbers.
fn whole(text: &str) -> Option<u64> {
    if let Ok(number) = text.trim_start_matches('+').parse() {
        return Some(number);
    }
    let number: f64 = text.parse().ok()?;
    let exact = (0.0..9_007_199_254_740_992.0).contains(&number) && number.fract() == 0.0;
    exact.then_some(number as u64)
}

/// Whether two media types name the same.
pub(super) fn same_media_type(named: &str, known: &str) -> bool {
    known == "application/octet-stream" || plain_media_type(named) == plain_media_type(known)
}

/// A media type without parameters, case, IANA's address and old names.
pub(super) fn plain_media_type(text: &str) -> String {
    let text = text.split(';').next().unwrap_or_default().trim().to_lowercase();
    let text = match text.split_once("iana.org/assignments/media-types/") {
        Some((_, media)) => media.to_owned(),
        None => text,
    };
    match text.as_str() {
        "application/x-parquet" | "application/parquet" | "application/x-geoparquet" => {
            "application/vnd.apache.parquet".to_owned()
        }
        "application/vnd.geo+json" => "application/geo+json".to_owned(),
        "application/x-netcdf4" | "application/netcdf" => "application/x-netcdf".to_owned(),
        "application/x-hdf" | "application/hdf5" => "application/x-hdf5".to_owned(),
        "image/vnd.stac.geotiff" | "image/geotiff" => "image/tiff".to_owned(),
        "application/x-gzip" => "application/gzip".to_owned(),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => {
            "application/x-ndjson".to_owned()
        }
        "text/x-yaml" | "application/x-yaml" | "text/yaml" => "application/yaml".to_owned(),
        "text/xml" => "application/xml".to_owned(),
        "text/markdown" => "text/plain".to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_media_types_in_many_forms() {
        for text in ["12", "+12", "12.0", "1.2E1", "012"] {
            assert_eq!(whole(text), Some(12), "{text}");
        }
        for text in ["12.5", "-12", "twelve", "", "inf", "NaN"] {
            assert_eq!(whole(text), None, "{text}");
        }
        let parquet = "application/vnd.apache.parquet";
        assert!(same_media_type("application/x-parquet", parquet));
        assert!(same_media_type(
            "https://www.iana.org/assignments/media-types/text/CSV",
            "text/csv"
        ));
        assert!(same_media_type("text/csv; charset=utf-8", "text/csv"));
        assert!(same_media_type("application/anything", "application/octet-stream"));
        assert!(!same_media_type("text/csv", parquet));
    }
}
