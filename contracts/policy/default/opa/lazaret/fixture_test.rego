# An input that every gate lets pass, for the tests to bend.
package lazaret.fixture

import rego.v1

hex64 := "1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c5b6a7988"

steward := {"role": "steward", "principal": "principal:jane", "email": "jane@example.org"}

object_(media_type, size) := {"digest": sprintf("sha256:%s", [hex64]), "size": size, "media_type": media_type}

receipt := {
	"run_id": "kfm://run/2026-11-20T12:00:00Z.abcd",
	"actor": {"principal": "svc:pipeline", "role": "pipeline"},
	"inputs": [{"uri": "raw/x.csv"}],
	"outputs": [{"uri": "processed/x.csv"}],
	"environment": {
		"container_digest": sprintf("sha256:%s", [hex64]),
		"git_commit": "0123456789abcdef0123456789abcdef01234567",
	},
	"validation": {"status": "pass"},
}

good := {
	"requested": {"dataset_slug": "rain", "dataset_version_id": "2026-11.0123abcd", "intended_use": "publication"},
	"objects": {
		"processed/x.csv": object_("text/csv", 10),
		"contracts/schemas/x.schema.json": object_("application/json", 10),
		"contracts/fixtures/x.valid.json": object_("application/json", 10),
		"contracts/fixtures/x.invalid-a.json": object_("application/json", 10),
		"contracts/fixtures/x.invalid-b.json": object_("application/json", 10),
	},
	"spec": {"params": {}},
	"dataset": {
		"dataset_slug": "rain",
		"title": "Rain in four years",
		"description": "How much it rained each day for four years, in millimetres.",
		"rights": {"license": "CC0-1.0", "rights_holder": "The Office", "attribution": "Rain by The Office"},
		"policy_label": "public",
		"contacts": [steward],
		"evidence_refs": ["receipts/ingest.json"],
	},
	"license": {"alternatives": [[{"term": "CC0-1.0", "license": "CC0-1.0"}]]},
	"catalogs": {
		"dcat": {},
		"stac": {
			"catalog/stac/collection.json": {"type": "Collection", "title": "Rain", "license": "CC0-1.0"},
			"catalog/stac/items/x.json": {
				"type": "Feature",
				"geometry": {"type": "Polygon"},
				"assets": {"x": {"type": "text/csv", "roles": ["data"]}},
			},
		},
		"prov": {},
	},
	"receipts": {"receipts/ingest.json": receipt},
	"work": {"work/qa_report.json": {
		"status": "pass",
		"checks": [{"name": "no-gap", "status": "pass", "detail": "0 gaps"}],
		"columns": {"processed/x.csv": ["date", "rain_mm"]},
	}},
	"contracts": {"contracts/schemas/x.schema.json": {"properties": {"date": {}, "rain_mm": {}}}},
	"invalid": {},
}

bent(change) := object.union(good, change)

dataset(change) := bent({"dataset": change})

# Rights, with the alternatives that the built-in parser makes of the expression.
rights(alternatives, attribution) := bent({
	"dataset": {"rights": {"license": "as below", "attribution": attribution}},
	"license": {"alternatives": [[part(term) | some term in terms] | some terms in alternatives]},
})

part(term) := {"term": term, "license": split(term, " WITH ")[0]}

first_receipt(change) := bent({"receipts": {"receipts/ingest.json": change}})

# A sensitive dataset with a plan of these parameters.
planned(parameters) := bent({
	"dataset": {"policy_label": "sensitive_location", "redaction_plan": "work/plan.json"},
	"work": {"work/plan.json": {"method": "generalization", "parameters": parameters}},
})

codes(reasons) := {reason.code | some reason in reasons}
