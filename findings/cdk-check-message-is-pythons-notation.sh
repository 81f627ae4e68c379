#!/usr/bin/env bash
# The message of a failed CHECK is not the connector's text but how Python would write it down.
#
# Guess:    a source that answers `False, "wrong password"` makes a CONNECTION_STATUS with the message
#           wrong password.
# Instead:  the CDK sends repr() of it: 'wrong password' in quotes, "can't" in double ones, a line break as \n, an
#           exception as ValueError('no') and a missing reason as the word None. (airbyte-cdk 7.39.1.)
# Matters:  people see these quotes. And a secret inside the message stands there in Python's escapes, so that masking
#           has to know this notation, too.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/cdk.bash"

cat >"$work/main.py" <<'EOF'
from tiny_source import TinySource, run

class Refusing(TinySource):
    def check_connection(self, logger, config):
        return False, {"text": "wrong password", "apostrophe": "can't log in", "lines": "first\nsecond",
                       "exception": ValueError("no"), "none": None}[config["host"]]

run(Refusing())
EOF
message_for() {
    printf '{"host": "%s"}' "$1" >"$work/config.json"
    connector check --config config.json
    member CONNECTION_STATUS connectionStatus.message
}
expect "for the text: wrong password" "\"'wrong password'\"" "$(message_for text)"
expect "for the text: can't log in" '"\"can'"'"'t log in\""' "$(message_for apostrophe)"
expect "for a text of two lines" "\"'first\\\\nsecond'\"" "$(message_for lines)"
expect "for an exception" "\"ValueError('no')\"" "$(message_for exception)"
expect "for no reason" '"None"' "$(message_for none)"
as_described
