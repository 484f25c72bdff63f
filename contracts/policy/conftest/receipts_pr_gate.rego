# A change request that touches what is published: every file is some receipt's output, every receipt holds, and
# somebody else has looked. Input:
#   pull_request: {author, approvals: [{principal, role}]}
#   changed, removed: paths below the dataset's workspace
#   receipts, run_manifests: documents by path, as they are after the change
package receipts_pr_gate

import data.receipt
import rego.v1

published := {"processed", "catalog"}

deny contains "the input is no JSON object" if not is_object(input)

deny contains msg if {
	some name in ["changed", "removed"]
	not is_array(at(document, name))
	msg := sprintf("%s is no list of paths", [name])
}

deny contains msg if {
	some path in list("changed")
	is_published(path)
	not path in outputs
	msg := sprintf("%s is no output of any receipt", [path])
}

deny contains msg if {
	some path in list("removed")
	is_string(path)
	startswith(path, "receipts/")
	msg := sprintf("%s is removed: receipts stay", [path])
}

deny contains msg if {
	some path, one in map("receipts")
	some wrong in receipt.deny with input as one
	msg := sprintf("%s: %s", [path, wrong])
}

deny contains msg if {
	some path, one in map("receipts")
	run := at(one, "run_id")
	not run in {at(manifest, "run_id") | some manifest in map("run_manifests")}
	msg := sprintf("%s: no run manifest says what run %v was to do", [path, run])
}

deny contains msg if {
	some path, one in map("receipts")
	some other, manifest in map("run_manifests")
	at(one, "run_id") == at(manifest, "run_id")
	some pair in [
		{"receipt": ["environment", "container_digest"], "manifest": ["environment", "container_digest"]},
		{"receipt": ["environment", "git_commit"], "manifest": ["pipeline", "git_commit"]},
		{"receipt": ["environment", "params_digest"], "manifest": ["params_digest"]},
		{"receipt": ["dataset_version_id"], "manifest": ["dataset_version_id"]},
	]
	deep(one, pair.receipt) != deep(manifest, pair.manifest)
	msg := sprintf("%s: %s is not what %s says", [path, concat(".", pair.receipt), other])
}

deny contains "the receipts speak of more than one dataset version" if {
	count({at(one, "dataset_version_id") | some one in map("receipts")}) > 1
}

deny contains "nobody but the author has approved as steward" if {
	some path in array.concat(list("changed"), list("removed"))
	is_published(path)
	count(stewards - {at(at(document, "pull_request"), "author")}) == 0
}

stewards contains principal if {
	approvals := at(at(document, "pull_request"), "approvals")
	is_array(approvals)
	some approval in approvals
	at(approval, "role") == "steward"
	principal := at(approval, "principal")
	is_string(principal)
	principal != ""
}

outputs contains uri if {
	some one in map("receipts")
	files := at(one, "outputs")
	is_array(files)
	some file in files
	uri := at(file, "uri")
}

is_published(path) if {
	is_string(path)
	split(path, "/")[0] in published
}

document := input if is_object(input)

document := {} if not is_object(input)

# An object's member; "" if it is not there, or if there is no object. No builtin meets a type that it refuses:
# OPA takes such an error for undefined, and other engines stop.
at(thing, name) := value if {
	is_object(thing)
	value := object.get(thing, name, "")
} else := ""

deep(thing, names) := at(thing, names[0]) if count(names) == 1

deep(thing, names) := at(at(thing, names[0]), names[1]) if count(names) == 2

list(name) := value if {
	value := at(document, name)
	is_array(value)
} else := []

map(name) := value if {
	value := at(document, name)
	is_object(value)
} else := {}
