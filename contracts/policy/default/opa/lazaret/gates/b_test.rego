package lazaret.gates.b_test

import data.lazaret.fixture
import data.lazaret.gates.b
import rego.v1

test_good_passes if count(b.deny) == 0 with input as fixture.good

test_unknown_use if {
	"UseUnknown" in fixture.codes(b.deny) with input as fixture.bent({"requested": {"intended_use": "resale"}})
}

test_no_use if {
	"UseUnknown" in fixture.codes(b.deny) with input as fixture.bent({"requested": {"intended_use": null}})
}

test_unlisted_license if {
	fixture.codes(b.deny) == {"LicenseNotListed"} with input as fixture.rights([["MIT"]], "The Office")
}

test_use_forbidden if {
	fixture.codes(b.deny) == {"LicenseForbidsUse"} with input as fixture.rights([["CC-BY-ND-4.0"]], "The Office")
}

test_one_of_two_allows if {
	count(b.deny) == 0 with input as fixture.rights([["CC-BY-ND-4.0"], ["CC0-1.0"]], "The Office")
}

test_none_of_two_allows if {
	fixture.codes(b.deny) == {"LicenseForbidsUse", "LicenseNotListed"} with input as fixture.rights([["CC-BY-ND-4.0"], ["MIT"]], "The Office")
}

test_both_must_allow if {
	fixture.codes(b.deny) == {"LicenseForbidsUse"} with input as fixture.rights([["CC0-1.0", "CC-BY-ND-4.0"]], "The Office")
}

test_both_allow if {
	count(b.deny) == 0 with input as fixture.rights([["CC0-1.0", "CC-BY-4.0"]], "The Office")
}

test_mixed_operators if {
	count(b.deny) == 0 with input as fixture.rights([["CC-BY-4.0", "CC0-1.0"], ["MIT"]], "The Office")
}

test_exception_permits_more if {
	count(b.deny) == 0 with input as fixture.rights([["CC0-1.0 WITH LLVM-exception"]], "The Office")
}

test_not_taken_apart if {
	fixture.codes(b.deny) == {"LicenseTooInvolved"} with input as fixture.rights([], "The Office")
}

test_no_expression_is_not_ours_to_say if {
	broken := object.union(fixture.rights([], "The Office"), {"license": {"alternatives": null, "invalid": true}})
	count(b.deny) == 0 with input as broken
}

test_holder_not_named if {
	fixture.codes(b.deny) == {"AttributionLacksHolder"} with input as fixture.rights([["CC-BY-4.0"]], "Somebody")
}

test_holder_need_not_be_named if {
	count(b.deny) == 0 with input as fixture.rights([["CC0-1.0"]], "Somebody")
}

test_attribution_avoided_by_choice if {
	count(b.deny) == 0 with input as fixture.rights([["CC0-1.0"], ["CC-BY-4.0"]], "Somebody")
}

test_obligations if {
	b.obligations == {
		{"license": "CC-BY-SA-4.0", "kind": "attribution"},
		{"license": "CC-BY-SA-4.0", "kind": "share_alike"},
	} with input as fixture.rights([["CC0-1.0", "CC-BY-SA-4.0"]], "The Office")
}

test_no_obligations_by_choice if {
	count(b.obligations) == 0 with input as fixture.rights([["CC0-1.0"], ["ODbL-1.0"]], "The Office")
}
