#!/usr/bin/env bash
# A low-code source without an error handler of its own does not heed Retry-After.
#
# Guess:    an answer of 429 or 503 with Retry-After is tried again when that time is over.
# Instead:  the built-in backoff is 1, 2, 4, 8, 16 s whatever the header says, then CHECK fails after 31 s. A manifest
#           has to ask for WaitTimeFromHeader. (source-declarative-manifest of airbyte-cdk 7.39.1.)
# Matters:  a rate limit of a minute makes every CHECK fail after half a minute, and wastes six calls.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/cdk.bash"

background "$work/server" env PYTHONPATH="$support" "$python" "$support/rate_limiting_server.py"
wait_until 20 test -s "$work/server"
port=$(head -n 1 "$work/server")

low_code_check /
expect "exit code, status" '0 "SUCCEEDED"' "$code $(member CONNECTION_STATUS connectionStatus.status)"
gap=$(sed -n 's/^gap //p' "$work/server")
say "seconds between the 429 with Retry-After: 60 and the next request: $gap"
expect "less than the 60 that were asked for" "yes" "$(awk -v gap="$gap" 'BEGIN { print gap < 50 ? "yes" : "no" }')"
expect "the source's own word" "Waiting 1 seconds" "$(grep -o 'Waiting [0-9]* seconds' "$work/out" || true)"
as_described
