#!/usr/bin/env bash
# OPA on the policies and inputs of benches/policy.rs: `opa bench` alone, and `opa run --server`
# under wrk. Needs OPA (LAZARET_OPA or in PATH) and, for the server, wrk. Run the bench first: it
# writes the facts that the default pack is asked about.
set -euo pipefail
cd "$(dirname "$0")/../.."
opa=${LAZARET_OPA:-opa}
port=${PORT:-18181}

one() { # NAME DIR INPUT QUERY
  echo "== $1"
  local data=("--data" "$2/opa"); [ -d "$2/data" ] && data+=("--data" "$2/data")
  "$opa" bench "${data[@]}" --input "$3" "$4" | grep -E 'ns/op|samples|histogram_timer_rego_query_eval_ns_(median|99%)' || true
}
one abac benches/policies/abac benches/policies/abac/input.json data.lazaret.gates.a.deny
one receipts benches/policies/receipts benches/policies/receipts/input.json data.lazaret.gates.e.deny
gates='[data.lazaret.gates.a.deny, data.lazaret.gates.b.deny, data.lazaret.gates.c.deny, data.lazaret.gates.d.deny, data.lazaret.gates.e.deny, data.lazaret.gates.f.deny, data.lazaret.gates.g.deny]'
[ -f target/policy-bench/default.json ] && one default contracts/policy/default target/policy-bench/default.json "$gates"

command -v wrk >/dev/null || exit 0
served() { # NAME DIR INPUT PATH
  "$opa" run --server --addr "127.0.0.1:$port" --log-level error "$2/opa" & local server=$!
  trap 'kill "$server" 2>/dev/null || true' RETURN
  local script; script=$(mktemp)
  { printf 'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [==[{"input": '; cat "$3"; printf '}]==]\n'; } > "$script"
  for _ in $(seq 50); do curl -sf "http://127.0.0.1:$port/health" >/dev/null && break; sleep 0.1; done
  echo "== $1, served"
  wrk -t1 -c4 -d5s -s "$script" "http://127.0.0.1:$port/v1/data/$4" | grep -E 'Requests/sec|Latency' || true
  rm -f "$script"; kill "$server"; wait "$server" 2>/dev/null || true
}
served abac benches/policies/abac benches/policies/abac/input.json lazaret/gates/a/deny
served receipts benches/policies/receipts benches/policies/receipts/input.json lazaret/gates/e/deny
