# One run's receipt: who ran what, in what, on what, and that it was checked.
# Input: a run_receipt.v1.
package receipt

import rego.v1

required := [
	"run_id", "operation", "dataset_version_id", "created_at",
	"actor.principal", "actor.role",
	"environment.container_digest", "environment.git_commit", "environment.params_digest",
	"validation.status", "validation.report_digest",
	"policy.decision_id",
]

approved_roles := {"pipeline", "publisher"}

zones := {"raw", "work", "processed", "catalog"}

empty := "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

deny contains "a receipt is a JSON object" if not is_object(input)

deny contains msg if {
	some name in required
	not is_filled(deep(split(name, ".")))
	msg := sprintf("%s is missing", [name])
}

deny contains msg if {
	some name in ["inputs", "outputs"]
	not is_array(at(document, name))
	msg := sprintf("%s is no list", [name])
}

deny contains "outputs is empty: the run made nothing" if count(list("outputs")) == 0

deny contains msg if {
	principal := at(at(document, "actor"), "principal")
	not is_service(principal)
	msg := sprintf("actor.principal is %v: what is published is made by service accounts (svc:…), not by people", [principal])
}

deny contains msg if {
	role := at(at(document, "actor"), "role")
	not role in approved_roles
	msg := sprintf("actor.role %v is not approved", [role])
}

deny contains msg if {
	some side in ["inputs", "outputs"]
	some i, file in list(side)
	not is_real(at(file, "digest"))
	msg := sprintf("%s[%d] has no SHA-256 digest of any bytes", [side, i])
}

deny contains msg if {
	some name in ["container_digest", "params_digest"]
	digest := at(at(document, "environment"), name)
	is_filled(digest)
	not is_real(digest)
	msg := sprintf("environment.%s is no SHA-256 digest of any bytes", [name])
}

deny contains msg if {
	commit := at(at(document, "environment"), "git_commit")
	is_filled(commit)
	not is_commit(commit)
	msg := "environment.git_commit is no full commit id"
}

deny contains msg if {
	some side in ["inputs", "outputs"]
	some i, file in list(side)
	not is_in_zone(at(file, "uri"))
	msg := sprintf("%s[%d] lies in no zone of the workspace", [side, i])
}

deny contains msg if {
	some i, file in list("outputs")
	startswith(uri(file), "raw/")
	msg := sprintf("outputs[%d] is raw data, which is never written again", [i])
}

deny contains msg if {
	some i, file in list("outputs")
	some j, other in list("outputs")
	j > i
	uri(file) == uri(other)
	msg := sprintf("outputs[%d] and outputs[%d] are the same file", [i, j])
}

deny contains "validation.status is not pass" if at(at(document, "validation"), "status") != "pass"

document := input if is_object(input)

document := {} if not is_object(input)

# An object's member; "" if it is not there, or if there is no object. No builtin meets a type that it refuses:
# OPA takes such an error for undefined, and other engines stop.
at(thing, name) := value if {
	is_object(thing)
	value := object.get(thing, name, "")
} else := ""

deep(names) := at(document, names[0]) if count(names) == 1

deep(names) := at(at(document, names[0]), names[1]) if count(names) == 2

list(name) := value if {
	value := at(document, name)
	is_array(value)
} else := []

uri(file) := value if {
	value := at(file, "uri")
	is_string(value)
} else := ""

is_filled(text) if {
	is_string(text)
	trim_space(text) != ""
}

is_service(principal) if {
	is_string(principal)
	startswith(principal, "svc:")
	principal != "svc:"
}

is_in_zone(path) if {
	is_string(path)
	names := split(path, "/")
	count(names) > 1
	names[0] in zones
	not ".." in names
	not "" in names
}

is_real(digest) if {
	is_string(digest)
	startswith(digest, "sha256:")
	digest != empty
	is_hex(trim_prefix(digest, "sha256:"), 64)
}

is_commit(commit) if is_hex(commit, 40)

is_commit(commit) if is_hex(commit, 64)

# So many lower-case hexadecimal digits, and not all of them 0.
is_hex(text, length) if {
	is_string(text)
	count(text) == length
	trim(text, "0123456789abcdef") == ""
	trim(text, "0") != ""
}
