# Thirty rules over one receipt; the first five look at each artifact with an expression.
package lazaret.gates.e

deny contains message if {
	some artifact in input.artifacts
	path := artifact.path
	not regex.match(`^(processed|catalog)/[a-z0-9/_.-]+$`, path)
	message := sprintf("%s: path", [artifact.path])
}

deny contains message if {
	some artifact in input.artifacts
	digest := artifact.digest
	not regex.match(`^sha256:[0-9a-f]{64}$`, digest)
	message := sprintf("%s: digest", [artifact.path])
}

deny contains message if {
	some artifact in input.artifacts
	media_type := artifact.media_type
	not regex.match(`^[a-z]+/[a-z0-9.+-]+$`, media_type)
	message := sprintf("%s: media_type", [artifact.path])
}

deny contains message if {
	some artifact in input.artifacts
	created := artifact.created
	not regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$`, created)
	message := sprintf("%s: created", [artifact.path])
}

deny contains message if {
	some artifact in input.artifacts
	license := artifact.license
	not regex.match(`^[A-Z0-9.-]+[0-9.]+$`, license)
	message := sprintf("%s: license", [artifact.path])
}

deny contains "too small 0" if {
	some artifact in input.artifacts
	artifact.size < 0
}

deny contains "too small 1" if {
	some artifact in input.artifacts
	artifact.size < 1
}

deny contains "too small 2" if {
	some artifact in input.artifacts
	artifact.size < 2
}

deny contains "too small 3" if {
	some artifact in input.artifacts
	artifact.size < 3
}

deny contains "too small 4" if {
	some artifact in input.artifacts
	artifact.size < 4
}

deny contains "too small 5" if {
	some artifact in input.artifacts
	artifact.size < 5
}

deny contains "too small 6" if {
	some artifact in input.artifacts
	artifact.size < 6
}

deny contains "too small 7" if {
	some artifact in input.artifacts
	artifact.size < 7
}

deny contains "too small 8" if {
	some artifact in input.artifacts
	artifact.size < 8
}

deny contains "too small 9" if {
	some artifact in input.artifacts
	artifact.size < 9
}

deny contains "too small 10" if {
	some artifact in input.artifacts
	artifact.size < 10
}

deny contains "too small 11" if {
	some artifact in input.artifacts
	artifact.size < 11
}

deny contains "too small 12" if {
	some artifact in input.artifacts
	artifact.size < 12
}

deny contains "too small 13" if {
	some artifact in input.artifacts
	artifact.size < 13
}

deny contains "too small 14" if {
	some artifact in input.artifacts
	artifact.size < 14
}

deny contains "too small 15" if {
	some artifact in input.artifacts
	artifact.size < 15
}

deny contains "too small 16" if {
	some artifact in input.artifacts
	artifact.size < 16
}

deny contains "too small 17" if {
	some artifact in input.artifacts
	artifact.size < 17
}

deny contains "too small 18" if {
	some artifact in input.artifacts
	artifact.size < 18
}

deny contains "too small 19" if {
	some artifact in input.artifacts
	artifact.size < 19
}

deny contains "too small 20" if {
	some artifact in input.artifacts
	artifact.size < 20
}

deny contains "too small 21" if {
	some artifact in input.artifacts
	artifact.size < 21
}

deny contains "too small 22" if {
	some artifact in input.artifacts
	artifact.size < 22
}

deny contains "too small 23" if {
	some artifact in input.artifacts
	artifact.size < 23
}

deny contains "too small 24" if {
	some artifact in input.artifacts
	artifact.size < 24
}
