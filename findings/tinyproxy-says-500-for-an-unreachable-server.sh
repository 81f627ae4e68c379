#!/usr/bin/env bash
# tinyproxy answers 500 when the server behind it cannot be reached, where other proxies answer 502, 503 or 504.
#
# Guess:    502 Bad Gateway or 503, as squid gives; 500 means that the service itself has failed.
# Instead:  a refused connection and a name that does not exist are both "500 Unable to connect", also in answer to
#           CONNECT. Nothing but the page's text and a Server header show that the service never saw the request.
#           (tinyproxy-bin 1.11.1-2.1+deb12u1.)
# Matters:  rules by status take it for the service's word: OTLP retries 502, 503 and 504 but not 500, so a collector
#           that restarts costs data; and a report of "500" sends people to the wrong place.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
needs curl
debian tinyproxy-bin=1.11.1-2.1+deb12u1
port=$(free_port)
closed=$(free_port)
cat >"$work/tinyproxy.conf" <<EOF
Port $port
Listen 127.0.0.1
Timeout 10
MaxClients 10
LogLevel Critical
EOF
background "$work/tinyproxy" "$root/usr/bin/tinyproxy" -d -c "$work/tinyproxy.conf"
wait_until 20 listens "$port"

ask() {
    curl --silent --max-time 30 --proxy "http://127.0.0.1:$port" --output "$work/page" --write-out "$1" "$2" || true
}
expect "a refused connection" "500" "$(ask '%{http_code}' "http://127.0.0.1:$closed/")"
expect "its page's title" "500 Unable to connect" "$(sed -n 's|.*<title>\(.*\)</title>.*|\1|p' "$work/page")"
expect "a name that does not exist" "500" "$(ask '%{http_code}' http://no-such-host.invalid/)"
expect "CONNECT to a closed port" "500" "$(ask '%{http_connect}' "https://127.0.0.1:$closed/")"
as_described
