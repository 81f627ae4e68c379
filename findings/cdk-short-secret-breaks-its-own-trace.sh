#!/usr/bin/env bash
# The CDK's masking of secrets can make an ERROR trace invalid JSON: it replaces digits outside the strings, too.
#
# Guess:    secrets are masked in texts, before the message becomes JSON.
# Instead:  the CDK replaces every occurrence of each secret by **** in the finished line. A password of one digit
#           hits the number of emitted_at, and the line that explains the failure can no longer be parsed.
#           (airbyte-cdk 7.39.1.)
# Matters:  the job fails with exit code 1 and, to a strict reader, without any reason. Message and failure type have
#           to be read from a line that is not JSON.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/cdk.bash"

cat >"$work/main.py" <<'EOF'
from tiny_source import TinySource, run

class Raising(TinySource):
    def check_connection(self, logger, config):
        raise ValueError("cannot log in")

run(Raising())
EOF
connector check --config config.json
expect "ERROR traces in JSON without a password" "1" "$(lines TRACE)"
printf '{"host": "h", "password": "1"}' >"$work/config.json"
connector check --config config.json
expect "exit code with the password 1" "1" "$code"
expect "ERROR traces in JSON" "0" "$(lines TRACE)"
expect_match "what stands there" '^"emitted_at":[0-9]*\*\*\*\*' "$(grep -o '"emitted_at":[^,]*' "$work/out" || true)"
expect "lines that hold the reason" "2" "$(grep -c 'cannot log in' "$work/out")"
as_described
