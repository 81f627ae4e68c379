#!/usr/bin/env bash
# squid answers a request body over request_body_max_size with 413 if its length is given, and with nothing if chunked.
#
# Guess:    a chunked body that grows over the limit is answered with 413 as well.
# Instead:  squid closes the connection with a reset and no answer; its own page for 413 is only for requests that
#           announce their length. Chunked bodies below the limit pass. (squid 5.7-2+deb12u6.)
# Matters:  a large result that is sent chunked fails with "connection reset", which looks like a broken network and
#           is tried again in vain. The same request with a Content-Length says at once what is wrong.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
needs curl python3
debian squid=5.7-2+deb12u6 squid-common=5.7-2+deb12u6 squid-langpack=20220130-1 libecap3=1.0.1-3.4 \
    libltdl7=2.4.7-7~deb12u1
background "$work/server" python3 "$(dirname "$0")/support/echo_server.py"
wait_until 20 test -s "$work/server"
origin=http://127.0.0.1:$(head -n 1 "$work/server")
port=$(free_port)
mkdir "$work/squid"
cat >"$work/squid.conf" <<EOF
http_port 127.0.0.1:$port
http_access allow all
cache deny all
request_body_max_size 1 KB
pid_filename none
access_log none
cache_log $work/squid/cache.log
coredump_dir $work/squid
mime_table $root/usr/share/squid/mime.conf
icon_directory $root/usr/share/squid/icons
error_directory $root/usr/share/squid-langpack/en
unlinkd_program $root/usr/lib/squid/unlinkd
pinger_enable off
shutdown_lifetime 0 seconds
visible_hostname proxy.example
EOF
if [ "$(id -u)" = 0 ]; then # squid does not run as root
    echo "cache_effective_user nobody" >>"$work/squid.conf"
    chown -R nobody "$work/squid"
    chmod 755 "$work"
fi
# A name of its own keeps its shared memory apart from that of another squid.
background "$work/squid.out" env LD_LIBRARY_PATH="$libraries" \
    "$root/usr/sbin/squid" -n "finding$$" -N -f "$work/squid.conf"
wait_until 30 listens "$port"

upload() {
    head -c "$2" /dev/zero >"$work/body"
    curl --silent --max-time 20 --proxy "http://127.0.0.1:$port" --upload-file "$work/body" --header "Expect:" \
        ${3:+--header "$3"} --output /dev/null --write-out '%{http_code} %{exitcode}' "$origin/$1" || true
}
expect "100 bytes, chunked: status, curl's exit code" "200 0" "$(upload small 100 'Transfer-Encoding: chunked')"
expect "5000 bytes, counted" "413 0" "$(upload counted 5000)"
expect "5000 bytes, chunked (56: failure in receiving)" "000 56" "$(upload chunked 5000 'Transfer-Encoding: chunked')"
expect "large requests that came through" "0" "$(grep -cE '/(counted|chunked) body 5000' "$work/server" || true)"
as_described
