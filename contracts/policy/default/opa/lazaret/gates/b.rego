# Gate B, rights: the table of licences and uses, data.licenses. What it does not name is denied.
# The built-in parser takes the SPDX expression apart: input.license.alternatives, of which one must
# be kept, all its parts together.
package lazaret.gates.b

import data.lazaret.lib
import rego.v1

rights := lib.map(lib.dataset, "rights")

license := lib.text(rights, "license")

alternatives := lib.list(lib.map(input, "license"), "alternatives")

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

deny contains lib.reason(
	"LicenseNotListed",
	sprintf("The licence %q is not in the pack's table.", [name]),
	"dataset.json",
	"/rights/license",
	"Have the licence reviewed and added to data/licenses.json of the pack.",
) if {
	count(usable) == 0
	some parts in alternatives
	some part in parts
	name := entry(part)
	not lib.has(data.licenses.table, name)
}

deny contains lib.reason(
	"LicenseForbidsUse",
	sprintf("The licence %q does not allow the use %q.", [license, lib.use]),
	"dataset.json",
	"/rights/license",
	"Ask for a use that the licence allows, or obtain the data under another licence.",
) if {
	count(usable) == 0
	some parts in alternatives
	every part in parts {
		lib.has(data.licenses.table, entry(part))
	}
}

deny contains lib.reason(
	"LicenseTooInvolved",
	sprintf("The licence expression %q cannot be taken apart.", [license]),
	"dataset.json",
	"/rights/license",
	"Name the licences you use the data under in a shorter SPDX expression.",
) if {
	license != ""
	count(alternatives) == 0

	# What is no expression at all the built-in gate denies, and says why: one reason is enough.
	lib.member(lib.map(input, "license"), "invalid", false) != true
}

deny contains lib.reason(
	"AttributionLacksHolder",
	sprintf("The licence %q demands attribution, and the text does not name the rights holder.", [name]),
	"dataset.json",
	"/rights/attribution",
	"Name the rights holder in the attribution, word for word.",
) if {
	some obligation in obligations
	name := obligation.license
	obligation.kind == "attribution"
	holder := lib.text(rights, "rights_holder")
	attribution := lib.text(rights, "attribution")
	not names_holder(attribution, holder)
}

# What comes with the licence. If there is a choice, what comes with every usable alternative: the
# reader may keep to any. Goes into the promotion manifest; the built-in gate asks DCAT to say it.
obligations contains {"license": name, "kind": kind} if {
	count(usable) > 0
	some parts in usable
	some part in parts
	name := part.term
	some kind in ["attribution", "share_alike"]
	lib.member(data.licenses.table[entry(part)], kind, false) == true
	not is_avoidable(kind)
}

# Some usable alternative is free of this.
is_avoidable(kind) if {
	some parts in usable
	every part in parts {
		lib.member(data.licenses.table[entry(part)], kind, false) != true
	}
}

usable contains parts if {
	some parts in alternatives
	every part in parts {
		lib.use in data.licenses.table[entry(part)].uses
	}
}

# The table's name for a part: with its exception if the table has that, else without, for an
# exception only permits more.
entry(part) := part.term if lib.has(data.licenses.table, part.term)

entry(part) := part.license if {
	term := part.term
	not lib.has(data.licenses.table, term)
}

names_holder(attribution, holder) if {
	holder != ""
	contains(attribution, holder)
}
