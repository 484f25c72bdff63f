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
	not is_array(object.get(input, name, null))
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
	startswith(path, "receipts/")
	msg := sprintf("%s is removed: receipts stay", [path])
}

deny contains msg if {
	some path, document in map("receipts")
	some wrong in receipt.deny with input as document
	msg := sprintf("%s: %s", [path, wrong])
}

deny contains msg if {
	some path, document in map("receipts")
	run := object.get(document, "run_id", "")
	not run in {object.get(manifest, "run_id", null) | some manifest in map("run_manifests")}
	msg := sprintf("%s: no run manifest says what run %v was to do", [path, run])
}

deny contains msg if {
	some path, document in map("receipts")
	some other, manifest in map("run_manifests")
	object.get(document, "run_id", "") == object.get(manifest, "run_id", null)
	some pair in [
		{"receipt": ["environment", "container_digest"], "manifest": ["environment", "container_digest"]},
		{"receipt": ["environment", "git_commit"], "manifest": ["pipeline", "git_commit"]},
		{"receipt": ["environment", "params_digest"], "manifest": ["params_digest"]},
		{"receipt": ["dataset_version_id"], "manifest": ["dataset_version_id"]},
	]
	object.get(document, pair.receipt, "") != object.get(manifest, pair.manifest, null)
	msg := sprintf("%s: %s is not what %s says", [path, concat(".", pair.receipt), other])
}

deny contains "the receipts speak of more than one dataset version" if {
	count({object.get(document, "dataset_version_id", "") | some document in map("receipts")}) > 1
}

deny contains "nobody but the author has approved as steward" if {
	some path in array.concat(list("changed"), list("removed"))
	is_published(path)
	count(stewards - {object.get(input, ["pull_request", "author"], "")}) == 0
}

stewards contains principal if {
	approvals := object.get(input, ["pull_request", "approvals"], [])
	is_array(approvals)
	some approval in approvals
	object.get(approval, "role", "") == "steward"
	principal := object.get(approval, "principal", "")
	is_string(principal)
	principal != ""
}

outputs contains uri if {
	some document in map("receipts")
	files := object.get(document, "outputs", [])
	is_array(files)
	some file in files
	uri := object.get(file, "uri", "")
}

is_published(path) if {
	is_string(path)
	split(path, "/")[0] in published
}

list(name) := value if {
	value := object.get(input, name, [])
	is_array(value)
} else := []

# Documents that are no objects are denied by data.receipt, and nothing else looks into them.
map(name) := {path: document |
	all := object.get(input, name, {})
	is_object(all)
	some path, document in all
}
