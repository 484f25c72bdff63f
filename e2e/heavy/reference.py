"""What reference validators say: one JSON document a line on stdin, one answer a line on stdout.

{"stac": document} -> {"valid": bool, "why": text}      pystac with the core schemas that it carries
{"dcat": document, "base": iri} -> {"valid": bool, ...} pyshacl with contracts/shapes/dcat.ttl
{"schema": schema, "document": document} -> {"valid": bool} jsonschema, formats included
{"spdx": document} -> {"valid": bool, "why": text}      spdx-tools, whole validation
{"cyclonedx": document} -> {"valid": bool, "why": text} cyclonedx-python-lib, strict
{"prov": document} -> {"valid": bool, "said": [[relation, subject, object]]} the prov package
"""

import json
import logging
import sys

import jsonschema
import prov.model
import pyshacl
import pystac.validation
import rdflib
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from prov.constants import PROV_N_MAP
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

logging.disable(logging.CRITICAL)
SHAPES = rdflib.Graph().parse(sys.argv[1], format="turtle")
# The relations that gate D looks at.
RELATIONS = set(sys.argv[2].split(","))


def stac(document):
    kinds = {"Feature": "Feature", "Collection": "Collection", "Catalog": "Catalog"}
    kind = kinds.get(document.get("type")) if isinstance(document.get("type"), str) else None
    if kind is None or document.get("stac_version") != "1.1.0":
        return {"valid": False, "why": "neither kind nor version"}
    pystac.validation.validate_dict(document, pystac.STACObjectType(kind), "1.1.0", [])
    return {"valid": True}


def dcat(document, base):
    graph = rdflib.Graph().parse(data=json.dumps(document), format="json-ld", publicID=base)
    conforms, _, text = pyshacl.validate(graph, shacl_graph=SHAPES, inference="none")
    return {"valid": conforms, "why": "" if conforms else text}


def schema(schema, document):
    kind = jsonschema.validators.validator_for(schema)
    validator = kind(schema, format_checker=kind.FORMAT_CHECKER)
    return {"valid": validator.is_valid(document)}


def spdx(document):
    found = validate_full_spdx_document(JsonLikeDictParser().parse(document))
    return {"valid": not found, "why": "; ".join(m.validation_message for m in found)[:300]}


CYCLONEDX = {
    version.to_version(): JsonStrictValidator(version)
    for version in (SchemaVersion.V1_5, SchemaVersion.V1_6, SchemaVersion.V1_7)
}


def cyclonedx(document):
    found = CYCLONEDX[document["specVersion"]].validate_str(json.dumps(document))
    return {"valid": found is None, "why": str(found)[:300]}


def provenance(document):
    read = prov.model.ProvDocument.deserialize(content=json.dumps(document), format="json")
    said = set()
    for bundle in [read, *read.bundles]:
        for record in bundle.get_records(prov.model.ProvRelation):
            ends = [value for _, value in record.formal_attributes[:2]]
            name = PROV_N_MAP[record.get_type()]
            if name in RELATIONS and all(hasattr(end, "uri") for end in ends):
                said.add((name, *(end.uri for end in ends)))
    return {"valid": True, "said": sorted(said)}


for line in sys.stdin:
    asked = json.loads(line)
    try:
        if "stac" in asked:
            answer = stac(asked["stac"])
        elif "schema" in asked:
            answer = schema(asked["schema"], asked["document"])
        elif "spdx" in asked:
            answer = spdx(asked["spdx"])
        elif "cyclonedx" in asked:
            answer = cyclonedx(asked["cyclonedx"])
        elif "dcat" in asked:
            answer = dcat(asked["dcat"], asked["base"])
        else:
            answer = provenance(asked["prov"])
    except Exception as error:  # whatever a validator throws, it refuses
        answer = {"valid": False, "why": f"{type(error).__name__}: {error}"[:300]}
    print(json.dumps(answer))
