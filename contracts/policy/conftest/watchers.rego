# The registry of watchers: each fetches from a provider that is approved, from hosts that are the provider's.
# No clock: whether an approval has run out is for whoever knows the day.
# Input: a watcher.v1.
package watchers

import rego.v1

labels := {"public", "internal", "restricted", "sensitive_location"}

deny contains "a registry is a JSON object" if not is_object(input)

deny contains msg if {
	some name in ["providers", "watchers"]
	not is_array(object.get(input, name, null))
	msg := sprintf("%s is no list", [name])
}

deny contains msg if {
	some i, watcher in list("watchers")
	id := object.get(watcher, "provider_id", "")
	not id in {object.get(provider, "provider_id", null) | some provider in list("providers")}
	msg := sprintf("watchers[%d]: provider %v is not approved", [i, id])
}

deny contains msg if {
	some i, watcher in list("watchers")
	not from_its_provider(watcher)
	msg := sprintf("watchers[%d]: source_url is not https at a host of its provider", [i])
}

deny contains msg if {
	some i, watcher in list("watchers")
	label := object.get(watcher, "policy_label", "")
	not label in labels
	msg := sprintf("watchers[%d]: data labelled %v is not fetched", [i, label])
}

deny contains msg if {
	some i, watcher in list("watchers")
	owner := object.get(watcher, "owner", "")
	some provider in list("providers")
	object.get(provider, "provider_id", null) == object.get(watcher, "provider_id", "")
	object.get(provider, ["approval", "principal"], null) == owner
	msg := sprintf("watchers[%d]: its owner %v approved the provider; somebody else must", [i, owner])
}

deny contains msg if {
	some kind in ["watcher", "provider"]
	some i, entry in list(sprintf("%ss", [kind]))
	some j, other in list(sprintf("%ss", [kind]))
	j > i
	id := sprintf("%s_id", [kind])
	object.get(entry, id, "") == object.get(other, id, "")
	msg := sprintf("%ss[%d] and [%d] have the same id", [kind, i, j])
}

deny contains msg if {
	some i, provider in list("providers")
	object.get(provider, ["approval", "role"], "") != "steward"
	msg := sprintf("providers[%d] is not approved by a steward", [i])
}

deny contains msg if {
	some i, provider in list("providers")
	not is_limited(object.get(provider, "approval", {}))
	msg := sprintf("providers[%d]: its approval has no end after its beginning (UTC, ending in Z)", [i])
}

deny contains msg if {
	some i, provider in list("providers")
	object.get(provider, "license", "") in {"", "NOASSERTION", "NONE"}
	msg := sprintf("providers[%d]: its licence is unclear", [i])
}

from_its_provider(watcher) if {
	url := object.get(watcher, "source_url", "")
	is_string(url)
	startswith(url, "https://")
	host := split(trim_prefix(url, "https://"), "/")[0]
	some provider in list("providers")
	object.get(provider, "provider_id", null) == object.get(watcher, "provider_id", "")
	hosts := object.get(provider, "hosts", [])
	is_array(hosts)
	host in hosts
}

# Times in UTC and one form order as texts do.
is_limited(approval) if {
	begin := object.get(approval, "approved_at", "")
	end := object.get(approval, "expires_at", "")
	is_string(begin)
	is_string(end)
	endswith(begin, "Z")
	endswith(end, "Z")
	begin < end
}

list(name) := value if {
	value := object.get(input, name, [])
	is_array(value)
} else := []
