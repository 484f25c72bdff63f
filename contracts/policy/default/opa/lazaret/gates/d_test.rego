package lazaret.gates.d_test

import data.lazaret.fixture
import data.lazaret.gates.d
import rego.v1

test_good_passes if count(d.deny) == 0 with input as fixture.good

test_collection_license_differs if {
	fixture.codes(d.deny) == {"StacLicenseDisagrees"} with input as fixture.bent({"catalogs": {"stac": {"catalog/stac/collection.json": {"license": "MIT"}}}})
}

test_collection_license_other if {
	count(d.deny) == 0 with input as fixture.bent({"catalogs": {"stac": {"catalog/stac/collection.json": {"license": "other"}}}})
}

test_collection_without_title if {
	fixture.codes(d.deny) == {"StacTitleMissing"} with input as fixture.bent({"catalogs": {"stac": {"catalog/stac/collection.json": {"title": ""}}}})
}

test_asset_without_role if {
	fixture.codes(d.deny) == {"AssetWithoutRole"} with input as fixture.bent({"catalogs": {"stac": {"catalog/stac/items/x.json": {"assets": {"x": {"roles": []}}}}}})
}

test_asset_without_type if {
	fixture.codes(d.deny) == {"AssetWithoutRole"} with input as fixture.bent({"catalogs": {"stac": {"catalog/stac/items/x.json": {"assets": {"y": {"roles": ["data"]}}}}}})
}

test_unknown_format if {
	fixture.codes(d.deny) == {"FormatNotApproved"} with input as fixture.bent({"objects": {"processed/x.exe": fixture.object_("application/octet-stream", 1)}})
}

test_too_large if {
	fixture.codes(d.deny) == {"ArtifactTooLarge"} with input as fixture.bent({"objects": {"processed/x.csv": {"size": 1073741825}}})
}

test_as_large_as_may_be if {
	count(d.deny) == 0 with input as fixture.bent({"objects": {"processed/x.csv": {"size": 1073741824}}})
}

test_empty_artifact if {
	fixture.codes(d.deny) == {"ArtifactEmpty"} with input as fixture.bent({"objects": {"processed/x.csv": {"size": 0}}})
}

test_raw_may_be_anything if {
	count(d.deny) == 0 with input as fixture.bent({"objects": {"raw/x.exe": fixture.object_("application/octet-stream", 0)}})
}
