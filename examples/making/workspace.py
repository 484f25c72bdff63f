"""Builds a workspace (docs/workspace.md) from a recipe: a dict of path to bytes."""

import copy
import hashlib
import json
import posixpath
from dataclasses import dataclass, field

MEDIA_TYPES = {
    ".csv": "text/csv",
    ".geojson": "application/geo+json",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
}
FILE_EXTENSION = "https://stac-extensions.github.io/file/v2.1.0/schema.json"
DCAT, STAC, PROV = "catalog/dcat.jsonld", "catalog/stac/collection.json", "catalog/prov/bundle.jsonld"
QA, PLAN = "work/qa_report.json", "work/redaction_plan.json"


@dataclass(frozen=True)
class Recipe:
    """All that a workspace is made from. Variants replace a field or edit a finished document."""

    spec: dict
    raw: dict
    outputs: dict
    checks: list
    title: str
    description: str
    keywords: list
    rights: dict
    label: str
    publisher: str
    source: str
    geometry: dict
    bbox: list
    interval: list
    script: bytes
    item: str
    schemas: dict
    columns: dict
    assets: dict
    plan: dict | None = None
    slug: str = ""
    version: str = ""
    stac_license: str = ""
    contacts: list = field(default_factory=list)


def canonical(value) -> bytes:
    """RFC 8785. Python's own form equals it for plain ASCII text, small integers, booleans and null."""
    def plain(part):
        if isinstance(part, dict):
            return all(isinstance(k, str) and k.isascii() and plain(v) for k, v in part.items())
        if isinstance(part, list):
            return all(plain(item) for item in part)
        if isinstance(part, str):
            return part.isascii() and part.isprintable()
        return part is None or isinstance(part, bool) or isinstance(part, int) and abs(part) < 2**53
    assert plain(value), "beyond what json.dumps writes as RFC 8785 does"
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def git_blob(data: bytes) -> str:
    """What `git hash-object` says of these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def pretty(document) -> bytes:
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def media_type(path: str) -> str:
    return MEDIA_TYPES[posixpath.splitext(path)[1]]


def version_of(spec: dict) -> str:
    return f"{spec['period']}.{digest(canonical(spec)).removeprefix('sha256:')[:8]}"


def run_id(recipe: Recipe, step: dict) -> str:
    name = f"{recipe.slug}@{recipe.version}#{step['operation']}".encode()
    return f"kfm://run/{step['started_at']}.{hashlib.sha256(name).hexdigest()[:8]}"


def join(recipe: Recipe, edit=None) -> dict:
    """The whole workspace. `edit` may change documents before they are written and hashed."""
    documents = {"spec.json": recipe.spec, QA: qa_report(recipe)}
    files = {**recipe.raw, **recipe.outputs}
    for path, document in recipe.schemas.items():
        documents[f"contracts/{path}"] = document
    if recipe.plan:
        documents[PLAN] = {**recipe.plan, "activity": run_id(recipe, recipe.spec["steps"][0])}
    processed = {path: data for path, data in recipe.outputs.items() if path.startswith("processed/")}
    documents["dataset.json"] = dataset(recipe, processed)
    documents[DCAT] = dcat(recipe, processed)
    documents[STAC] = collection(recipe)
    documents[item_path(recipe)] = item(recipe, processed)
    documents[PROV] = prov(recipe)
    documents = copy.deepcopy(documents)
    if edit:
        edit(documents, files)
    files |= {path: pretty(document) for path, document in documents.items()}
    receipts = {f"receipts/{step['operation']}.json": receipt(recipe, step, files)
                for step in recipe.spec["steps"]}
    files |= {path: pretty(document) for path, document in receipts.items()}
    return files


def qa_report(recipe: Recipe) -> dict:
    checks = [{"name": name, "status": "pass" if holds else "fail", "detail": detail}
              for name, holds, detail in recipe.checks]
    status = "pass" if all(check["status"] == "pass" for check in checks) else "fail"
    return {"status": status, "checks": checks, "columns": recipe.columns}


def dataset(recipe: Recipe, processed: dict) -> dict:
    first = sorted(processed)[0]
    document = {
        "dataset_slug": recipe.slug,
        "dataset_version_id": recipe.version,
        "spec_hash": digest(canonical(recipe.spec)),
        "title": recipe.title,
        "description": recipe.description,
        "spatial": True,
        "rights": recipe.rights,
        "policy_label": recipe.label,
        "contacts": recipe.contacts,
        "evidence_refs": [
            f"kfm://dataset/{recipe.slug}/{recipe.version}/{first}",
            digest(processed[first]),
            f"receipts/{recipe.spec['steps'][-1]['operation']}.json",
        ],
    }
    if recipe.plan:
        document["redaction_plan"] = PLAN
    return document


def dcat(recipe: Recipe, processed: dict) -> dict:
    generated = {path: step for step in recipe.spec["steps"] for path in step["outputs"]}
    start, end = recipe.interval
    return {
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "prov": "http://www.w3.org/ns/prov#",
            "spdx": "http://spdx.org/rdf/terms#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
            "dcat:byteSize": {"@type": "xsd:nonNegativeInteger"},
            "dcat:distribution": {"@container": "@set"},
            "dcat:downloadURL": {"@type": "@id"},
            "dcat:endDate": {"@type": "xsd:dateTime"},
            "dcat:mediaType": {"@type": "@id"},
            "dcat:startDate": {"@type": "xsd:dateTime"},
            "dct:issued": {"@type": "xsd:dateTime"},
            "dct:license": {"@type": "@id"},
            "dct:relation": {"@type": "@id", "@container": "@set"},
            "prov:wasGeneratedBy": {"@type": "@id", "@container": "@set"},
            "spdx:algorithm": {"@type": "@id"},
            "spdx:checksumValue": {"@type": "xsd:hexBinary"},
        },
        "@id": f"kfm://dataset/{recipe.slug}/{recipe.version}",
        "@type": "dcat:Dataset",
        "dct:title": recipe.title,
        "dct:description": recipe.description,
        "dct:identifier": recipe.version,
        "dct:issued": recipe.spec["steps"][-1]["ended_at"],
        "dct:license": f"https://spdx.org/licenses/{recipe.rights.get('license', 'none')}",
        "dct:publisher": {"@type": "foaf:Agent", "foaf:name": recipe.publisher},
        "dct:relation": ["stac/collection.json", "prov/bundle.jsonld"],
        "dct:temporal": {"@type": "dct:PeriodOfTime", "dcat:startDate": start, "dcat:endDate": end},
        "dcat:keyword": recipe.keywords,
        "dcat:version": recipe.version,
        "prov:wasGeneratedBy": sorted({run_id(recipe, generated[path]) for path in processed}),
        "dcat:distribution": [
            {
                "@type": "dcat:Distribution",
                "dct:title": recipe.assets[path]["title"],
                "dcat:byteSize": str(len(data)),
                "dcat:downloadURL": f"../{path}",
                "dcat:mediaType": f"https://www.iana.org/assignments/media-types/{media_type(path)}",
                "spdx:checksum": {
                    "@type": "spdx:Checksum",
                    "spdx:algorithm": "spdx:checksumAlgorithm_sha256",
                    "spdx:checksumValue": hashlib.sha256(data).hexdigest(),
                },
            }
            for path, data in sorted(processed.items())
        ],
    }


def item_path(recipe: Recipe) -> str:
    return f"catalog/stac/items/{recipe.item}.json"


def collection(recipe: Recipe) -> dict:
    return {
        "type": "Collection",
        "stac_version": "1.1.0",
        "stac_extensions": [],
        "id": recipe.slug,
        "title": recipe.title,
        "description": recipe.description,
        "keywords": recipe.keywords,
        "license": recipe.stac_license or recipe.rights["license"],
        "providers": [{"name": recipe.publisher, "roles": ["producer", "licensor"]}],
        "extent": {"spatial": {"bbox": [recipe.bbox]}, "temporal": {"interval": [recipe.interval]}},
        "links": [
            {"rel": "root", "href": "./collection.json", "type": "application/json"},
            {"rel": "item", "href": f"./items/{recipe.item}.json", "type": "application/geo+json"},
            {"rel": "describedby", "href": "../dcat.jsonld", "type": "application/ld+json"},
            {"rel": "http://www.w3.org/ns/prov#has_provenance", "href": "../prov/bundle.jsonld",
             "type": "application/ld+json"},
        ],
    }


def item(recipe: Recipe, processed: dict) -> dict:
    start, end = recipe.interval
    up = {"href": "../collection.json", "type": "application/json"}
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [FILE_EXTENSION],
        "id": recipe.item,
        "collection": recipe.slug,
        "geometry": recipe.geometry,
        "bbox": recipe.bbox,
        "properties": {"title": recipe.title, "datetime": None, "start_datetime": start, "end_datetime": end},
        "links": [{"rel": rel, **up} for rel in ("root", "parent", "collection")],
        "assets": {
            recipe.assets[path]["key"]: {
                "href": f"../../../{path}",
                "type": media_type(path),
                "title": recipe.assets[path]["title"],
                "roles": recipe.assets[path]["roles"],
                "file:checksum": "1220" + hashlib.sha256(data).hexdigest(),
                "file:size": len(data),
            }
            for path, data in sorted(processed.items())
        },
    }


def prov(recipe: Recipe) -> dict:
    graph = [
        {"@id": "", "@type": ["prov:Bundle", "prov:Entity"], "rdfs:seeAlso": "../dcat.jsonld"},
        {"@id": "svc:pipeline", "@type": ["prov:SoftwareAgent", "prov:Agent"], "rdfs:label": "the pipeline"},
        {"@id": "kfm://agent/source", "@type": ["prov:Organization", "prov:Agent"], "rdfs:label": recipe.source},
    ]
    made = {path: step for step in recipe.spec["steps"] for path in step["outputs"]}
    for path in sorted({*recipe.raw, *made}):
        entity = {"@id": f"../../{path}", "@type": "prov:Entity"}
        if step := made.get(path):
            entity["prov:wasGeneratedBy"] = run_id(recipe, step)
            entity["prov:wasDerivedFrom"] = [f"../../{source}" for source in step["inputs"]]
        else:
            entity["prov:wasAttributedTo"] = "kfm://agent/source"
        graph.append(entity)
    for step in recipe.spec["steps"]:
        graph.append({
            "@id": run_id(recipe, step),
            "@type": "prov:Activity",
            "rdfs:label": step["operation"],
            "prov:startedAtTime": step["started_at"],
            "prov:endedAtTime": step["ended_at"],
            "prov:used": [f"../../{path}" for path in step["inputs"]],
            "prov:generated": [f"../../{path}" for path in step["outputs"]],
            "prov:wasAssociatedWith": "svc:pipeline",
        })
    links = ("generated", "used", "wasAssociatedWith", "wasAttributedTo", "wasDerivedFrom", "wasGeneratedBy")
    return {
        "@context": {
            "prov": "http://www.w3.org/ns/prov#",
            "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
            **{f"prov:{name}": {"@type": "@id"} for name in links},
            "prov:endedAtTime": {"@type": "xsd:dateTime"},
            "prov:startedAtTime": {"@type": "xsd:dateTime"},
            "rdfs:seeAlso": {"@type": "@id"},
        },
        "@graph": graph,
    }


def receipt(recipe: Recipe, step: dict, files: dict) -> dict:
    def hashed(paths):
        return [{"uri": path, "digest": digest(files[path])} for path in paths]
    identity = run_id(recipe, step)
    return {
        "run_id": identity,
        "actor": {"principal": "svc:pipeline", "role": "pipeline"},
        "operation": step["operation"],
        "dataset_version_id": recipe.version,
        "inputs": hashed(step["inputs"]),
        "outputs": hashed(step["outputs"]),
        "environment": {
            "container_digest": digest(recipe.script),
            "git_commit": git_blob(recipe.script),
            "params_digest": digest(canonical(recipe.spec["params"])),
        },
        "validation": {"status": "pass", "report_digest": digest(files[QA])},
        "policy": {"decision_id": f"kfm://policy_decision/{identity.removeprefix('kfm://run/')}"},
        "created_at": step["ended_at"],
    }
