# Gate D, catalogs: that they agree with dataset.json, and that what is published can be used.
package lazaret.gates.d

import data.lazaret.lib
import rego.v1

deny contains lib.reason(
	"StacLicenseDisagrees",
	sprintf("The collection says licence %q, dataset.json says %q.", [found, license]),
	path,
	"/license",
	"Write the same licence in both; \"other\" is allowed where STAC cannot say it.",
) if {
	license := lib.text(lib.map(lib.dataset, "rights"), "license")
	license != ""
	some path, document in lib.stac
	lib.text(document, "type") == "Collection"
	found := lib.text(document, "license")
	not found in {license, "other", "various", "proprietary"}
}

deny contains lib.reason(
	"StacTitleMissing",
	"The collection has no title, so a catalog can show only its id.",
	path,
	"/title",
	"Give the collection the dataset's title.",
) if {
	some path, document in lib.stac
	lib.text(document, "type") == "Collection"
	lib.text(document, "title") == ""
}

deny contains lib.reason(
	"AssetWithoutRole",
	sprintf("The asset %q has no media type or no role.", [key]),
	path,
	sprintf("/assets/%s", [replace(replace(key, "~", "~0"), "/", "~1")]),
	"Give the asset a type and at least one role, for instance data.",
) if {
	some path, document in lib.stac
	some key, asset in lib.map(document, "assets")
	not is_described(asset)
}

deny contains lib.reason(
	"FormatNotApproved",
	sprintf("Files of type %q are not published.", [media_type]),
	path,
	"",
	"Publish CSV, GeoJSON, JSON, Parquet or TIFF, or have the format added to data/limits.json of the pack.",
) if {
	some path in odd
	object_ := lib.objects[path]
	not is_approved(object_)
	media_type := lib.text(object_, "media_type")
}

deny contains lib.reason(
	"ArtifactTooLarge",
	sprintf("The file has %d bytes; %d are allowed for %s.", [size, most, media_type]),
	path,
	"",
	"Split the file, or publish it as Parquet.",
) if {
	some path in odd
	object_ := lib.objects[path]
	media_type := object_.media_type
	most := data.limits.published[media_type].max_bytes
	size := object_.size
	size > most
	is_number(size)
}

deny contains lib.reason(
	"ArtifactEmpty",
	"The file is empty.",
	path,
	"",
	"Remove the file, or mend the run that made it.",
) if {
	some path in odd
	lib.objects[path].size == 0
}

# Published objects that one of the three rules above may deny. There may be hundreds of thousands of
# objects: one look each, and no helpers from elsewhere.
odd contains path if {
	some path, object_ in lib.objects
	startswith(path, "processed/")
	not is_plain(object_)
}

is_plain(object_) if {
	object_.size > 0
	object_.size <= data.limits.published[object_.media_type].max_bytes
}

is_approved(object_) if data.limits.published[object_.media_type]

is_described(asset) if {
	lib.text(asset, "type") != ""
	count(lib.list(asset, "roles")) > 0
}
