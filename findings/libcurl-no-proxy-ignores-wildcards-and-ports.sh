#!/usr/bin/env bash
# Entries like `*.svc` and `host:8080` in NO_PROXY match nothing in libcurl, without a word.
#
# Guess:    as with other HTTP clients, `*.svc.example` covers the names below it and `api.svc.example:8080` that
#           host at that port.
# Instead:  `*` means something only by itself, and a port makes an entry match nothing: both requests go through
#           the proxy. `.svc.example`, `svc.example` and CIDR blocks work. (libcurl 7.88.1-10+deb12u15.)
# Matters:  clusters set NO_PROXY once for everything in a pod, in the notation of Go or Java programs. A sidecar on
#           libcurl then sends its access token for an in-cluster service to the proxy, which cannot reach it.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
needs curl python3
installed curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15

cat >"$work/server.py" <<'EOF'
from http_server import serve

serve(lambda request, _: (200, {}, b"through the proxy" if request.path.startswith("http://") else b"direct"))
EOF
background "$work/port" env PYTHONPATH="$(dirname "$0")/support" python3 "$work/server.py"
wait_until 20 test -s "$work/port"
port=$(cat "$work/port")

# The server plays both the proxy and the service.
way() {
    NO_PROXY=$1 no_proxy=$1 http_proxy=http://127.0.0.1:$port curl --silent --max-time 10 \
        --resolve "api.svc.example:$port:127.0.0.1" "http://${2:-api.svc.example}:$port/"
}

expect "NO_PROXY=.svc.example" "direct" "$(way .svc.example)"
expect "NO_PROXY=svc.example" "direct" "$(way svc.example)"
expect "NO_PROXY=*.svc.example" "through the proxy" "$(way '*.svc.example')"
expect "NO_PROXY=api.svc.example:PORT" "through the proxy" "$(way "api.svc.example:$port")"
expect "NO_PROXY=127.0.0.0/8" "direct" "$(way 127.0.0.0/8 127.0.0.1)"
expect "NO_PROXY=127.0.0.1:PORT" "through the proxy" "$(way "127.0.0.1:$port" 127.0.0.1)"
as_described
