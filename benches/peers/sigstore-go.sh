#!/usr/bin/env bash
# Verifies the committed keyless bundle COUNT times with the library sigstore-go, RUNS times over.
set -euo pipefail
cd "$(dirname "$0")"
fixtures=$PWD/../../e2e/fixtures/keyless
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CGO_ENABLED=0 go build -C sigstore-go -o "$work/sigstore-go" .
for _ in $(seq "${RUNS:-7}"); do
  "$work/sigstore-go" "$fixtures/pack.tar" "$fixtures/pack.sigstore.json" "$fixtures/trusted_root.json" \
    https://token.actions.githubusercontent.com \
    https://github.com/lazaret/packs/.github/workflows/release.yml@refs/heads/main "${COUNT:-2000}"
done
