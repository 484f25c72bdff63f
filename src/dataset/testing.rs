//! A workspace that passes every gate, for tests to damage.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::{Digest, SpecHash, canonical_digest};

use super::assemble::{Body, assemble, rules};
use super::content::Inspector;
use super::{Facts, Form, Names, ObjectFact, Published, Requested, layout, media_type};

/// Files of a workspace; facts are made of them anew after each change.
#[derive(Clone)]
pub(crate) struct Workspace {
    pub(crate) requested: Requested,
    pub(crate) published: Option<Published>,
    files: BTreeMap<String, Vec<u8>>,
}

impl Workspace {
    /// A workspace of these files.
    pub(crate) fn of_files(requested: Requested, files: BTreeMap<String, Vec<u8>>) -> Self {
        Self { requested, published: None, files }
    }

    /// Writes a file.
    pub(crate) fn put(&mut self, path: &str, bytes: impl AsRef<[u8]>) {
        self.files.insert(path.to_owned(), bytes.as_ref().to_vec());
    }

    /// Removes a file, which must be there.
    pub(crate) fn remove(&mut self, path: &str) {
        assert!(self.files.remove(path).is_some(), "no {path}");
    }

    /// Writes a JSON document.
    pub(crate) fn put_json(&mut self, path: &str, value: &Value) {
        self.put(path, serde_json::to_vec_pretty(value).unwrap());
    }

    /// Reads a text.
    pub(crate) fn text(&self, path: &str) -> String {
        String::from_utf8(self.files[path].clone()).unwrap()
    }

    /// Reads a JSON document.
    pub(crate) fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&self.files[path]).unwrap()
    }

    /// Changes a JSON document.
    pub(crate) fn edit(&mut self, path: &str, change: impl FnOnce(&mut Value)) {
        let mut value = serde_json::from_slice(&self.files[path]).unwrap();
        change(&mut value);
        self.put_json(path, &value);
    }

    /// Writes a published file anew, and its digest and size wherever they stand.
    pub(crate) fn rewrite(&mut self, path: &str, text: &str) {
        let (old, before) = (self.digest(path).hex(), self.files[path].len());
        self.put(path, text);
        let (new, after) = (self.digest(path).hex(), text.len());
        for document in [
            "catalog/dcat.jsonld",
            "catalog/stac/items/stations.json",
            "receipts/clean.json",
            "receipts/map.json",
        ] {
            let text = String::from_utf8(self.files[document].clone()).unwrap();
            // The files' sizes differ, so that a size is that of one file.
            let text = ["file:size", "dcat:byteSize"].iter().fold(text, |text, name| {
                text.replace(&format!("\"{name}\": {before},"), &format!("\"{name}\": {after},"))
            });
            self.put(document, text.replace(&old, &new));
        }
    }

    /// Gives a file another name, wherever it stands.
    pub(crate) fn rename(&mut self, path: &str, name: &str) {
        let bytes = self.files.remove(path).unwrap();
        for document in self.files.values_mut() {
            if let Ok(text) = std::str::from_utf8(document) {
                *document = text.replace(&format!("{path}\""), &format!("{name}\"")).into();
            }
        }
        self.put(name, bytes);
    }

    /// Every file.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&String, &Vec<u8>)> {
        self.files.iter()
    }

    /// The digest of a file as it is now.
    pub(crate) fn digest(&self, path: &str) -> Digest {
        Digest::of(&self.files[path])
    }

    /// What reading the workspace finds.
    pub(crate) fn facts(&self) -> Facts {
        let object = |(path, bytes): (&String, &Vec<u8>)| {
            let media_type = media_type(path).to_owned();
            let size = bytes.len() as u64;
            let form = layout::is_published_data(path).then(|| Form::of(bytes, true));
            (path.clone(), ObjectFact { digest: Digest::of(bytes), size, media_type, form })
        };
        let bodies = self.files.iter().map(|(path, bytes)| (path.clone(), Ok(bytes.clone())));
        let bodies: BTreeMap<String, Body> = bodies.collect();
        let rules = rules(&bodies);
        let looked = self.files.iter().filter(|(path, _)| layout::is_published_data(path));
        let content = looked.filter_map(|(path, bytes)| {
            let mut inspector = Inspector::new(media_type(path), rules.as_ref()?, 1 << 20);
            inspector.update(bytes);
            Some((path.clone(), inspector.finish()))
        });
        assemble(
            self.requested.clone(),
            self.files.iter().map(object).collect(),
            bodies.clone(),
            content.collect(),
            self.published.clone(),
        )
    }
}

/// The facts of [`workspace`].
pub(crate) fn facts() -> Facts {
    workspace().facts()
}

