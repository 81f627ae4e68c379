#!/usr/bin/env bash
# CHECK of a low-code source succeeds on any 200, be it a sign-in page in HTML.
#
# Guess:    CHECK reads a record of the stream; an answer that is not JSON, or that lacks the configured field, fails.
# Instead:  what cannot be parsed is logged as ERROR and counts as no records; no records count as "successfully
#           connected". The status is SUCCEEDED, the exit code 0. (source-declarative-manifest of airbyte-cdk 7.39.1;
#           most connectors today consist of a manifest for it.)
# Matters:  a SUCCEEDED behind a captive gateway or with a wrong base URL is worth nothing; the only sign is an ERROR
#           log line before it. A sidecar does well to keep such lines visible.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/cdk.bash"

cat >"$work/server.py" <<'EOF'
from http_server import serve

bodies = {"/records": b'{"items": [{"id": 1}]}', "/page": b"<html><title>Sign in</title></html>",
          "/other": b'{"message": "no such thing"}', "/nothing": b""}
serve(lambda request, _: (200, {}, bodies[request.path]))
EOF
background "$work/server" env PYTHONPATH="$support" "$python" "$work/server.py"
wait_until 20 test -s "$work/server"
port=$(cat "$work/server")

look() {
    low_code_check "$1"
    echo "exit code $code, $(member CONNECTION_STATUS connectionStatus.status)," \
        "$(grep -c '"level":"ERROR"' "$work/out" || true) ERROR lines"
}
expect "records" 'exit code 0, "SUCCEEDED", 0 ERROR lines' "$(look /records)"
expect "a sign-in page" 'exit code 0, "SUCCEEDED", 1 ERROR lines' "$(look /page)"
expect "JSON without the field" 'exit code 0, "SUCCEEDED", 0 ERROR lines' "$(look /other)"
expect "an empty body" 'exit code 0, "SUCCEEDED", 1 ERROR lines' "$(look /nothing)"
as_described
