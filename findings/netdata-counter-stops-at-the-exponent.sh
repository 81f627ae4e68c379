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

for _ in 1 2 3 4; do # netdata shows a counter's rate: the same each second
    send "$port" 'digits:1000|c' 'exponent:1e3|c' 'half:0.5|c' 'level:1e3|g'
    watch_netdata 2
    cat "$work/charts" >>"$work/all"
done
sort -k 1,1 -k 2,2rn "$work/all" | awk '!seen[$1]++' >"$work/charts"
expect "digits:1000|c counts" "1000" "$(chart digits.counter)"
expect "exponent:1e3|c counts" "1" "$(chart exponent.counter)"
expect "half:0.5|c counts" "0" "$(chart half.counter)"
expect "level:1e3|g is" "1000" "$(chart level.gauge)"
as_described
