package lazaret.gates.g_test

import data.lazaret.fixture
import data.lazaret.gates.g
import rego.v1

test_good_passes if count(g.deny) == 0 with input as fixture.good

test_sbom_present if {
	count(g.deny) == 0 with input as fixture.bent({"objects": {"attestations/sbom.cdx.json": fixture.object_("application/json", 9)}})
}

test_empty_attestation if {
	fixture.codes(g.deny) == {"AttestationEmpty"} with input as fixture.bent({"objects": {"attestations/sbom.cdx.json": fixture.object_("application/json", 0)}})
}

test_two_containers if {
	fixture.codes(g.deny) == {"ContainersDiffer"} with input as object.union(fixture.bent({"objects": {"attestations/sbom.cdx.json": fixture.object_("application/json", 9)}}), {"receipts": {"receipts/b.json": {"environment": {"container_digest": "sha256:other"}}}})
}

test_two_containers_without_attestations if {
	count(g.deny) == 0 with input as fixture.bent({"receipts": {"receipts/b.json": {"environment": {"container_digest": "sha256:other"}}}})
}
