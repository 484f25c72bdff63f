package @name@_test

import data.@name@
import rego.v1

good := {"id": "a-1", "owner": "team:example"}

test_good if count(@name@.deny) == 0 with input as good

test_no_owner if @name@.deny == {"owner is missing"} with input as object.remove(good, ["owner"])

test_no_object if "the input is no JSON object" in @name@.deny with input as [good]
