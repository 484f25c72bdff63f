package lazaret.gates.c_test

import data.lazaret.fixture
import data.lazaret.gates.c
import rego.v1

test_good_passes if count(c.deny) == 0 with input as fixture.good

test_label_forbids_use if {
	fixture.codes(c.deny) == {"LabelForbidsUse"} with input as fixture.dataset({"policy_label": "internal"})
}

test_prohibited_has_no_use if {
	fixture.codes(c.deny) == {"LabelForbidsUse"} with input as fixture.dataset({"policy_label": "prohibited"})
}

test_coarse_enough if {
	count(c.deny) == 0 with input as fixture.planned({"cell_size_m": 10000, "min_count": 3})
}

test_cells_too_fine if {
	fixture.codes(c.deny) == {"GeneralizationTooFine"} with input as fixture.planned({"cell_size_m": 9999, "min_count": 3})
}

test_cell_size_not_said if {
	fixture.codes(c.deny) == {"GeneralizationTooFine"} with input as fixture.planned({"min_count": 3})
}

test_cell_size_as_text if {
	fixture.codes(c.deny) == {"GeneralizationTooFine"} with input as fixture.planned({"cell_size_m": "10 km", "min_count": 3})
}

test_small_counts if {
	fixture.codes(c.deny) == {"SmallCountsShown"} with input as fixture.planned({"cell_size_m": 10000, "min_count": 1})
}

test_point_of_sensitive_place if {
	fixture.codes(c.deny) == {"ExactPlaceInCatalog"} with input as object.union(fixture.planned({"cell_size_m": 10000, "min_count": 3}), {"catalogs": {"stac": {"catalog/stac/items/x.json": {"geometry": {"type": "Point"}}}}})
}

test_email_column if {
	fixture.codes(c.deny) == {"PersonalDataColumn"} with input as fixture.bent({"work": {"work/qa_report.json": {"columns": {"processed/x.csv": ["E-Mail"]}}}})
}

test_email_column_unpublished if {
	count(c.deny) == 0 with input as fixture.bent({"work": {"work/qa_report.json": {"columns": {"work/x.csv": ["email"]}}}})
}

test_ssn_in_contract if {
	fixture.codes(c.deny) == {"PersonalDataColumn"} with input as fixture.bent({"contracts": {"contracts/schemas/x.schema.json": {"properties": {"SSN": {}}}}})
}
