#!/usr/bin/env bash
# Times one verification as a process: lazaret, cosign, and sigstore-go's verifier if SIGSTORE_GO
# names one (go install github.com/sigstore/sigstore-go/examples/sigstore-go-verification@v1.1.4).
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
if [ -n "${SIGSTORE_GO:-}" ]; then
  commands+=(-n sigstore-go "$SIGSTORE_GO -artifact $blob -trustedrootJSONpath $root -expectedSAN $who -expectedIssuer $issuer $bundle")
fi
exec hyperfine -N --warmup 3 --runs "${RUNS:-30}" "${commands[@]}"
