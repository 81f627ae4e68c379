#!/usr/bin/env bash
# netdata reads 1e3 as 1000 in a StatsD gauge and as 1 in a counter.
#
# Guess:    a number means the same in every kind of metric.
# Instead:  gauges are read as floating point, counters as integers up to the first character that is no digit:
#           `1e3|c` counts 1 and `0.5|c` counts nothing. Its error log mentions "excess data". (netdata-core 1.37.1-2.)
# Matters:  many languages print large numbers with an exponent (1e+06). A counter of a million bytes counts one.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/statsd.bash"
start_netdata

netdata_counts 'digits:1000|c' 'exponent:1e3|c' 'half:0.5|c' 'level:1e3|g'
expect "digits:1000|c counts" "1000" "$(chart digits.counter)"
expect "exponent:1e3|c counts" "1" "$(chart exponent.counter)"
expect "half:0.5|c counts" "0" "$(chart half.counter)"
expect "level:1e3|g is" "1000" "$(chart level.gauge)"
as_described
