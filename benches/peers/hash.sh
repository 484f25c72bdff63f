#!/usr/bin/env bash
# Bytes per second end to end beside sha256sum: a workspace with SIZE_GB of data in FILES files.
# Both read from the page cache, which the first round fills.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${LAZARET:=target/release/lazaret}"
size=${SIZE_GB:-4} files=${FILES:-4} rounds=${ROUNDS:-3}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp -r examples/seattle-weather "$dir/w"
for n in $(seq "$files"); do
  # Not sparse: the bytes must be read from somewhere.
  head -c $((size * 1000000000 / files)) /dev/zero | tr '\0' "$((n % 10))" >"$dir/w/raw/$n.bin"
done
version=$(python3 -c 'import json; print(json.load(open("examples/requests.json"))["seattle-weather"]["dataset_version_id"])')
validate() {
  "$LAZARET" validate --workspace "$dir/w" --dataset-slug seattle-weather --dataset-version-id "$version" \
    --policy-pack contracts/policy/default --output json "$@" >/dev/null
}
# run NAME COMMAND…: wall and CPU seconds of one run.
run() {
  local name=$1; shift
  TIMEFORMAT="$name: %R s wall, %U s user, %S s system"; time "$@"
}
sums() { sha256sum "$dir"/w/raw/*.bin >/dev/null; }
parallel() { printf '%s\0' "$dir"/w/raw/*.bin | xargs -0 -n1 -P"$(nproc)" sha256sum >/dev/null; }
for round in $(seq "$rounds"); do
  echo "round $round: $size GB in $files files"
  run "sha256sum" sums
  run "sha256sum, $(nproc) at once" parallel
  run "lazaret validate" validate
  run "lazaret validate, again with --digest-cache" validate --digest-cache "$dir/digests"
done
