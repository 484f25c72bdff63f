# Gate B, rights: the table of licences and uses, data.licenses. What it does not name is denied.
package lazaret.gates.b

import data.lazaret.lib
import rego.v1

rights := lib.map(lib.dataset, "rights")

license := lib.text(rights, "license")

deny contains lib.reason(
	"UseUnknown",
	sprintf("The intended use %q is not in the pack's table.", [lib.use]),
	"",
	"",
	sprintf("Ask for one of: %s.", [concat(", ", sort(object.keys(data.licenses.uses)))]),
) if {
	use := lib.use
	not lib.has(data.licenses.uses, use)
}

# Expressions are read as far as they are a plain list of alternatives, or of conditions.
deny contains lib.reason(
	"LicenseTooInvolved",
	sprintf("The licence expression %q mixes operators, and the pack judges only plain lists.", [license]),
	"dataset.json",
	"/rights/license",
	"Name the one licence you use the data under, or a list joined by AND or by OR alone.",
) if {
	is_involved(license)
}

deny contains lib.reason(
	"LicenseNotListed",
	sprintf("The licence %q is not in the pack's table.", [name]),
	"dataset.json",
	"/rights/license",
	"Have the licence reviewed and added to data/licenses.json of the pack.",
) if {
	some name in must_allow
	not lib.has(data.licenses.table, name)
}

deny contains lib.reason(
	"LicenseForbidsUse",
	sprintf("The licence %q does not allow the use %q.", [name, lib.use]),
	"dataset.json",
	"/rights/license",
	"Ask for a use that the licence allows, or obtain the data under another licence.",
) if {
	some name in must_allow
	allowed := data.licenses.table[name].uses
	use := lib.use
	not use in allowed
}

deny contains lib.reason(
	"LicenseForbidsUse",
	sprintf("None of the licences in %q is listed and allows the use %q.", [license, lib.use]),
	"dataset.json",
	"/rights/license",
	"Ask for a use that one of the licences allows.",
) if {
	names := alternatives(license)
	not any_allows(names)
}

deny contains lib.reason(
	"AttributionLacksHolder",
	sprintf("The licence %q demands attribution, and the text does not name the rights holder.", [name]),
	"dataset.json",
	"/rights/attribution",
	"Name the rights holder in the attribution, word for word.",
) if {
	some name in split_by(license, {" AND ", " OR "})
	data.licenses.table[name].attribution
	holder := lib.text(rights, "rights_holder")
	attribution := lib.text(rights, "attribution")
	not names_holder(attribution, holder)
}

names_holder(attribution, holder) if {
	holder != ""
	contains(attribution, holder)
}

is_involved(text) if contains(text, "(")

is_involved(text) if contains(text, " WITH ")

is_involved(text) if {
	contains(text, " AND ")
	contains(text, " OR ")
}

# Each of these must allow the use: a single licence, or all that AND joins.
must_allow contains name if {
	license != ""
	whole := license
	not is_involved(whole)
	not contains(whole, " OR ")
	some name in split(license, " AND ")
}

# One of these must allow the use.
alternatives(text) := split(text, " OR ") if {
	contains(text, " OR ")
	not is_involved(text)
}

any_allows(names) if {
	some name in names
	lib.use in data.licenses.table[name].uses
}

split_by(text, separators) := {name |
	some separator in separators
	some name in split(text, separator)
}
