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
	some path, object_ in lib.objects
	startswith(path, "attestations/")
	object_.size == 0
}

deny contains lib.reason(
	"ContainersDiffer",
	"There are attestations, and the receipts name more than one container, so one SBOM cannot fit them all.",
	"attestations/",
	"",
	"Run all steps in one image, or publish without attestations.",
) if {
	some path, _ in lib.objects
	startswith(path, "attestations/")
	containers := {lib.text(lib.map(receipt, "environment"), "container_digest") | some receipt in lib.receipts}
	count(containers) > 1
}
