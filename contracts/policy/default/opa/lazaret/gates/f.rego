# Gate F, quality and contracts: checks were made and passed, and contracts are tested both ways.
package lazaret.gates.f

import data.lazaret.lib
import rego.v1

report_path := "work/qa_report.json"

report := lib.map(lib.work, report_path)

checks := lib.list(report, "checks")

deny contains lib.reason(
	"QaReportMissing",
	"There is no QA report with at least one check.",
	report_path,
	"/checks",
	"Have the pipeline write what it checked: name, status and detail.",
) if {
	count(checks) == 0
}

deny contains lib.reason(
	"QaReportFailed",
	"The QA report's status is not pass.",
	report_path,
	"/status",
	"Mend what the report found and run again.",
) if {
	lib.text(report, "status") != "pass"
}

deny contains lib.reason(
	"QaCheckFailed",
	sprintf("The check %q did not pass: %s", [
		lib.text(check, "name"),
		lib.text(check, "detail"),
	]),
	report_path,
	sprintf("/checks/%d/status", [index]),
	"Mend what the check found and run again.",
) if {
	some index, check in checks
	lib.text(check, "status") != "pass"
}

deny contains lib.reason(
	"EvidenceMissing",
	"dataset.json lists no evidence.",
	"dataset.json",
	"/evidence_refs",
	"Name at least one published object or receipt.",
) if {
	count(lib.list(lib.dataset, "evidence_refs")) == 0
}

deny contains lib.reason(
	"FixturesTooFew",
	sprintf("The contract has %d valid and %d invalid fixtures; 1 and 2 are wanted.", [valid, invalid]),
	path,
	"",
	"Add fixtures: one that must pass and two that must not.",
) if {
	some path in contracts
	startswith(path, "contracts/schemas/")
	endswith(path, ".schema.json")
	name := trim_suffix(trim_prefix(path, "contracts/schemas/"), ".schema.json")
	valid := count(fixtures(sprintf("contracts/fixtures/%s.valid", [name])))
	invalid := count(fixtures(sprintf("contracts/fixtures/%s.invalid", [name])))
	is_too_few(valid, invalid)
}

# Rules whose data is missing are undefined and deny nothing, so the absence itself must deny.
deny contains lib.reason(
	"PackDataMissing",
	"The pack came without its tables, so its rules say nothing.",
	"",
	"",
	"Build the pack with data/licenses.json, data/labels.json and data/limits.json.",
) if {
	not has_data
}

has_data if {
	count(data.licenses.uses) > 0
	count(data.licenses.table) > 0
	count(data.labels) > 0
	count(data.limits.published) > 0
	count(data.limits.personal_columns) > 0
	data.limits.actors.prefix != ""
}

# Looked up once: there may be hundreds of thousands of objects.
contracts contains path if {
	some path, _ in lib.objects
	startswith(path, "contracts/")
}

fixtures(prefix) := {path |
	some path in contracts
	startswith(path, prefix)
	endswith(path, ".json")
}

is_too_few(valid, _) if valid < 1

is_too_few(_, invalid) if invalid < 2
