# Gate G, provenance: half an attestation is worse than none, because it looks like one.
package lazaret.gates.g

import data.lazaret.lib
import rego.v1

deny contains lib.reason(
	"AttestationEmpty",
	"The attestation is empty.",
	path,
	"",
	"Remove it, or mend the step that writes it.",
) if {
	some path in attestations
	lib.objects[path].size == 0
}

deny contains lib.reason(
	"ContainersDiffer",
	"There are attestations, and the receipts name more than one container, so one SBOM cannot fit them all.",
	"attestations/",
	"",
	"Run all steps in one image, or publish without attestations.",
) if {
	count(attestations) > 0
	containers := {lib.text(lib.map(receipt, "environment"), "container_digest") | some receipt in lib.receipts}
	count(containers) > 1
}

attestations contains path if {
	some path, _ in lib.objects
	startswith(path, "attestations/")
}
