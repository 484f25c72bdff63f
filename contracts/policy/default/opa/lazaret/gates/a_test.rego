package lazaret.gates.a_test

import data.lazaret.fixture
import data.lazaret.gates.a
import rego.v1

test_good_passes if count(a.deny) == 0 with input as fixture.good

test_no_dataset if {
	"DatasetUnreadable" in fixture.codes(a.deny) with input as object.union(fixture.good, {"dataset": null})
}

test_reserved_slug if {
	fixture.codes(a.deny) == {"SlugReserved"} with input as fixture.dataset({"dataset_slug": "latest"})
}

test_short_title if {
	fixture.codes(a.deny) == {"TitleLength"} with input as fixture.dataset({"title": "Rain"})
}

test_title_is_no_text if {
	fixture.codes(a.deny) == {"TitleLength"} with input as fixture.dataset({"title": 1234567890123})
}

test_long_title if {
	fixture.codes(a.deny) == {"TitleLength"} with input as fixture.dataset({"title": sprintf("%s%s", [fixture.hex64, fixture.hex64])})
}

test_short_description if {
	fixture.codes(a.deny) == {"DescriptionTooShort"} with input as fixture.dataset({"description": "Rain."})
}

test_no_steward if {
	fixture.codes(a.deny) == {"StewardMissing"} with input as fixture.dataset({"contacts": []})
}

test_steward_without_email if {
	fixture.codes(a.deny) == {"StewardMissing"} with input as fixture.dataset({"contacts": [object.remove(fixture.steward, ["email"])]})
}

test_contacts_are_no_list if {
	fixture.codes(a.deny) == {"StewardMissing"} with input as fixture.dataset({"contacts": "jane"})
}
