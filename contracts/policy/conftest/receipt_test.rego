package receipt_test

import data.receipt
import rego.v1

digest := "sha256:6b6b1246d629dfb4a2d9676b571b2773a20832c5a625f20e772ed5a652089c70"

good := {
	"run_id": "kfm://run/2026-11-20T12:00:00Z.9d7ecb78",
	"actor": {"principal": "svc:pipeline", "role": "pipeline"},
	"operation": "ingest",
	"dataset_version_id": "2026-11.7e6f86a9",
	"inputs": [{"uri": "raw/weather.csv", "digest": digest}],
	"outputs": [{"uri": "processed/daily.csv", "digest": digest}],
	"environment": {
		"container_digest": digest,
		"git_commit": "020c8dabad547779b4fe0d3dab9d2511a2bcdfbc",
		"params_digest": digest,
	},
	"validation": {"status": "pass", "report_digest": digest},
	"policy": {"decision_id": "kfm://policy_decision/1"},
	"created_at": "2026-11-20T12:02:00Z",
}

# What is denied of the good receipt with these members put over it.
denied(patch) := found if {
	found := receipt.deny with input as object.union(good, patch)
}

test_good if count(receipt.deny) == 0 with input as good

test_nothing if count(receipt.deny) > 10 with input as {}

test_no_object if "a receipt is a JSON object" in receipt.deny with input as [good]

test_odd_types if {
	odd := {"actor": "jane", "environment": 7, "policy": [], "validation": null, "outputs": ["a", 1], "inputs": [null, {"uri": []}]}
	count(receipt.deny) > 10 with input as odd
}

test_blank_run if denied({"run_id": " "}) == {"run_id is missing"}

test_no_decision if denied({"policy": {"decision_id": null}}) == {"policy.decision_id is missing"}

test_person if count(denied({"actor": {"principal": "principal:jane"}})) == 1

test_role if denied({"actor": {"role": "visitor"}}) == {"actor.role visitor is not approved"}

test_failed if denied({"validation": {"status": "fail"}}) == {"validation.status is not pass"}

test_outputs_empty if denied({"outputs": []}) == {"outputs is empty: the run made nothing"}

test_inputs_no_list if denied({"inputs": {}}) == {"inputs is no list"}

test_output_without_digest if denied({"outputs": [{"uri": "processed/a.csv"}]}) == {"outputs[0] has no SHA-256 digest of any bytes"}

test_input_digest_of_nothing if denied({"inputs": [{"uri": "raw/a.csv", "digest": receipt.empty}]}) == {"inputs[0] has no SHA-256 digest of any bytes"}

test_container_by_tag if denied({"environment": {"container_digest": "pipeline:latest"}}) == {"environment.container_digest is no SHA-256 digest of any bytes"}

test_short_commit if denied({"environment": {"git_commit": "deadbeef"}}) == {"environment.git_commit is no full commit id"}

test_outside_the_workspace if denied({"inputs": [{"uri": "../a.csv", "digest": digest}]}) == {"inputs[0] lies in no zone of the workspace"}

test_raw_is_written if denied({"outputs": [{"uri": "raw/a.csv", "digest": digest}]}) == {"outputs[0] is raw data, which is never written again"}

test_same_output_twice if denied({"outputs": [{"uri": "work/a", "digest": digest}, {"uri": "work/a", "digest": digest}]}) == {"outputs[0] and outputs[1] are the same file"}
