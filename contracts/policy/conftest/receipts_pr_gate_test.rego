package receipts_pr_gate_test

import data.receipt_test
import data.receipts_pr_gate
import rego.v1

manifest := {
	"run_id": receipt_test.good.run_id,
	"dataset_version_id": receipt_test.good.dataset_version_id,
	"pipeline": {"git_commit": receipt_test.good.environment.git_commit},
	"environment": {"container_digest": receipt_test.good.environment.container_digest},
	"params_digest": receipt_test.good.environment.params_digest,
}

good := {
	"pull_request": {
		"author": "principal:omar",
		"approvals": [{"principal": "principal:jane", "role": "steward"}],
	},
	"changed": ["processed/daily.csv", "receipts/ingest.json", "work/qa_report.json"],
	"removed": [],
	"receipts": {"receipts/ingest.json": receipt_test.good},
	"run_manifests": {"manifests/ingest.json": manifest},
}

denied(patch) := found if {
	found := receipts_pr_gate.deny with input as object.union(good, patch)
}

test_good if count(receipts_pr_gate.deny) == 0 with input as good

test_nothing_published_needs_no_steward if {
	count(denied({"changed": ["work/qa_report.json"], "pull_request": {"approvals": []}})) == 0
}

test_empty_input if {
	receipts_pr_gate.deny == {"changed is no list of paths", "removed is no list of paths"} with input as {}
}

test_odd_types if {
	odd := {
		"pull_request": "x", "changed": [7, "processed/a"], "removed": [null],
		"receipts": {"a": 1, "b": {"outputs": "x"}}, "run_manifests": {"m": "n"},
	}
	count(receipts_pr_gate.deny) > 4 with input as odd
	count(receipts_pr_gate.deny) > 1 with input as {"receipts": [], "changed": {}, "removed": "x"}
}

test_file_without_receipt if {
	denied({"changed": ["processed/new.csv"]}) == {"processed/new.csv is no output of any receipt"}
}

test_removed_receipt if {
	denied({"removed": ["receipts/old.json"]}) == {"receipts/old.json is removed: receipts stay"}
}

test_bad_receipt if {
	denied({"receipts": {"receipts/ingest.json": {"validation": {"status": "fail"}}}}) == {"receipts/ingest.json: validation.status is not pass"}
}

test_receipt_that_is_no_object if {
	"receipts/odd.json: a receipt is a JSON object" in denied({"receipts": {"receipts/odd.json": []}})
}

test_no_manifest if {
	count(denied({"run_manifests": {"manifests/ingest.json": {"run_id": "other"}}})) == 1
}

test_other_container if {
	patch := {"run_manifests": {"manifests/ingest.json": {"environment": {"container_digest": "sha256:0"}}}}
	denied(patch) == {"receipts/ingest.json: environment.container_digest is not what manifests/ingest.json says"}
}

test_two_versions if {
	other := object.union(receipt_test.good, {"dataset_version_id": "2026-12.7e6f86a9"})
	"the receipts speak of more than one dataset version" in denied({"receipts": {"receipts/b.json": other}})
}

test_own_approval if {
	denied({"pull_request": {"author": "principal:jane"}}) == {"nobody but the author has approved as steward"}
}

test_approval_in_another_role if {
	denied({"pull_request": {"approvals": [{"principal": "principal:jane", "role": "friend"}]}}) == {"nobody but the author has approved as steward"}
}
