# TODO: what it guards, and what its input is.
package @name@

import rego.v1

required := ["id", "owner"]

deny contains "the input is no JSON object" if not is_object(input)

deny contains msg if {
	is_object(input)
	some name in required
	object.get(input, name, "") in {"", null}
	msg := sprintf("%s is missing", [name])
}
