#!/usr/bin/env bash
# A rate limit puts a STREAM_STATUS trace into the output of a CHECK, and its emitted_at is no whole number.
#
# Guess:    STREAM_STATUS belongs to READ, and emitted_at is whole milliseconds everywhere.
# Instead:  a 429 makes a low-code source send STREAM_STATUS, RUNNING because of RATE_LIMITED, in CHECK as well; its
#           emitted_at is a time like 1795838488185.761, while records, states and errors have whole numbers.
#           (source-declarative-manifest of airbyte-cdk 7.39.1.)
# Matters:  a reader that decodes emitted_at as an integer rejects the line, and one that takes every TRACE of a CHECK
#           for an error fails a job that succeeds a second later.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/cdk.bash"

background "$work/server" env PYTHONPATH="$support" "$python" "$support/rate_limiting_server.py"
wait_until 20 test -s "$work/server"
port=$(head -n 1 "$work/server")

low_code_check /
expect "exit code, status" '0 "SUCCEEDED"' "$code $(member CONNECTION_STATUS connectionStatus.status)"
expect "trace in this CHECK" '"STREAM_STATUS"' "$(member TRACE trace.type)"
expect "its reason" '[{"type": "RATE_LIMITED"}]' "$(member TRACE trace.stream_status.reasons)"
expect_match "its emitted_at" '^[0-9]+\.[0-9]+$' "$(member TRACE trace.emitted_at)"
as_described
