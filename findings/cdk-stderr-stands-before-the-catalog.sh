#!/usr/bin/env bash
# What a source writes to sys.stderr arrives on stdout, and without a line break the next message hangs on to it.
#
# Guess:    stderr stays stderr, so that a progress display there cannot damage the messages on stdout.
# Instead:  while it runs, the CDK puts one buffer in the place of sys.stdout and sys.stderr both. Warnings, tracebacks
#           of threads and progress texts land between the messages; after a text without a line break the CATALOG is
#           no line of JSON any more. Only writes to the descriptor 2 itself go to stderr. (airbyte-cdk 7.39.1.)
# Matters:  a library's progress bar (tqdm writes to stderr, no line break) costs the only result of a job with exit
#           code 0. A reader has to find the message behind the text.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/cdk.bash"

cat >"$work/main.py" <<'EOF'
import os, sys
from tiny_source import TinySource, run

class Showing(TinySource):
    def streams(self, config):
        os.write(2, b"by descriptor\n")
        sys.stderr.write("loading  50%")
        return super().streams(config)

run(Showing())
EOF
connector discover --config config.json
expect "exit code" "0" "$code"
expect "on stderr" "by descriptor" "$(cat "$work/err")"
expect "lines that are a CATALOG" "0" "$(lines CATALOG)"
expect "the line that holds it" 'loading  50%{"type":"CATALOG"' "$(grep -o '^loading.*"CATALOG"' "$work/out" || true)"
as_described
