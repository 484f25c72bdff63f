# What is to be published, by its promotion manifest: digests, media types, catalogs, checks, approvals.
# Input: a promotion_manifest.v1.
package gates.artifact

import rego.v1

media_types := {
	"application/geo+json", "application/json", "application/vnd.apache.parquet", "application/x-parquet",
	"image/tiff", "text/csv",
}

labels := {"public", "internal", "restricted", "sensitive_location"}

needs_steward := {"internal", "restricted", "sensitive_location"}

empty := "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

deny contains "a promotion manifest is a JSON object" if not is_object(input)

deny contains "artifacts is empty: there is nothing to publish" if count(list("artifacts")) == 0

deny contains msg if {
	some name in ["artifacts", "catalogs", "receipts"]
	some i, file in list(name)
	not is_real(at(file, "digest"))
	msg := sprintf("%s[%d] has no SHA-256 digest of any bytes", [name, i])
}

deny contains msg if {
	some i, file in list("artifacts")
	type := at(file, "media_type")
	not type in media_types
	msg := sprintf("artifacts[%d]: media type %v is not published", [i, type])
}

deny contains msg if {
	some i, file in list("artifacts")
	not startswith(path(file), "processed/")
	msg := sprintf("artifacts[%d] does not lie in processed/", [i])
}

deny contains msg if {
	some name in ["artifacts", "catalogs", "receipts"]
	some i, file in list(name)
	not is_plain(path(file))
	msg := sprintf("%s[%d]: its path is not plain", [name, i])
}

deny contains msg if {
	some i, file in list("artifacts")
	some j, other in list("artifacts")
	j > i
	path(file) == path(other)
	msg := sprintf("artifacts[%d] and artifacts[%d] are the same file", [i, j])
}

deny contains msg if {
	some kind in ["dcat", "prov"]
	count([file | some file in list("catalogs"); startswith(path(file), sprintf("catalog/%s", [kind]))]) == 0
	msg := sprintf("catalogs has no %s record", [upper(kind)])
}

deny contains "no receipt says how the artifacts were made" if count(list("receipts")) == 0

deny contains "qa.status is not pass" if at(at(document, "qa"), "status") != "pass"

deny contains msg if {
	label := at(at(document, "policy"), "policy_label")
	not label in labels
	msg := sprintf("policy_label %v is not published", [label])
}

deny contains msg if {
	label := at(at(document, "policy"), "policy_label")
	label in needs_steward
	count([approval | some approval in list("approvals"); at(approval, "role") == "steward"]) == 0
	msg := sprintf("policy_label %v needs a steward's approval", [label])
}

# An approval speaks of one plan: of another one it says nothing.
deny contains msg if {
	some i, approval in list("approvals")
	plan := at(approval, "plan_digest")
	plan != ""
	plan != at(document, "plan_digest")
	msg := sprintf("approvals[%d] approves another plan", [i])
}

document := input if is_object(input)

document := {} if not is_object(input)

# An object's member; "" if it is not there, or if there is no object. No builtin meets a type that it refuses:
# OPA takes such an error for undefined, and other engines stop.
at(thing, name) := value if {
	is_object(thing)
	value := object.get(thing, name, "")
} else := ""

list(name) := value if {
	value := at(document, name)
	is_array(value)
} else := []

path(file) := value if {
	value := at(file, "path")
	is_string(value)
} else := ""

is_plain(text) if {
	text != ""
	not contains(text, "\\")
	names := split(text, "/")
	every name in names { not name in {"", ".", ".."} }
}

is_real(digest) if {
	is_string(digest)
	startswith(digest, "sha256:")
	digest != empty
	hex := trim_prefix(digest, "sha256:")
	count(hex) == 64
	trim(hex, "0123456789abcdef") == ""
	trim(hex, "0") != ""
}
