package watchers_test

import data.watchers
import rego.v1

provider := {
	"provider_id": "noaa",
	"name": "NOAA",
	"hosts": ["www.ncei.noaa.gov"],
	"license": "CC-PDM-1.0",
	"rights_holder": "NOAA",
	"approval": {
		"principal": "principal:jane", "role": "steward",
		"approved_at": "2026-02-01T09:00:00Z", "expires_at": "2027-01-31T09:00:00Z",
	},
}

watcher := {
	"watcher_id": "noaa-daily",
	"provider_id": "noaa",
	"dataset_slug": "seattle-weather",
	"source_url": "https://www.ncei.noaa.gov/daily.dly",
	"schedule": {"every": "PT24H"},
	"policy_label": "public",
	"owner": "principal:omar",
	"status": "active",
}

registry(providers, entries) := {"watcher_registry_version": "v1", "providers": providers, "watchers": entries}

of_watcher(patch) := found if {
	found := watchers.deny with input as registry([provider], [object.union(watcher, patch)])
}

of_provider(patch) := found if {
	found := watchers.deny with input as registry([object.union(provider, patch)], [watcher])
}

test_good if count(of_watcher({})) == 0

test_empty_input if watchers.deny == {"providers is no list", "watchers is no list"} with input as {}

test_no_object if "a registry is a JSON object" in watchers.deny with input as []

test_odd_types if count(watchers.deny) > 4 with input as registry(["noaa", null], [7, {}, {"source_url": []}])

test_no_ids if {
	of_both := registry([object.remove(provider, ["provider_id"])], [object.remove(watcher, ["provider_id"])])
	"providers[0] has no id" in watchers.deny with input as of_both
}

test_unknown_provider if "watchers[0]: provider usgs is not approved" in of_watcher({"provider_id": "usgs"})

test_hosts if {
	every url in [
		"http://www.ncei.noaa.gov/daily.dly",
		"https://evil.example/www.ncei.noaa.gov",
		"https://www.ncei.noaa.gov@evil.example/daily.dly",
		"https://www.ncei.noaa.gov.evil.example/",
		"https://www.ncei.noaa.gov:8443/",
		7,
	] {
		of_watcher({"source_url": url}) == {"watchers[0]: source_url is not https at a host of its provider"}
	}
}

test_prohibited if of_watcher({"policy_label": "prohibited"}) == {"watchers[0]: data labelled prohibited is not fetched"}

test_own_approval if count(of_watcher({"owner": "principal:jane"})) == 1

test_same_watcher_twice if {
	watchers.deny == {"watchers[0] and [1] have the same id"} with input as registry([provider], [watcher, watcher])
}

test_same_provider_twice if {
	watchers.deny == {"providers[0] and [1] have the same id"} with input as registry([provider, provider], [watcher])
}

test_approved_by_no_steward if of_provider({"approval": {"role": "owner"}}) == {"providers[0] is not approved by a steward"}

test_approval_without_end if count(of_provider({"approval": {"expires_at": "2026-01-01T00:00:00Z"}})) == 1

test_approval_in_local_time if count(of_provider({"approval": {"expires_at": "2027-01-31T09:00:00+01:00"}})) == 1

test_licence_unclear if of_provider({"license": "NOASSERTION"}) == {"providers[0]: its licence is unclear"}
