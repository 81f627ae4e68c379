#!/usr/bin/env bash
# A CATALOG of the CDK is not JSON if its schema has a NaN and, anywhere else, an integer beyond 64 bits.
#
# Guess:    how one value of a message is written does not depend on another value.
# Instead:  the CDK writes messages with orjson, which turns NaN into null. An integer beyond 64 bits makes orjson
#           refuse; the CDK then warns of "sync performances" and writes the message with Python's json, which puts
#           a bare NaN there and blanks after colons and commas. The exit code is 0. (airbyte-cdk 7.39.1.)
# Matters:  18446744073709551616 is an honest "maximum" of an unsigned column. Readers of strict JSON lose the only
#           CATALOG; and whoever looks for `{"type":"CATALOG"` in a line does not find this one.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/cdk.bash"

cat >"$work/main.py" <<'EOF'
import os
from tiny_source import TinySource, TinyStream, run

limits = {"nan": {"default": float("nan")}, "large": {"maximum": 2**64},
          "both": {"default": float("nan"), "maximum": 2**64}}
TinyStream.schema["properties"]["id"].update(limits[os.environ["LIMITS"]])
run(TinySource())
EOF
discover() {
    LIMITS=$1 connector discover --config config.json
    [ "$code" = 0 ] || changed "the exit code is $code"
    grep 'CATALOG' "$work/out" | cut -c 1-18
    grep -o '"default": *[^,}]*' "$work/out" || true
    echo "catalogs in strict JSON: $("$python" - "$work/out" <<'EOF'
import json, sys
def refuse(constant): raise ValueError(constant)
count = 0
for line in open(sys.argv[1]):
    try: count += json.loads(line, parse_constant=refuse)["type"] == "CATALOG"
    except ValueError: pass
print(count)
EOF
)"
}
expect "NaN alone" '{"type":"CATALOG",|"default":null|catalogs in strict JSON: 1' "$(discover nan | paste -s -d '|')"
expect "a large integer alone" '{"type": "CATALOG"|catalogs in strict JSON: 1' "$(discover large | paste -s -d '|')"
expect "both" '{"type": "CATALOG"|"default": NaN|catalogs in strict JSON: 0' "$(discover both | paste -s -d '|')"
connector_warning=$(grep -o 'Integer exceeds 64-bit range' "$work/out" || true)
expect "the CDK's warning before it" "Integer exceeds 64-bit range" "$connector_warning"
as_described
