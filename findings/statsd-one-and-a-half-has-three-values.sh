#!/usr/bin/env bash
# `1.5|c` counts 2 in collectd, 1 in netdata and nothing in navdoon.
#
# Guess:    a counter takes fractions, as etsy's server does; at least the receivers agree.
# Instead:  collectd rounds, netdata cuts off at the point, navdoon drops the line. (collectd-core 5.12.0-14,
#           netdata-core 1.37.1-2, navdoon 0.3.0.)
# Matters:  rates and seconds sent as counters are wrong in a way that depends on the receiver. A sender sends whole
#           numbers, or a timer.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/statsd.bash"

start_collectd
send "$port" 'whole:3|c' 'half:1.5|c'
wait_until 30 collectd_last 'derive-half'
expect "collectd counts for 1.5|c" "2" "$(collectd_last 'derive-half')"

python_with navdoon==0.3.0 statsdmetrics==2.0.2
port=$(free_port udp)
background "$work/navdoon" env PYTHONUNBUFFERED=1 "$bin/navdoon" --flush-interval 1 --flush-stdout \
    --collect-udp "127.0.0.1:$port"
wait_until 30 listens_udp "$port"
send "$port" 'half:1.5|c' 'whole:3|c'
wait_until 30 grep -q '^whole 3' "$work/navdoon"
expect "navdoon's lines for 1.5|c" "0" "$(grep -c '^half' "$work/navdoon" || true)"

start_netdata
netdata_counts 'half:1.5|c'
expect "netdata counts for 1.5|c" "1" "$(chart half.counter)"
as_described
