#!/usr/bin/env bash
# The peak memory that getrusage(2) gives can be that of the program that ran in the process before execve(2).
#
# Guess:    execve() starts a program with a new address space, so that `ru_maxrss` begins anew. It is what
#           Python's `resource`, GNU time and many metrics libraries report as a process's peak.
# Instead:  the kernel carries the old program's peak over: `ru_maxrss` of a small program is as large as the
#           launcher that became it. `VmHWM` in /proc/self/status belongs to the new address space, and is small.
#           (Seen on Linux 6.18.)
# Matters:  a container runtime sets a container up in the very process that then becomes the program. A sidecar of
#           7 MiB would report the runtime's tens of MiB as its peak.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
needs python3

say "kernel: $(uname -r)"
cat >"$work/small.py" <<'EOF'
import resource

with open("/proc/self/status") as status:
    peak = next(line.split()[1] for line in status if line.startswith("VmHWM:"))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, peak)
EOF
cat >"$work/large.py" <<'EOF'
import os, sys

memory = b"x" * (200 * 1024 * 1024)
os.execv(sys.executable, [sys.executable, sys.argv[1]])
EOF
read -r alone_usage alone_status < <(python3 "$work/small.py")
read -r after_usage after_status < <(python3 "$work/large.py" "$work/small.py")
say "alone: ru_maxrss $alone_usage KiB, VmHWM $alone_status KiB"
say "after a program of 200 MiB: ru_maxrss $after_usage KiB, VmHWM $after_status KiB"

limit=$((100 * 1024))
beyond() { [ "$1" -gt $limit ] && echo yes || echo no; }
expect "ru_maxrss alone is beyond 100 MiB" "no" "$(beyond "$alone_usage")"
expect "ru_maxrss after the larger program is beyond 100 MiB" "yes" "$(beyond "$after_usage")"
expect "VmHWM after the larger program is beyond 100 MiB" "no" "$(beyond "$after_status")"
as_described
