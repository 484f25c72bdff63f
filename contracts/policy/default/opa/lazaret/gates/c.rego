# Gate C, sensitivity: what a label allows, how coarse is coarse enough, and no persons.
package lazaret.gates.c

import data.lazaret.lib
import rego.v1

deny contains lib.reason(
	"LabelForbidsUse",
	sprintf("Data labelled %q may not be used for %q.", [lib.label, lib.use]),
	"dataset.json",
	"/policy_label",
	"Ask for a use that the label allows, or have a steward review the label.",
) if {
	allowed := data.labels[lib.label].uses
	use := lib.use
	not use in allowed
}

deny contains lib.reason(
	"GeneralizationTooFine",
	sprintf("The plan's cells must measure at least %d m, said as the number parameters.cell_size_m.", [least]),
	plan_path,
	"/parameters/cell_size_m",
	"Generalize to larger cells, run the pipeline again and say the new size in the plan.",
) if {
	least := data.labels[lib.label].min_cell_size_m
	lib.text(plan, "method") == "generalization"
	cell_size_m := lib.member(parameters, "cell_size_m", null)
	not at_least(cell_size_m, least)
}

deny contains lib.reason(
	"SmallCountsShown",
	sprintf("The plan must leave out cells with fewer than %d records, said as parameters.min_count.", [least]),
	plan_path,
	"/parameters/min_count",
	"Leave out or merge small cells, run the pipeline again and say the threshold in the plan.",
) if {
	least := data.labels[lib.label].min_count
	lib.text(plan, "method") == "generalization"
	min_count := lib.member(parameters, "min_count", null)
	not at_least(min_count, least)
}

deny contains lib.reason(
	"ExactPlaceInCatalog",
	"The catalog gives a point for data whose places must not be found.",
	path,
	"/geometry",
	"Give the generalized area as the item's geometry.",
) if {
	lib.label == "sensitive_location"
	some path, document in lib.stac
	lib.text(lib.map(document, "geometry"), "type") in {"Point", "MultiPoint"}
}

deny contains lib.reason(
	"PersonalDataColumn",
	sprintf("The published file %s has a column %q, which names or reaches a person.", [path, column]),
	"work/qa_report.json",
	"/columns",
	"Drop the column before publishing, or label the data and plan its redaction.",
) if {
	report := lib.map(lib.work, "work/qa_report.json")
	by_path := lib.map(report, "columns")
	some path, columns in by_path
	startswith(path, "processed/")
	lib.objects[path]
	is_array(columns)
	some column in columns
	is_string(column)
	lower(replace(column, "-", "_")) in data.limits.personal_columns
}

deny contains lib.reason(
	"PersonalDataColumn",
	sprintf("The contract describes a member %q, which names or reaches a person.", [name]),
	path,
	"/properties",
	"Drop the member, or label the data and plan its redaction.",
) if {
	some path, schema in lib.contracts
	startswith(path, "contracts/schemas/")
	some name, _ in lib.map(schema, "properties")
	lower(replace(name, "-", "_")) in data.limits.personal_columns
}

plan_path := lib.text(lib.dataset, "redaction_plan")

# The plan, if there is one. The built-in gate denies where one is needed and missing.
plan := lib.map(lib.work, plan_path)

parameters := lib.map(plan, "parameters")

at_least(number, least) if {
	is_number(number)
	number >= least
}