/// A digest that stands for an image.
pub(crate) fn image() -> Digest {
    Digest::of(b"the pipeline's image")
}

/// A spatial, public dataset with one raw file, two processed ones and a contract.
pub(crate) fn workspace() -> Workspace {
    let spec = json!({"pipeline": "harbour", "params": {"bin": 10}});
    let hash = SpecHash::of(&spec).unwrap();
    let version = format!("2026-11.{}", hash.prefix());
    let requested = Requested {
        dataset_slug: "harbour-stations".into(),
        dataset_version_id: version.clone(),
        intended_use: "research".into(),
    };
    let mut ws = Workspace { requested, published: None, files: BTreeMap::new() };
    ws.put_json("spec.json", &spec);
    ws.put("raw/source.csv", "id,depth\n1,2.5\n2,3.5\n");
    ws.put("processed/stations.csv", "id,depth\n1,2\n2,4\n");
    ws.put("processed/stations.geojson", r#"{"type":"FeatureCollection","features":[]}"#);
    ws.put_json(
        "work/qa_report.json",
        &json!({"status": "pass", "checks": [{"name": "rows", "status": "pass"}]}),
    );
    ws.put_json(
        "contracts/schemas/station.schema.json",
        &json!({"type": "object", "required": ["id"]}),
    );
    ws.put_json("contracts/fixtures/station.valid.json", &json!({"id": 1}));
    ws.put_json("contracts/fixtures/station.invalid-empty.json", &json!({}));
    ws.put(
        "contracts/openapi.yaml",
        "openapi: 3.1.0\ninfo: {title: Stations, version: '1'}\npaths: {}\n",
    );
    let names = Names::new(&ws.requested);
    dataset(&mut ws, &version, hash, &names);
    receipts(&mut ws, &version, &spec);
    dcat(&mut ws, &version);
    stac(&mut ws);
    prov(&mut ws);
    ws
}

fn dataset(ws: &mut Workspace, version: &str, hash: SpecHash, names: &Names) {
    ws.put_json(
        "dataset.json",
        &json!({
            "dataset_slug": "harbour-stations", "dataset_version_id": version,
            "spec_hash": hash.to_string(), "title": "Harbour stations",
            "description": "Depth at the harbour's stations.", "spatial": true,
            "rights": {"license": "CC-BY-4.0", "rights_holder": "Port Authority",
                       "attribution": "© Port Authority"},
            "policy_label": "public",
            "contacts": [{"role": "steward", "principal": "principal:jane"}],
            "evidence_refs": [names.iri("processed/stations.csv"), "receipts/clean.json"],
        }),
    );
}

fn receipts(ws: &mut Workspace, version: &str, spec: &Value) {
    let receipt = |id: &str, inputs: &[&str], outputs: &[&str]| {
        let files = |paths: &[&str]| -> Vec<Value> {
            let file = |path: &&str| json!({"uri": path, "digest": ws.digest(path).to_string()});
            paths.iter().map(file).collect()
        };
        json!({
            "run_id": format!("kfm://run/2026-11-20T12:00:00Z.{id}"),
            "actor": {"principal": "svc:pipeline", "role": "pipeline"},
            "operation": "ingest+publish", "dataset_version_id": version,
            "inputs": files(inputs), "outputs": files(outputs),
            "environment": {
                "container_digest": image().to_string(),
                "git_commit": "0123456789abcdef0123456789abcdef01234567",
                "params_digest": canonical_digest(&spec["params"]).unwrap().to_string(),
            },
            "validation": {"status": "pass", "report_digest": ws.digest("work/qa_report.json").to_string()},
            "policy": {"decision_id": "kfm://policy_decision/1"},
            "created_at": "2026-11-20T12:05:00Z",
        })
    };
    let clean = receipt("clean", &["raw/source.csv"], &["processed/stations.csv"]);
    let map = receipt("map", &["processed/stations.csv"], &["processed/stations.geojson"]);
    ws.put_json("receipts/clean.json", &clean);
    ws.put_json("receipts/map.json", &map);
}

fn dcat(ws: &mut Workspace, version: &str) {
    let distribution = |path: &str, media: &str| {
        json!({
            "@id": format!("#{}", path.rsplit('.').next().unwrap()),
            "@type": "dcat:Distribution",
            "dcat:downloadURL": {"@id": format!("../{path}")},
            "dcat:mediaType": {"@id": format!("https://www.iana.org/assignments/media-types/{media}")},
            "dcat:byteSize": ws.files[path].len(),
            "spdx:checksum": {
                "@type": "spdx:Checksum",
                "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
                "spdx:checksumValue": ws.digest(path).hex(),
            }
        })
    };
    let document = json!({
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/",
            "prov": "http://www.w3.org/ns/prov#", "spdx": "http://spdx.org/rdf/terms#",
            "foaf": "http://xmlns.com/foaf/0.1/",
        },
        "@id": "#dataset", "@type": "dcat:Dataset",
        "dct:title": {"@value": "Harbour stations", "@language": "en"},
        "dct:description": "Depth at the harbour's stations.",
        "dct:identifier": version,
        "dct:publisher": {"@type": "foaf:Organization", "foaf:name": "Port Authority"},
        "dct:license": {"@id": "https://creativecommons.org/licenses/by/4.0/"},
        "prov:wasGeneratedBy": {"@id": "prov/bundle.jsonld#clean"},
        "dct:relation": [{"@id": "stac/collection.json"}, {"@id": "prov/bundle.jsonld"}],
        "dcat:distribution": [
            distribution("processed/stations.csv", "text/csv"),
            distribution("processed/stations.geojson", "application/geo+json"),
        ],
    });
    ws.put_json("catalog/dcat.jsonld", &document);
}

