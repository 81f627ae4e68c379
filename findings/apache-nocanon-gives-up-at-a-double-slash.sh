#!/usr/bin/env bash
# Apache's `nocanon` is given up without a word where a double slash stands right behind the path of ProxyPass.
#
# Guess:    `ProxyPass /bucket/ … nocanon` hands the path on byte by byte; it is there for paths that are signed.
# Instead:  for /bucket//workload/a//b the server gets /bucket/workload/a/b: all double slashes are merged, as if
#           nocanon were not there; for /bucket/workload/a//b they are kept. `MergeSlashes Off` saves the others, but
#           the one behind the prefix is still eaten. What helps is a ProxyPass path that does not end in a slash.
#           (apache2-bin 2.4.71-1~deb12u1.)
# Matters:  the platform's keys begin with a slash: /bucket//workload/output/ID. Behind such a gateway a signed S3
#           request fails with SignatureDoesNotMatch, and one with a bearer token stores another object. A trial with
#           a key that holds `//` elsewhere proves nothing.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
needs curl python3
debian apache2-bin=2.4.71-1~deb12u1 libapr1=1.7.2-3+deb12u1 libaprutil1=1.6.3-1+deb12u1
background "$work/server" python3 "$(dirname "$0")/support/echo_server.py"
wait_until 20 test -s "$work/server"

# received NAME SLASH [DIRECTIVE]: what the server gets of two requests through an Apache whose ProxyPass paths end in
# SLASH or not; sets `targets`.
received() {
    local port folder=$work/$1 modules=$root/usr/lib/apache2/modules
    port=$(free_port)
    mkdir "$folder"
    cat >"$folder/apache.conf" <<EOF
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule proxy_module $modules/mod_proxy.so
LoadModule proxy_http_module $modules/mod_proxy_http.so
ServerRoot $folder
ServerName gateway.example
Listen 127.0.0.1:$port
PidFile $folder/pid
ErrorLog $folder/error.log
DefaultRuntimeDir $folder
User $([ "$(id -u)" = 0 ] && echo nobody || id -un)
Group $([ "$(id -u)" = 0 ] && echo nogroup || id -gn)
AllowEncodedSlashes NoDecode
${3:-}
ProxyPass /bucket$2 http://127.0.0.1:$(head -n 1 "$work/server")/bucket$2 nocanon
EOF
    background "$folder/out" env LD_LIBRARY_PATH="$libraries" \
        "$root/usr/sbin/apache2" -f "$folder/apache.conf" -D FOREGROUND
    wait_until 20 listens "$port"
    for target in /bucket//workload/a//b /bucket/workload/a//b; do
        curl --silent --max-time 20 --path-as-is --output /dev/null "http://127.0.0.1:$port$target?$1"
    done
    targets=$(sed -n "s|^GET \([^?]*\)?$1 body 0$|\1|p" "$work/server" | paste -s -d ' ')
}
say "requests for /bucket//workload/a//b and /bucket/workload/a//b"
received usual /
expect "ProxyPass /bucket/ … nocanon: the server gets" "/bucket/workload/a/b /bucket/workload/a//b" "$targets"
received unmerged / 'MergeSlashes Off'
expect "with MergeSlashes Off" "/bucket/workload/a//b /bucket/workload/a//b" "$targets"
received slashless ''
expect "ProxyPass /bucket … nocanon" "/bucket//workload/a//b /bucket/workload/a//b" "$targets"
as_described
