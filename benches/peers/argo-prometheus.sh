#!/usr/bin/env bash
# Argo Rollouts' own Prometheus provider doing the check that benches/evidence.rs does, beside it.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CGO_ENABLED=0 go build -C argo-prometheus -o "$work/argo-prometheus" .
ulimit -n "$(ulimit -Hn)"
"$work/argo-prometheus" "${SECONDS_EACH:-10}"
cargo bench --manifest-path ../../Cargo.toml --bench evidence -- "${SECONDS_EACH:-10}"
