#!/usr/bin/env bash
# collectd's StatsD server cuts a name at 127 bytes before it looks it up, so that long names add up to one counter.
#
# Guess:    a name that is too long is refused, or cut where it is shown; two names stay two counters.
# Instead:  what two names have beyond byte 127 is gone before they are told apart: 1 and 2 sent to two names give 3
#           under one. Nothing is logged. (collectd-core 5.12.0-14.)
# Matters:  in the etsy flavour tags are part of the name, which soon has 127 bytes with an image name in it:
#           successes and failures are counted together. What tells series apart belongs at the front.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/statsd.bash"
start_collectd

stem=$(printf 'a%.0s' $(seq 126)).
short=$(printf 'b%.0s' $(seq 125)).
send "$port" "${stem}success:1|c" "${stem}failure:2|c" "${short}s:1|c" "${short}f:2|c"
wait_until 30 collectd_last "derive-$stem"
wait_until 30 collectd_last "derive-${short}f"
sleep 2 # every counter is written each second
expect "counters with a common start of 127 bytes" "1" \
    "$(grep -o 'derive-aaa[^ ]*' "$work/collectd.out" | sort -u | wc -l)"
expect "its value" "3" "$(collectd_last "derive-$stem")"
expect "values where the start has 126 bytes" "1 2" \
    "$(collectd_last "derive-${short}s") $(collectd_last "derive-${short}f")"
expect "mentions in the log" "0" "$(grep -ciE 'unable|trunc|long' "$work/collectd.log" || true)"
as_described
