#!/usr/bin/env bash
# Times one verification as a process: lazaret and cosign. In process: cargo bench --bench verify, and
# benches/peers/sigstore-go.sh for the library sigstore-go.
# Keyless bundle of the public-good instance, offline, with the same trusted root.
#
#   LAZARET=target/release/lazaret COSIGN=cosign DATA=<sigstore-verify source>/test_data benches/peers/verify.sh
set -euo pipefail
: "${LAZARET:=target/release/lazaret}" "${COSIGN:=cosign}" "${DATA:?test data of the sigstore-verify crate}"
blob="$DATA/bundles/cosign-v3-blob.txt"
bundle="$DATA/bundles/cosign-v3-blob.sigstore.json"
root="${ROOT:-$DATA/../../sigstore-trust-root-0.15.1/src/trusted_root.json}"
who=w.vollprecht@gmail.com
issuer=https://github.com/login/oauth
commands=(
  -n lazaret "$LAZARET pack verify $blob --bundle $bundle --trusted-root $root --certificate-identity $who --certificate-oidc-issuer $issuer"
  -n cosign "$COSIGN verify-blob $blob --bundle $bundle --trusted-root $root --certificate-identity $who --certificate-oidc-issuer $issuer"
)
exec hyperfine -N --warmup 3 --runs "${RUNS:-30}" "${commands[@]}"