fn stac(ws: &mut Workspace) {
    let extension = "https://stac-extensions.github.io/file/v2.1.0/schema.json";
    ws.put_json(
        "catalog/stac/collection.json",
        &json!({
            "type": "Collection", "stac_version": "1.0.0", "id": "harbour-stations",
            "description": "Depth at the harbour's stations.", "license": "CC-BY-4.0",
            "extent": {
                "spatial": {"bbox": [[7.5, 47.5, 7.6, 47.6]]},
                "temporal": {"interval": [["2026-11-01T00:00:00Z", null]]},
            },
            "links": [
                {"rel": "self", "href": "./collection.json"},
                {"rel": "item", "href": "./items/stations.json"},
                {"rel": "describedby", "href": "../dcat.jsonld"},
                {"rel": "http://www.w3.org/ns/prov#has_provenance", "href": "../prov/bundle.jsonld"},
                {"rel": "license", "href": "https://creativecommons.org/licenses/by/4.0/"},
            ],
        }),
    );
    let asset = |path: &str, media: &str| {
        json!({
            "href": format!("../../../{path}"), "type": media,
            "file:checksum": format!("1220{}", ws.digest(path).hex()),
            "file:size": ws.files[path].len(),
        })
    };
    let item = json!({
        "type": "Feature", "stac_version": "1.0.0", "id": "stations", "stac_extensions": [extension],
        "collection": "harbour-stations", "bbox": [7.5, 47.5, 7.6, 47.6],
        "geometry": {"type": "Point", "coordinates": [7.55, 47.55]},
        "properties": {"datetime": "2026-11-20T12:00:00Z"},
        "links": [{"rel": "collection", "href": "../collection.json"}],
        "assets": {
            "table": asset("processed/stations.csv", "text/csv"),
            "map": asset("processed/stations.geojson", "application/geo+json"),
        },
    });
    ws.put_json("catalog/stac/items/stations.json", &item);
}

fn prov(ws: &mut Workspace) {
    ws.put_json(
        "catalog/prov/bundle.jsonld",
        &json!({
            "@context": {
                "prov": "http://www.w3.org/ns/prov#", "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
                "xsd": "http://www.w3.org/2001/XMLSchema#",
                "prov:startedAtTime": {"@type": "xsd:dateTime"},
                "prov:endedAtTime": {"@type": "xsd:dateTime"},
            },
            "@graph": [
                {"@id": "#pipeline", "@type": "prov:SoftwareAgent"},
                {"@id": "../../raw/source.csv", "@type": "prov:Entity"},
                {"@id": "#clean", "@type": "prov:Activity",
                 "rdfs:seeAlso": {"@id": "../dcat.jsonld"},
                 "prov:startedAtTime": "2026-11-20T12:00:00Z",
                 "prov:endedAtTime": "2026-11-20T12:05:00Z",
                 "prov:used": {"@id": "../../raw/source.csv"},
                 "prov:wasAssociatedWith": {"@id": "#pipeline"}},
                {"@id": "../../processed/stations.csv", "@type": "prov:Entity",
                 "prov:wasGeneratedBy": {"@id": "#clean"},
                 "prov:wasDerivedFrom": {"@id": "../../raw/source.csv"}},
                {"@id": "#map", "@type": "prov:Activity",
                 "prov:used": {"@id": "../../processed/stations.csv"},
                 "prov:wasAssociatedWith": {"@id": "#pipeline"}},
                {"@id": "../../processed/stations.geojson", "@type": "prov:Entity",
                 "prov:wasGeneratedBy": {"@id": "#map"}},
            ],
        }),
    );
}
