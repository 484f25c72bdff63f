#!/usr/bin/env bash
# Requests a second and latency of `lazaret serve` beside nginx with the same bytes: a 64 KiB pack
# (200), and the same with its tag (304). CPU is user and system time of the server for one request: the
# better figure on a machine that others use, too. Needs wrk and nginx; takes about a minute.
#
#   CARGO_PROFILE_RELEASE_LTO=off cargo build --release && benches/peers/serve.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
lazaret="${LAZARET_BIN:-${CARGO_TARGET_DIR:-target}/release/lazaret}"
seconds="${SECONDS_EACH:-8}" connections=32 threads=2
dir=$(mktemp -d)
chmod 711 "$dir" # nginx reads as another user if it is started by root
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$dir"' EXIT

free() { python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'; }

mkdir -p "$dir/source/opa" "$dir/source/signing" "$dir/packs"
chmod 755 "$dir/packs"
echo 'package bench' > "$dir/source/opa/r.rego"
head -c 55000 /dev/urandom > "$dir/source/signing/noise"
"$lazaret" pack keygen --out "$dir" > /dev/null
"$lazaret" pack build "$dir/source" --out "$dir/packs/p.tar" > /dev/null
"$lazaret" pack sign "$dir/packs/p.tar" --key "$dir/lazaret.key" > /dev/null
# GNU tar's padding makes records of 10 KiB: the pack has 60 KiB and is said so below.
size=$(stat -c %s "$dir/packs/p.tar")

ours=$(free)
RUST_LOG=warn "$lazaret" serve --packs "$dir/packs" --key "$dir/lazaret.pub" --listen "127.0.0.1:$ours" \
  --requests-per-second 0 --max-connections-per-address 1024 &
ours_pid=$!
theirs=$(free)
cat > "$dir/nginx.conf" <<CONF
worker_processes auto; daemon off; pid $dir/nginx.pid; error_log $dir/error.log;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; etag on; open_file_cache max=10; keepalive_requests 1000000;
  client_body_temp_path $dir/b; proxy_temp_path $dir/p; fastcgi_temp_path $dir/f; uwsgi_temp_path $dir/u; scgi_temp_path $dir/s;
  server { listen 127.0.0.1:$theirs; root $dir/packs; }
}
CONF
nginx -c "$dir/nginx.conf" -e "$dir/error.log" &
theirs_pid=$!
for port in "$ours" "$theirs"; do
  for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/" && break; sleep 0.1; done
done

echo "pack of $size bytes, $connections connections, $seconds s each, $(nproc) cores shared with wrk"
printf '%-8s %-4s %12s %10s %10s %12s\n' server what requests/s p50 p99 'CPU µs'
# Hundredths of a second that a process and its children used.
cpu() { cat "/proc/$1/stat" $(pgrep -P "$1" | sed 's#.*#/proc/&/stat#') | sed 's/.*) //' | awk '{sum += $12 + $13} END {print sum}'; }
measure() {
  local name=$1 pid=$2 url=$3 tag status before
  tag=$(curl -sI "$url" | tr -d '\r' | sed -n 's/^[Ee][Tt][Aa][Gg]: //p')
  for what in 200 304; do
    local header=()
    [ "$what" = 304 ] && header=(-H "If-None-Match: $tag")
    status=$(curl -s -o /dev/null -w '%{http_code}' "${header[@]}" "$url")
    [ "$status" = "$what" ] || { echo "$name answered $status, not $what" >&2; exit 1; }
    before=$(cpu "$pid")
    wrk -t "$threads" -c "$connections" -d "${seconds}s" --latency "${header[@]}" "$url" |
      awk -v n="$name" -v w="$what" '/50%/{a=$2} /99%/{b=$2} /Requests\/sec/{r=$2} / requests in /{c=$1}
        END{printf "%-8s %-4s %12s %10s %10s ", n, w, r, a, b; print c}' > "$dir/line"
    read -r -a line < "$dir/line"
    printf '%-8s %-4s %12s %10s %10s %12s\n' "${line[@]:0:5}" \
      "$(( ($(cpu "$pid") - before) * 10000 / line[5] ))"
  done
}
measure lazaret "$ours_pid" "http://127.0.0.1:$ours/v1/policy/packs/p"
measure nginx "$theirs_pid" "http://127.0.0.1:$theirs/p.tar"
