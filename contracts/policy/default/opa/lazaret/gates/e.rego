# Gate E, receipts: who ran what, from which commit, in which container.
package lazaret.gates.e

import data.lazaret.lib
import rego.v1

deny contains lib.reason(
	"ActorNotApproved",
	sprintf("The run was not made by a %s principal in an approved role.", [data.limits.actors.prefix]),
	path,
	"/actor",
	"Run the pipeline under its service account; people do not produce what is published.",
) if {
	some path, receipt in lib.receipts
	actor := lib.map(receipt, "actor")
	not is_approved(actor)
}

deny contains lib.reason(
	"GitCommitNotFull",
	"git_commit is not a full commit id of 40 lower-case hexadecimal digits.",
	path,
	"/environment/git_commit",
	"Record the output of git rev-parse HEAD.",
) if {
	some path, receipt in lib.receipts
	environment := lib.map(receipt, "environment")
	git_commit := lib.text(environment, "git_commit")
	not is_id(git_commit)
}

deny contains lib.reason(
	"ContainerDigestHollow",
	"container_digest is no SHA-256 digest, or is all zeros, or is the digest of nothing.",
	path,
	"/environment/container_digest",
	"Record the digest of the image that ran.",
) if {
	some path, receipt in lib.receipts
	environment := lib.map(receipt, "environment")
	container_digest := lib.text(environment, "container_digest")
	not is_real(container_digest)
}

deny contains lib.reason(
	"RunDidNotPass",
	"The run's own validation did not pass.",
	path,
	"/validation/status",
	"Mend what the QA report found and run again.",
) if {
	some path, receipt in lib.receipts
	lib.text(lib.map(receipt, "validation"), "status") != "pass"
}

deny contains lib.reason(
	"RunWithoutEffect",
	"The receipt lists no output.",
	path,
	"/outputs",
	"List what the run produced, or remove the receipt.",
) if {
	some path, receipt in lib.receipts
	count(lib.list(receipt, "outputs")) == 0
}

deny contains lib.reason(
	"RunNamedTwice",
	sprintf("The run id %q stands in more than one receipt.", [run]),
	path,
	"/run_id",
	"Give each run its own id and one receipt.",
) if {
	some path, receipt in lib.receipts
	run := lib.text(receipt, "run_id")
	run != ""
	some other, twin in lib.receipts
	other != path
	lib.text(twin, "run_id") == run
}

is_approved(actor) if {
	principal := lib.text(actor, "principal")
	startswith(principal, data.limits.actors.prefix)
	principal != data.limits.actors.prefix
	lib.text(actor, "role") in data.limits.actors.roles
}

is_id(commit) if {
	lib.is_hex(commit, 40)
	trim(commit, "0") != ""
}

is_real(digest) if {
	startswith(digest, "sha256:")
	hex := trim_prefix(digest, "sha256:")
	lib.is_hex(hex, 64)
	trim(hex, "0") != ""
	hex != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
}
