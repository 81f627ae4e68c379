#!/usr/bin/env bash
# A source whose CHECK raises a classified error sends two ERROR traces for it; a plain exception gives one.
#
# Guess:    one exception, one ERROR trace.
# Instead:  an AirbyteTracedException from check_connection is sent once by the command and once more, a moment later,
#           by the handler of uncaught exceptions, with a FATAL log line between them. If it is a config_error, CHECK
#           ends instead with a FAILED status, exit code 0 and one trace. A plain exception gives one trace.
#           (airbyte-cdk 7.39.1.)
# Matters:  whoever counts traces counts a failure twice, and whoever takes the last one instead of the first has
#           another time stamp and stack for the same event.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/cdk.bash"

cat >"$work/main.py" <<'EOF'
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils import AirbyteTracedException
from tiny_source import TinySource, run

class Raising(TinySource):
    def check_connection(self, logger, config):
        if config["host"] == "plain":
            raise ValueError("503")
        raise AirbyteTracedException(message="Service is down.", failure_type=FailureType[config["host"]])

run(Raising())
EOF
seen_for() {
    printf '{"host": "%s"}' "$1" >"$work/config.json"
    connector check --config config.json
    echo "exit code $code, traces $(lines TRACE), statuses $(lines CONNECTION_STATUS)"
}
expect "a plain exception" "exit code 1, traces 1, statuses 0" "$(seen_for plain)"
expect "a transient_error" "exit code 1, traces 2, statuses 0" "$(seen_for transient_error)"
expect "a system_error" "exit code 1, traces 2, statuses 0" "$(seen_for system_error)"
expect "a config_error" "exit code 0, traces 1, statuses 1" "$(seen_for config_error)"
as_described
