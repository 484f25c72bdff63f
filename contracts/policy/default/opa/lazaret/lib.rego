# What the gates' policies share: the shape of a reason and safe ways to look into the input.
package lazaret.lib

import rego.v1

reason(code, message, path, pointer, remedy) := {
	"code": code,
	"message": message,
	"path": path,
	"pointer": pointer,
	"remedy": remedy,
}

# dataset.json, or an empty object, so that what is absent counts as missing and never as undefined.
dataset := map(input, "dataset")

objects := map(input, "objects")

use := text(map(input, "requested"), "intended_use")

label := text(dataset, "policy_label")

# Run receipts that could be read. In-toto provenance has another shape; the built-in gate demands of
# it what these rules demand of a receipt. The built-in gates deny what could not be read.
receipts[path] := receipt if {
	some path, receipt in map(input, "receipts")
	not is_provenance(receipt)
}

is_provenance(receipt) if {
	is_object(receipt)
	some name in ["_type", "dsseEnvelope", "payloadType"]
	name in object.keys(receipt)
}

work := map(input, "work")

contracts := map(input, "contracts")

catalogs := map(input, "catalogs")

stac := map(catalogs, "stac")

# An object's member, or what is given for its absence, whatever the object is.
member(object_, name, _) := object_[name] if is_object(object_)

member(object_, name, absent) := absent if {
	is_object(object_)
	not has(object_, name)
}

member(object_, _, absent) := absent if not is_object(object_)

has(object_, name) if name in object.keys(object_)

# A member that must be of one type: what is of another counts as empty. Engines that stop at a type
# error and engines that go on then agree.
text(object_, name) := value if {
	value := member(object_, name, "")
	is_string(value)
} else := ""

list(object_, name) := value if {
	value := member(object_, name, [])
	is_array(value)
} else := []

map(object_, name) := value if {
	value := member(object_, name, {})
	is_object(value)
} else := {}

# Whether a text is so many lower-case hexadecimal digits, without a pattern.
is_hex(text, length) if {
	is_string(text)
	count(text) == length
	trim(text, "0123456789abcdef") == ""
}
