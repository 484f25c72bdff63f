# Gate A, identity: what the name alone does not say.
package lazaret.gates.a

import data.lazaret.lib
import rego.v1

deny contains lib.reason(
	"DatasetUnreadable",
	"dataset.json is not there or is no JSON object, so nothing in it can be judged.",
	"dataset.json",
	"",
	"Write dataset.json as docs/workspace.md says.",
) if {
	count(lib.dataset) == 0
}

deny contains lib.reason(
	"SlugReserved",
	sprintf("The slug %q means something else to readers of the destination.", [slug]),
	"dataset.json",
	"/dataset_slug",
	"Choose a slug that names the data.",
) if {
	slug := lib.text(lib.dataset, "dataset_slug")
	slug in data.limits.reserved_slugs
}

deny contains lib.reason(
	"TitleLength",
	sprintf("The title has %d characters; %d to %d are wanted.", [length, limits.min, limits.max]),
	"dataset.json",
	"/title",
	"Say in one line what the data is.",
) if {
	limits := data.limits.title
	least := limits.min
	most := limits.max
	length := count(lib.text(lib.dataset, "title"))
	not between(length, least, most)
}

deny contains lib.reason(
	"DescriptionTooShort",
	sprintf("The description has %d characters; at least %d are wanted.", [length, data.limits.description_min]),
	"dataset.json",
	"/description",
	"Say what the data covers, where it is from and what was done to it.",
) if {
	length := count(lib.text(lib.dataset, "description"))
	length < data.limits.description_min
}

deny contains lib.reason(
	"StewardMissing",
	"No contact is a steward with a principal and an e-mail address.",
	"dataset.json",
	"/contacts",
	"Add a contact with role steward, principal and email.",
) if {
	not has_steward
}

has_steward if {
	some contact in lib.list(lib.dataset, "contacts")
	lib.text(contact, "role") == "steward"
	startswith(lib.text(contact, "principal"), "principal:")
	contains(lib.text(contact, "email"), "@")
}

between(number, low, high) if {
	number >= low
	number <= high
}
