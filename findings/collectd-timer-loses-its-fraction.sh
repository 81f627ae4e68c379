#!/usr/bin/env bash
# collectd's StatsD server cuts a timer to whole milliseconds: 0.9 ms is no time at all.
#
# Guess:    a timer of 12.5 ms is 0.0125 s; collectd counts time in units of 2^-30 s.
# Instead:  it is 0.012 s, and everything below a millisecond is 0: the count goes up, the sum does not. A gauge of
#           12.5 stays 12.5. (collectd-core 5.12.0-14.)
# Matters:  short phases look free of charge, and their average is too low by half a millisecond.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/statsd.bash"
start_collectd

send "$port" 'long:12.5|ms' 'short:0.9|ms' 'gauge:12.5|g'
wait_until 30 collectd_last 'latency-long-average'
wait_until 30 collectd_last 'latency-short-average'
wait_until 30 collectd_last 'gauge-gauge'
expect "seconds of long:12.5|ms" "0.012000" "$(collectd_last 'latency-long-average')"
expect "seconds of short:0.9|ms" "0.000000" "$(collectd_last 'latency-short-average')"
expect "value of gauge:12.5|g" "12.500000" "$(collectd_last 'gauge-gauge')"
as_described
