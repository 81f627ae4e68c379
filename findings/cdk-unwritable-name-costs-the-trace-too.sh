#!/usr/bin/env bash
# A catalog that stdout's encoding cannot hold ends in exit code 120, and the reason is nowhere on stdout.
#
# Guess:    an exception while the result is written gives an ERROR trace and exit code 1, as every other exception.
# Instead:  the CDK's buffer keeps the text that could not be encoded; the trace is appended to the same buffer and
#           fails with it. Only messages of before are there, then Python itself fails to flush at its end: 120.
#           (airbyte-cdk 7.39.1 under Python 3.11 with PYTHONIOENCODING=latin-1.)
# Matters:  the output holds neither result nor failure. Exit code 120 is the only hint; it means "my output could
#           not be written", which a full disk causes as well.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/cdk.bash"

cat >"$work/main.py" <<'EOF'
from tiny_source import TinySource, TinyStream, run

TinyStream.name = "ζ"  # a letter that latin-1 does not have
run(TinySource())
EOF
PYTHONIOENCODING=utf-8 connector discover --config config.json
expect "in UTF-8: exit code, catalogs" "0 1" "$code $(lines CATALOG)"
PYTHONIOENCODING=latin-1 connector discover --config config.json
expect "in latin-1: exit code" "120" "$code"
expect "catalogs, traces" "0 0" "$(lines CATALOG) $(lines TRACE)"
expect "mentions of the reason on stdout" "0" "$(grep -c codec "$work/out" || true)"
as_described
