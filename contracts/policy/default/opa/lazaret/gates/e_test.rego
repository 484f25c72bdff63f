package lazaret.gates.e_test

import data.lazaret.fixture
import data.lazaret.gates.e
import rego.v1

test_good_passes if count(e.deny) == 0 with input as fixture.good

test_person_as_actor if {
	fixture.codes(e.deny) == {"ActorNotApproved"} with input as fixture.first_receipt({"actor": {"principal": "principal:jane"}})
}

test_role_not_approved if {
	fixture.codes(e.deny) == {"ActorNotApproved"} with input as fixture.first_receipt({"actor": {"role": "visitor"}})
}

test_prefix_alone if {
	fixture.codes(e.deny) == {"ActorNotApproved"} with input as fixture.first_receipt({"actor": {"principal": "svc:"}})
}

test_short_commit if {
	fixture.codes(e.deny) == {"GitCommitNotFull"} with input as fixture.first_receipt({"environment": {"git_commit": "deadbeef"}})
}

test_commit_in_capitals if {
	fixture.codes(e.deny) == {"GitCommitNotFull"} with input as fixture.first_receipt({"environment": {"git_commit": upper(fixture.receipt.environment.git_commit)}})
}

test_zero_commit if {
	fixture.codes(e.deny) == {"GitCommitNotFull"} with input as fixture.first_receipt({"environment": {"git_commit": "0000000000000000000000000000000000000000"}})
}

test_zero_container if {
	fixture.codes(e.deny) == {"ContainerDigestHollow"} with input as fixture.first_receipt({"environment": {"container_digest": "sha256:0000000000000000000000000000000000000000000000000000000000000000"}})
}

test_container_of_nothing if {
	fixture.codes(e.deny) == {"ContainerDigestHollow"} with input as fixture.first_receipt({"environment": {"container_digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}})
}

test_container_by_tag if {
	fixture.codes(e.deny) == {"ContainerDigestHollow"} with input as fixture.first_receipt({"environment": {"container_digest": "pipeline:latest"}})
}

test_environment_is_no_object if {
	fixture.codes(e.deny) == {"GitCommitNotFull", "ContainerDigestHollow"} with input as fixture.first_receipt({"environment": null})
}

test_validation_failed if {
	fixture.codes(e.deny) == {"RunDidNotPass"} with input as fixture.first_receipt({"validation": {"status": "fail"}})
}

test_no_output if {
	fixture.codes(e.deny) == {"RunWithoutEffect"} with input as fixture.first_receipt({"outputs": []})
}

test_run_named_twice if {
	fixture.codes(e.deny) == {"RunNamedTwice"} with input as fixture.bent({"receipts": {"receipts/again.json": fixture.receipt}})
}
