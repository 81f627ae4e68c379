#!/usr/bin/env bash
# haproxy answers 504, "the server didn't respond in time", when the client pauses in the middle of its own body.
#
# Guess:    while the client still owes part of the body, `timeout client` applies, and what comes is 408.
# Instead:  with the request's head passed on, `timeout server` runs as well, since the server sends nothing either;
#           if it is the shorter one, the answer is 504 and the connection ends, though the server could not have
#           answered yet. (haproxy 2.6.12-1+deb12u4.)
# Matters:  a sidecar that streams a result which it reads bit by bit gets 504 through a gateway and looks for the
#           fault in the service. Bodies should be ready before the request is sent.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
needs python3
debian haproxy=2.6.12-1+deb12u4 liblua5.3-0=5.3.6-2 libopentracing-c-wrapper0=1.1.3-3+b1 libopentracing1=1.6.0-4
background "$work/server" python3 "$(dirname "$0")/support/echo_server.py"
wait_until 20 test -s "$work/server"
port=$(free_port)
cat >"$work/haproxy.cfg" <<EOF
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 3s
listen gateway
  bind 127.0.0.1:$port
  server one 127.0.0.1:$(head -n 1 "$work/server")
EOF
background "$work/haproxy" env LD_LIBRARY_PATH="$libraries" "$root/usr/sbin/haproxy" -f "$work/haproxy.cfg"
wait_until 20 listens "$port"

# What comes back when half of the body is sent, then nothing for so many seconds, then the rest.
pause_of() {
    python3 - "$port" "$1" <<'EOF'
import socket, sys, time
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as client:
    client.sendall(b"POST /%s HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345" % sys.argv[2].encode())
    client.settimeout(float(sys.argv[2]))
    try:
        answer = client.recv(4096)
    except TimeoutError:
        client.settimeout(10)
        client.sendall(b"67890")
        answer = client.recv(4096)
    lines = answer.decode().splitlines()
    print(lines[0], lines[-2] if "504" in lines[0] else "")
EOF
}
expect "no pause to speak of" "HTTP/1.1 200 OK " "$(pause_of 0.5)"
expect "a pause longer than timeout server" \
    "HTTP/1.1 504 Gateway Timeout The server didn't respond in time." "$(pause_of 9)"
expect "whole bodies that reached the server" "1" "$(grep -c 'body 10' "$work/server")"
as_described
