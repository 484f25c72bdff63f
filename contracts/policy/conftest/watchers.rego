# The registry of watchers: each fetches from a provider that is approved, from hosts that are the provider's.
# No clock: whether an approval has run out is for whoever knows the day.
# Input: a watcher.v1.
package watchers

import rego.v1

labels := {"public", "internal", "restricted", "sensitive_location"}

deny contains "a registry is a JSON object" if not is_object(input)

deny contains msg if {
	some name in ["providers", "watchers"]
	not is_array(at(document, name))
	msg := sprintf("%s is no list", [name])
}

deny contains msg if {
	some i, watcher in list("watchers")
	id := at(watcher, "provider_id")
	not id in {at(provider, "provider_id") | some provider in list("providers")}
	msg := sprintf("watchers[%d]: provider %v is not approved", [i, id])
}

deny contains msg if {
	some i, watcher in list("watchers")
	not from_its_provider(watcher)
	msg := sprintf("watchers[%d]: source_url is not https at a host of its provider", [i])
}

deny contains msg if {
	some i, watcher in list("watchers")
	label := at(watcher, "policy_label")
	not label in labels
	msg := sprintf("watchers[%d]: data labelled %v is not fetched", [i, label])
}

deny contains msg if {
	some i, watcher in list("watchers")
	owner := at(watcher, "owner")
	some provider in list("providers")
	at(provider, "provider_id") == at(watcher, "provider_id")
	at(at(provider, "approval"), "principal") == owner
	msg := sprintf("watchers[%d]: its owner %v approved the provider; somebody else must", [i, owner])
}

deny contains msg if {
	some kind in ["watcher", "provider"]
	some i, entry in list(sprintf("%ss", [kind]))
	at(entry, sprintf("%s_id", [kind])) in {"", null}
	msg := sprintf("%ss[%d] has no id", [kind, i])
}

deny contains msg if {
	some kind in ["watcher", "provider"]
	some i, entry in list(sprintf("%ss", [kind]))
	some j, other in list(sprintf("%ss", [kind]))
	j > i
	id := sprintf("%s_id", [kind])
	at(entry, id) == at(other, id)
	msg := sprintf("%ss[%d] and [%d] have the same id", [kind, i, j])
}

deny contains msg if {
	some i, provider in list("providers")
	at(at(provider, "approval"), "role") != "steward"
	msg := sprintf("providers[%d] is not approved by a steward", [i])
}

deny contains msg if {
	some i, provider in list("providers")
	not is_limited(at(provider, "approval"))
	msg := sprintf("providers[%d]: its approval has no end after its beginning (UTC, ending in Z)", [i])
}

deny contains msg if {
	some i, provider in list("providers")
	at(provider, "license") in {"", "NOASSERTION", "NONE"}
	msg := sprintf("providers[%d]: its licence is unclear", [i])
}

from_its_provider(watcher) if {
	url := at(watcher, "source_url")
	is_string(url)
	startswith(url, "https://")
	host := split(trim_prefix(url, "https://"), "/")[0]
	some provider in list("providers")
	at(provider, "provider_id") == at(watcher, "provider_id")
	hosts := at(provider, "hosts")
	is_array(hosts)
	host in hosts
}

# Times in UTC and one form order as texts do.
is_limited(approval) if {
	begin := at(approval, "approved_at")
	end := at(approval, "expires_at")
	is_string(begin)
	is_string(end)
	endswith(begin, "Z")
	endswith(end, "Z")
	begin < end
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
