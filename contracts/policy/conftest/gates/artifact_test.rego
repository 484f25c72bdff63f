package gates.artifact_test

import data.gates.artifact
import rego.v1

digest := "sha256:6b6b1246d629dfb4a2d9676b571b2773a20832c5a625f20e772ed5a652089c70"

good := {
	"artifacts": [{"path": "processed/daily.csv", "digest": digest, "media_type": "text/csv"}],
	"catalogs": [
		{"path": "catalog/dcat.jsonld", "digest": digest},
		{"path": "catalog/prov/bundle.jsonld", "digest": digest},
	],
	"receipts": [{"path": "receipts/ingest.json", "digest": digest}],
	"qa": {"status": "pass"},
	"policy": {"policy_label": "internal"},
	"approvals": [{"role": "steward", "principal": "principal:jane", "plan_digest": digest}],
	"plan_digest": digest,
}

denied(patch) := found if {
	found := artifact.deny with input as object.union(good, patch)
}

test_good if count(artifact.deny) == 0 with input as good

test_public_needs_no_steward if count(denied({"policy": {"policy_label": "public"}, "approvals": []})) == 0

test_nothing if count(artifact.deny) > 4 with input as {}

test_no_object if "a promotion manifest is a JSON object" in artifact.deny with input as "manifest"

test_odd_types if {
	odd := {"artifacts": ["a", {"path": 7}], "catalogs": "x", "receipts": [null], "policy": 1, "approvals": ["jane"], "qa": []}
	count(artifact.deny) > 6 with input as odd
}

test_digest if denied({"artifacts": [{"path": "processed/a.csv", "digest": "sha256:2222", "media_type": "text/csv"}]}) == {"artifacts[0] has no SHA-256 digest of any bytes"}

test_media_type if count(denied({"artifacts": [{"path": "processed/a.exe", "digest": digest, "media_type": "application/x-msdownload"}]})) == 1

test_outside if denied({"artifacts": [{"path": "processed/../raw/a.csv", "digest": digest, "media_type": "text/csv"}]}) == {"artifacts[0]: its path is not plain"}

test_raw if denied({"artifacts": [{"path": "raw/a.csv", "digest": digest, "media_type": "text/csv"}]}) == {"artifacts[0] does not lie in processed/"}

test_twice if count(denied({"artifacts": [good.artifacts[0], good.artifacts[0]]})) == 1

test_no_prov if denied({"catalogs": [good.catalogs[0]]}) == {"catalogs has no PROV record"}

test_no_receipt if denied({"receipts": []}) == {"no receipt says how the artifacts were made"}

test_qa if denied({"qa": {"status": "fail"}}) == {"qa.status is not pass"}

test_label if denied({"policy": {"policy_label": "prohibited"}}) == {"policy_label prohibited is not published"}

test_no_steward if denied({"approvals": []}) == {"policy_label internal needs a steward's approval"}

test_other_plan if denied({"plan_digest": receipt_of_another}) == {"approvals[0] approves another plan"}

receipt_of_another := "sha256:1111111111111111111111111111111111111111111111111111111111111111"
