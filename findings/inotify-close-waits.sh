#!/usr/bin/env bash
# close(2) of an inotify instance that has ever had a watch takes milliseconds, even where the watch is gone.
#
# Guess:    close() frees the instance and returns at once, as it does for a file, an eventfd or a timerfd; what costs
#           anything is inotify_rm_watch.
# Instead:  inotify_rm_watch is quick. close() waits until all readers of watches in the kernel are done (a grace period
#           of SRCU), though no watch is left: hundreds of times as long as the close of an instance that never had one.
#           (Seen on Linux 6.18: 1 to 70 ms on a busy machine with two processors, the others 0.003 ms.)
# Matters:  a program with one event loop stands still meanwhile. A sidecar that closes its instance before it writes
#           its marker lets the main container wait; one that makes an instance for each watch stops again and again.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/kernel.bash"

look_at <<'EOF'
import ctypes, os, statistics, sys, time

libc = ctypes.CDLL(None, use_errno=True)
IN_MODIFY = 2

def took(call, *arguments):
    start = time.monotonic()
    call(*arguments)
    return time.monotonic() - start

never, removal, close = [], [], []
for _ in range(30):
    instance = libc.inotify_init1(0)
    never.append(took(os.close, instance))
    instance = libc.inotify_init1(0)
    watch = libc.inotify_add_watch(instance, sys.argv[1].encode(), IN_MODIFY)
    removal.append(took(libc.inotify_rm_watch, instance, watch))
    close.append(took(os.close, instance))
for name, times in ("never", never), ("removal", removal), ("close", close):
    print(name, "%.3f ms" % (statistics.median(times) * 1000))
print("longer", statistics.median(close) > 20 * statistics.median(never) and statistics.median(close) > 10 * statistics.median(removal))
EOF

say "median close of an instance without any watch: $(seen never)"
say "median inotify_rm_watch: $(seen removal)"
say "median close after that: $(seen close)"
expect "the last is more than 20 times the first, and 10 times the second" "True" "$(seen longer)"
as_described
