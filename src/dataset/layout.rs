//! What lies where in a workspace (`docs/workspace.md`).

use serde_json::Value;

use crate::domain::{PolicyLabel, parse_i_json};

/// The pipeline's spec.
pub(crate) const SPEC: &str = "spec.json";
/// Identity, rights, label, contacts.
pub(crate) const DATASET: &str = "dataset.json";
/// The DCAT record.
pub(crate) const DCAT: &str = "catalog/dcat.jsonld";
/// The PROV bundle.
pub(crate) const PROV: &str = "catalog/prov/bundle.jsonld";
/// The STAC collection.
pub(crate) const STAC_COLLECTION: &str = "catalog/stac/collection.json";
/// The report of the pipeline's quality checks.
pub(crate) const QA_REPORT: &str = "work/qa_report.json";
/// The same of single runs, where one report does not speak for all.
pub(crate) const QA_REPORTS: &str = "work/qa_reports/";
/// What was acquired.
pub(crate) const RAW: &str = "raw/";
/// What is published.
pub(crate) const PROCESSED: &str = "processed/";
/// The dataset's own schemas.
pub(crate) const SCHEMAS: &str = "contracts/schemas/";
/// Documents that those schemas must accept or refuse.
pub(crate) const FIXTURES: &str = "contracts/fixtures/";
/// SBOM and signed provenance.
pub(crate) const ATTESTATIONS: &str = "attestations/";

/// Statements that a publication writes about itself. Nobody else's file is published there.
pub(crate) const PROOFS: &str = "attestations/_promotion/";

/// The path of the redaction plan that `dataset.json` names, if it lies under `work/`.
pub(crate) fn redaction_plan(dataset: &Value) -> Option<String> {
    let named = dataset.get("redaction_plan")?.as_str()?;
    super::normal(named).filter(|path| !named.starts_with('/') && path.starts_with("work/"))
}

/// Whether these bytes of `dataset.json` name a redaction plan. What cannot be read may name one.
pub fn is_redacted(dataset: &[u8]) -> bool {
    parse_i_json(dataset).map_or(true, |dataset| dataset.get("redaction_plan").is_some())
}

/// The label in `dataset.json`, if it is known.
pub(crate) fn policy_label(dataset: &Value) -> Option<PolicyLabel> {
    dataset.get("policy_label")?.as_str()?.parse().ok()
}

/// Which document a path holds, if it is one to parse.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Spec,
    Dataset,
    Dcat,
    Stac,
    Prov,
    Receipt,
    Work,
    Contract,
    ContractYaml,
    ContractText,
    Attestation,
}

pub(super) fn kind(path: &str) -> Option<Kind> {
    let json = path.ends_with(".json");
    match path {
        SPEC => Some(Kind::Spec),
        DATASET => Some(Kind::Dataset),
        DCAT => Some(Kind::Dcat),
        PROV => Some(Kind::Prov),
        _ if path.starts_with("catalog/stac/") && json => Some(Kind::Stac),
        _ if path.starts_with("receipts/") && json => Some(Kind::Receipt),
        _ if path.starts_with("work/") && json => Some(Kind::Work),
        _ if path.starts_with("contracts/") && json => Some(Kind::Contract),
        _ if path.starts_with("contracts/") && is_yaml(path) => Some(Kind::ContractYaml),
        _ if path.starts_with("contracts/") && is_graphql(path) => Some(Kind::ContractText),
        _ if path.starts_with(ATTESTATIONS) && json => Some(Kind::Attestation),
        _ => None,
    }
}

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yaml") || path.ends_with(".yml")
}

fn is_graphql(path: &str) -> bool {
    [".graphql", ".graphqls", ".gql"].iter().any(|end| path.ends_with(end))
}

/// Whether an object of the workspace is published with the version, or stays behind.
pub fn is_published(path: &str) -> bool {
    if path.starts_with(PROOFS) {
        return false;
    }
    path == SPEC
        || path == DATASET
        || [PROCESSED, "catalog/", "receipts/", ATTESTATIONS].iter().any(|p| path.starts_with(p))
}

/// Whether it is published and nobody parses it.
pub(super) fn is_published_data(path: &str) -> bool {
    is_published(path) && kind(path).is_none()
}

/// The media type that a path's extension stands for.
pub fn media_type(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "csv" => "text/csv",
        "tsv" => "text/tab-separated-values",
        "txt" | "md" => "text/plain",
        "html" | "htm" => "text/html",
        "json" => "application/json",
        "jsonld" => "application/ld+json",
        "geojson" => "application/geo+json",
        "ndjson" | "jsonl" => "application/x-ndjson",
        "yaml" | "yml" => "application/yaml",
        "xml" => "application/xml",
        "parquet" | "geoparquet" => "application/vnd.apache.parquet",
        "arrow" => "application/vnd.apache.arrow.file",
        "arrows" => "application/vnd.apache.arrow.stream",
        "avro" => "application/vnd.apache.avro",
        "gpkg" => "application/geopackage+sqlite3",
        "fgb" => "application/vnd.flatgeobuf",
        "pmtiles" => "application/vnd.pmtiles",
        "mbtiles" => "application/vnd.mapbox-vector-tile",
        "sqlite" | "db" => "application/vnd.sqlite3",
        "nc" => "application/x-netcdf",
        "h5" | "hdf5" => "application/x-hdf5",
        "tif" | "tiff" => "image/tiff",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "jp2" => "image/jp2",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "gz" => "application/gzip",
        "zst" => "application/zstd",
        "tar" => "application/x-tar",
        "ttl" => "text/turtle",
        "nt" => "application/n-triples",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_publication() {
        for (path, expected, published) in [
            ("spec.json", Some(Kind::Spec), true),
            ("sub/spec.json", None, false),
            ("catalog/dcat.jsonld", Some(Kind::Dcat), true),
            ("catalog/stac/items/a.json", Some(Kind::Stac), true),
            ("catalog/stac/readme.md", None, true),
            ("receipts/a.json", Some(Kind::Receipt), true),
            ("work/qa_report.json", Some(Kind::Work), false),
            ("contracts/api.yaml", Some(Kind::ContractYaml), false),
            ("contracts/api.graphql", Some(Kind::ContractText), false),
            ("attestations/sbom.spdx.json", Some(Kind::Attestation), true),
            ("attestations/_promotion/x.json", Some(Kind::Attestation), false),
            ("raw/a.json", None, false),
            ("processed/a.json", None, true),
            ("processedx", None, false),
        ] {
            assert_eq!((kind(path), is_published(path)), (expected, published), "{path}");
        }
    }

    #[test]
    fn media_types() {
        assert_eq!(media_type("processed/x.CSV"), "text/csv");
        assert_eq!(media_type("a.b/x"), "application/octet-stream");
        assert_eq!(media_type("x.geojson"), "application/geo+json");
    }
}
