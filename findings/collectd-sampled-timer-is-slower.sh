#!/usr/bin/env bash
# collectd multiplies the time of a sampled StatsD timer by the sampling: 100 ms at @0.1 is one second.
#
# Guess:    `|@0.1` says that one of ten events was sent: a counter counts ten, a timer's time stays what it is.
# Instead:  collectd divides both by the rate: `t:100|ms|@0.1` gives an average latency of 1 s, ten times the truth;
#           `t:100|ms` gives 0.1 s. netdata 1.37 and navdoon 0.3.0 report 100 for both. (collectd-core 5.12.0-14.)
# Matters:  the same packets show other latencies in another monitoring system. A sender that does not know its
#           receiver sends timers without a sample rate.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/statsd.bash"
start_collectd

send "$port" 'plain:100|ms' 'sampled:100|ms|@0.1' 'counter:1|c|@0.1'
wait_until 30 collectd_last 'latency-sampled-average'
wait_until 30 collectd_last 'latency-plain-average'
wait_until 30 collectd_last 'derive-counter'
expect "seconds of plain:100|ms" "0.100000" "$(collectd_last 'latency-plain-average')"
expect "seconds of sampled:100|ms|@0.1" "1.000000" "$(collectd_last 'latency-sampled-average')"
expect "count of counter:1|c|@0.1" "10" "$(collectd_last 'derive-counter')"
as_described
