#!/usr/bin/env bash
# netdata takes `=` for the end of a StatsD name, so that lines in telegraf's and sysdig's flavour count nothing.
#
# Guess:    a name reaches to the colon; characters that cannot be shown are replaced.
# Instead:  `=` ends the name as a colon does: `jobs,outcome=success:5|c` becomes a counter named after the part before
#           it, with the value 0. The metric exists and stays at nothing; only the error log mentions "excess
#           data". Datadog's flavour (`|#outcome:success`) and etsy's count. (netdata-core 1.37.1-2.)
# Matters:  a dashboard full of series that are all zero looks like a sidecar that has nothing to do.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/statsd.bash"
start_netdata

netdata_counts 'telegraf,outcome=success:5|c' 'sysdig#outcome=success:5|c' 'datadog:5|c|#outcome:success' \
    'etsy.outcome.success:5|c'
expect "datadog:5|c|#outcome:success counts" "5" "$(chart datadog.counter)"
expect "etsy.outcome.success:5|c counts" "5" "$(chart etsy.outcome.success_counter)"
expect "telegraf,outcome=success:5|c counts, as telegraf.outcome" "0" "$(chart telegraf.outcome.counter)"
expect "sysdig#outcome=success:5|c counts, as sysdig_outcome" "0" "$(chart sysdig_outcome.counter)"
as_described
