#!/usr/bin/env bash
# Our policies under stock OPA and stock Conftest: their tests pass, and every fixture gets the verdict of its name.
# usage: conftest.sh OPA CONFTEST
set -euo pipefail
cd "$(dirname "$0")/../.."
opa=$1 conftest=$2 policies=contracts/policy/conftest seen=0
"$opa" check --strict "$policies"
"$opa" test "$policies"
"$conftest" verify --no-color --policy "$policies"
for namespace in receipt receipts_pr_gate watchers gates.artifact; do
  for fixture in contracts/policy/fixtures/"${namespace##*.}".*.json; do
    code=0
    "$conftest" test --no-color --policy "$policies" --namespace "$namespace" "$fixture" >/dev/null || code=$?
    case $fixture in *.valid*) expected=0 ;; *) expected=1 ;; esac
    [ "$code" = "$expected" ] || { echo "$fixture: Conftest says $code, its name says $expected" >&2; exit 1; }
    seen=$((seen + 1))
  done
done
[ "$seen" -ge 12 ] || { echo "only $seen fixtures were found" >&2; exit 1; }
echo "$seen fixtures judged by Conftest as their names say"
