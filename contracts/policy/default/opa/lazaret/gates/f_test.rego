package lazaret.gates.f_test

import data.lazaret.fixture
import data.lazaret.gates.f
import rego.v1

test_good_passes if count(f.deny) == 0 with input as fixture.good

test_no_report if {
	fixture.codes(f.deny) == {"QaReportMissing", "QaReportFailed"} with input as object.union(fixture.good, {"work": {"work/qa_report.json": null}})
}

test_no_check if {
	fixture.codes(f.deny) == {"QaReportMissing"} with input as fixture.bent({"work": {"work/qa_report.json": {"checks": []}}})
}

test_report_failed if {
	fixture.codes(f.deny) == {"QaReportFailed"} with input as fixture.bent({"work": {"work/qa_report.json": {"status": "fail"}}})
}

test_check_failed if {
	fixture.codes(f.deny) == {"QaCheckFailed"} with input as fixture.bent({"work": {"work/qa_report.json": {"checks": [{"name": "no-gap", "status": "fail"}]}}})
}

test_no_evidence if {
	fixture.codes(f.deny) == {"EvidenceMissing"} with input as fixture.dataset({"evidence_refs": []})
}

test_contract_without_fixtures if {
	fixture.codes(f.deny) == {"FixturesTooFew"} with input as fixture.bent({"objects": {"contracts/schemas/y.schema.json": fixture.object_("application/json", 1)}})
}

test_tables_missing if {
	fixture.codes(f.deny) == {"PackDataMissing"} with input as fixture.good with data.licenses as {}
}
