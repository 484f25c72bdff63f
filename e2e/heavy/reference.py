"""What reference validators say: one JSON document a line on stdin, one answer a line on stdout.

{"stac": document} -> {"valid": bool, "why": text}      pystac with the core schemas that it carries
{"dcat": document, "base": iri} -> {"valid": bool, ...} pyshacl with contracts/shapes/dcat.ttl
{"prov": document} -> {"valid": bool, "said": [[relation, subject, object]]} the prov package
"""

import json
import logging
import sys

import prov.model
import pyshacl
import pystac.validation
import rdflib
from prov.constants import PROV_N_MAP

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
        elif "dcat" in asked:
            answer = dcat(asked["dcat"], asked["base"])
        else:
            answer = provenance(asked["prov"])
    except Exception as error:  # whatever a validator throws, it refuses
        answer = {"valid": False, "why": f"{type(error).__name__}: {error}"[:300]}
    print(json.dumps(answer))
