#!/usr/bin/env bash
# A contract set of COUNT (1000) schemas with ten fixtures each: `lazaret contracts validate` on the whole, and
# check-jsonschema (Python) and ajv-cli (Node) on SAMPLE (20) of its schemas, since they are started once a schema.
# Needs python3, npm and a release build of lazaret.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache="${LAZARET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lazaret}/contracts-peers"
lazaret=${LAZARET:-target/release/lazaret}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

LAZARET_WRITE_SET="$work/set" COUNT="${COUNT:-1000}" cargo bench --quiet --bench contracts >/dev/null

[ -x "$cache/venv/bin/check-jsonschema" ] || {
  python3 -m venv "$cache/venv" && "$cache/venv/bin/pip" install -q check-jsonschema==0.37.1
}
[ -x "$cache/node_modules/.bin/ajv" ] || npm install --silent --prefix "$cache" ajv-cli@5.0.0 ajv-formats@2.1.1

# seconds COMMAND…: wall and CPU seconds, children included.
seconds() {
  local TIMEFORMAT='%R s, %U s user, %S s system'
  time "$@" >/dev/null 2>&1
}

echo "lazaret, all:"
seconds "$lazaret" contracts validate "$work/set"

sample=$(seq 0 $((${SAMPLE:-20} - 1)))
peer() {
  local at
  for at in $sample; do
    "$1" "$work/set/events/schemas/event_$at.schema.json" "$work/set/events/fixtures/event_$at" || return 1
  done
}
# Verdicts both ways, as ours. That each invalid one is refused would take a process each: one for all is
# kind to the peer.
python_peer() {
  local check=("$cache/venv/bin/check-jsonschema" --base-uri "file://$work/set/events/schemas/" --schemafile "$1")
  "${check[@]}" "$2".valid-*.json || return 1
  ! "${check[@]}" "$2".invalid-*.json
}
node_peer() {
  local ajv=("$cache/node_modules/.bin/ajv" test --spec=draft2020 -c ajv-formats --strict=false
    -s "$1" -r "$work/set/events/schemas/common.schema.json")
  "${ajv[@]}" -d "$2.valid-*.json" --valid && "${ajv[@]}" -d "$2.invalid-*.json" --invalid
}
echo "check-jsonschema, ${SAMPLE:-20} schemas:"
seconds peer python_peer
echo "ajv-cli, ${SAMPLE:-20} schemas:"
seconds peer node_peer
